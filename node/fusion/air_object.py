"""One object in the air as the filter knows it, with its past."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass, field
from operator import itemgetter

import numpy as np

from node.fusion.kalman import Estimate
from node.fusion.measure import Array
from node.fusion.settings import NS_PER_S

KEPT = 64
"""Places remembered of each object, at most one in ``KEEP_NS``: six seconds."""
TRAIL_KEPT, TRAIL_NS = 64, NS_PER_S
"""Distances remembered of each object, and the least time between two: the minute that levels of a link are kept."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one module has contributed to an object."""

    sensor: str
    first_ns: int
    last_ns: int
    hits: int


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """An object's estimate at one time, for trends and motion."""

    time_ns: int
    state: Array
    sigma_m: float
    sigma_mps: float


@dataclass(slots=True, eq=False)
class AirObject:
    """One object.

    Parameters
    ----------
    number
        Counts objects from the start of the node.
    estimate
        Where it is.
    first_ns, last_ns
        First and last measurement.
    ranged
        Whether its range was ever measured; else place and speed are no knowledge.
    confirmed_ns
        When it was confirmed, None before.
    """

    number: int
    estimate: Estimate
    first_ns: int
    last_ns: int
    ranged: bool
    confirmed_ns: int | None = None
    moving: bool = False
    seen: dict[str, Seen] = field(default_factory=dict)
    hits_ns: deque[int] = field(default_factory=lambda: deque(maxlen=16))
    past: deque[Moment] = field(default_factory=lambda: deque(maxlen=KEPT))
    trail: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=TRAIL_KEPT))
    """Time and distance from the node, ascending."""
    labels: Counter[str] = field(default_factory=Counter)
    anchor: Array = field(default_factory=lambda: np.zeros(3))
    """Where it was when it was confirmed."""
    anchor_sigma_m: float = math.inf
    fast_scans: int = 0
    birdlike: bool = False
    """Judged a bird, with hysteresis."""
    straight_since_ns: int | None = None
    """Since when what was judged a bird does not move like one."""

    @property
    def key(self) -> str:
        """Name among the parts of the picture."""
        return f"object:{self.number}"

    @property
    def place_m(self) -> Array:
        """East, north, up."""
        return self.estimate.mean[:3]

    @property
    def velocity_mps(self) -> Array:
        """East, north, up."""
        return self.estimate.mean[3:]

    @property
    def sigma_m(self) -> float:
        """Horizontal error of the place, one standard deviation of the worse direction."""
        return math.sqrt(max(0.0, float(np.linalg.eigvalsh(self.estimate.cov[:2, :2])[-1])))

    @property
    def sigma_mps(self) -> float:
        """Error of the horizontal speed, one standard deviation of the worse direction."""
        return math.sqrt(max(0.0, float(np.linalg.eigvalsh(self.estimate.cov[3:5, 3:5])[-1])))

    @property
    def range_m(self) -> float:
        """Distance from the node."""
        return float(np.linalg.norm(self.place_m))

    def called(self, *labels: str) -> bool:
        """Whether a camera calls it one of these in most of at least three pictures."""
        named = sum(self.labels.values())
        return named >= 3 and sum(self.labels[label] for label in labels) > 0.6 * named

    @property
    def worth_telling(self) -> bool:
        """Whether it is something in the air: confirmed, and moving or seen by a camera."""
        if self.confirmed_ns is None or self.called("person", "vehicle"):
            return False
        filmed = any(seen.sensor == "camera" for seen in self.seen.values())
        return self.moving or (filmed and (self.called("drone", "bird") or not self.ranged))

    def remember(self, time_ns: int, least_ns: int) -> None:
        """Keep where it is now, if the last memory is so old."""
        if not self.past or time_ns - self.past[-1].time_ns >= least_ns:
            self.past.append(Moment(time_ns, self.estimate.mean.copy(), self.sigma_m, self.sigma_mps))
        if not self.trail or time_ns - self.trail[-1][0] >= TRAIL_NS:
            self.trail.append((time_ns, self.range_m))

    def forget_places(self) -> None:
        """Forget where it was: that was no knowledge."""
        self.past.clear()
        self.trail.clear()

    def range_at(self, time_ns: int) -> float | None:
        """Remembered distance nearest to a time; None when more than a second away."""
        after = bisect_left(self.trail, time_ns, key=itemgetter(0))
        near = [self.trail[at] for at in (after - 1, after) if 0 <= at < len(self.trail)]
        known_ns, range_m = min(near, key=lambda one: abs(one[0] - time_ns), default=(0, 0.0))
        return range_m if near and abs(known_ns - time_ns) <= NS_PER_S else None

    def state_at(self, time_ns: int) -> Moment | None:
        """The remembered moment nearest to a time, moved to it; None when more than a second away."""
        best = min(self.past, key=lambda moment: abs(moment.time_ns - time_ns), default=None)
        if best is None or abs(best.time_ns - time_ns) > NS_PER_S:
            return None
        state = best.state.copy()
        state[:3] += state[3:] * ((time_ns - best.time_ns) * 1e-9)
        return Moment(time_ns, state, best.sigma_m, best.sigma_mps)
