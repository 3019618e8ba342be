"""What a simulated rtl_tcp server has done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerStats:
    """What the server has done so far, over all clients."""

    clients: int = 0
    connected: bool = False
    listening: bool = True
    samples_sent: int = 0
    samples_lost: int = 0
    unknown_commands: int = 0
    refused_commands: int = 0
