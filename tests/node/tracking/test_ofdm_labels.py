from __future__ import annotations

import pytest

from dsp.bursts import Burst, CyclicPrefixFinding, EnergyFinding, Finding, PulseFinding, ZadoffChuFinding
from node.pipeline import BlockResult, PipelineCounters, Sighting, Step
from node.tracking.labels import burst_label, family_of
from node.tracking.track import Track
from node.tracking.tracker import Tracker, TrackerSettings

DVBT_8K_HZ = 1 / 896e-6
DVBT_2K_HZ = 1 / 224e-6


def _burst(finding: Finding, at_s: float, centre_hz: float, width_hz: float, length_s: float = 0.06) -> Burst:
    cut = width_hz >= 2.3e6
    return Burst(
        round(at_s * 1e9),
        length_s,
        centre_hz,
        width_hz,
        10.0,
        -20.0,
        finding,
        cut_low=cut,
        cut_high=cut,
        cut_start=True,
        cut_end=True,
    )


def _sighting(burst: Burst, *, known: bool = True) -> Sighting:
    return Sighting(burst, None, "test", known, burst.centre_hz, 2.4e6)


def _look(spacing_hz: float, centre_hz: float, width_hz: float, *, known: bool = True, duty: float = 1.0) -> str:
    finding = CyclicPrefixFinding(spacing_hz, 12.0, duty)
    return burst_label(_sighting(_burst(finding, 0.0, centre_hz, width_hz), known=known))[0]


@pytest.mark.parametrize(
    ("spacing_hz", "centre_hz", "width_hz", "label"),
    [
        (15e3, 806e6, 2.4e6, "lte"),
        (15e3, 1843e6, 2.4e6, "lte"),
        (DVBT_8K_HZ, 610e6, 2.4e6, "dvbt"),
        (DVBT_2K_HZ, 474e6, 2.4e6, "dvbt"),
        (DVBT_2K_HZ, 722e6, 2.4e6, "dvbt"),
        (1e3, 202.928e6, 1.55e6, "dab"),
        (1e3, 1575.42e6, 2.0e6, "gnss"),
        (1e3, 868e6, 2.0e6, "unknown"),
        (31.25e3, 915e6, 1.8e6, "ofdm-datalink"),
        (78.125e3, 915e6, 2.4e6, "ofdm-datalink"),
        (DVBT_2K_HZ, 1280e6, 2.4e6, "ofdm-datalink"),
        (DVBT_2K_HZ, 2370e6, 2.4e6, "ofdm-datalink"),
        (312.5e3, 2437e6, 2.4e6, "unknown"),
        (31.25e3, 700e6, 1.8e6, "unknown"),
    ],
)
def test_a_prefix_is_named_by_spacing_and_band(
    spacing_hz: float, centre_hz: float, width_hz: float, label: str
) -> None:
    assert _look(spacing_hz, centre_hz, width_hz) == label


@pytest.mark.parametrize("megahertz", range(470, 695, 8))
def test_television_never_becomes_a_drone(megahertz: int) -> None:
    for spacing_hz in (DVBT_8K_HZ, DVBT_2K_HZ):
        assert not family_of(_look(spacing_hz, megahertz * 1e6, 2.4e6)).startswith("drone")


@pytest.mark.parametrize("spacing_hz", [15e3, DVBT_8K_HZ, DVBT_2K_HZ, 1e3, 31.25e3, 78.125e3, 312.5e3])
def test_without_a_tuning_no_prefix_is_a_drone(spacing_hz: float) -> None:
    assert not family_of(_look(spacing_hz, 0.0, 2.4e6, known=False)).startswith("drone")


def _tracks(bursts: list[Burst], end_s: float) -> list[Track]:
    """Last states of the tracks that steps of 0.1 s give."""
    tracker = Tracker(TrackerSettings(), "test")
    last: dict[str, Track] = {}
    for number in range(1, round(end_s * 10) + 1):
        now_ns = number * 100_000_000
        mine = tuple(_sighting(b) for b in bursts if now_ns - 100_000_000 <= b.start_ns < now_ns)
        result = BlockResult((Step(now_ns, mine),), now_ns, "test", PipelineCounters())
        last |= {c.track.track_id: c.track for c in tracker.observe(result)}
    for change in tracker.close(round(end_s * 1e9)):
        last[change.track.track_id] = change.track
    return list(last.values())


def _datalink(times_s: list[float], duty: float) -> list[Burst]:
    return [_burst(CyclicPrefixFinding(31.25e3, 15.0, duty), at_s, 915e6, 1.8e6) for at_s in times_s]


def test_a_datalink_is_a_drone_after_several_looks_only() -> None:
    assert _tracks(_datalink([0.0, 0.06], 0.4), 3.0) == []
    found = _tracks(_datalink([0.0, 0.06, 0.4, 0.8, 1.2], 0.4), 2.0)
    assert [(t.label, t.family, t.mode) for t in found] == [("ofdm-datalink", "drone-datalink", "halow-2MHz")]
    assert found[0].duty == pytest.approx(0.4)
    assert found[0].caveats


def test_a_meter_that_reports_now_and_then_is_no_drone() -> None:
    assert _tracks(_datalink([0.0, 2.8, 5.6, 8.4], 0.3), 9.0) == []
    assert _tracks(_datalink([0.0, 0.4, 0.8, 1.2, 1.6], 0.04), 2.0) == []


def test_droneid_needs_two_bursts_and_may_change_its_channel() -> None:
    sequences = ZadoffChuFinding((0.9, 0.8))
    one = [_burst(sequences, 0.2, 2414.5e6, 9e6, 0.64e-3)]
    assert _tracks(one, 2.0) == []
    found = _tracks([*one, _burst(sequences, 0.8, 2459.5e6, 9e6, 0.64e-3)], 2.0)
    assert [(t.label, t.family) for t in found] == [("dji-droneid", "drone-datalink")]


def test_the_pieces_of_a_base_station_are_one_track() -> None:
    looks = [_burst(CyclicPrefixFinding(15e3, 15.0), 0.4 * k, 806e6, 2.4e6) for k in range(6)]
    pieces = [
        _burst(EnergyFinding(0.5), 0.02 * k, 806e6 + 70e3 * (k % 31 - 15), 40e3 + 900.0 * k, 0.004) for k in range(115)
    ]
    found = _tracks([*looks, *pieces], 2.4)
    assert [(t.label, t.family) for t in found] == [("lte", "non-drone")]


@pytest.mark.parametrize(
    ("centre_hz", "pulse_s", "pulses", "label"),
    [
        (1090.2e6, 0.5e-6, 2, "adsb"),
        (1090.2e6, 2.1e-6, 36, "adsb"),
        (1088.0e6, 2.7e-6, 2, "dme"),
        (1003e6, 3.3e-6, 2, "dme"),
        (1290e6, 6e-6, 2, "pulsed-radar"),
        (868e6, 1e-6, 2, "interference"),
    ],
)
def test_pulses_are_named_by_their_band(centre_hz: float, pulse_s: float, pulses: int, label: str) -> None:
    burst = _burst(PulseFinding(pulse_s, pulses), 0.0, centre_hz, 800e3, 60e-6)
    assert burst_label(_sighting(burst))[0] == label
