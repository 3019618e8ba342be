"""What may be said of a recording that it does not say itself, and which sample rates can be used."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dsp.iq import SourceUnavailable
from dsp.protocols import PROTOCOLS
from node.sources.sample_types import find_sample_type, why_no_sample_type

MIN_RATE_HZ = 10e3
"""Below, nothing of what we look for is left."""
MAX_RATE_HZ = 100e6
"""Above, the figure is more likely wrong than right."""
USUAL_RATES_HZ = (200e3, 61.44e6)
"""What has been tried; others work with a note."""
MAX_BLOCK_SAMPLES = 1 << 24
"""Longest block: 128 MiB of complex64."""
MAX_CENTRE_HZ = 1e12
LAST_NS = 2**63 - 1
"""Times after April 2262 do not fit the signed 64 bits of other programs."""


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """How to read a recording; what is given here overrides what the recording says.

    Parameters
    ----------
    sample_rate_hz
        Samples a second; None: as the metadata, header or name says.
    centre_hz
        Frequency of the middle of the slice; None: as the recording says, else unknown.
    datatype
        How samples are stored, by a name of SigMF or rtl_433 (``cu8``, ``cs16``, ``cf32`` ...); None: as the
        recording or its extension says.
    start_ns
        Unix time of the first sample; None: as the recording says, else 1970-01-01T00:00:00Z.
    block_samples
        Length of a block.
    pace
        None: as fast as it goes; 1.0: in real time; 2.0: twice as fast, ...
    radio
        Name of the radio in the blocks.

    Raises
    ------
    ValueError
        If a value cannot be; the message names it.
    """

    sample_rate_hz: float | None = None
    centre_hz: float | None = None
    datatype: str | None = None
    start_ns: int | None = None
    block_samples: int = 65_536
    pace: float | None = None
    radio: str = "recording"

    def __post_init__(self) -> None:
        """Check the values."""
        if self.sample_rate_hz is not None and not MIN_RATE_HZ <= self.sample_rate_hz <= MAX_RATE_HZ:
            raise ValueError(
                f"sample_rate_hz must be {MIN_RATE_HZ:.0f} to {MAX_RATE_HZ:.0f}, not {self.sample_rate_hz}"
            )
        if self.centre_hz is not None and not 0.0 < self.centre_hz <= MAX_CENTRE_HZ:
            raise ValueError(f"centre_hz must be above 0 and at most {MAX_CENTRE_HZ:.0f}, not {self.centre_hz}")
        if self.datatype is not None and find_sample_type(self.datatype) is None:
            raise ValueError(f"datatype {why_no_sample_type(self.datatype)}")
        if self.start_ns is not None and not 0 <= self.start_ns <= LAST_NS:
            raise ValueError(f"start_ns must be 0 to {LAST_NS}, not {self.start_ns}")
        if not 1 <= self.block_samples <= MAX_BLOCK_SAMPLES:
            raise ValueError(f"block_samples must be 1 to {MAX_BLOCK_SAMPLES}, not {self.block_samples}")
        if self.pace is not None and not (self.pace > 0.0 and math.isfinite(self.pace)):
            raise ValueError(f"pace must be above 0, not {self.pace}")


def check_rate(where: str, rate_hz: float) -> float:
    """The rate a recording says, if we can use it.

    Raises
    ------
    SourceUnavailable
        If we cannot.
    """
    if MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        return rate_hz
    raise SourceUnavailable(
        f"{where}: a sample rate of {rate_hz:.12g} S/s cannot be used, only {in_words(MIN_RATE_HZ, 'S/s')} to "
        f"{in_words(MAX_RATE_HZ, 'S/s')}; if it is wrong, say the right one with --rate"
    )


def rate_notes(rate_hz: float) -> tuple[str, ...]:
    """What cannot be seen at this rate, and that it is unusual."""
    notes = []
    too_wide = [
        f"{protocol.label} ({in_words(narrowest, 'Hz')})"
        for protocol in PROTOCOLS
        if protocol.family in {"drone-control", "drone-telemetry"}
        and (narrowest := _narrowest_hz([mode.phy for mode in protocol.modes])) is not None
        and narrowest > rate_hz
    ]
    rate = in_words(rate_hz, "S/s")
    if too_wide:
        notes.append(f"{rate} cannot show drone links wider than {in_words(rate_hz, 'Hz')}: {', '.join(too_wide)}")
    if rate_hz < USUAL_RATES_HZ[0]:
        notes.append(f"{rate} is below {in_words(USUAL_RATES_HZ[0], 'S/s')}: too narrow to tell most links apart")
    elif rate_hz > USUAL_RATES_HZ[1]:
        notes.append(f"{rate} is above {in_words(USUAL_RATES_HZ[1], 'S/s')}, the most that has been tried")
    return tuple(notes)


def _narrowest_hz(phys: list[object]) -> float | None:
    """Least bandwidth among these; None if none has one."""
    widths = [width for phy in phys if isinstance(width := getattr(phy, "bandwidth_hz", None), float)]
    return min(widths, default=None)


def in_words(value: float, unit: str) -> str:
    """A frequency or rate as people write it."""
    for scale, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= scale and not (scale == 1e9 and unit == "S/s"):
            return f"{value / scale:.9g} {prefix}{unit}"
    return f"{value:.9g} {unit}"
