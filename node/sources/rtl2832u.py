"""What an RTL2832U dongle can do: rates, tuners and their gains. Figures of osmocom/rtl-sdr ``src/librtlsdr.c``."""

from __future__ import annotations

CRYSTAL_HZ = 28_800_000
"""Crystal of the RTL2832U and of most tuners."""
CRYSTAL_TOLERANCE_HZ = 1000
"""librtlsdr refuses a crystal frequency further off."""
RATES_HZ = ((225_000, 300_000), (900_000, 3_200_000))
"""Sample rates the resampler gives: above the first, up to the second of a pair."""
LOWEST_HZ, HIGHEST_HZ = 0.5e6, 2.2e9
"""No dongle tunes outside: the up-converter of an RTL-SDR Blog V4 begins, an E4000 ends here. An R820T takes 24 to
1766 MHz; the driver has the last word."""
LARGEST_PPM = 1000

TUNER_NAMES = {1: "E4000", 2: "FC0012", 3: "FC0013", 4: "FC2580", 5: "R820T", 6: "R828D"}
_R82XX_GAINS = (
    0, 9, 14, 27, 37, 77, 87, 125, 144, 157, 166, 197, 207, 229, 254,
    280, 297, 328, 338, 364, 372, 386, 402, 421, 434, 439, 445, 480, 496,
)  # fmt: skip
TUNER_GAINS_TENTHS: dict[int, tuple[int, ...]] = {
    1: (-10, 15, 40, 65, 90, 115, 140, 165, 190, 215, 240, 290, 340, 420),
    2: (-99, -40, 71, 179, 192),
    3: (-99, -73, -65, -63, -60, -58, -54, 58, 61, 63, 65, 67, 68, 70, 71, 179, 181, 182, 184, 186, 188, 191, 197),
    5: _R82XX_GAINS,
    6: _R82XX_GAINS,
}
"""Gains by tuner type, in tenths of a dB; an FC2580 has none to choose."""


def tuner_name(tuner: int) -> str:
    """Name of a tuner type."""
    return TUNER_NAMES.get(tuner, f"unknown tuner {tuner}")


def nearest_gain_tenths(wanted_db: float, gains_tenths: tuple[int, ...]) -> int:
    """The gain of the list nearest to a wish, in tenths of a dB; the wish itself when the list is empty."""
    wanted = round(10 * wanted_db)
    return min(gains_tenths, key=lambda gain: abs(gain - 10 * wanted_db), default=wanted)


def exact_sample_rate_hz(asked_hz: float) -> float:
    """Rate that the resampler really gives for the whole number of hertz asked for.

    ``ratio = floor(28.8e6 * 2^22 / asked) & 0x0FFFFFFC``, its bit 27 counts as bit 28 too;
    ``rate = 28.8e6 * 2^22 / ratio``.

    Raises
    ------
    ValueError
        If the resampler cannot give it.
    """
    if not any(low < asked_hz <= high for low, high in RATES_HZ):
        ranges = " or ".join(f"above {low:_} up to {high:_}" for low, high in RATES_HZ)
        raise ValueError(f"an RTL-SDR samples at {ranges} Hz, not {asked_hz:_.0f}; 2_400_000 suits most")
    ratio = int(CRYSTAL_HZ * 2**22 / int(asked_hz)) & 0x0FFFFFFC
    ratio |= (ratio & 0x08000000) << 1
    return CRYSTAL_HZ * 2**22 / ratio
