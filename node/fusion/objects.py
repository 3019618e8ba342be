"""Objects in the air: measurements of radars and cameras become kinematic tracks.

For each scan (the measurements of one module at one time): predict every object, gate, assign (global nearest
neighbour), update; what is left over begins new objects unless it lies in the gate of one that exists (extended objects
give several points). See docs/fusion.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from node.fusion.air_object import AirObject, Seen
from node.fusion.assign import assigned
from node.fusion.gating import SAME_M, compared, one_thing, pair_cost
from node.fusion.kalman import GATE, Innovation, begun, disturbed, predicted, updated
from node.fusion.measure import AZIMUTH, RANGE, Measurement, Sight
from node.fusion.settings import NS_PER_S, FusionSettings

MOST_IN_SCAN = 200
"""Points of one scan; beyond, the strongest are taken and the others counted."""
LATE_NS = 300_000_000
"""Scans older than the newest by more than that are not used: they come from a port that lags."""
KEEP_NS = 100_000_000
HARDEST_MPS2 = 40.0
"""Acceleration of a racing drone; objects that are missed are looked for again within what it allows."""
SLOWEST_SCAN_S = 2.0
"""A module that scans slower confirms nothing faster for it."""
COAST_SHARE = 0.5
"""An object is waited for half as long as it was seen, within the settings: what was seen shortly may be none."""
SCAN_SHARE = 0.2
"""How fast the known period of a module follows."""
SAME_D2, SAME_MPS = 9.0, 3.0
"""Two objects are one when places and speeds agree within three standard deviations, and within these, for a while."""
SAME_SCANS = 8
FAR_SIGMAS, FAR_CERTAINTY = 4.0, 4.0
SLOWEST_MPS = 1.0
"""Slower things may be foliage; an object that has once moved faster stays one when it hovers."""
UNCERTAIN_M = 150.0
"""An object whose place is less known than that is lost."""


class ObjectTracker:
    """Keeps the objects. Single-threaded; measurements come scan by scan in order of time."""

    def __init__(self, settings: FusionSettings) -> None:
        self._settings = settings
        self._sights: dict[str, Sight] = {}
        self._periods_s: dict[str, float] = {}
        self._scans_ns: dict[str, int] = {}
        self._count = 0
        self._newest_ns = 0
        self._alike: dict[tuple[int, int], int] = {}
        self.objects: list[AirObject] = []
        self.merged: list[tuple[AirObject, AirObject]] = []
        """(kept, given up) since the last time somebody took them."""
        self.refused = 0
        self.late = 0

    def sight(self, device: str) -> Sight:
        """How a module looks at the frame."""
        sight = self._sights.get(device)
        if sight is None:
            sight = self._sights[device] = Sight(self._settings.mount(device))
        return sight

    def scan(self, measurements: Sequence[Measurement]) -> None:
        """Take the measurements of one module at one time."""
        if len(measurements) > MOST_IN_SCAN:
            self.refused += len(measurements) - MOST_IN_SCAN
            measurements = sorted(measurements, key=lambda one: -(one.snr_db or 0.0))[:MOST_IN_SCAN]
        first = measurements[0]
        time_ns, device, sight = first.time_ns, first.device, self.sight(first.device)
        if time_ns < self._newest_ns - LATE_NS:
            self.late += len(measurements)
            return
        self._newest_ns = max(self._newest_ns, time_ns)
        self._learn_period(device, time_ns)
        usable = self.objects
        for one in usable:
            one.estimate = predicted(one.estimate, time_ns, self._settings.acceleration_mps2)
        news = compared([one.estimate for one in usable], measurements, sight)
        taken: set[int] = set()
        hit: set[int] = set()
        for group in (True, False):  # confirmed objects choose first
            chosen = [at for at, one in enumerate(usable) if (one.confirmed_ns is not None) == group]
            free = [at for at in range(len(measurements)) if at not in taken]
            free = [at for at in free if any((row, at) in news for row in chosen)]
            chosen = [row for row in chosen if any((row, at) in news for at in free)]
            cost = [[pair_cost(news.get((row, at))) for at in free] for row in chosen]
            for row, column in assigned(cost):
                self._hit(usable[chosen[row]], measurements[free[column]], news[chosen[row], free[column]])
                taken.add(free[column])
                hit.add(chosen[row])
            if group:
                self._find_again([one for at, one in enumerate(usable) if at not in hit], measurements, taken, sight)
        gated = {at for _, at in news}
        begun_here: list[Measurement] = []
        for at, measurement in enumerate(measurements):
            if at in taken or at in gated:
                continue
            if any(one_thing(measurement, other) for other in begun_here):
                continue
            begun_here.append(measurement)
            self._begin(measurement, sight)
        self._unite()

    def _find_again(
        self, missed: list[AirObject], measurements: Sequence[Measurement], taken: set[int], sight: Sight
    ) -> None:
        """Confirmed objects that got nothing may have turned hard: look for them in what is left, in a wider gate."""
        time_ns = measurements[0].time_ns
        wider = [
            (one, disturbed(one.estimate, (time_ns - one.last_ns) * 1e-9, HARDEST_MPS2))
            for one in missed
            if one.confirmed_ns is not None and one.moving and measurements[0].device in one.seen
        ]
        free = [at for at in range(len(measurements)) if at not in taken]
        if not wider or not free:
            return
        news = compared([estimate for _, estimate in wider], [measurements[at] for at in free], sight)
        cost = [[pair_cost(news.get((row, column))) for column in range(len(free))] for row in range(len(wider))]
        for row, column in assigned(cost):
            one = wider[row][0]
            one.estimate = wider[row][1]
            self._hit(one, measurements[free[column]], news[row, column])
            taken.add(free[column])

    def age(self, time_ns: int) -> list[AirObject]:
        """Forget what has not been seen for too long; give those that were confirmed."""
        settings = self._settings
        kept, lost = [], []
        for one in self.objects:
            confirmed = one.confirmed_ns is not None
            period_s = max((self._periods_s.get(device, 0.0) for device in one.seen), default=0.0)
            coast_s = min(
                settings.coast_s, max(settings.tentative_s, COAST_SHARE * (one.last_ns - one.first_ns) * 1e-9)
            )
            patience_s = max(coast_s if confirmed else settings.tentative_s, 3 * min(period_s, SLOWEST_SCAN_S))
            if (time_ns - one.last_ns) * 1e-9 <= patience_s and (one.sigma_m < UNCERTAIN_M or not one.ranged):
                kept.append(one)
            elif confirmed:
                lost.append(one)
        self.objects = kept
        return lost

    def forget(self) -> None:
        """Forget every object: the clock was set."""
        self.objects = []
        self._scans_ns.clear()
        self._alike.clear()
        self._newest_ns = 0

    def _learn_period(self, device: str, time_ns: int) -> None:
        before_ns = self._scans_ns.get(device)
        self._scans_ns[device] = time_ns
        if before_ns is None or time_ns <= before_ns:
            return
        gap_s = min((time_ns - before_ns) * 1e-9, SLOWEST_SCAN_S)
        known_s = self._periods_s.get(device, gap_s)
        self._periods_s[device] = known_s + SCAN_SHARE * (min(gap_s, 2 * known_s) - known_s)

    def _begin(self, measurement: Measurement, sight: Sight) -> None:
        ranged = RANGE in measurement.rows
        if not ranged and AZIMUTH not in measurement.rows:
            return  # a speed alone places nothing
        if len(self.objects) >= self._settings.objects_at_most:
            self.refused += 1
            if not self._make_room():
                return
        self._count += 1
        one = AirObject(self._count, begun(measurement, sight), measurement.time_ns, measurement.time_ns, ranged=ranged)
        self.objects.append(one)
        self._note(one, measurement)

    def _make_room(self) -> bool:
        """Give up the oldest object that is not confirmed, else the one that never moved."""
        spare = [one for one in self.objects if one.confirmed_ns is None] or [
            one for one in self.objects if not one.moving
        ]
        if not spare:
            return False
        self.objects.remove(min(spare, key=lambda one: one.last_ns))
        return True

    def _hit(self, one: AirObject, measurement: Measurement, new: Innovation) -> None:
        one.estimate = updated(one.estimate, measurement, new)
        if RANGE in measurement.rows and not one.ranged:
            one.ranged = True
            one.forget_places()
            one.anchor, one.anchor_sigma_m = one.place_m.copy(), one.sigma_m
        self._note(one, measurement)

    def _note(self, one: AirObject, measurement: Measurement) -> None:
        time_ns = measurement.time_ns
        one.last_ns = max(one.last_ns, time_ns)
        one.hits_ns.append(time_ns)
        before = one.seen.get(measurement.device)
        one.seen[measurement.device] = Seen(
            measurement.sensor, before.first_ns if before else time_ns, time_ns, (before.hits if before else 0) + 1
        )
        if measurement.label is not None and (measurement.label in one.labels or len(one.labels) < 16):
            one.labels[measurement.label] += 1
        one.remember(time_ns, KEEP_NS)
        self._judge(one, measurement)

    def _judge(self, one: AirObject, measurement: Measurement) -> None:
        settings = self._settings
        if one.confirmed_ns is None:
            period_s = min(self._periods_s.get(measurement.device, 0.0), SLOWEST_SCAN_S)
            window_s = max(settings.confirm_window_s, 1.5 * settings.confirm_hits * period_s)
            since_ns = measurement.time_ns - int(window_s * NS_PER_S)
            if sum(hit_ns >= since_ns for hit_ns in one.hits_ns) >= settings.confirm_hits:
                one.confirmed_ns = measurement.time_ns
                one.anchor, one.anchor_sigma_m = one.place_m.copy(), one.sigma_m
        if one.moving or not one.ranged:
            return
        # Moving: at a speed that errors do not explain for several scans, or, for one that goes slowly across, far from
        # where it was confirmed by more than the errors of both places, in the direction in which it moves.
        velocity, moved = one.velocity_mps, one.place_m - one.anchor
        speed_mps = float(np.linalg.norm(velocity))
        certainty = float(velocity @ np.linalg.solve(one.estimate.cov[3:, 3:], velocity))
        one.fast_scans = one.fast_scans + 1 if speed_mps > SLOWEST_MPS and certainty > GATE[3] else 0
        far_m = max(settings.still_m, FAR_SIGMAS * math.hypot(one.anchor_sigma_m, one.sigma_m))
        far = float(np.linalg.norm(moved[:2])) > far_m and float(moved @ velocity) > 0.0 and certainty > FAR_CERTAINTY
        one.moving = one.confirmed_ns is not None and (one.fast_scans >= settings.confirm_hits or far)

    def _unite(self) -> None:
        """Two objects that stay in one place with one speed are one: the older is kept."""
        confirmed = [one for one in self.objects if one.confirmed_ns is not None and one.ranged]
        alike: dict[tuple[int, int], int] = {}
        for at, first in enumerate(confirmed):
            for second in confirmed[at + 1 :]:
                apart = second.estimate.mean - first.estimate.mean
                if abs(apart[0]) > 30.0 or abs(apart[1]) > 30.0 or first.estimate.time_ns != second.estimate.time_ns:
                    continue
                cov = first.estimate.cov + second.estimate.cov
                near = float(np.linalg.norm(apart[:3])) < max(SAME_M, 2.0 * math.sqrt(float(np.trace(cov[:3, :3]))))
                same = near and float(np.linalg.norm(apart[3:])) < SAME_MPS
                if same and float(apart @ np.linalg.solve(cov, apart)) < SAME_D2 and not _both_fresh(first, second):
                    alike[first.number, second.number] = self._alike.get((first.number, second.number), 0) + 1
        self._alike = alike
        by_number = {one.number: one for one in self.objects}
        for pair in [pair for pair, scans in alike.items() if scans >= SAME_SCANS]:
            kept, given = (by_number.get(number) for number in pair)
            if kept is None or given is None:
                continue
            del by_number[given.number]
            self.objects.remove(given)
            kept.moving = kept.moving or given.moving
            for device, seen in given.seen.items():
                kept.seen.setdefault(device, seen)
            self.merged.append((kept, given))


def _both_fresh(first: AirObject, second: AirObject) -> bool:
    """Whether one scan of one module saw both: then they are two."""
    return any(
        device in second.seen and seen.last_ns == second.seen[device].last_ns for device, seen in first.seen.items()
    )
