"""From a region of energy to a burst: what it is, measured on its own baseband."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dsp.baseband import Baseband, power_of, resynthesise
from dsp.bursts import Burst, ChirpFinding, EnergyFinding, Finding, KeyingFinding, PulseFinding
from dsp.chirps import ChirpShape, find_chirp
from dsp.edges import refine_time
from dsp.extents import Extent
from dsp.features import Measured, feature_vector
from dsp.keying import Keying, measure_envelope, measure_keying, measure_steadiness, measure_tone_share
from dsp.patches import Patch, cut_image
from dsp.pulses import SEARCHED_S as PULSES_SEARCHED_S
from dsp.pulses import Pulses, find_pulses, merge_pulses, widened
from dsp.units import NS_PER_S, to_db

CHIRP_BANDWIDTH_HZ = (85e3, 700e3)
"""Measured widths that may be LoRa of 125 to 500 kHz."""
CHIRP_LEAST_S = 1.2e-3
"""Shorter than any LoRa packet of the records (SF5 at 500 kHz: 2.6 ms)."""
LOOKS_S = ((350e3, 5e-3), (170e3, 10e-3), (60e3, 20e-3), (0.0, 30e-3))
"""How much of a burst of at least this bandwidth is looked at: four symbols and more of SF9, SF10 and SF10 at 500, 250
and 125 kHz; some ten symbols or pulses of slow keying."""
EDGE_ROWS = 0.75
"""A burst's edge is looked for this far around where the rows of the spectrogram have it."""
LONGEST_LOOK_S = 0.1
"""How much is looked at for slower chirps where the first look shows no keying."""
USABLE_SHARE = 0.475
"""Beyond this part of the sample rate the receiver's filter has taken half of a signal away, and neighbours fold in."""
FULL_SCALE_POWER = 0.98
"""Power of a sample at the rails of an 8-bit converter."""
CLIPPED_LOOKS = 64
CLIPPED_TOGETHER = 8
"""How many times some neighbours, a cache line of them, are looked at for samples at full scale."""
PULSES_LEAST_SAMPLES = 96
KEYING_SEPARATION = 2.6
"""Tones this many spreads apart are keyed, if the envelope is steady; Gaussian noise cut in two is 2.65 apart."""
KEYING_STEADINESS = 2.5
"""Standard deviations from the envelope of noise: 1 % of the pieces of OFDM, noise and spread spectrum pass, 0.8 to 0.9
of keyed bursts at 3 dB, all but a few hundredths at 6 dB (measured on simulated bursts)."""
KEYING_CLOCKED_S = 1e-3
"""A shorter burst without a clock is a sweep or a piece of something."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Where the samples are: what turns indexes into time and frequency."""

    sample_rate_hz: float
    centre_hz: float
    centre_known: bool
    origin_ns: int
    """Unix time of sample 0."""
    points: int
    """Length of the transform; a row of the spectrogram is this many samples on."""

    def time_ns(self, sample: float) -> int:
        """Unix time of a sample."""
        return self.origin_ns + round(sample * NS_PER_S / self.sample_rate_hz)

    def edge_hz(self, column: float) -> float:
        """Frequency, relative to the middle, of a column edge (0.0 is the lower edge of column 0)."""
        bin_hz = self.sample_rate_hz / self.points
        return -0.5 * self.sample_rate_hz - 0.5 * bin_hz + column * 2.0 * bin_hz


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """A burst and what the classifier needs of it, valid until the detector is given the next samples.

    ``keying`` is None where it has not been measured.
    """

    burst: Burst
    baseband: Baseband
    noise_power: float
    slice_share: float
    flatness: float
    keying: Keying | None = None
    looked: NDArray[np.complex64] | None = None
    """What was looked at of the slice; None where the share of samples at full scale does not matter."""
    patchable: bool = True
    """False below the noise, where the classifier would see noise only."""

    def patch(self, *, tuning_known: bool) -> Patch:
        """Cut the classifier's input. Costs a small spectrogram, the envelope and, if it is not known, the keying."""
        envelope = measure_envelope(self.baseband, self.noise_power)
        keying = self.keying or measure_keying(self.baseband)
        tone_share = measure_tone_share(self.baseband)
        clipped_share = _clipped_share(self.looked) if self.looked is not None else 0.0
        measured = Measured(envelope, keying, tone_share, self.flatness, self.slice_share, clipped_share)
        return Patch(cut_image(self.baseband), feature_vector(self.burst, measured, tuning_known=tuning_known))


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Consecutive samples and their short-time transform.

    Parameters
    ----------
    samples
        (n,) complex64.
    spectrum
        (frames, points) complex64 as from ``dsp.spectrogram.transform``; frame 0 begins at ``samples[0]``.
    first_sample
        Index of ``samples[0]`` in the slice.
    """

    samples: NDArray[np.complex64]
    spectrum: NDArray[np.complex64]
    first_sample: int

    def baseband(
        self, where: Slice, begin: float, end: float, offset_hz: float, least_rate_hz: float
    ) -> tuple[Baseband, int]:
        """Cut a band out of some of the samples; with it the sample, of the stretch, that the baseband begins at."""
        hop = where.points // 2
        frames = len(self.spectrum)
        first = min(max(0, int(begin) // hop - 1), max(0, frames - 2))
        last = min(frames, max(first + 2, -(-int(end) // hop)))
        cut = resynthesise(self.spectrum[first:last], where.sample_rate_hz, offset_hz, least_rate_hz)
        return cut, (first + 1) * hop


def analyse(
    stretch: Stretch,
    where: Slice,
    extent: Extent,
    *,
    cut_start: bool,
    cut_end: bool,
    hints: tuple[ChirpShape, ...],
) -> Analysed:
    """Measure one region of energy.

    Parameters
    ----------
    stretch
        The samples that hold the region, two frames at least.
    where
        The slice.
    extent
        The region; rows count from the beginning of the stretch.
    cut_start, cut_end
        Whether the region goes on before or after the stretch.
    hints
        Chirps heard lately.
    """
    points, rate_hz = where.points, where.sample_rate_hz
    low_hz, high_hz = where.edge_hz(extent.low_column), where.edge_hz(extent.high_column)
    bandwidth_hz = max(high_hz - low_hz, rate_hz / points)
    usable_hz = USABLE_SHARE * rate_hz
    cut_low, cut_high = low_hz < -usable_hz, high_hz > usable_hz
    begin = extent.first_row * points + 0.25 * points
    end = extent.end_row * points + 0.25 * points
    look_s = next(look_s for least_hz, look_s in LOOKS_S if bandwidth_hz >= least_hz)
    margin = EDGE_ROWS * points
    look_end = min(end + margin, begin + look_s * rate_hz)
    middle_hz = 0.5 * (low_hz + high_hz)
    # Chirps are measured in little more than their bandwidth; fast keying needs more than two samples a bit.
    width = 3.0 if end - begin < CHIRP_LEAST_S * rate_hz else 1.6 if bandwidth_hz > 250e3 else 2.0
    least_rate_hz = max(bandwidth_hz * width, 16e3)
    around = stretch.samples[max(0, int(begin - margin)) : int(end + margin)]
    pulses = find_pulses(around, rate_hz) if end - begin < PULSES_SEARCHED_S * rate_hz else None
    if pulses is None:
        baseband, zero = stretch.baseband(where, begin - margin, look_end, middle_hz, least_rate_hz)
        # Not further than the margin: the next packet of a fast link is a third of a millisecond away.
        skipped = round(max(0, int(begin - margin) - zero) / rate_hz * baseband.rate_hz)
        zero += round(skipped / baseband.rate_hz * rate_hz)
        kept = max(1, int((look_end - zero) / rate_hz * baseband.rate_hz))
        inner = baseband.samples[skipped : skipped + kept]
        power = power_of(inner)
        whole_look = look_end >= end + margin
        begin_s, end_s = (begin - zero) / rate_hz, (min(end, look_end) - zero) / rate_hz
        duration_s = (end - begin) / rate_hz
        if not (cut_start or cut_end):
            diluted = extent.snr * bandwidth_hz / baseband.rate_hz
            begin_s, refined_s = refine_time(power, baseband.rate_hz, diluted, begin_s, end_s)
            end_s = refined_s if whole_look else end_s
            duration_s = end_s - begin_s if whole_look else (end - zero) / rate_hz - begin_s
        start_sample = stretch.first_sample + zero + begin_s * rate_hz
        duration_s = max(duration_s, 1.0 / rate_hz)
        # The burst alone, without the margins, for everything that follows.
        inside = slice(max(0, int(begin_s * baseband.rate_hz)), max(int(end_s * baseband.rate_hz), 1))
        if len(power[inside]) > 0:
            inner, power = inner[inside], power[inside]
        baseband = Baseband(inner, baseband.rate_hz, baseband.offset_hz)
    else:
        # Timed on the samples of the slice: no band needs to be cut out.
        start_sample = stretch.first_sample + max(0, int(begin - margin)) + pulses.first_sample
        duration_s = (pulses.end_sample - pulses.first_sample) / rate_hz
        baseband = Baseband(_around_pulses(around, pulses), rate_hz, 0.0)
        power = power_of(baseband.samples)
    noise_power = extent.power / max(extent.snr, 1e-6) * baseband.rate_hz / bandwidth_hz
    finding: Finding = EnergyFinding(extent.flatness)
    keying: Keying | None = None
    may_chirp = (
        pulses is None
        and CHIRP_BANDWIDTH_HZ[0] <= bandwidth_hz <= CHIRP_BANDWIDTH_HZ[1]
        and duration_s >= CHIRP_LEAST_S
    )
    whole = not (cut_low or cut_high)
    if may_chirp:
        finding = find_chirp(baseband, bandwidth_hz, extent.snr, hints, whole_band=whole) or finding
    if not isinstance(finding, ChirpFinding):
        # What is as unsteady as noise is not keyed: no need to measure it before a patch is wanted.
        steadiness = measure_steadiness(baseband) if pulses is None else 0.0
        if steadiness > KEYING_STEADINESS:
            keying = measure_keying(baseband, steadiness)
        if pulses is not None:
            finding = PulseFinding(pulses.pulse_samples / rate_hz, pulses.count)
        elif keying is not None and is_keyed(keying, bandwidth_hz, duration_s):
            finding = KeyingFinding(keying.deviation_hz, keying.symbol_rate_hz, keying.separation)
        elif may_chirp and duration_s > 2.0 * look_s:
            longer_end = min(end, begin + LONGEST_LOOK_S * rate_hz)
            longer, zero = stretch.baseband(where, begin, longer_end, middle_hz, least_rate_hz)
            finding = find_chirp(longer, bandwidth_hz, extent.snr, hints, whole_band=whole) or finding
    looked = stretch.samples[max(0, int(begin)) : max(int(look_end), int(begin) + points)]
    if isinstance(finding, ChirpFinding):
        cut_low, cut_high = _cut_chirp(finding, low_hz, high_hz, usable_hz)
    burst = Burst(
        start_ns=where.time_ns(start_sample),
        duration_s=duration_s,
        centre_hz=where.centre_hz + middle_hz,
        bandwidth_hz=bandwidth_hz,
        snr_db=to_db(extent.snr),
        peak_dbfs=to_db(float(np.maximum.reduce(power)) if len(power) else extent.power),
        finding=finding,
        cut_low=cut_low,
        cut_high=cut_high,
        cut_start=cut_start,
        cut_end=cut_end,
    )
    return Analysed(burst, baseband, noise_power, bandwidth_hz / rate_hz, extent.flatness, keying, looked)


def merged(found: list[Analysed]) -> list[Analysed]:
    """Put the regions that wide pulses leave in the spectrogram together."""
    part_of = merge_pulses([item.burst for item in found])
    parts: dict[int, list[Burst]] = {}
    for item, head in zip(found, part_of, strict=True):
        if head is not None:
            parts.setdefault(head, []).append(item.burst)
    return [
        replace(item, burst=widened(item.burst, parts[i])) if i in parts else item
        for i, item in enumerate(found)
        if part_of[i] is None
    ]


def is_keyed(keying: Keying, bandwidth_hz: float, duration_s: float) -> bool:
    """Whether what was measured is frequency-shift keying: two tones, their clock, and an envelope unlike noise's."""
    return (
        keying.separation > KEYING_SEPARATION
        and keying.steadiness > KEYING_STEADINESS
        and keying.deviation_hz > 0.1 * bandwidth_hz
        and (keying.symbol_rate_hz is not None or duration_s > KEYING_CLOCKED_S)
    )


def _around_pulses(samples: NDArray[np.complex64], pulses: Pulses) -> NDArray[np.complex64]:
    """Pulses in the whole slice, with a little around them where they are very short."""
    missing = max(0, PULSES_LEAST_SAMPLES - (pulses.end_sample - pulses.first_sample))
    first = max(0, pulses.first_sample - missing // 2)
    return samples[first : pulses.end_sample + missing - missing // 2]


def _cut_chirp(chirp: ChirpFinding, low_hz: float, high_hz: float, usable_hz: float) -> tuple[bool, bool]:
    """Whether a chirp runs out of the slice: it sweeps its whole bandwidth, whatever the filter's edge leaves of it."""
    missing_hz = max(0.0, 0.94 * chirp.bandwidth_hz - (high_hz - low_hz))
    return low_hz - missing_hz < -usable_hz, high_hz + missing_hz > usable_hz


def _clipped_share(samples: NDArray[np.complex64]) -> float:
    """Share of the samples at full scale, estimated on some hundred of them."""
    apart = max(CLIPPED_TOGETHER, len(samples) // CLIPPED_LOOKS)
    looks = len(samples) // apart
    some = samples[: looks * apart].reshape(looks, apart)[:, :CLIPPED_TOGETHER].reshape(-1)
    return int(np.count_nonzero(power_of(some) > FULL_SCALE_POWER)) / max(1, len(some))
