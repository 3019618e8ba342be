"""What is known of a radio protocol: one frozen record drives detection, simulation, labels and documentation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Family = Literal["drone-control", "drone-telemetry", "drone-video", "drone-datalink", "non-drone", "unknown"]
Region = Literal["world", "EU", "FCC", "AU", "IN"]


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

    def __post_init__(self) -> None:
        """Check the edges."""
        if not 0 < self.low_hz < self.high_hz:
            raise ValueError(f"band {self.name}: low_hz must be above 0 and below high_hz")


@dataclass(frozen=True, slots=True)
class ChirpPhy:
    """LoRa: chirps of ``2^spreading_factor / bandwidth_hz`` seconds that sweep ``bandwidth_hz``."""

    spreading_factor: int
    bandwidth_hz: float
    coding_rate: int = 5
    """Denominator of 4/n."""
    preamble_symbols: float = 8
    implicit_header: bool = False
    crc: bool = True
    sync_word: int = 0x12
    inverted: bool = False
    """Down-chirps in the body (LoRaWAN down link)."""
    sync_symbols: float = 4.25
    """Sync word and start-of-frame delimiter: 4.25, or 6.25 for SF5 and SF6 of the SX126x and LR11xx."""

    @property
    def symbol_s(self) -> float:
        """Symbol time in seconds."""
        return float(2**self.spreading_factor / self.bandwidth_hz)

    @property
    def slope_hz_per_s(self) -> float:
        """Sweep rate, ``bandwidth^2 / 2^SF``."""
        return float(self.bandwidth_hz**2 / 2**self.spreading_factor)


@dataclass(frozen=True, slots=True)
class FskPhy:
    """2-FSK or GFSK."""

    bit_rate_bps: float
    deviation_hz: float
    """Peak: the tones are at plus and minus this."""
    shaping_bt: float | None = None
    """Bandwidth-time product of the Gaussian filter; None for none."""
    preamble_bits: int = 32

    @property
    def bandwidth_hz(self) -> float:
        """Carson's rule, ``2 (deviation + bit_rate / 2)``."""
        return 2.0 * (self.deviation_hz + self.bit_rate_bps / 2.0)


@dataclass(frozen=True, slots=True)
class OokPhy:
    """On-off keying by pulse width or position (remote controls, sensors)."""

    short_s: float
    """Short pulse."""
    long_s: float
    """Long pulse."""
    gap_s: float
    """Gap between packets of one message."""


@dataclass(frozen=True, slots=True)
class FmVideoPhy:
    """Frequency-modulated composite video."""

    line_hz: float
    field_hz: float
    lines: int
    subcarrier_hz: float
    deviation_hz: float
    bandwidth_hz: float
    """What nearly all of the power takes."""


@dataclass(frozen=True, slots=True)
class OfdmPhy:
    """OFDM with a cyclic prefix."""

    subcarrier_spacing_hz: float
    cyclic_prefix_s: float
    bandwidth_hz: float


@dataclass(frozen=True, slots=True)
class PulsePhy:
    """Pulses (Mode S: 1 Mb/s pulse position modulation)."""

    pulse_s: float
    bit_rate_bps: float
    bandwidth_hz: float


@dataclass(frozen=True, slots=True)
class CarrierPhy:
    """An unmodulated carrier."""

    bandwidth_hz: float = 100.0


@dataclass(frozen=True, slots=True)
class NoisePhy:
    """No structure: impulses or noise-like interference of any width."""

    bandwidth_hz: float = 1e6


Phy = ChirpPhy | FskPhy | OokPhy | FmVideoPhy | OfdmPhy | PulsePhy | CarrierPhy | NoisePhy


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

    @property
    def duty(self) -> float:
        """Share of the time on air, all channels together."""
        return self.airtime_s / self.interval_s

    @property
    def dwell_s(self) -> float:
        """Time on one channel."""
        return self.interval_s * self.packets_per_hop

    @property
    def hop_rate_hz(self) -> float:
        """Channel changes a second."""
        return 1.0 / self.dwell_s


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


Timing = HopTiming | SporadicTiming | ContinuousTiming


@dataclass(frozen=True, slots=True)
class Mode:
    """One way of working of a protocol."""

    name: str
    phy: Phy
    timing: Timing
    payload_bytes: int = 0
    bands: tuple[str, ...] = ()
    """Names of the bands where this mode exists; empty for all of the record's."""


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
