from __future__ import annotations

import numpy as np
import pytest

from dsp.bursts import Burst, ChirpFinding, EnergyFinding, Finding, KeyingFinding, LineCombFinding
from dsp.protocols import BY_LABEL
from dsp.protocols.record import ChirpPhy, FskPhy, HopTiming, Mode
from node.pipeline import BlockResult, PipelineCounters, Sighting, Step
from node.tracking.track import TrackChange
from node.tracking.tracker import Tracker, TrackerSettings

ELRS = BY_LABEL["expresslrs"]
CENTRE_HZ = {"FCC915": 915.2e6, "EU868": 867.9e6, "EU433": 433.9e6}
SLICE_HZ = 2.4e6


def _finding(mode: Mode) -> Finding:
    if isinstance(mode.phy, ChirpPhy):
        phy = mode.phy
        return ChirpFinding(phy.spreading_factor, phy.bandwidth_hz, phy.symbol_s, phy.slope_hz_per_s, 0.8)
    assert isinstance(mode.phy, FskPhy)
    return KeyingFinding(mode.phy.deviation_hz, mode.phy.bit_rate_bps, 4.0)


def _link(
    mode: Mode, band_name: str, seconds: float, seed: int, *, heard: float = 1.0, ppm: float = 0.0
) -> list[Burst]:
    """Bursts of a hopping link as a detector sees them: in the slice, jittered, now and then missed."""
    rng = np.random.default_rng(seed)
    band = next(band for band in ELRS.bands if band.name == band_name)
    timing = mode.timing
    assert isinstance(timing, HopTiming)
    bursts = []
    order: list[int] = []
    channel_hz = 0.0
    for number in range(int(seconds / timing.interval_s)):
        if number % timing.packets_per_hop == 0:
            order = order or rng.permutation(len(band.channels_hz)).tolist()
            channel_hz = band.channels_hz[order.pop()] * (1 + ppm * 1e-6)
        if abs(channel_hz - CENTRE_HZ[band_name]) > SLICE_HZ / 2 - 250e3 or rng.random() > heard:
            continue
        start_s = 0.01 + number * timing.interval_s * (1 + ppm * 1e-6) + rng.normal(0, 20e-6)
        bursts.append(
            Burst(
                start_ns=round(start_s * 1e9),
                duration_s=timing.airtime_s * (1 + rng.normal(0, 0.01)),
                centre_hz=channel_hz + rng.normal(0, 3e3),
                bandwidth_hz=500e3 if isinstance(mode.phy, ChirpPhy) else 360e3,
                snr_db=10 + rng.normal(0, 1),
                peak_dbfs=-20.0,
                finding=_finding(mode),
            )
        )
    return bursts


def _run(
    bursts: list[Burst], seconds: float, centre_hz: float, settings: TrackerSettings | None = None
) -> list[TrackChange]:
    tracker = Tracker(settings or TrackerSettings(), "test")
    changes: list[TrackChange] = []
    step_ns = 27_000_000
    bursts = sorted(bursts, key=lambda b: b.start_ns)
    for end_ns in range(step_ns, round(seconds * 1e9) + step_ns, step_ns):
        due = [b for b in bursts if end_ns - step_ns <= b.end_ns < end_ns]
        sightings = tuple(
            Sighting(b, None, "r", tuning_known=True, slice_centre_hz=centre_hz, slice_rate_hz=SLICE_HZ) for b in due
        )
        changes += tracker.observe(BlockResult((Step(end_ns, sightings),), end_ns, "r", PipelineCounters()))
    return changes + tracker.close(round(seconds * 1e9))


def _drones(changes: list[TrackChange]) -> list[TrackChange]:
    return [c for c in changes if c.track.family.startswith("drone")]


@pytest.mark.parametrize("band_name", ["FCC915", "EU868", "EU433"])
@pytest.mark.parametrize("mode", ELRS.modes, ids=lambda mode: mode.name)
def test_every_mode_is_named_from_its_clock_and_hops(mode: Mode, band_name: str) -> None:
    if mode.bands and band_name not in mode.bands:
        pytest.skip(f"{mode.name} does not exist in {band_name}")
    changes = _drones(_run(_link(mode, band_name, 5.0, 3, heard=0.95, ppm=12.0), 5.0, CENTRE_HZ[band_name]))
    assert {c.track.track_id for c in changes} == {changes[0].track.track_id}
    last = changes[-1].track
    assert (last.label, last.mode) == ("expresslrs", mode.name)
    band = next(band for band in ELRS.bands if band.name == band_name)
    assert last.centre_hz is not None
    assert min(abs(last.centre_hz - c) for c in band.channels_hz) < 20e3
    assert changes[0].kind == "new"
    assert (changes[-1].kind, changes[-1].end_reason) == ("end", "shutdown")


def test_one_burst_is_no_track() -> None:
    burst = _link(ELRS.modes[0], "EU868", 1.0, 1)[0]
    assert _drones(_run([burst], 2.0, CENTRE_HZ["EU868"])) == []


def test_sporadic_chirps_of_the_same_shape_are_no_drone() -> None:
    mode = ELRS.modes[2]
    rng = np.random.default_rng(4)
    pattern = _link(mode, "FCC915", 1.0, 1)[0]
    bursts = [
        Burst(round(t * 1e9), 23e-3, 914.875e6, 500e3, 12.0, -20.0, pattern.finding)
        for t in np.cumsum(rng.uniform(0.4, 2.0, 40))
    ]
    assert _drones(_run(bursts, 40.0, CENTRE_HZ["FCC915"])) == []


def test_a_link_that_falls_silent_ends_as_lost() -> None:
    changes = _drones(_run(_link(ELRS.modes[0], "EU868", 2.0, 1), 12.0, CENTRE_HZ["EU868"]))
    assert (changes[-1].kind, changes[-1].end_reason) == ("end", "lost")
    assert changes[-1].time_ns > 7_000_000_000


def test_a_link_that_goes_on_is_told_again_in_time() -> None:
    """Though it is settled and seldom judged; a step of the detector and a silence of its own on top."""
    settings = TrackerSettings(refresh_s=3.0)
    mode = next(mode for mode in ELRS.modes if mode.name == "200Hz")
    changes = _drones(_run(_link(mode, "EU868", 20.0, 2), 20.0, CENTRE_HZ["EU868"], settings))
    told_ns = [change.time_ns for change in changes]
    assert [change.kind for change in (changes[0], changes[-1])] == ["new", "end"]
    assert max(np.diff(told_ns)) < 3.2e9
    assert [change.kind for change in changes[1:-1]] == ["update"] * (len(changes) - 2)


def test_the_same_sightings_give_the_same_changes() -> None:
    bursts = _link(ELRS.modes[0], "EU868", 3.0, 1)
    assert _run(bursts, 3.0, CENTRE_HZ["EU868"]) == _run(bursts, 3.0, CENTRE_HZ["EU868"])


def test_two_looks_with_a_comb_are_video_and_one_is_not() -> None:
    def look(at_s: float) -> Burst:
        return Burst(round(at_s * 1e9), 0.024, 1280e6, 2.4e6, 6.0, -10.0, LineCombFinding("pal", 15_625.0, 20.0))

    assert _drones(_run([look(0.0)], 1.0, 1280e6)) == []
    track = _drones(_run([look(0.0), look(0.024)], 1.0, 1280e6))[0].track
    assert (track.label, track.mode, track.family) == ("analog-video", "pal", "drone-video")
    assert any("mateur" in caveat or "ATV" in caveat for caveat in track.caveats)


def test_an_unknown_hopper_is_reported_as_such_and_not_as_a_drone() -> None:
    rng = np.random.default_rng(2)
    bursts = [
        Burst(
            round((0.01 + 0.020 * k) * 1e9),
            7.6e-3,
            867e6 + 0.25e6 * int(rng.integers(8)),
            190e3,
            12.0,
            -20.0,
            KeyingFinding(50e3, 100e3, 4.0),
        )
        for k in range(200)
    ]
    tracks = [c.track for c in _run(bursts, 4.0, 868e6)]
    assert any(t.label == "unknown-hopper" for t in tracks)
    assert not any(t.family.startswith("drone") for t in tracks)


def test_many_sensors_on_their_own_channels_are_no_hopper() -> None:
    rng = np.random.default_rng(3)
    bursts = []
    for sensor in range(12):
        at_s = np.cumsum(rng.uniform(0.3, 1.5, 60))
        bursts += [
            Burst(round(t * 1e9), 8e-3, 867.2e6 + 0.15e6 * sensor, 180e3, 12.0, -20.0, EnergyFinding(0.8))
            for t in at_s
            if t < 20
        ]
    assert not any(c.track.label == "unknown-hopper" for c in _run(bursts, 20.0, 868e6))


@pytest.mark.parametrize("name", ["update_s", "refresh_s", "link_timeout_s"])
def test_settings_check_themselves(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        TrackerSettings(**{name: -1.0})  # type: ignore[arg-type]  # the key is a parameter of the test
