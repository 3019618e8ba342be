from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dsp.bursts import Burst, CyclicPrefixFinding, EnergyFinding, Finding, LineCombFinding
from models.classifier import Classification, ModelRef
from node.pipeline import BlockResult, PipelineCounters, Sighting, Step
from node.tracking.track import TrackChange
from node.tracking.tracker import Tracker, TrackerSettings

FREQUENCY_HZ = 866.3e6
MODEL = ModelRef("test", "1", "0" * 64)


def _burst(
    start_s: float,
    length_s: float,
    width_hz: float,
    *,
    cut: tuple[bool, bool] = (False, False),
    centre_hz: float = FREQUENCY_HZ,
    finding: Finding | None = None,
) -> Burst:
    return Burst(
        start_ns=round(start_s * 1e9),
        duration_s=length_s,
        centre_hz=centre_hz,
        bandwidth_hz=width_hz,
        snr_db=15.0,
        peak_dbfs=-20.0,
        finding=finding or EnergyFinding(0.2),
        cut_start=cut[0],
        cut_end=cut[1],
    )


def _tracks(bursts: list[Burst], *labels: str) -> list[TrackChange]:
    """Changes of tracks where the classifier gives the bursts these labels in turn."""
    tracker = Tracker(TrackerSettings(), "test")
    scores = np.ones(1, dtype=np.float32)
    changes: list[TrackChange] = []
    for number, burst in enumerate(bursts):
        said = Classification(labels[number % len(labels)], 0.9, scores, MODEL) if labels else None
        middle_hz = burst.centre_hz + 0.3e6
        sighting = Sighting(burst, said, "r", tuning_known=True, slice_centre_hz=middle_hz, slice_rate_hz=2.4e6)
        step = Step(burst.end_ns, (sighting,))
        changes += tracker.observe(BlockResult((step,), burst.end_ns, "r", PipelineCounters()))
    return changes + tracker.close(bursts[-1].end_ns)


def _labels(changes: list[TrackChange]) -> list[str]:
    """Last label of every track."""
    return list({change.track.track_id: change.track.label for change in changes}.values())


@pytest.mark.parametrize(("label", "centre_hz"), [("rfid", 866.3e6), ("zwave", 868.4e6), ("ism-ook", 433.92e6)])
def test_a_line_that_is_always_there_is_a_carrier_whatever_its_bursts_are_called(label: str, centre_hz: float) -> None:
    lines = [_burst(second, 0.055, 9e3, cut=(True, True), centre_hz=centre_hz) for second in range(6)]
    assert _labels(_tracks(lines, label)) == ["cw"]


def test_a_carrier_that_is_switched_on_is_a_carrier_not_a_reader() -> None:
    """The noise floor takes it in over half a second; what is left flickers about the threshold."""
    pieces = [_burst(1.0 + 0.16 * k, 0.16, 20.6e3, cut=(False, True)) for k in range(3)]
    flicker = [_burst(1.6 + 0.02 * k, 0.0015, 21e3) for k in range(8)]
    lines = [_burst(2.0 + k, 0.055, 4.7e3, cut=(True, True)) for k in range(4)]
    assert _labels(_tracks(pieces + flicker + lines, "rfid")) == ["cw"]


def test_a_reader_between_its_commands_is_a_reader() -> None:
    commands = [_burst(0.2 * k, 0.1, 46e3, cut=(False, True)) for k in range(10)]
    lines = [_burst(0.1 + k, 0.055, 9e3, cut=(True, True)) for k in range(2)]
    bursts = sorted(commands + lines, key=lambda burst: burst.start_ns)
    assert _labels(_tracks(bursts, "rfid")) == ["rfid"]


def test_a_sensor_that_sends_again_and_again_is_no_carrier() -> None:
    bursts = [_burst(0.7 * k, 0.05, 5e3, centre_hz=433.92e6) for k in range(8)]
    assert _labels(_tracks(bursts, "ism-ook")) == ["ism-ook"]


def test_two_names_of_one_carrier_are_one_track() -> None:
    lines = [_burst(second, 0.055, 9e3, cut=(True, True), centre_hz=916e6) for second in range(16)]
    assert _labels(_tracks(lines, "rfid", "zwave")) == ["cw"]


def test_the_edges_of_an_ofdm_signal_are_no_emitters_of_their_own() -> None:
    """A receiver's filter takes the outer tenth of a base station down: that is still the base station."""
    looks = [
        _burst(0.4 * k, 0.06, 1.5e6, cut=(True, True), finding=CyclicPrefixFinding(15e3, 6.0, 1.0)) for k in range(8)
    ]
    edges = [_burst(0.05 * k, 0.002, 70e3, centre_hz=FREQUENCY_HZ + 0.8e6) for k in range(60)]
    bursts = sorted(looks + edges, key=lambda burst: burst.start_ns)
    assert _labels(_tracks(bursts)) == ["lte"]


def _looks(heights_db: list[float], period_s: float) -> list[Burst]:
    combs = [LineCombFinding("pal", 15625.0, height_db) for height_db in heights_db]
    return [
        _burst(n * period_s, 0.024, 2.3e6, cut=(True, True), centre_hz=1.24e9, finding=comb)
        for n, comb in enumerate(combs)
    ]


@pytest.mark.parametrize(
    ("heights_db", "period_s", "tracks"),
    [
        ([15.0, 14.0], 0.144, 1),  # a picture
        ([15.0], 0.144, 0),
        ([12.0, 12.5], 0.144, 0),
        ([12.0, 12.5, 12.0], 0.144, 1),
        ([9.0] * 5, 0.144, 0),
        ([9.0] * 6, 0.144, 1),  # however faint, it is always there
        ([12.5] * 20, 1.5, 0),  # what pulses make together now and then
        ([15.0] * 20, 1.5, 0),
        ([15.0, 14.0], 0.6, 1),  # fading has spoilt the looks between
        ([12.5] * 20, 0.6, 0),
    ],
)
def test_a_picture_is_always_there(heights_db: list[float], period_s: float, tracks: int) -> None:
    assert _labels(_tracks(_looks(heights_db, period_s))) == ["analog-video"] * tracks


def test_pieces_in_the_band_of_a_named_emitter_make_no_track_of_their_own() -> None:
    packets = [_burst(2.0 * second, 0.05, 130e3, centre_hz=868.1e6) for second in range(8)]
    pieces = [_burst(2.0 * second + 0.5, 0.001, 30e3, centre_hz=868.1e6 + 20e3) for second in range(8)]
    bursts = [burst for pair in zip(packets, pieces, strict=True) for burst in pair]
    assert _labels(_tracks(bursts, "lorawan", "unknown")) == ["lorawan"]


def test_what_is_stronger_than_a_named_emitter_is_no_piece_of_it() -> None:
    packets = [_burst(2.0 * second, 0.05, 130e3, centre_hz=868.1e6) for second in range(10)]
    loud = [replace(_burst(2.0 * second + 0.5, 0.03, 30e3, centre_hz=868.12e6), snr_db=30.0) for second in range(10)]
    bursts = [burst for pair in zip(packets, loud, strict=True) for burst in pair]
    assert sorted(_labels(_tracks(bursts, "lorawan", "unknown"))) == ["lorawan", "unknown"]


def test_a_name_that_comes_later_takes_what_had_none() -> None:
    pieces = [_burst(0.3 * number, 0.001, 30e3, centre_hz=868.1e6) for number in range(10)]
    packets = [_burst(4.0 + second, 0.05, 130e3, centre_hz=868.1e6) for second in range(4)]
    changes = _tracks(pieces, "unknown")
    assert _labels(changes) == ["unknown"]
    both = _tracks(pieces + packets, *(["unknown"] * 10 + ["lorawan"] * 4))
    ended = [(change.track.label, change.end_reason) for change in both if change.kind == "end"]
    assert ended == [("unknown", "merged"), ("lorawan", "shutdown")]


def test_a_long_packet_says_where_an_emitter_is_a_loud_piece_does_not() -> None:
    packets = [_burst(second, 0.05, 130e3, centre_hz=868.1e6) for second in range(4)]
    piece = replace(_burst(0.5, 0.02, 70e3, centre_hz=868.14e6), snr_db=40.0)
    tracks = _tracks([packets[0], piece, *packets[1:]], "lorawan")
    assert tracks[-1].track.centre_hz == pytest.approx(868.1e6)
    assert tracks[-1].track.bandwidth_hz == pytest.approx(130e3)
