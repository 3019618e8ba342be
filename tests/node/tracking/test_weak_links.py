from __future__ import annotations

import numpy as np
import pytest

from dsp.bursts import Burst, ChirpFinding, EnergyFinding, Finding, KeyingFinding
from dsp.protocols import BY_LABEL
from dsp.protocols.record import ChirpPhy, FskPhy, HopTiming, Mode
from node.pipeline import BlockResult, PipelineCounters, Sighting, Step
from node.tracking.track import Track
from node.tracking.tracker import Tracker, TrackerSettings

SLICE_HZ = 2.4e6
CENTRE_HZ = 866.725e6
STEP_NS = 55_000_000
FLOOR_DB = -6.5


def _mode(label: str, name: str) -> Mode:
    return next(mode for mode in BY_LABEL[label].modes if mode.name == name)


def _band(label: str, name: str) -> tuple[float, ...]:
    return next(band for band in BY_LABEL[label].bands if band.name == name).channels_hz


def _burst(start_s: float, length_s: float, centre_hz: float, width_hz: float, snr_db: float, how: Finding) -> Burst:
    return Burst(round(start_s * 1e9), length_s, centre_hz, width_hz, snr_db, -60.0, how)


def _weak_chirps(label: str, mode: Mode, band: str, seconds: float, seed: int) -> list[Burst]:
    """Packets at the demodulator's floor: half are heard, most end early, a third show nothing but their preamble."""
    rng = np.random.default_rng(seed)
    phy, timing = mode.phy, mode.timing
    assert isinstance(phy, ChirpPhy)
    assert isinstance(timing, HopTiming)
    finding = ChirpFinding(phy.spreading_factor, phy.bandwidth_hz, phy.symbol_s, phy.slope_hz_per_s, 0.6)
    channels_hz = _band(label, band)
    bursts = []
    centre_hz = 0.0
    for number in range(int(seconds / timing.interval_s)):
        if number % timing.packets_per_hop == 0:
            centre_hz = float(rng.choice(channels_hz))
        ends = (0.0,) if timing.answer is None else (0.0, timing.answer.delay_s)
        for delay_s in ends:
            if abs(centre_hz - CENTRE_HZ) > 0.95e6 or rng.random() < 0.4:
                continue
            symbols = round(timing.airtime_s / phy.symbol_s, 2)
            draw = rng.random()
            if draw < 0.3:
                symbols = 13.0 + rng.integers(0, 3)
            elif draw < 0.65:
                symbols -= rng.integers(1, int(0.7 * symbols))
            start_s = 0.01 + number * timing.interval_s + delay_s + rng.normal(0, 30e-6)
            heard_hz = centre_hz + rng.normal(0, 25e3)
            bursts.append(_burst(start_s, symbols * phy.symbol_s, heard_hz, 500e3, FLOOR_DB, finding))
    return bursts


def _drones(bursts: list[Burst], seconds: float) -> list[Track]:
    """Last state of every drone track."""
    tracker = Tracker(TrackerSettings(), "test")
    changes = []
    waiting = sorted(bursts, key=lambda burst: burst.end_ns)
    for end_ns in range(STEP_NS, round(seconds * 1e9) + STEP_NS, STEP_NS):
        due = sorted((b for b in waiting if b.end_ns < end_ns), key=lambda burst: burst.start_ns)
        waiting = [b for b in waiting if b.end_ns >= end_ns]
        sightings = tuple(
            Sighting(b, None, "r", tuning_known=True, slice_centre_hz=CENTRE_HZ, slice_rate_hz=SLICE_HZ) for b in due
        )
        changes += tracker.observe(BlockResult((Step(end_ns, sightings),), end_ns, "r", PipelineCounters()))
    changes += tracker.close(round(seconds * 1e9))
    last = {change.track.track_id: change.track for change in changes}
    return [track for track in last.values() if track.family.startswith("drone")]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("label", "name", "band"),
    [
        ("expresslrs", "100HzFull", "EU868"),
        ("expresslrs", "X100Full", "EU868"),
        ("mlrs", "19Hz", "868"),
        ("mlrs", "19Hz7x", "868"),
        ("mlrs", "31Hz", "868"),
    ],
)
def test_modes_of_one_clock_are_told_by_the_longest_packets(label: str, name: str, band: str, seed: int) -> None:
    bursts = _weak_chirps(label, _mode(label, name), band, 8.0, seed)
    assert [(track.label, track.mode) for track in _drones(bursts, 8.2)] == [(label, name)]


def test_where_no_packet_is_heard_to_its_end_the_mode_stays_open() -> None:
    rng = np.random.default_rng(5)
    bursts = _weak_chirps("expresslrs", _mode("expresslrs", "X100Full"), "EU868", 6.0, 5)
    cut = [
        _burst(b.start_ns * 1e-9, float(rng.uniform(1.6e-3, 7.0e-3)), b.centre_hz, 500e3, -10.0, b.finding)
        for b in bursts
    ]
    assert [(track.label, track.mode) for track in _drones(cut, 6.2)] == [("expresslrs", None)]


def _keyed_link(seconds: float, shown: float, seed: int, stay: int = 2) -> list[Burst]:
    """K1000Full; its keying shows in a share of the bursts; the record's stay is two packets."""
    rng = np.random.default_rng(seed)
    mode = _mode("expresslrs", "K1000Full")
    assert isinstance(mode.phy, FskPhy)
    assert isinstance(mode.timing, HopTiming)
    keying, plain = KeyingFinding(0.92 * mode.phy.deviation_hz, None, 3.0), EnergyFinding(0.6)
    bursts = []
    for number in range(int(seconds / mode.timing.interval_s)):
        if number % stay == 0:
            centre_hz = float(rng.choice(_band("expresslrs", "EU868")))
        if abs(centre_hz - CENTRE_HZ) < 0.95e6 and rng.random() < 0.9:
            start_s = 0.01 + number * mode.timing.interval_s + rng.normal(0, 30e-6)
            finding: Finding = keying if rng.random() < shown else plain
            bursts.append(_burst(start_s, rng.normal(0.69e-3, 0.03e-3), centre_hz, 320e3, 0.8, finding))
    return bursts


@pytest.mark.parametrize("shown", [0.3, 0.9])
def test_a_weak_keyed_link_is_known_by_its_clock(shown: float) -> None:
    drones = _drones(_keyed_link(3.0, shown, 7), 3.2)
    assert [(track.label, track.mode) for track in drones] == [("expresslrs", "K1000Full")]


def test_keyed_packets_that_stay_too_long_are_another_link() -> None:
    """As the splatter of a remote control whose pulses keep a round clock."""
    assert "expresslrs" not in {track.label for track in _drones(_keyed_link(3.0, 0.9, 7, stay=5), 3.2)}


def test_bursts_that_show_no_keying_are_no_keyed_link() -> None:
    assert _drones(_keyed_link(3.0, 0.05, 7), 3.2) == []
