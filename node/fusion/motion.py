"""What the way an object moves says about it: bird, thrown thing, or neither. Scores with reasons; docs/fusion.md."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from node.fusion.air_object import AirObject
from node.fusion.measure import Array

GRAVITY_MPS2 = 9.81
LEAST_STEPS = 3
"""Shorter paths are not judged for birds."""
BIRD_TURN_DEG_S = 15.0
"""Median rate of turning above which a path is erratic. Measured over the shipped scenes: birds 28 to 41, drones on
straight legs 1 to 5, at their corners up to 26 for a moment, which the median over six seconds leaves out."""
BIRD_SPEED_MPS = (2.5, 22.0)
BALLISTIC_LEAST_S, BALLISTIC_MOST_S = 0.8, 3.0
BALLISTIC_TOLERANCE_MPS2 = 2.0
STEP_S = 1.0
"""Turns are taken over this time, so that noise of the speed does not count."""
SETTLE_NS = 1_000_000_000
"""The speed of a new object needs so long to settle."""


@dataclass(frozen=True, slots=True)
class MotionScore:
    """How much an object moves like a bird, or falls; 0 to 1, with reasons."""

    score: float
    reasons: tuple[str, ...]
    label: str = "unknown"
    """``bird``, ``ballistic`` or ``unknown``."""


NOTHING = MotionScore(0.0, ())


def motion_score(one: AirObject) -> MotionScore:
    """Judge the path of an object; what no radar ranged has none, only a camera's word."""
    ballistic = _ballistic(one)
    if ballistic is not None:
        return ballistic
    reasons: list[str] = []
    score = 0.0
    path = _turning(one) if one.ranged else None
    if path is not None:
        rate_deg_s, speed_mps = path
        if rate_deg_s >= BIRD_TURN_DEG_S / 2 and BIRD_SPEED_MPS[0] <= speed_mps <= BIRD_SPEED_MPS[1]:
            score += min(0.8, 0.6 * rate_deg_s / BIRD_TURN_DEG_S)
            reasons.append(f"turns {rate_deg_s:.0f} deg/s most of the time at {speed_mps:.0f} m/s, as birds do")
    if one.called("bird"):
        score += 0.6
        reasons.append(f"the camera calls it a bird in {one.labels['bird']} pictures")
    elif one.called("drone"):
        score -= 0.6
        reasons.append(f"the camera calls it a drone in {one.labels['drone']} pictures")
    score = max(0.0, min(1.0, score))
    return MotionScore(score, tuple(reasons) if score > 0.0 else (), "bird" if score >= 0.5 else "unknown")


def _turning(one: AirObject) -> tuple[float, float] | None:
    """Median rate of turning (deg/s) and mean speed; None where the path is too short or too slow."""
    if one.confirmed_ns is None:
        return None
    past = [moment for moment in one.past if moment.time_ns >= one.confirmed_ns + SETTLE_NS]
    if not past:
        return None
    rates: list[float] = []
    speeds: list[float] = []
    before = past[0]
    for after in past[1:]:
        step_s = (after.time_ns - before.time_ns) * 1e-9
        if step_s < STEP_S:
            continue
        slow_mps = min(math.hypot(*before.state[3:5]), math.hypot(*after.state[3:5]))
        if step_s < 2 * STEP_S and slow_mps > max(1.0, before.sigma_mps, after.sigma_mps):
            cross = before.state[3] * after.state[4] - before.state[4] * after.state[3]
            turn_deg = abs(math.degrees(math.atan2(cross, float(before.state[3:5] @ after.state[3:5]))))
            rates.append(turn_deg / step_s)
            speeds.append(slow_mps)
        before = after
    if len(rates) < LEAST_STEPS:
        return None
    return float(np.median(rates)), float(np.mean(speeds))


def _ballistic(one: AirObject) -> MotionScore | None:
    """Whether it falls freely: height a parabola of one g, steady course."""
    past = [moment for moment in one.past if (one.past[-1].time_ns - moment.time_ns) * 1e-9 <= BALLISTIC_MOST_S]
    if not one.ranged or len(past) < 8 or (past[-1].time_ns - past[0].time_ns) * 1e-9 < BALLISTIC_LEAST_S:
        return None
    time_s = np.array([(moment.time_ns - past[0].time_ns) * 1e-9 for moment in past])
    height_m = np.array([moment.state[2] for moment in past])
    curve, residuals = _parabola(time_s, height_m)
    steady = np.std([math.hypot(moment.state[3], moment.state[4]) for moment in past]) < 2.5
    known = abs(2 * curve + GRAVITY_MPS2) < BALLISTIC_TOLERANCE_MPS2 and residuals < 0.5
    if not (known and steady):
        return None
    return MotionScore(0.9, (f"falls with {-2 * curve:.1f} m/s2 on a steady course: thrown or shot",), "ballistic")


def _parabola(time_s: Array, height_m: Array) -> tuple[float, float]:
    """Curvature and standard deviation of the rest."""
    design = np.stack((time_s**2, time_s, np.ones_like(time_s)), axis=1)
    fit, *_ = np.linalg.lstsq(design, height_m, rcond=None)
    return float(fit[0]), float(np.std(height_m - design @ fit))
