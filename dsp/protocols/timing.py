"""Timings: when a protocol is on air."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """The other end's packet in every frame of a hopping link."""

    delay_s: float
    """From the start of the frame's first packet to the start of this one."""
    airtime_s: float
    own_channels: bool = False
    """It hops by a table of its own; otherwise it is on the channel of the packet before it."""
    payload_bytes: int = 0


@dataclass(frozen=True, slots=True)
class HopTiming:
    """Packets at a fixed interval, a new channel every few packets: the mark of a control link."""

    interval_s: float
    """From the start of one packet to the start of the next."""
    packets_per_hop: int
    airtime_s: float
    """Length of one packet on air."""
    copies: int = 1
    """How often each packet is sent (DVDA: 4)."""
    answer: Answer | None = None
    """The other end's packet in the same interval; None: it has slots of its own or none."""

    @property
    def duty(self) -> float:
        """Share of the time on air, both ends and all channels together."""
        answered_s = self.answer.airtime_s if self.answer else 0.0
        return (self.airtime_s + answered_s) / self.interval_s

    @property
    def dwell_s(self) -> float:
        """Time on one channel."""
        return self.interval_s * self.packets_per_hop

    @property
    def hop_rate_hz(self) -> float:
        """Channel changes a second."""
        return 1.0 / self.dwell_s


@dataclass(frozen=True, slots=True)
class TdmTiming:
    """Two ends take turns in windows of equal length and change channel at every turn (SiK).

    Within its window an end sends as many packets of any length as it has data for, at least a short one.
    """

    window_s: float
    """Longest time an end may send."""
    silence_s: float
    """Nobody sends between two windows."""
    shortest_s: float
    """Packet of an idle link."""
    longest_s: float

    @property
    def dwell_s(self) -> float:
        """Time on one channel: window and silence."""
        return self.window_s + self.silence_s

    @property
    def hop_rate_hz(self) -> float:
        """Channel changes a second."""
        return 1.0 / self.dwell_s

    @property
    def duty(self) -> float:
        """Share of the time on air when both ends have as much data as fits."""
        return self.window_s / self.dwell_s

    @property
    def idle_duty(self) -> float:
        """Share of the time on air of a link without data."""
        return self.shortest_s / self.dwell_s


@dataclass(frozen=True, slots=True)
class SlotTiming:
    """One burst in the same slot of every frame (mobiles of GSM and TETRA)."""

    frame_s: float
    airtime_s: float
    hops: bool = False
    """A new channel in every frame."""

    @property
    def duty(self) -> float:
        """Share of the time on air."""
        return self.airtime_s / self.frame_s


@dataclass(frozen=True, slots=True)
class SporadicTiming:
    """Single packets, seconds to hours apart."""

    airtime_s: tuple[float, float]
    """Shortest and longest packet."""
    period_s: tuple[float, float]
    """Shortest and longest usual time between messages of one device."""
    repeats: tuple[int, int] = (1, 1)
    """How often one message is repeated back to back."""


@dataclass(frozen=True, slots=True)
class ContinuousTiming:
    """Always on air."""


Timing = HopTiming | TdmTiming | SlotTiming | SporadicTiming | ContinuousTiming
