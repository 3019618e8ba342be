"""What the chain said of a scene against what was on air: whose burst, whose track, was the label right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from node.pipeline import Sighting
from node.report.intervals import Tally
from node.report.results import NOTHING, Matrix
from node.tracking.track import Track
from sim.truth import TrueBurst

MARGIN_HZ = 15e3
"""Bands are taken as wider by this on both sides: a carrier has none of its own."""
AS_ALIKE = 0.9
CLEAR = 2.0
"""A burst belongs to the emitter it has most in common with; to nobody if another label has half as much."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Everything that was on air, as columns."""

    start_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    low_hz: NDArray[np.float64]
    high_hz: NDArray[np.float64]
    label: NDArray[np.int64]
    labels: tuple[str, ...]

    @classmethod
    def of(cls, bursts: Sequence[TrueBurst]) -> Truth:
        """From what the simulator told."""
        labels = tuple(sorted({burst.label for burst in bursts}))
        start = np.array([burst.start_ns for burst in bursts], np.int64)
        return cls(
            start,
            start + np.array([round(burst.duration_s * 1e9) for burst in bursts], np.int64),
            np.array([burst.low_hz for burst in bursts], float) - MARGIN_HZ,
            np.array([burst.high_hz for burst in bursts], float) + MARGIN_HZ,
            np.array([labels.index(burst.label) for burst in bursts], np.int64),
            labels,
        )

    def likeness(self, start_ns: int, end_ns: int, band_hz: tuple[float, float]) -> dict[str, tuple[float, float]]:
        """By label: (greatest likeness of a burst's band in this time, seconds weighted by squared likeness).

        Likeness of two bands is common over joined width.
        """
        common_s = (np.minimum(self.end_ns, end_ns) - np.maximum(self.start_ns, start_ns)) * 1e-9
        low_hz, high_hz = band_hz[0] - MARGIN_HZ, band_hz[1] + MARGIN_HZ
        shared_hz = np.minimum(self.high_hz, high_hz) - np.maximum(self.low_hz, low_hz)
        which = np.flatnonzero((common_s > 0) & (shared_hz > 0))
        joined_hz = np.maximum(self.high_hz[which], high_hz) - np.minimum(self.low_hz[which], low_hz)
        alike = shared_hz[which] / joined_hz
        weight_s = alike**2 * common_s[which]
        found: dict[str, tuple[float, float]] = {}
        for index in np.unique(self.label[which]):
            mine = self.label[which] == index
            found[self.labels[index]] = (float(alike[mine].max()), float(weight_s[mine].sum()))
        return found


def whose_burst(truth: Truth, sighting: Sighting) -> str | None:
    """Label of the emitter a burst is of, ``NOTHING`` where none was on air, None where it is not clear."""
    burst = sighting.burst
    half_hz = burst.bandwidth_hz / 2.0
    found = truth.likeness(burst.start_ns, burst.end_ns, (burst.centre_hz - half_hz, burst.centre_hz + half_hz))
    ranked = sorted(((weight_s, label) for label, (_, weight_s) in found.items()), reverse=True)
    if not ranked:
        return NOTHING
    if len(ranked) > 1 and ranked[0][0] < CLEAR * ranked[1][0]:
        return None
    return ranked[0][1]


def whose_track(truth: Truth, track: Track) -> str:
    """Label of the emitter a track follows, or ``NOTHING``.

    The one whose bands are most like the track's, on the average over its channels: a long packet of somebody else in
    one channel of a hopping link must not make the link his. Where several are as alike, time on air decides.
    """
    half_hz = track.bandwidth_hz / 2.0
    centres_hz = track.channels_hz or ((track.centre_hz,) if track.centre_hz is not None else ())
    alike: dict[str, float] = defaultdict(float)
    weight_s: dict[str, float] = defaultdict(float)
    for centre_hz in centres_hz:
        band_hz = (centre_hz - half_hz, centre_hz + half_hz)
        for label, (likeness, seconds) in truth.likeness(track.first_ns, track.last_ns + 1, band_hz).items():
            alike[label] += likeness / len(centres_hz)
            weight_s[label] += seconds
    if not alike:
        return NOTHING
    best = max(alike.values())
    return max(sorted(alike), key=lambda label: (alike[label] >= AS_ALIKE * best, weight_s[label]))


def judge_bursts(truth: Truth, sightings: Iterable[tuple[Sighting, str, float]]) -> tuple[Matrix, Tally]:
    """How bursts of each emitter were called, and their confidences against that.

    ``unknown`` is no claim, so its confidence is not tallied.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    judged: list[tuple[float, bool]] = []
    for sighting, called, confidence in sightings:
        on_air = whose_burst(truth, sighting)
        if on_air is None:
            continue
        counts[on_air][called] += 1
        if not called.startswith("unknown"):
            judged.append((confidence, called == on_air))
    return {label: dict(sorted(counts[label].items())) for label in sorted(counts)}, Tally.of(judged)


def judge_tracks(truth: Truth, tracks: Iterable[Track]) -> tuple[Matrix, dict[str, Tally]]:
    """How tracks of each emitter were called, and their confidences against that by the label they were called.

    An emitter without a track is counted elsewhere; ``unknown`` is no claim.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    judged: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for track in tracks:
        on_air = whose_track(truth, track)
        counts[on_air][track.label] += 1
        if not track.label.startswith("unknown"):
            judged[track.label].append((track.confidence, track.label == on_air))
    matrix = {label: dict(sorted(counts[label].items())) for label in sorted(counts)}
    return matrix, {label: Tally.of(judged[label]) for label in sorted(judged)}


def is_drone(track: Track) -> bool:
    """The track says that there is a drone."""
    return track.family.startswith("drone")
