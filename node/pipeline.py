"""The pipeline of one radio: blocks in, sightings out. Pure: no clock, no thread, no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import Burst
from dsp.channelise import MAX_SLICE_RATE_HZ, Channeliser
from dsp.detector import DetectorSettings, Segment, SliceDetector, make_slice
from dsp.iq import IqBlock
from dsp.noise import NoiseTracker
from dsp.units import to_db
from models.classifier import Classification, Classifier
from node.droneid import LEAST_RATE_HZ, DroneIdWatch
from node.patch_budget import PatchBudget, is_open


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """How the pipeline works."""

    detector: DetectorSettings = field(default_factory=DetectorSettings)
    patches_per_second: float = 12.0
    """Patches classified a second of signal, kinds in turn, strongest first; the rest go without a label and are
    counted. Bursts that the classifier cannot tell more of need none: see ``node.patch_budget``."""
    chirp_patches_per_second: float = 4.0
    """Of them for each shape of chirp: its slope names it already, and the classifier only tells who shares it."""
    remembered_tunings: int = 64
    """Noise floors kept for tunings that may come back."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0 < self.patches_per_second <= 10_000:
            raise ValueError(f"patches_per_second must be above 0 and at most 10000, not {self.patches_per_second}")
        if not 0 < self.chirp_patches_per_second <= 10_000:
            raise ValueError(
                f"chirp_patches_per_second must be above 0 and at most 10000, not {self.chirp_patches_per_second}"
            )
        if not 1 <= self.remembered_tunings <= 10_000:
            raise ValueError(f"remembered_tunings must be 1 to 10000, not {self.remembered_tunings}")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A burst and what the classifier says of it; None where the patch budget was spent."""

    burst: Burst
    classification: Classification | None
    radio: str
    tuning_known: bool
    slice_centre_hz: float
    slice_rate_hz: float


@dataclass(frozen=True, slots=True)
class PipelineCounters:
    """What was done and what was left out since the start."""

    samples: int = 0
    lost_samples: int = 0
    bursts: int = 0
    bursts_over_budget: int = 0
    patches: int = 0
    patches_over_budget: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What one segment of the detector gave, even if nothing: tracks age on signal time.

    Segments are aligned to the first sample of a tuning, so steps do not depend on the size of the blocks.
    """

    end_ns: int
    """Unix time of the segment's end."""
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class BlockResult:
    """What one block gave."""

    steps: tuple[Step, ...]
    """Of the segments that the block completed, in order of time; often none."""
    end_ns: int
    """Unix time of the last sample taken in."""
    radio: str
    counters: PipelineCounters
    noise_dbfs: float | None = None
    """Noise power of the whole slice; None before the first segment."""

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        """Those of all steps."""
        return tuple(sighting for step in self.steps for sighting in step.sightings)


RETIMED_NS = 60_000_000
"""Times that stray by more from the count of samples begin anew: the clock was set, or the rate is a little off. More
than what a live radio slews at its start."""


@dataclass(slots=True)
class _Tuning:
    """Detectors of one uninterrupted stretch at one tuning."""

    rate_hz: float
    centre_hz: float
    first_sample: int
    start_ns: int
    """Time of the first sample; those after it go by the count."""
    channeliser: Channeliser | None
    detectors: list[SliceDetector]
    droneid: DroneIdWatch | None = None


def _is_retimed(tuning: _Tuning, block: IqBlock) -> bool:
    """Whether a block's time is not the one that the count of samples gives."""
    counted_ns = round((block.first_sample - tuning.first_sample) * 1e9 / tuning.rate_hz)
    return abs(block.start_ns - tuning.start_ns - counted_ns) > RETIMED_NS


class Pipeline:
    """Turns the blocks of one radio into sightings.

    Parameters
    ----------
    settings
        How it works.
    classifier
        Names the patches; None to do without labels.
    radio
        Name of the radio, repeated in every sighting.
    """

    def __init__(self, settings: PipelineSettings, classifier: Classifier | None, radio: str) -> None:
        self._settings = settings
        self._classifier = classifier
        self._radio = radio
        self._tuning: _Tuning | None = None
        self._next_sample: int | None = None
        self._noise: dict[tuple[float, float], NoiseTracker] = {}
        self._samples = self._lost_samples = 0
        self._bursts = self._bursts_over_budget = 0
        self._patches = self._patches_over_budget = 0
        self._budget = PatchBudget(settings.patches_per_second, settings.chirp_patches_per_second)
        self._end_ns = 0
        self._noise_dbfs: float | None = None
        """Of the last segment."""

    def process(self, block: IqBlock) -> BlockResult:
        """Take the next block; a gap or a new tuning closes what is open first."""
        steps: list[Step] = []
        tuning = self._tuning
        jumped = self._next_sample is not None and block.first_sample != self._next_sample
        retuned = tuning is not None and (tuning.rate_hz, tuning.centre_hz) != (block.sample_rate_hz, block.centre_hz)
        if tuning is not None and (jumped or retuned or block.lost_before or _is_retimed(tuning, block)):
            steps += self._close_tuning(tuning)
            tuning = None
        if tuning is None:
            tuning = self._tuning = self._open_tuning(block)
        self._next_sample = block.first_sample + len(block.samples)
        self._end_ns = block.end_ns
        self._samples += len(block.samples)
        self._lost_samples += block.lost_before
        parts = [block.samples] if tuning.channeliser is None else tuning.channeliser.feed(block.samples)
        if tuning.droneid is None:
            steps += self._steps(tuning, parts)
        else:
            tuning.droneid.feed(block.samples)
            steps += tuning.droneid.place(self._steps(tuning, parts))
        return self._result(steps)

    def flush(self) -> BlockResult:
        """End of the signal: close everything that is open."""
        steps = self._close_tuning(self._tuning) if self._tuning is not None else []
        result = self._result(steps)
        self._tuning, self._next_sample = None, None
        return result

    def _result(self, steps: list[Step]) -> BlockResult:
        tuning = self._tuning
        if steps or tuning is None or self._noise_dbfs is None:
            floors = [d.floor for d in tuning.detectors if d.floor is not None] if tuning else []
            self._noise_dbfs = to_db(sum(float(np.add.reduce(floor.smooth)) for floor in floors)) if floors else None
        counters = PipelineCounters(
            self._samples,
            self._lost_samples,
            self._bursts,
            self._bursts_over_budget,
            self._patches,
            self._patches_over_budget,
        )
        return BlockResult(tuple(steps), self._end_ns, self._radio, counters, self._noise_dbfs)

    def _open_tuning(self, block: IqBlock) -> _Tuning:
        settings = self._settings.detector
        channeliser = None
        slices = [(block.sample_rate_hz, block.centre_hz, 0.0)]
        if block.sample_rate_hz > MAX_SLICE_RATE_HZ:
            channeliser = Channeliser(block.sample_rate_hz)
            slices = [
                (channeliser.slice_rate_hz, block.centre_hz + offset_hz, channeliser.delay_s)
                for offset_hz in channeliser.offsets_hz
            ]
        detectors = []
        for rate_hz, centre_hz, delay_s in slices:
            origin_ns = block.start_ns - round(delay_s * 1e9)
            where = make_slice(settings, rate_hz, centre_hz, origin_ns, known=block.centre_known)
            key = (rate_hz, centre_hz)
            noise = self._noise.pop(key, None) or NoiseTracker()
            self._noise[key] = noise
            while len(self._noise) > self._settings.remembered_tunings * max(1, len(slices)):
                self._noise.pop(next(iter(self._noise)))
            detectors.append(SliceDetector(settings, where, noise))
        droneid = None
        if block.sample_rate_hz >= LEAST_RATE_HZ:
            known, rate_hz, centre_hz = block.centre_known, block.sample_rate_hz, block.centre_hz

            def sighting(burst: Burst) -> Sighting:
                return Sighting(burst, None, self._radio, known, centre_hz, rate_hz)

            droneid = DroneIdWatch(rate_hz, centre_hz, block.start_ns, sighting)
        return _Tuning(
            block.sample_rate_hz, block.centre_hz, block.first_sample, block.start_ns, channeliser, detectors, droneid
        )

    def _close_tuning(self, tuning: _Tuning) -> list[Step]:
        """Work on what is left of a tuning and close its open regions."""
        steps: list[Step] = []
        if tuning.channeliser is not None:
            steps += self._steps(tuning, tuning.channeliser.flush())
        last = [(detector, detector.flush()) for detector in tuning.detectors]
        steps.append(self._step(last))
        return steps if tuning.droneid is None else [*tuning.droneid.place(steps), *tuning.droneid.close()]

    def _steps(self, tuning: _Tuning, parts: list[NDArray[np.complex64]]) -> Iterator[Step]:
        """One step for each segment that the samples complete, in all slices at once."""
        each = [detector.segments(samples) for detector, samples in zip(tuning.detectors, parts, strict=True)]
        for found in zip(*each, strict=True):
            yield self._step(list(zip(tuning.detectors, found, strict=True)))

    def _step(self, found: list[tuple[SliceDetector, Segment]]) -> Step:
        """Label what was found in one segment while the budget lasts, and put it in order of time."""
        self._budget.refill(max(segment.duration_s for _, segment in found))
        items = [(detector.where, item) for detector, segment in found for item in segment.found]
        labels: dict[int, Classification] = {}
        over = 0
        if self._classifier is not None and items:
            wanted = [
                i
                for i, (where, item) in enumerate(items)
                if item.patchable and is_open(item.burst, tuning_known=where.centre_known)
            ]
            wanted = [wanted[n] for n in self._budget.order([items[i][1].burst for i in wanted])]
            chosen = sorted(i for i in wanted if self._budget.take(items[i][1].burst))
            patches = [items[i][1].patch(tuning_known=items[i][0].centre_known) for i in chosen]
            labels = dict(zip(chosen, self._classifier.classify(patches), strict=True)) if patches else {}
            over = len(wanted) - len(chosen)
        self._bursts += len(items)
        self._patches += len(labels)
        self._patches_over_budget += over
        self._bursts_over_budget += sum(detector.take_over_budget() for detector, _ in found)
        sightings = [
            Sighting(item.burst, labels.get(i), self._radio, where.centre_known, where.centre_hz, where.sample_rate_hz)
            for i, (where, item) in enumerate(items)
        ]
        sightings.sort(key=lambda s: (s.burst.start_ns, s.burst.centre_hz))
        return Step(max(segment.end_ns for _, segment in found), tuple(sightings))
