"""The detector of one slice: samples in, bursts out. The only stage of ``dsp`` that remembers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dsp.analysis import CHIRP_LEAST_S, Analysed, Slice, Stretch, analyse, merged
from dsp.bursts import Burst, ChirpFinding, KeyingFinding, PulseFinding
from dsp.chirps import ChirpShape
from dsp.energy import energy_mask
from dsp.extents import measure
from dsp.looks import Looks, LookSchedule
from dsp.narrow import NarrowLook
from dsp.noise import NoiseFloor, NoiseTracker
from dsp.regions import NARROW_GAP_S, NARROW_HZ, STROKE_GAP_ROWS, Region, find_regions
from dsp.spectrogram import FRAMES_PER_ROW, ShortTimeTransform, StftSettings, rows_in
from dsp.splatter import LONGEST_EDGE_S, Splatter
from dsp.tape import Tape
from dsp.units import to_ns
from dsp.weak_chirps import WeakChirps

SEGMENT_ROWS = 1152
"""Rows processed at a time: 246 ms at 2.4 MS/s, the pipeline's own share of the latency (half of it in the mean). Half
of it costs 20 % more: regions that are still open are looked at again in the next segment."""
FLOOR_ROWS = 128
"""Rows from one floor to the next: a gain step spoils no more than these."""
LONGEST_REGION_S = 0.1
"""A region still open after this is cut: memory stays bounded, and the tracker joins the pieces."""
HINT_MEMORY = 8
SAME_LENGTH = 1.1
"""Packets of one kind are this alike in length."""
PULSE_MEMORY = 32
"""Pulses whose other regions may still be open."""
CUT_ROWS = 7
"""A region that begins within this many rows of a cut, on its columns, is the rest of it."""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """How the detector works."""

    stft: StftSettings = field(default_factory=StftSettings)
    bursts_per_second: float = 1500.0
    """Regions analysed a second of signal, strongest first; the rest are counted."""

    def __post_init__(self) -> None:
        """Check the rate."""
        if not 10 <= self.bursts_per_second <= 100_000:
            raise ValueError(f"bursts_per_second must be 10 to 100000, not {self.bursts_per_second}")


@dataclass(slots=True)
class DetectorCounters:
    """What was done and what was left out."""

    samples: int = 0
    segments: int = 0
    regions: int = 0
    regions_over_budget: int = 0
    splatter: int = 0
    """Extents that a much stronger signal explains: told only where they are chirps or keyed."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """What one segment gave."""

    end_ns: int
    """Unix time of its end."""
    duration_s: float
    found: tuple[Analysed, ...]


class SliceDetector:
    """Finds bursts in consecutive samples of one tuning; made anew after a retune or a gap.

    Work happens in segments aligned to the first sample, so the size of the blocks that come in changes nothing.

    Parameters
    ----------
    settings
        How it works.
    where
        The slice; sample 0 is the first sample it will be given.
    noise
        The floor of this tuning, learned earlier; None to begin anew.
    """

    def __init__(self, settings: DetectorSettings, where: Slice, noise: NoiseTracker | None = None) -> None:
        self.where = where
        self.noise = noise or NoiseTracker()
        self.counters = DetectorCounters()
        self._settings = settings
        self._looks = Looks(where, LookSchedule())
        self._weak = WeakChirps(where)
        self._narrow = NarrowLook(where)
        self._transform = ShortTimeTransform(where.points)
        self._done_samples = 0
        columns = where.points // 2
        self._base_sample = self._first_sample = 0
        # Room for a segment and what is kept of those before it, in most signals.
        rows = 2 * SEGMENT_ROWS
        self._samples = Tape(0, np.complex64, rows * where.points + self._weak.keep_samples)
        self._spectrum = Tape(where.points, np.complex64, rows * FRAMES_PER_ROW)
        self._power = Tape(columns, np.float32, rows)
        self._mask = Tape(columns, np.bool_, rows)
        self._cut_columns: list[tuple[int, int]] = []
        self._floor: NoiseFloor | None = None
        self._hints: tuple[tuple[ChirpShape, float], ...] = ()
        self._pulses: list[Burst] = []
        self._row_s = row_s = where.points / where.sample_rate_hz
        self._column_hz = 2.0 * where.sample_rate_hz / where.points
        self._gap_rows = max(1, int(NARROW_GAP_S / row_s)) + 1
        self._longest_rows = max(8, int(LONGEST_REGION_S / row_s))
        self._narrow_columns = max(2, int(NARROW_HZ / self._column_hz))
        self._budget_per_segment = max(4, int(settings.bursts_per_second * SEGMENT_ROWS * row_s))

    @property
    def floor(self) -> NoiseFloor | None:
        """Noise floor of the last segment."""
        return self._floor

    @property
    def end_ns(self) -> int:
        """Unix time of the last sample taken in."""
        return self.where.time_ns(self.counters.samples)

    def take_over_budget(self) -> int:
        """Regions left out since the last call."""
        count, self.counters.regions_over_budget = self.counters.regions_over_budget, 0
        return count

    def feed(self, samples: NDArray[np.complex64]) -> list[Analysed]:
        """Take the next samples; give what was found in the segments they complete.

        Those of the slow looks (video comb, cyclic prefix, steady lines) among them.
        """
        return [item for segment in self.segments(samples) for item in segment.found]

    def segments(self, samples: NDArray[np.complex64]) -> Iterator[Segment]:
        """Take the next samples; give each segment that they complete. To be used up before the next call."""
        self._samples.append(samples)
        self.counters.samples += len(samples)
        need = SEGMENT_ROWS * self.where.points
        while self.counters.samples - self._done_samples >= need + self.where.points // 2:
            yield self._segment(need, final=False)

    def flush(self) -> Segment:
        """End of the signal, or a gap: work on what is left and close every open region."""
        return self._segment(self.counters.samples - self._done_samples, final=True)

    def _segment(self, advance: int, *, final: bool) -> Segment:
        """Work on the next ``advance`` samples; the last row reaches half a transform beyond them."""
        self.counters.segments += 1
        points, rate_hz = self.where.points, self.where.sample_rate_hz
        first = self._done_samples
        self._done_samples += advance
        waiting = self._samples.rows[first - self._first_sample :]
        samples = waiting[:advance]
        rows = rows_in(min(len(waiting), advance + points // 2), points)
        spectrum = self._spectrum.extend(rows * FRAMES_PER_ROW)
        power = self._power.extend(rows)
        fresh = self._mask.extend(rows)
        found: list[Analysed] = []
        for row in range(0, rows, FLOOR_ROWS):
            # One after the other while the processor has them at hand.
            end_row = min(row + FLOOR_ROWS, rows)
            some = power[row:end_row]
            self._transform.run(
                waiting[row * points :], spectrum[row * FRAMES_PER_ROW : end_row * FRAMES_PER_ROW], some
            )
            self._floor = self.noise.observe(some)
            energy_mask(some / self._floor.power, out=fresh[row:end_row])
            self._narrow.add(some)
        if self._floor is not None:
            begin = max(self._first_sample, first - self._weak.keep_samples)
            past = self._samples.rows[begin - self._first_sample : self._done_samples - self._first_sample]
            found += self._weak.feed(past, begin, advance, fresh, final=final)
            regions = self._close_regions(final=final)
            found += regions
            told = [item.burst for item in regions]
            found += self._narrow.feed(self._floor.power, told, final=final)
            found += self._looks.feed(Stretch(samples, spectrum, first), power, self._floor, final=final)
        return Segment(self.where.time_ns(self._done_samples), advance / rate_hz, tuple(found))

    def _close_regions(self, *, final: bool) -> list[Analysed]:
        assert self._floor is not None
        rows = len(self._mask)
        keep_from = rows
        closed: list[tuple[Region, bool, bool]] = []
        cut_now: list[tuple[int, int]] = []
        for region in find_regions(self._mask.rows, self._power.rows, self._row_s, self._column_hz):
            narrow = region.end_column - region.first_column <= self._narrow_columns
            hold = self._gap_rows if narrow else STROKE_GAP_ROWS + 2 if region.stroke else 2
            cut_start = region.first_row <= CUT_ROWS and any(
                region.first_column < high and low < region.end_column for low, high in self._cut_columns
            )
            too_long = region.end_row - region.first_row >= self._longest_rows
            if final or region.end_row <= rows - hold:
                closed.append((region, cut_start, final and region.end_row >= rows - 1))
            elif too_long:
                closed.append((region, cut_start, True))
                cut_now.append((region.first_column, region.end_column))
            else:
                keep_from = min(keep_from, region.first_row)
        self._cut_columns = cut_now
        self.counters.regions += len(closed)
        found: list[Analysed] = []
        extents = [
            (extent, cut_start, cut_end)
            for region, cut_start, cut_end in closed
            for extent in measure(self._power.rows, self._floor.power, region, self._narrow_columns)
        ]
        if len(extents) > self._budget_per_segment:
            extents.sort(key=lambda item: -item[0].power)
            self.counters.regions_over_budget += len(extents) - self._budget_per_segment
            extents = extents[: self._budget_per_segment]
            extents.sort(key=lambda item: (item[0].first_row, item[0].low_column))
        # What waits for the next segment is not looked at: it depends on the size of the blocks.
        stretch = Stretch(
            self._samples.rows[self._base_sample - self._first_sample : self._done_samples - self._first_sample],
            self._spectrum.rows,
            self._base_sample,
        )
        splatters = Splatter(self._power.rows, self._floor.power)
        for extent, cut_start, cut_end in extents:
            length_s = (extent.end_row - extent.first_row) * self._row_s
            splatter = splatters.has(extent)
            self.counters.splatter += splatter
            if splatter and length_s < LONGEST_EDGE_S:
                continue
            hints = self._likely_chirps(length_s) if length_s >= CHIRP_LEAST_S - 2.0 * self._row_s else ()
            analysed = analyse(stretch, self.where, extent, cut_start=cut_start, cut_end=cut_end, hints=hints)
            if splatter and not isinstance(analysed.burst.finding, (ChirpFinding, KeyingFinding)):
                continue
            self._remember(analysed.burst)
            found.append(analysed)
        found = [item for item in merged(found) if not self._told(item.burst)]
        mask = self._mask.rows
        for region, _, _ in closed:
            mask[region.first_row : region.end_row, region.low_column : region.high_column] = False
        self._forget_before(rows if final else max(0, min(keep_from, rows - 2) - 3))
        return found

    def _remember(self, burst: Burst) -> None:
        if not isinstance(burst.finding, ChirpFinding):
            return
        finding = burst.finding
        shape = ChirpShape(finding.spreading_factor, finding.bandwidth_hz, finding.slope_hz_per_s > 0)
        length_s = burst.duration_s
        low_s, high_s = length_s / SAME_LENGTH, length_s * SAME_LENGTH
        others = [hint for hint in self._hints if not low_s < hint[1] < high_s or hint[0] != shape]
        self._hints = ((shape, length_s), *others)[:HINT_MEMORY]

    def _likely_chirps(self, length_s: float) -> tuple[ChirpShape, ...]:
        """Chirps heard lately, those in packets of about this length first: a link's packets are all alike."""
        room_s = (SAME_LENGTH - 1.0) * length_s
        alike = [shape for shape, other_s in self._hints if abs(other_s - length_s) <= room_s]
        return (*alike, *[shape for shape, _ in self._hints])

    def _told(self, burst: Burst) -> bool:
        """Whether another region of the same pulses was closed in an earlier segment; remembers new ones."""
        if not isinstance(burst.finding, PulseFinding):
            return False
        if any(burst.start_ns < other.end_ns and other.start_ns < burst.end_ns for other in self._pulses):
            return True
        self._pulses = [*self._pulses[1 - PULSE_MEMORY :], burst]
        return False

    def _forget_before(self, row: int) -> None:
        if row <= 0:
            return
        self._power.drop(row)
        self._spectrum.drop(row * FRAMES_PER_ROW)
        self._mask.drop(row)
        self._base_sample += row * self.where.points
        keep_from = min(self._base_sample, self._done_samples - self._weak.keep_samples)
        surplus = max(0, keep_from - self._first_sample)
        self._samples.drop(surplus)
        self._first_sample += surplus


def make_slice(settings: DetectorSettings, rate_hz: float, centre_hz: float, origin_ns: int, *, known: bool) -> Slice:
    """Describe a slice for a detector."""
    return Slice(rate_hz, centre_hz, known, origin_ns, settings.stft.points(rate_hz))


def segment_ns(settings: DetectorSettings, rate_hz: float) -> int:
    """Length of a segment in nanoseconds."""
    return to_ns(SEGMENT_ROWS * settings.stft.points(rate_hz) / rate_hz)
