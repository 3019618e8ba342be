"""How an RTL2832U dongle is tuned, and the checks that settings of radios share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from node.sources.rtl2832u import CRYSTAL_HZ, HIGHEST_HZ, LARGEST_PPM, LOWEST_HZ, exact_sample_rate_hz

AUTO: Literal["auto"] = "auto"
DEFAULT_RATE_HZ = 2_400_000.0
"""Highest rate dongles hold without losing samples."""
DEFAULT_SILENCE_S = 5.0
"""A radio that gives nothing for so long has stalled: 180 blocks are due in that time."""
LOWEST_GAIN_DB, HIGHEST_GAIN_DB = -10.0, 60.0
"""Gains of all tuners lie between."""


def check_name(name: str) -> None:
    """ValueError for a radio without a name."""
    if not name:
        raise ValueError("name must not be empty: it tells the radios apart in messages and health")


def check_above_zero(key: str, value: float) -> None:
    """ValueError for what is not a number above 0."""
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{key} must be above 0, not {value}")


def check_pace(pace: float) -> None:
    """ValueError for what is no pace."""
    if not (pace >= 0 and math.isfinite(pace)):
        raise ValueError(f"pace must be 0 (as fast as it goes) or above, not {pace}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What all RTL2832U dongles are set to, however they are connected.

    Parameters
    ----------
    centre_hz
        Middle of the slice, on air.
    sample_rate_hz
        Width of the slice: above 225 kHz up to 300 kHz, or above 900 kHz up to 3.2 MHz.
    gain
        Gain of the tuner in dB, the nearest it has is taken; or ``auto``, which changes levels in the middle of a
        signal: detection works better with a fixed gain.
    ppm
        Error of the dongle's crystal in parts per million, which the driver then corrects.
    bias_tee
        Feed 4.5 V into the antenna cable for an amplifier. Harms what is a short circuit at direct current.
    converter_offset_hz
        On-air frequency less tuned frequency: -125e6 for an up-converter of 125 MHz, positive for a down-converter.
    digital_agc
        The level control of the RTL2832U after its converter.
    direct_sampling
        Feed an input of the converter without tuner: ``i`` or ``q``; ``off``.
    silence_s
        Without a block for so long the radio counts as stalled and is opened anew.
    """

    centre_hz: float
    sample_rate_hz: float = DEFAULT_RATE_HZ
    gain: float | Literal["auto"] = AUTO
    ppm: int = 0
    bias_tee: bool = False
    converter_offset_hz: float = 0.0
    digital_agc: bool = False
    direct_sampling: Literal["off", "i", "q"] = "off"
    silence_s: float = DEFAULT_SILENCE_S

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_above_zero("centre_hz", self.centre_hz)
        check_above_zero("silence_s", self.silence_s)
        try:
            exact_sample_rate_hz(self.sample_rate_hz)
        except ValueError as error:
            raise ValueError(f"sample_rate_hz: {error}") from None
        if self.gain != AUTO and not LOWEST_GAIN_DB <= self.gain <= HIGHEST_GAIN_DB:
            raise ValueError(f'gain must be "auto" or from {LOWEST_GAIN_DB} to {HIGHEST_GAIN_DB} dB, not {self.gain}')
        if abs(self.ppm) > LARGEST_PPM:
            raise ValueError(f"ppm must be from -{LARGEST_PPM} to {LARGEST_PPM}, not {self.ppm}")
        if self.direct_sampling not in {"off", "i", "q"}:
            raise ValueError(f'direct_sampling must be "off", "i" or "q", not {self.direct_sampling!r}')
        if not math.isfinite(self.converter_offset_hz):
            raise ValueError(f"converter_offset_hz must be a number, not {self.converter_offset_hz}")
        self.tuned_hz(self.centre_hz)

    @property
    def exact_rate_hz(self) -> float:
        """Sample rate the dongle really gives."""
        return exact_sample_rate_hz(self.sample_rate_hz)

    def tuned_hz(self, centre_hz: float) -> int:
        """Frequency to tune the dongle to for a frequency on air.

        Raises
        ------
        ValueError
            If no dongle can be tuned to it.
        """
        tuned_hz = centre_hz - self.converter_offset_hz
        lowest_hz, highest_hz = (LOWEST_HZ, HIGHEST_HZ) if self.direct_sampling == "off" else (0.0, CRYSTAL_HZ)
        if not lowest_hz <= tuned_hz <= highest_hz:
            raise ValueError(
                f"centre_hz {centre_hz / 1e6:.3f} MHz less converter_offset_hz is {tuned_hz / 1e6:.3f} MHz, where an "
                f"RTL-SDR cannot be tuned ({lowest_hz / 1e6:.1f} to {highest_hz / 1e6:.0f} MHz); other bands need a "
                "converter before the dongle, and its converter_offset_hz here"
            )
        return round(tuned_hz)
