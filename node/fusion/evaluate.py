"""The fused picture beside the truth of the scenes: position error, GOSPA and SIAP.

The only file that knows Stone Soup [1]_, which computes the metrics. It stays out of the run path: 71 MiB and 1.2 s of
import (docs/fusion.md).

References
----------
.. [1] stonesoup 1.9: https://stonesoup.readthedocs.io
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import numpy as np

from firmware_bridge.devices import BY_NAME
from node.fusion.frame import LocalFrame
from node.fusion.fusion import Fusion
from node.fusion.picture import FusedChange, FusedTrack
from node.fusion.play import play, scene_settings
from node.fusion.settings import NS_PER_S
from sim.scene import Scene, load_scene
from sim.serial_devices.radars import RADARS
from sim.serial_devices.targets import Target, places

SCENES = (
    "fpv_attack", "cooperative_survey", "dark_drone", "spoofed_swarm", "bird_flock", "ground_decoy",
    "crossing_drones", "light_aircraft",
)  # fmt: skip
STEP_S = 0.5
"""Between two looks at the picture."""
CUTOFF_M, ORDER = 20.0, 2.0
"""GOSPA: an error above counts as a miss and a false track."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out of one scene.

    Parameters
    ----------
    tracks
        Tracks told, without radio tracks.
    error_m
        Root mean square error of the positions within the cut-off.
    gospa_m
        Mean GOSPA over time; its parts are the mean numbers of missed and false objects.
    completeness, ambiguity, spuriousness
        SIAP: share of the truth that is tracked, tracks for each, share of tracks without truth.
    """

    scene: str
    tracks: int
    error_m: float | None
    gospa_m: float | None
    missed: float
    false: float
    completeness: float | None
    ambiguity: float | None
    spuriousness: float | None


def observable(scene: Scene, target: Target, time_s: float) -> bool:
    """Whether a radar of the scene can see a target: field of view, and the range for its cross-section."""
    for module in scene.modules:
        if module.device not in RADARS:
            continue
        usual, changes = RADARS[module.device].model, dict(module.model)
        limit_m = changes.get("range_m", usual.range_m)
        gate_m = getattr(BY_NAME[module.device].settings(), "max_range_m", math.inf)
        limit_m *= (target.reflects_m2 / changes.get("for_rcs_m2", usual.for_rcs_m2)) ** 0.25
        (place,) = places((target,), module.mount, time_s)
        wide = abs(place.azimuth_deg) <= changes.get("azimuth_deg", usual.azimuth_deg)
        high = abs(place.elevation_deg) <= changes.get("elevation_deg", usual.elevation_deg)
        if place.range_m <= min(0.9 * limit_m, gate_m) and wide and high:
            return True
    return False


class Recorder:
    """Keeps what a consumer knows: the last word on each track, moved on by its velocity."""

    def __init__(self, frame: LocalFrame) -> None:
        self._frame = frame
        self._last: dict[str, tuple[FusedTrack, int]] = {}
        self.told: set[str] = set()

    def take(self, changes: list[FusedChange]) -> None:
        """Take changes."""
        for change in changes:
            track = change.track
            if track.kind == "rf_emission":
                continue
            self.told.add(track.track_id)
            if change.kind == "end":
                self._last.pop(track.track_id, None)
            else:
                self._last[track.track_id] = (track, change.time_ns)

    def places(self, time_ns: int) -> dict[str, tuple[float, float]]:
        """East and north of every measured track at a time."""
        found = {}
        for track_id, (track, told_ns) in self._last.items():
            if track.lat_deg is None or track.lon_deg is None or track.claimed:
                continue
            east_m, north_m, _ = self._frame.local(track.lat_deg, track.lon_deg, None)
            age_s = (time_ns - told_ns) * 1e-9
            if track.speed_mps is not None and track.heading_deg is not None:
                east_m += track.speed_mps * age_s * math.sin(math.radians(track.heading_deg))
                north_m += track.speed_mps * age_s * math.cos(math.radians(track.heading_deg))
            found[track_id] = (east_m, north_m)
        return found


def evaluate_scene(name: str) -> Figures:
    """Play a scene and measure."""
    scene = load_scene(name)
    where, seconds = scene.origin, scene.duration_s or 30.0
    fusion = Fusion(scene_settings(scene), (where.lat_deg, where.lon_deg, where.altitude_m), "evaluate")
    recorder = Recorder(LocalFrame(where.lat_deg, where.lon_deg, where.altitude_m))
    truth: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    tracks: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for step, changes in enumerate(play(scene, fusion, seconds, STEP_S), start=1):
        time_s = step * STEP_S
        if time_s > seconds:
            recorder.take(changes)
            break
        recorder.take(changes)
        for track_id, (east_m, north_m) in recorder.places(scene.start_ns + round(time_s * NS_PER_S)).items():
            tracks[track_id].append((time_s, east_m, north_m))
        for target in scene.targets:
            if observable(scene, target, time_s):
                x_m, y_m, _ = target.at(time_s)
                truth[target.name].append((time_s, x_m, y_m))
    return _figures(name, len(recorder.told), truth, tracks)


def _figures(
    name: str,
    told: int,
    truth: dict[str, list[tuple[float, float, float]]],
    tracks: dict[str, list[tuple[float, float, float]]],
) -> Figures:
    if not truth:
        wrong = sum(len(track) for track in tracks.values())
        return Figures(name, told, None, None, 0.0, float(wrong), None, None, None)
    errors = []
    spots: dict[float, list[tuple[float, float]]] = defaultdict(list)
    for track in tracks.values():
        for time_s, east_m, north_m in track:
            spots[time_s].append((east_m, north_m))
    for way in truth.values():
        for time_s, x_m, y_m in way:
            away = min((math.hypot(x_m - e, y_m - n) for e, n in spots.get(time_s, [])), default=math.inf)
            if away <= CUTOFF_M:
                errors.append(away)
    error_m = float(np.sqrt(np.mean(np.square(errors)))) if errors else None
    gospa, missed, false, siap = _stone_soup(truth, tracks)
    return Figures(name, told, error_m, gospa, missed, false, *siap)


def _stone_soup(
    truth: dict[str, list[tuple[float, float, float]]], tracks: dict[str, list[tuple[float, float, float]]]
) -> tuple[float, float, float, tuple[float, float, float]]:
    """GOSPA with its parts, and SIAP completeness, ambiguity, spuriousness."""
    from stonesoup.dataassociator.tracktotrack import TrackToTruth
    from stonesoup.measures import Euclidean
    from stonesoup.metricgenerator.manager import MultiManager
    from stonesoup.metricgenerator.ospametric import GOSPAMetric
    from stonesoup.metricgenerator.tracktotruthmetrics import SIAPMetrics
    from stonesoup.types.groundtruth import GroundTruthPath, GroundTruthState
    from stonesoup.types.state import State
    from stonesoup.types.track import Track

    def when(time_s: float) -> datetime:
        return EPOCH + timedelta(seconds=time_s)

    ways = {
        GroundTruthPath([GroundTruthState([x, y], timestamp=when(at)) for at, x, y in way]) for way in truth.values()
    }
    found = {Track([State([x, y], timestamp=when(at)) for at, x, y in track]) for track in tracks.values() if track}
    measure = Euclidean((0, 1))
    keys: dict[str, Any] = {"tracks_key": "tracks", "truths_key": "truth"}
    gospa = GOSPAMetric(c=CUTOFF_M, p=ORDER, measure=measure, generator_name="gospa", **keys)
    siap = SIAPMetrics(position_measure=measure, velocity_measure=measure, generator_name="siap", **keys)
    manager = MultiManager([gospa, siap], TrackToTruth(association_threshold=CUTOFF_M, measure=measure))
    manager.add_data({"truth": ways, "tracks": found})
    metrics = manager.generate_metrics()
    over_time = next(iter(metrics["gospa"].values())).value
    parts = [one.value for one in over_time]
    unit = CUTOFF_M**ORDER / 2
    values = metrics["siap"]
    return (
        float(np.mean([part["distance"] for part in parts])),
        float(np.mean([part["missed"] for part in parts])) / unit,
        float(np.mean([part["false"] for part in parts])) / unit,
        (
            float(values["SIAP Completeness"].value),
            float(values["SIAP Ambiguity"].value),
            float(values["SIAP Spuriousness"].value),
        ),
    )


def table(rows: list[Figures]) -> str:
    """Readable table."""
    lines = [
        f"{'scene':20} {'tracks':>6} {'error m':>8} {'GOSPA m':>8} {'missed':>7} {'false':>6} "
        f"{'compl.':>7} {'ambig.':>7} {'spur.':>6}"
    ]
    lines += [
        f"{row.scene:20} {row.tracks:6} {_shown(row.error_m):>8} {_shown(row.gospa_m):>8} {row.missed:7.2f} "
        f"{row.false:6.2f} {_shown(row.completeness):>7} {_shown(row.ambiguity):>7} {_shown(row.spuriousness):>6}"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _shown(value: float | None) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.2f}"


def run_fusion(only: str = "", *, as_json: bool = False) -> int:
    """Print the figures of the scenes whose name holds a text; the exit code."""
    names = [name for name in SCENES if only in name]
    if not names:
        sys.stderr.write(f"skypicket evaluate: no scene of the fusion has {only!r} in its name: {', '.join(SCENES)}\n")
        return 2
    if find_spec("stonesoup") is None:
        sys.stderr.write("skypicket evaluate: the metrics need Stone Soup; pip install 'skypicket[report]'\n")
        return 1
    rows = [evaluate_scene(name) for name in names]
    sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=1) + "\n" if as_json else table(rows))
    return 0
