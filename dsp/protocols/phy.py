"""Modulations: what one packet or stream of a protocol is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PskKind = Literal["dbpsk", "pi/4-dqpsk"]


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
    sync_bits: int = 16
    manchester: bool = False
    """A bit is two opposite tones; ``bit_rate_bps`` then counts the halves."""
    occupied_hz: float | None = None
    """Width where Carson's rule is far off (minimum-shift keying); None: by that rule."""

    @property
    def bandwidth_hz(self) -> float:
        """``occupied_hz``, else Carson's rule, ``2 (deviation + bit_rate / 2)``."""
        return self.occupied_hz or 2.0 * (self.deviation_hz + self.bit_rate_bps / 2.0)


@dataclass(frozen=True, slots=True)
class OokPhy:
    """On-off keying by pulse width or position (remote controls, sensors)."""

    short_s: float
    """Short pulse."""
    long_s: float
    """Long pulse."""
    gap_s: float
    """Gap between packets of one message."""
    manchester: bool = False
    """Half a bit on, half a bit off, in one order or the other; ``short_s`` is the half."""


@dataclass(frozen=True, slots=True)
class ReaderPhy:
    """Carrier of an RFID reader: mostly unmodulated, with commands in pulse-interval coding dipped into it."""

    tari_s: float
    """Length of a data-0; a data-1 has 1.5 to 2 of it."""
    depth: float
    """How deep the dips are, 1 for down to nothing."""
    reverses_phase: bool = False
    """The phase turns over at every dip (PR-ASK)."""

    @property
    def bandwidth_hz(self) -> float:
        """What nearly all of the power takes beside the carrier, ``2 / tari``: the edges of the dips are shaped."""
        return 2.0 / self.tari_s


@dataclass(frozen=True, slots=True)
class PskPhy:
    """Differential phase-shift keying with root-raised-cosine pulses."""

    symbol_rate_hz: float
    kind: PskKind
    roll_off: float
    preamble_symbols: int = 0

    @property
    def bandwidth_hz(self) -> float:
        """``symbol_rate (1 + roll_off)``."""
        return self.symbol_rate_hz * (1.0 + self.roll_off)


@dataclass(frozen=True, slots=True)
class SpreadPhy:
    """Direct-sequence spread spectrum of many transmitters at once (satellite navigation)."""

    chip_rate_hz: float
    code_chips: int
    data_rate_bps: float
    satellites: tuple[int, int] = (6, 12)
    """Fewest and most in view."""

    @property
    def bandwidth_hz(self) -> float:
        """Main lobe, ``2 chip_rate``."""
        return 2.0 * self.chip_rate_hz


@dataclass(frozen=True, slots=True)
class FmVoicePhy:
    """Speech on a frequency-modulated carrier."""

    deviation_hz: float
    """Peak."""
    audio_hz: float
    """Highest frequency of the speech."""

    @property
    def bandwidth_hz(self) -> float:
        """Carson's rule, ``2 (deviation + audio)``."""
        return 2.0 * (self.deviation_hz + self.audio_hz)


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
    burst_prefixes_s: tuple[float, ...] = ()
    """Prefix of each symbol of a burst that always has the same structure; empty: any number of equal symbols."""
    zadoff_chu: tuple[tuple[int, int], ...] = ()
    """``(symbol counted from 0, root)`` of the symbols of such a burst that are Zadoff-Chu sequences."""
    frame_s: float = 0.0
    """Period of the null symbol; 0 for none (DAB)."""
    null_s: float = 0.0
    """Length of the null symbol at the start of a frame."""


@dataclass(frozen=True, slots=True)
class PulsePhy:
    """Pulses (Mode S: 1 Mb/s pulse position modulation)."""

    pulse_s: float
    bit_rate_bps: float
    """0: no message, one pulse, or two where the air time holds two."""
    bandwidth_hz: float
    gaussian: bool = False
    """Rounded pulses, ``pulse_s`` between half amplitudes (DME); otherwise rectangular."""
    sweep_hz: float = 0.0
    """Linear sweep within a pulse (radar)."""
    reply_code: bool = False
    """The pulses of a secondary radar's reply, modes A and C."""


@dataclass(frozen=True, slots=True)
class CarrierPhy:
    """An unmodulated carrier."""

    bandwidth_hz: float = 100.0


@dataclass(frozen=True, slots=True)
class NoisePhy:
    """No structure: impulses or noise-like interference of any width."""

    bandwidth_hz: float = 1e6


Phy = (
    ChirpPhy
    | FskPhy
    | OokPhy
    | ReaderPhy
    | PskPhy
    | SpreadPhy
    | FmVoicePhy
    | FmVideoPhy
    | OfdmPhy
    | PulsePhy
    | CarrierPhy
    | NoisePhy
)
