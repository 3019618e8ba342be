from __future__ import annotations

from dataclasses import replace

import pytest

from dsp.bursts import Burst, EnergyFinding
from node.pipeline import Sighting
from node.report.intervals import Tally
from node.report.judging import Truth, judge_bursts, judge_tracks, whose_burst, whose_track
from node.report.results import NOTHING
from node.tracking.track import Track
from sim.truth import TrueBurst

START_NS = 1_700_000_000_000_000_000


def on_air(label: str, start_s: float, end_s: float, centre_hz: float, width_hz: float) -> TrueBurst:
    return TrueBurst(
        0, 1, START_NS + round(start_s * 1e9), end_s - start_s, centre_hz - width_hz / 2, centre_hz + width_hz / 2,
        label, "m", label, 10.0, centre_hz,
    )  # fmt: skip


def seen(start_s: float, end_s: float, centre_hz: float, width_hz: float) -> Sighting:
    burst = Burst(
        START_NS + round(start_s * 1e9), end_s - start_s, centre_hz, width_hz, 10.0, -20.0, EnergyFinding(0.5)
    )
    return Sighting(burst, None, "radio", tuning_known=True, slice_centre_hz=868e6, slice_rate_hz=2.4e6)


def track(label: str, family: str, channels_hz: tuple[float, ...], width_hz: float, confidence: float = 0.9) -> Track:
    return Track(
        "T", "lost", START_NS, START_NS + 1_000_000_000, label, family, None, confidence, (), channels_hz[0], 0.0,  # type: ignore[arg-type]
        width_hz, 10.0, -20.0, channels_hz, None, None, 9, None, ("radio",), (),
    )  # fmt: skip


TRUTH = Truth.of(
    [
        on_air("expresslrs", 0.10, 0.11, 868.0e6, 500e3),
        on_air("expresslrs", 0.20, 0.21, 869.0e6, 500e3),
        on_air("wmbus", 0.10, 0.20, 868.1e6, 150e3),
        on_air("cw", 0.0, 1.0, 867.0e6, 100.0),
    ]
)


@pytest.mark.parametrize(
    ("sighting", "whose"),
    [
        (seen(0.1, 0.11, 868.0e6, 480e3), "expresslrs"),
        (seen(0.2, 0.21, 869.02e6, 450e3), "expresslrs"),
        (seen(0.12, 0.19, 868.1e6, 140e3), "wmbus"),
        (seen(0.5, 0.9, 867.0e6, 3e3), "cw"),
        (seen(0.5, 0.9, 868.5e6, 100e3), NOTHING),
        (seen(0.3, 0.4, 868.0e6, 480e3), NOTHING),
        (seen(0.1, 0.11, 868.05e6, 260e3), None),  # as much like one as like the other
    ],
)
def test_a_burst_belongs_to_what_it_has_most_in_common_with(sighting: Sighting, whose: str | None) -> None:
    assert whose_burst(TRUTH, sighting) == whose


def test_a_wide_burst_over_a_narrow_one_is_the_wide_emitters() -> None:
    truth = Truth.of([on_air("expresslrs", 0.0, 0.01, 868.0e6, 500e3), on_air("cw", 0.0, 1.0, 868.1e6, 100.0)])
    assert whose_burst(truth, seen(0.0, 0.01, 868.0e6, 500e3)) == "expresslrs"
    assert whose_burst(truth, seen(0.0, 0.9, 868.1e6, 2e3)) == "cw"


def test_tracks_are_judged_by_all_their_channels() -> None:
    hopper = track("expresslrs", "drone-control", (868.0e6, 869.0e6), 500e3)
    assert whose_track(TRUTH, hopper) == "expresslrs"
    assert whose_track(TRUTH, track("wmbus", "non-drone", (868.1e6,), 150e3)) == "wmbus"
    assert whose_track(TRUTH, track("sik", "drone-telemetry", (868.6e6,), 100e3)) == NOTHING
    late = replace(hopper, first_ns=START_NS + 400_000_000)
    assert whose_track(TRUTH, late) == NOTHING


def test_a_long_packet_in_one_channel_does_not_make_the_link_its_own() -> None:
    long = on_air("meshtastic", 0.0, 1.0, 868.0e6, 500e3)
    truth = Truth.of(
        [on_air("expresslrs", 0.1 * k, 0.1 * k + 0.004, 868e6 + 0.6e6 * (k % 3), 500e3) for k in range(9)] + [long]
    )
    assert whose_track(truth, track("expresslrs", "drone-control", (868.0e6, 868.6e6, 869.2e6), 500e3)) == "expresslrs"
    assert whose_track(truth, track("lorawan", "non-drone", (868.0e6,), 500e3)) == "meshtastic"


def test_confusion_and_tally_of_bursts() -> None:
    called = [
        (seen(0.1, 0.11, 868.0e6, 480e3), "expresslrs", 0.9),
        (seen(0.2, 0.21, 869.0e6, 480e3), "crossfire", 0.6),
        (seen(0.12, 0.19, 868.1e6, 140e3), "unknown", 0.8),
        (seen(0.5, 0.9, 868.5e6, 100e3), "ism-fsk", 0.7),
        (seen(0.1, 0.11, 868.05e6, 260e3), "wmbus", 0.9),
    ]
    matrix, tally = judge_bursts(TRUTH, called)
    assert matrix == {
        NOTHING: {"ism-fsk": 1},
        "expresslrs": {"crossfire": 1, "expresslrs": 1},
        "wmbus": {"unknown": 1},
    }
    # Neither the unknown nor the unclear one; the one that was right is the only one in its bin.
    assert tally.total == 3
    assert sum(tally.right) == 1
    assert tally.right[9] == 1


def test_confusion_and_tally_of_tracks() -> None:
    matrix, tallies = judge_tracks(
        TRUTH,
        [
            track("expresslrs", "drone-control", (868.0e6, 869.0e6), 500e3, 0.95),
            track("unknown", "unknown", (868.1e6,), 150e3, 0.4),
            track("sik", "drone-telemetry", (868.6e6,), 100e3, 0.55),
        ],
    )
    assert matrix == {NOTHING: {"sik": 1}, "expresslrs": {"expresslrs": 1}, "wmbus": {"unknown": 1}}
    assert {label: (tally.total, sum(tally.right)) for label, tally in tallies.items()} == {
        "expresslrs": (1, 1),
        "sik": (1, 0),
    }


def test_nothing_on_air_is_nobodys() -> None:
    empty = Truth.of([])
    assert whose_burst(empty, seen(0.1, 0.2, 868e6, 1e5)) == NOTHING
    assert judge_bursts(empty, []) == ({}, Tally())
    assert judge_tracks(empty, []) == ({}, {})
