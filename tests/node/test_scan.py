from __future__ import annotations

import json
from functools import cache
from itertools import pairwise

import pytest

from dsp.bursts import Burst, ChirpFinding, EnergyFinding, Finding, LineCombFinding
from dsp.protocols import BY_LABEL
from node.cli import main
from node.pipeline import BlockResult, Pipeline, PipelineCounters, PipelineSettings, Sighting, Step
from node.scan import SETTLE_S, ScanPlan, ScanRegion, ScanSettings, Stop, make_plan, share_out
from node.scan_odds import Window, chance, whole_channels
from node.scan_pilot import ScanPilot
from node.tracking.tracker import Tracker, TrackerSettings
from sim.radio import SimRadio
from sim.single_link import single_link_scene

S = 1_000_000_000
ELRS = BY_LABEL["expresslrs"]
WIDTH_HZ = 2.28e6


@cache
def _plan(region: ScanRegion) -> ScanPlan:
    return make_plan(ScanSettings(regions=(region,)))


@pytest.mark.parametrize("region", ["EU", "FCC", "AU", "IN"])
def test_every_sync_channel_of_the_region_is_parked_on_off_the_middle_and_off_the_edge(region: ScanRegion) -> None:
    plan = _plan(region)
    for band in ELRS.bands:
        if band.region not in {region, "world"} or band.sync_channel is None:
            continue
        sync_hz = band.channels_hz[band.sync_channel]
        near = [abs(stop.centre_hz - sync_hz) for stop in plan.stops]
        assert any(0.25e6 <= distance_hz <= 0.5 * WIDTH_HZ - 0.25e6 for distance_hz in near), band.name


def test_every_drone_protocol_of_the_region_has_a_chance() -> None:
    plan = _plan("EU")
    best: dict[str, float] = {}
    for odds in plan.odds:
        best[odds.label] = max(best.get(odds.label, 0.0), odds.within_60_s)
    for label in ("expresslrs", "crossfire", "mlrs", "frsky-r9", "sik", "openlrsng", "analog-video"):
        assert best[label] > 0.85, label


def test_a_round_visits_every_stop_as_often_as_it_should() -> None:
    plan = _plan("EU")
    for index, stop in enumerate(plan.stops):
        assert plan.order.count(index) == stop.visits
    assert plan.round_s == pytest.approx(sum((s.dwell_s + SETTLE_S) * s.visits for s in plan.stops))


def test_radios_share_the_stops_evenly() -> None:
    plan = _plan("EU")
    shares = share_out(plan, 2)
    assert sorted(s.centre_hz for share in shares for s in share.stops) == sorted(s.centre_hz for s in plan.stops)
    assert max(s.round_s for s in shares) < 0.65 * plan.round_s


def test_skipped_frequencies_are_not_visited() -> None:
    plan = make_plan(ScanSettings(skip_hz=(433.9e6,)), with_odds=False)
    assert all(abs(stop.centre_hz - 433.9e6) > 0.5 * plan.width_hz for stop in plan.stops)


def test_the_chance_of_a_link_that_is_whole_in_the_slice_is_one_and_outside_of_it_none() -> None:
    mode = ELRS.modes[0]
    band = next(band for band in ELRS.bands if band.name == "IN866")
    assert chance(mode, band, Window(866.16e6, WIDTH_HZ, 0.5)) == 1.0
    assert chance(mode, band, Window(915e6, WIDTH_HZ, 5.0)) == 0.0
    assert whole_channels(band, mode, Window(866.16e6, WIDTH_HZ, 0.5)).all()


def test_more_time_never_lowers_the_chance() -> None:
    band = next(band for band in ELRS.bands if band.name == "FCC915")
    for mode in ELRS.modes:
        values = [chance(mode, band, Window(914.7e6, WIDTH_HZ, seconds)) for seconds in (0.25, 1.0, 3.0)]
        assert values == sorted(values)


def _stops() -> ScanPlan:
    stops = (Stop("a", 866.1e6, 1.0), Stop("b", 915.2e6, 0.5), Stop("c", 1200.4e6, 0.2))
    return ScanPlan(stops, (0, 1, 2), WIDTH_HZ)


def _result(centre_hz: float, finding: Finding, count: int, at_ns: int) -> BlockResult:
    burst = Burst(at_ns, 4e-3, centre_hz, 500e3, 10.0, -20.0, finding)
    sighting = Sighting(burst, None, "r", tuning_known=True, slice_centre_hz=centre_hz, slice_rate_hz=2.4e6)
    return BlockResult((Step(at_ns, (sighting,) * count),), at_ns, "r", PipelineCounters())


def test_the_pilot_goes_round() -> None:
    pilot = ScanPilot(_stops(), 5.0)
    seen = [pilot.next_centre_hz(t * S // 20) for t in range(200)]
    changes = [b for a, b in pairwise(seen) if a != b]
    assert seen[0] == 866.1e6
    assert changes[:4] == [915.2e6, 1200.4e6, 866.1e6, 915.2e6]


def test_the_pilot_stays_where_chirps_of_a_control_link_are_heard_but_not_for_ever() -> None:
    pilot = ScanPilot(_stops(), 5.0)
    chirp = ChirpFinding(6, 500e3, 128e-6, 3.9e9, 0.8)
    pilot.next_centre_hz(0)
    left_s = None
    for step in range(1, 200):
        at_ns = step * S // 20
        pilot.hear(_result(866.1e6, chirp, 4, at_ns))
        if pilot.next_centre_hz(at_ns) != 866.1e6:
            left_s = at_ns / S
            break
    assert left_s is not None
    assert 4.9 <= left_s <= 5.3


def test_the_pilot_comes_back_soon_to_what_was_suspicious() -> None:
    many = ScanPlan(tuple(Stop(str(i), 900e6 + 3e6 * i, 0.5) for i in range(10)), tuple(range(10)), WIDTH_HZ)
    pilot = ScanPilot(many, 1.0)
    pilot.next_centre_hz(0)
    pilot.hear(_result(900e6, LineCombFinding("pal", 15_625.0, 20.0), 1, 0))
    seen = [pilot.next_centre_hz(t * S // 20) for t in range(1, 160)]
    changes = [b for a, b in pairwise(seen) if a != b]
    assert 900e6 in changes[:4]


def test_what_no_drone_sends_does_not_hold_the_pilot() -> None:
    pilot = ScanPilot(_stops(), 5.0)
    pilot.next_centre_hz(0)
    pilot.hear(_result(866.1e6, EnergyFinding(0.5), 50, S // 2))
    assert pilot.next_centre_hz(2 * S) == 915.2e6


def test_an_empty_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="no stop"):
        ScanPilot(ScanPlan((), (), WIDTH_HZ), 1.0)


def test_a_scanning_radio_hears_a_link_that_is_on_one_of_its_stops() -> None:
    """The simulator, retuned as the pilot says: the plan keeps its promise on a real chain."""
    plan = make_plan(ScanSettings(video=False, skip_hz=(433.9e6, 436.1e6, 469.65e6)), with_odds=False)
    assert len(plan.stops) >= 2
    scene = single_link_scene("expresslrs", "100Hz", "EU868", snr_db=12.0, duration_s=8.0, seed=3)
    radio = SimRadio(scene)
    radio.configure(centre_hz=plan.stops[plan.order[0]].centre_hz)
    pilot = ScanPilot(plan, 3.0)
    pipeline = Pipeline(PipelineSettings(), None, "r")
    tracker = Tracker(TrackerSettings(), "n")
    labels = set()
    for block in radio.blocks():
        result = pipeline.process(block)
        labels |= {change.track.label for change in tracker.observe(result)}
        pilot.hear(result)
        radio.configure(centre_hz=pilot.next_centre_hz(block.end_ns))
    assert "expresslrs" in labels
    assert sum(count > 0 for count in pilot.visits) >= 2


def test_the_command_prints_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--plan", "--region", "IN", "--no-video"]) == 0
    text = capsys.readouterr().out
    assert "expresslrs" in text
    assert "MHz" in text
    assert main(["scan", "--plan", "--region", "IN", "--no-video", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plan"]["stops"]
    assert main(["scan", "--radios", "0"]) == 2
