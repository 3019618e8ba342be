"""One run from scene to result; what a worker process does."""

from __future__ import annotations

import time
from collections.abc import Iterator

from dsp.iq import IqBlock
from models.classifier import Classifier
from node.burst_confidence import told_label
from node.evaluate import Outcome, run_chain
from node.report.backgrounds import stretch
from node.report.judging import Truth, is_drone, judge_bursts, judge_tracks, whose_track
from node.report.link_scenes import trial_of
from node.report.results import RunResult
from node.report.runs import VIDEO_WITHIN_S, Run
from node.tracking.track import Track
from sim.radio import SimRadio
from sim.truth import TrueBurst

UNKNOWN_HOPPER = "unknown-hopper"


class _Metered:
    """Blocks, and the processor time it takes to make them."""

    def __init__(self, blocks: Iterator[IqBlock]) -> None:
        self._blocks = blocks
        self.cpu_s = 0.0

    def __iter__(self) -> _Metered:
        return self

    def __next__(self) -> IqBlock:
        begun_s = time.process_time()
        try:
            return next(self._blocks)
        finally:
            self.cpu_s += time.process_time() - begun_s


def perform(run: Run, classifier: Classifier | None, chain: str) -> RunResult:
    """Render the scene, run the chain with its default settings, judge."""
    return _background(run, classifier, chain) if run.part == "background" else _single(run, classifier, chain)


def _single(run: Run, classifier: Classifier | None, chain: str) -> RunResult:
    """A link or a harmless emitter."""
    begun_s = time.process_time()
    trial = trial_of(run)
    bursts: list[TrueBurst] = []
    blocks = _Metered(SimRadio(trial.scene, truth=bursts.append).blocks())
    outcome = run_chain(blocks, classifier)
    render_s = blocks.cpu_s
    truth = Truth.of(bursts)
    tracks, track_tallies = judge_tracks(truth, outcome.tracks)
    called, burst_tally = judge_bursts(truth, ((s, *told_label(s)) for s, _ in outcome.sightings))
    drones = [track for track in outcome.tracks if is_drone(track)]
    link = run.part == "link"
    mine = [track for track in drones if link and whose_track(truth, track) == run.label]
    main, alert_s = _alert(run, mine, outcome, trial.on_ns)
    named = main is not None and main.label == run.label
    return RunResult(
        run,
        chain,
        cpu_s=round(time.process_time() - begun_s, 3),
        render_s=round(render_s, 3),
        conditions=trial.conditions,
        found=main is not None,
        named=named,
        mode_right=main is not None and named and main.mode == run.mode,
        alert_s=alert_s,
        surplus=len(drones) - (main is not None) if link else 0,
        tracks=tracks,
        bursts=called,
        track_tallies=track_tallies,
        burst_tally=burst_tally,
        false_drones=tuple(sorted(map(_name, drones))) if not link else (),
        hoppers=sum(track.label == UNKNOWN_HOPPER for track in outcome.tracks),
    )


def _alert(run: Run, mine: list[Track], outcome: Outcome, on_ns: int) -> tuple[Track | None, float | None]:
    """The track of the link that is best supported, and when the first of them was told; None where too late."""
    told_ns = dict(outcome.alerted_ns)
    times_ns = [told_ns[track.track_id] for track in mine if track.track_id in told_ns]
    if not times_ns:
        return None, None
    alert_s = round((min(times_ns) - on_ns) * 1e-9, 4)
    if alert_s > (VIDEO_WITHIN_S if run.label == "analog-video" else run.seconds):
        return None, None
    return max(mine, key=lambda track: (track.bursts, track.track_id)), alert_s


def _background(run: Run, classifier: Classifier | None, chain: str) -> RunResult:
    """A stretch of a busy band: whatever is told to be a drone is wrong."""
    begun_s = time.process_time()
    where = stretch(run.label, run.seed, run.seconds)
    blocks = _Metered(where.blocks())
    outcome = run_chain(blocks, classifier)
    told = {track_id for track_id, _ in outcome.alerted_ns}
    false = [track for track in outcome.tracks if track.track_id in told]
    return RunResult(
        run,
        chain,
        cpu_s=round(time.process_time() - begun_s, 3),
        render_s=round(blocks.cpu_s, 3),
        conditions=where.conditions,
        false_drones=tuple(sorted(map(_name, false))),
        hoppers=sum(track.label == UNKNOWN_HOPPER for track in outcome.tracks),
    )


def _name(track: Track) -> str:
    return f"{track.label} {track.mode}" if track.mode else track.label
