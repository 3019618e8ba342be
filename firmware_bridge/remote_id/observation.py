"""What a receiver hears of one transmitter at one time: the form all transports and dialects come to."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_bridge.remote_id.messages import RemoteIdMessage


@dataclass(frozen=True, slots=True)
class Observation:
    """Messages from one transmitter, and how they were heard.

    Parameters
    ----------
    messages
        One or more; none when a receiver tells of a transmitter and nothing else.
    transmitter
        Hardware address, lower case with colons.
    source
        What tells transmitters apart where no hardware address is passed on.
    transport
        ``wifi-beacon``, ``wifi-nan``, ``ble4``, ``ble5`` or None.
    rssi_dbm, channel, frequency_hz
        Strength and place in the spectrum.
    counter
        The sender's message counter, 0 to 255.
    heard_ns
        Unix time of reception where the receiver itself tells.
    """

    messages: tuple[RemoteIdMessage, ...]
    transmitter: str | None = None
    source: str = ""
    transport: str | None = None
    rssi_dbm: float | None = None
    channel: int | None = None
    frequency_hz: float | None = None
    counter: int | None = None
    heard_ns: int | None = None


def address(data: bytes) -> str:
    """Return a hardware address as text, lower case with colons."""
    return ":".join(f"{byte:02x}" for byte in data)
