"""What is known of a radio protocol: one frozen record drives detection, simulation, labels and documentation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from dsp.protocols.phy import (
    CarrierPhy,
    ChirpPhy,
    FmVideoPhy,
    FmVoicePhy,
    FskPhy,
    NoisePhy,
    OfdmPhy,
    OokPhy,
    Phy,
    PskPhy,
    PulsePhy,
    ReaderPhy,
    SpreadPhy,
)
from dsp.protocols.timing import (
    Answer,
    ContinuousTiming,
    HopTiming,
    SlotTiming,
    SporadicTiming,
    TdmTiming,
    Timing,
)

__all__ = [
    "Answer",
    "Band",
    "CarrierPhy",
    "ChirpPhy",
    "ContinuousTiming",
    "Family",
    "FmVideoPhy",
    "FmVoicePhy",
    "FskPhy",
    "HopOrder",
    "HopTiming",
    "Mode",
    "NoisePhy",
    "OfdmPhy",
    "OokPhy",
    "Phy",
    "PskPhy",
    "PulsePhy",
    "ReaderPhy",
    "Region",
    "RfProtocol",
    "SlotTiming",
    "SporadicTiming",
    "SpreadPhy",
    "TdmTiming",
    "Timing",
]

Family = Literal["drone-control", "drone-telemetry", "drone-video", "drone-datalink", "non-drone", "unknown"]
Region = Literal["world", "EU", "FCC", "AU", "IN", "TH"]
HopOrder = Literal["shuffled", "skip", "sik"]
"""``shuffled``: a permutation; ``skip``: every k-th channel; ``sik``: SiK's shuffle by the network's number."""


@dataclass(frozen=True, slots=True)
class Band:
    """Where a protocol may be on air.

    Parameters
    ----------
    name
        Name in the field, for example ``FCC915``.
    low_hz, high_hz
        Edges of the band including the signal's own width.
    channels_hz
        Channel centres in channel order; empty where the protocol has no fixed grid.
    sync_channel
        Index of the channel a hop sequence returns to at a fixed period; None if there is none.
    region
        Where it may be used.
    """

    name: str
    low_hz: float
    high_hz: float
    channels_hz: tuple[float, ...] = ()
    sync_channel: int | None = None
    region: Region = "world"
    used_channels: int | None = None
    """How many of the channels one link uses, drawn once for it; None: all."""
    base_spread_hz: float = 0.0
    """The grid of one network lies this far above ``channels_hz`` at most, by a draw of its own (SiK)."""
    first_assumed: bool = False
    """The spacing is known, not where the grid begins: a link on it may lie beside all of ``channels_hz``."""
    order: HopOrder = "shuffled"
    """How a link steps through its channels where there is no sync channel."""
    cycle: int | None = None
    """Hops before the order repeats; None: once through the channels."""

    def __post_init__(self) -> None:
        """Check the edges and the channels."""
        if not 0 < self.low_hz < self.high_hz:
            raise ValueError(f"band {self.name}: low_hz must be above 0 and below high_hz")
        if self.used_channels is not None and not 0 < self.used_channels <= len(self.channels_hz):
            raise ValueError(f"band {self.name}: used_channels must be 1 to {len(self.channels_hz)}")


@dataclass(frozen=True, slots=True)
class Mode:
    """One way of working of a protocol."""

    name: str
    phy: Phy
    timing: Timing
    payload_bytes: int = 0
    bands: tuple[str, ...] = ()
    """Names of the bands where this mode exists; empty for all of the record's."""
    confirmed: bool = True
    """False for a guess: it never stands against a mode that is known."""
    settings: tuple[HopTiming, ...] = ()
    """Its timings with other settings than those it is delivered with: packets of other sizes, no answers."""


@dataclass(frozen=True, slots=True)
class RfProtocol:
    """One radio protocol, as far as a receiver can know it."""

    label: str
    family: Family
    summary: str
    bands: tuple[Band, ...]
    modes: tuple[Mode, ...]
    sources: tuple[str, ...]
    """Where the figures are from: firmware file and commit, standard, measurement."""
    caveat: str = ""
    """What the band or the physics leaves open; repeated in the message."""
    rests_on_simulation: bool = field(default=False)
    """True while no real recording of it has been tested."""

    def __post_init__(self) -> None:
        """A record without sources or modes is not a record."""
        if not self.sources:
            raise ValueError(f"protocol {self.label}: every figure needs a source")
        names = {band.name for band in self.bands}
        for mode in self.modes:
            missing = set(mode.bands) - names
            if missing:
                raise ValueError(f"protocol {self.label}, mode {mode.name}: no such band {sorted(missing)}")

    def bands_of(self, mode: Mode) -> tuple[Band, ...]:
        """The bands where a mode of this protocol exists."""
        return tuple(band for band in self.bands if not mode.bands or band.name in mode.bands)
