from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.bursts import Burst, ChirpFinding
from dsp.iq import IqBlock
from node.evaluate import Outcome, run_chain
from node.pipeline import BlockResult, PipelineCounters, Sighting, Step
from node.tracking.candidates import chirp_candidates
from node.tracking.hops import best_phase
from node.tracking.links import LinkPool
from node.tracking.packets import collect
from node.tracking.track import TrackChange
from node.tracking.tracker import Tracker, TrackerSettings

Samples = NDArray[np.complex64]
EU868_HZ = tuple(863.275e6 + 525e3 * channel for channel in range(13))
FCC915_HZ = tuple(903.5e6 + 600e3 * channel for channel in range(40))


def outcome(samples: Samples, centre_hz: float, blocks_of: Callable[..., Iterator[IqBlock]]) -> Outcome:
    return run_chain(blocks_of(samples, centre_hz), None)


def named(out: Outcome) -> list[tuple[str, str | None]]:
    return sorted((track.label, track.mode) for track in out.drones)


@pytest.mark.parametrize(
    ("mode", "interval_s", "per_hop", "factor", "symbols", "preamble", "channels", "centre_hz"),
    [
        ("100Hz", 0.010, 4, 7, 22, 8, EU868_HZ, 866.2e6),
        ("50Hz", 0.020, 4, 8, 22, 10, EU868_HZ, 867.0e6),
        ("25Hz", 0.040, 2, 9, 15, 10, EU868_HZ, 866.7e6),
        ("250Hz", 0.004, 4, 5, 32, 12, FCC915_HZ, 915.9e6),
        ("D50", 0.005, 2, 6, 22, 8, FCC915_HZ, 915.2e6),
    ],
)
def test_a_link_of_another_make_gives_one_track_of_its_mode(
    make_links: Callable[..., Samples],
    blocks_of: Callable[..., Iterator[IqBlock]],
    plan: type,
    mode: str,
    interval_s: float,
    per_hop: int,
    factor: int,
    symbols: int,
    preamble: float,
    channels: tuple[float, ...],
    centre_hz: float,
) -> None:
    link = plan(interval_s, per_hop, channels, spreading_factor=factor, symbols=symbols, preamble=preamble)
    out = outcome(make_links([link], centre_hz, 2.5), centre_hz, blocks_of)
    assert named(out) == [("expresslrs", mode)]
    assert [track.label for track in out.tracks if not track.family.startswith("drone")] == []


def test_the_keyed_mode_of_another_make(
    make_links: Callable[..., Samples], blocks_of: Callable[..., Iterator[IqBlock]], plan: type
) -> None:
    link = plan(0.001, 2, FCC915_HZ, bit_rate_bps=300e3, deviation_hz=100e3, bits=198)
    assert named(outcome(make_links([link], 915.2e6, 1.0), 915.2e6, blocks_of)) == [("expresslrs", "K1000Full")]


def test_two_links_of_one_mode_in_one_slice_are_two_tracks(
    make_links: Callable[..., Samples], blocks_of: Callable[..., Iterator[IqBlock]], plan: type
) -> None:
    one = plan(0.005, 4, EU868_HZ, spreading_factor=6, symbols=22, seed=1)
    two = plan(0.005, 4, EU868_HZ, spreading_factor=6, symbols=22, seed=2, delay_s=0.0021, snr_db=14.0, ppm=-7.0)
    out = outcome(make_links([one, two], 866.7e6, 2.0), 866.7e6, blocks_of)
    assert named(out) == [("expresslrs", "200Hz"), ("expresslrs", "200Hz")]
    assert not any(track.label == "unknown-hopper" for track in out.tracks)


def test_both_ends_of_a_link_with_telemetry_are_one_track(
    make_links: Callable[..., Samples], blocks_of: Callable[..., Iterator[IqBlock]], plan: type
) -> None:
    near = plan(0.005, 4, EU868_HZ, spreading_factor=6, symbols=22, seed=1, snr_db=20.0)
    # The other end answers in every eighth slot, 40 microseconds late, from another crystal and much weaker.
    far = plan(0.005, 4, EU868_HZ, spreading_factor=6, symbols=22, seed=1, delay_s=4e-5, snr_db=6.0, every=8)
    assert named(outcome(make_links([near, far], 866.7e6, 2.0), 866.7e6, blocks_of)) == [("expresslrs", "200Hz")]


def chirp(at_s: float, duration_s: float, centre_hz: float, factor: int = 7) -> Burst:
    symbol_s = 2**factor / 500e3
    finding = ChirpFinding(factor, 500e3, symbol_s, 500e3 / symbol_s, 0.8)
    return Burst(round(at_s * 1e9), duration_s, centre_hz, 500e3, 12.0, -20.0, finding)


def track(bursts: list[Burst], seconds: float, steps_s: float = 0.0273) -> list[TrackChange]:
    tracker = Tracker(TrackerSettings(), "test")
    changes: list[TrackChange] = []
    bursts = sorted(bursts, key=lambda burst: burst.start_ns)
    step_ns = round(steps_s * 1e9)
    for end_ns in range(step_ns, round(seconds * 1e9) + step_ns, step_ns):
        due = [burst for burst in bursts if end_ns - step_ns <= burst.end_ns < end_ns]
        sightings = tuple(
            Sighting(b, None, "r", tuning_known=True, slice_centre_hz=866.7e6, slice_rate_hz=2.4e6) for b in due
        )
        step = Step(end_ns, sightings)
        changes += tracker.observe(BlockResult((step,), end_ns, "r", PipelineCounters()))
    return changes + tracker.close(round(seconds * 1e9))


@pytest.mark.parametrize("seed", range(4))
def test_a_dense_mesh_of_the_same_chirps_on_many_channels_is_no_link(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bursts = []
    for _ in range(8):
        channel_hz = float(rng.choice(EU868_HZ[4:9]))
        at_s = np.cumsum(rng.exponential(0.12, 400))
        bursts += [chirp(float(t), float(rng.uniform(6e-3, 13e-3)), channel_hz) for t in at_s if t < 30]
    assert len(bursts) > 1000
    assert not any(change.track.family.startswith("drone") for change in track(bursts, 30.0))


def link_bursts(seconds: float, offset_s: float = 0.0, first_s: float = 0.0) -> list[Burst]:
    rng = np.random.default_rng(9)
    bursts = []
    for slot in range(int(seconds / 0.01)):
        if slot % 4 == 0:
            channel_hz = float(rng.choice(EU868_HZ))
        if abs(channel_hz - 866.7e6) < 0.95e6:
            bursts.append(chirp(first_s + offset_s + slot * 0.01, 8.77e-3, channel_hz))
    return bursts


def test_a_link_keeps_its_track_when_samples_were_lost_without_notice() -> None:
    bursts = link_bursts(3.0) + link_bursts(3.0, offset_s=0.0037, first_s=3.0)
    drones = [change for change in track(bursts, 6.5) if change.track.family.startswith("drone")]
    assert len({change.track.track_id for change in drones}) == 1
    assert drones[-1].track.last_ns > 5.5e9


def test_a_link_is_judged_often_until_it_is_settled() -> None:
    """After that every two seconds, however much it grows; what is not on its clock is searched all the time."""
    bursts, judged_s = link_bursts(12.0), []
    assert isinstance(bursts[0].finding, ChirpFinding)
    pool = LinkPool("SF7/500", chirp_candidates(bursts[0].finding))
    for step in range(1, 120):
        while bursts and bursts[0].end_ns < step * 1e8:
            pool.add(bursts.pop(0))
        if pool.judge(round(step * 1e8), tuning_known=True):
            judged_s.append(0.1 * step)
    apart_s = np.diff(judged_s)
    assert max(apart_s[:2]) < 1.3
    assert min(apart_s[2:]) > 1.9
    assert max(apart_s) < 2.5
    assert len(judged_s) >= 7


def test_the_length_of_the_steps_hardly_matters_to_what_is_found() -> None:
    bursts = link_bursts(3.0)
    ends = [track(bursts, 3.5, steps_s)[-1].track for steps_s in (0.01, 0.0273, 0.1)]
    assert {(end.label, end.mode, end.bursts) for end in ends} == {("expresslrs", "100Hz", len(bursts))}


def test_confidence_falls_with_strays_and_grows_with_packets() -> None:
    few = track(link_bursts(0.6), 0.7)[0].track
    many = track(link_bursts(5.0), 5.5)[-1].track
    rng = np.random.default_rng(1)
    strays = [chirp(float(t), 8.8e-3, EU868_HZ[6]) for t in np.sort(rng.uniform(0, 5, 60))]
    mixed = [c.track for c in track(link_bursts(5.0) + strays, 5.5) if c.track.label == "expresslrs"][-1]
    assert few.confidence < many.confidence
    assert mixed.confidence < many.confidence
    assert any("keep one clock of 10.000 ms" in line for line in many.evidence)


def test_the_clock_is_found_in_spite_of_drift_and_strays() -> None:
    rng = np.random.default_rng(5)
    interval_s = 0.005 * (1 + 35e-6)
    kept = np.sort(rng.choice(1200, 200, replace=False)) * interval_s + 0.0012
    strays = rng.uniform(0, 6, 60)
    starts = np.sort(np.concatenate((kept, strays)))
    phase = best_phase(starts, 0.005)
    assert phase.interval_s == pytest.approx(interval_s, rel=4e-6)
    assert phase.members[np.isin(starts, kept)].all()
    assert phase.members[np.isin(starts, strays)].mean() < 0.3


def test_nothing_is_no_packets() -> None:
    assert collect([]).count == 0


def weak(at_s: float, duration_s: float, centre_hz: float, factor: int, snr_db: float) -> Burst:
    symbol_s = 2**factor / 500e3
    finding = ChirpFinding(factor, 500e3, symbol_s, 500e3 / symbol_s, 0.03)
    return Burst(round(at_s * 1e9), duration_s, centre_hz, 500e3, snr_db, -30.0, finding)


@pytest.mark.parametrize(
    ("mode", "factor", "interval_s", "per_hop", "airtime_s", "snr_db"),
    [
        ("200Hz", 6, 0.005, 4, 4.38e-3, -10.0),
        ("100Hz", 7, 0.010, 4, 8.77e-3, -12.5),
        ("50Hz", 8, 0.020, 4, 18.56e-3, -15.0),
        ("25Hz", 9, 0.040, 2, 29.95e-3, -17.5),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_below_the_floor_the_clock_counts_and_the_lengths_hardly(
    mode: str, factor: int, interval_s: float, per_hop: int, airtime_s: float, snr_db: float, seed: int
) -> None:
    """Half of the packets, starts within a symbol, carriers within 50 kHz, lengths of a third to the whole, strays."""
    rng = np.random.default_rng((seed, factor))
    bursts = []
    channel_hz = 0.0
    for slot in range(int(5.0 / interval_s)):
        if slot % per_hop == 0:
            channel_hz = float(rng.choice(EU868_HZ))
        if abs(channel_hz - 866.7e6) > 1e6 or rng.random() < 0.5:
            continue
        at_s = 0.004 + slot * interval_s + float(rng.uniform(-0.5, 0.5)) * 2**factor / 500e3
        length_s = airtime_s * float(rng.uniform(0.4, 1.0))
        bursts.append(weak(at_s, length_s, channel_hz + float(rng.normal(0, 20e3)), factor, snr_db))
    strays_hz = 866.7e6 + rng.uniform(-0.9e6, 0.9e6, 6)
    bursts += [weak(float(rng.uniform(0, 5)), airtime_s * 0.5, float(hz), factor, snr_db) for hz in strays_hz]
    names = {(c.track.label, c.track.mode) for c in track(bursts, 5.2) if c.track.family.startswith("drone")}
    assert {label for label, _ in names} == {"expresslrs"}
    assert names <= {("expresslrs", mode), ("expresslrs", None)}


@pytest.mark.parametrize("seed", range(4))
def test_weak_findings_at_any_moment_are_no_link(seed: int) -> None:
    rng = np.random.default_rng((seed, 3))
    found = [
        weak(float(at), float(rng.uniform(2e-3, 9e-3)), 866.7e6 + float(rng.uniform(-0.9e6, 0.9e6)), 7, -12.0)
        for at in np.sort(rng.uniform(0, 60, 120))
    ]
    assert not any(c.track.family.startswith("drone") or c.track.label == "unknown-hopper" for c in track(found, 60.0))


def test_packets_that_run_into_the_next_still_tell_the_interval() -> None:
    """Noise hides the gap of a millisecond: every other packet is found with the one after it, as one."""
    rng = np.random.default_rng(2)
    bursts = []
    for hop in range(60):
        channel_hz = float(rng.choice(EU868_HZ[3:9]))
        bursts += [weak(0.01 + hop * 0.08 + 0.04 * half, 35e-3, channel_hz, 8, -4.0) for half in (0, 1)]
        bursts.append(weak(0.01 + hop * 0.08 + 0.02, 18.5e-3, channel_hz, 8, -4.0))
    del bursts[2::6]
    drones = [c.track for c in track(bursts, 5.0) if c.track.family.startswith("drone")]
    assert {(each.label, each.mode) for each in drones} == {("expresslrs", "50Hz")}


def test_a_guess_never_takes_the_name_of_a_link_that_is_known() -> None:
    """A 100 Hz link heard badly: every other packet, as a guessed mode of 50 Hz would send them."""
    good = link_bursts(2.0)
    rng = np.random.default_rng(9)
    worse = [chirp(2.0 + slot * 0.02, 8.77e-3, float(rng.choice(EU868_HZ[4:9])), 7) for slot in range(400)]
    changes = [c for c in track(good + worse, 10.2) if c.track.family.startswith("drone")]
    assert {c.track.label for c in changes} == {"expresslrs"}


def coinciding(seed: int, seconds: float, apart_s: float, level_db: float) -> list[Burst]:
    """Two 100 Hz links, each by channels of its own, whose packets begin at almost the same time."""
    rng = np.random.default_rng((seed, 21))
    bursts = []
    for late_s, snr_db in ((0.0, 12.0), (apart_s, 12.0 + level_db)):
        channel_hz = 0.0
        for slot in range(int(seconds / 0.01)):
            if slot % 4 == 0:
                channel_hz = float(rng.choice(EU868_HZ))
            if abs(channel_hz - 866.7e6) < 0.95e6:
                each = chirp(0.004 + slot * 0.01 + late_s + float(rng.normal(0, 10e-6)), 8.77e-3, channel_hz)
                bursts.append(replace(each, snr_db=snr_db + float(rng.normal(0, 0.7))))
    return bursts


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("apart_s", "level_db"), [(0.0, 8.0), (2e-4, 0.0), (1e-4, -5.0)])
def test_two_links_on_one_clock_are_told_by_their_channels(seed: int, apart_s: float, level_db: float) -> None:
    drones = [c.track for c in track(coinciding(seed, 4.0, apart_s, level_db), 4.2) if c.kind == "end"]
    assert [(each.label, each.mode) for each in drones] == [("expresslrs", "100Hz")] * 2
