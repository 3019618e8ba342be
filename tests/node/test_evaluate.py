from __future__ import annotations

import os
from pathlib import Path

import pytest

from dsp.protocols import BY_LABEL
from node.evaluate import Outcome, evaluate_recordings, judge, run_chain, table
from node.evaluate_links import LinkCase, evaluate_links, judge_link, link_cases
from sim.radio import SimRadio
from sim.scene import load_scene

SHARED = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "recordings"


def test_every_hopping_and_continuous_mode_of_every_drone_is_a_case() -> None:
    cases = link_cases(10.0, 2.0, 1)
    expresslrs = BY_LABEL["expresslrs"]
    assert sum(case.label == "expresslrs" for case in cases) == len(expresslrs.modes) * len(expresslrs.bands)
    assert {case.mode for case in cases if case.label == "analog-video"} == {"pal", "ntsc"}
    assert not any(case.label in {"lorawan", "wmbus"} for case in cases)


@pytest.mark.parametrize(
    "case",
    [
        LinkCase("expresslrs", "200Hz", "FCC915", 10.0, 3.0, 4),
        LinkCase("expresslrs", "100Hz", "EU868", 10.0, 1.5, 5, telemetry=True),
        LinkCase("expresslrs", "25Hz", "AU433", 10.0, 2.0, 6, telemetry=True),
        LinkCase("expresslrs", "X150", "EU433", 10.0, 1.0, 7),
        LinkCase("expresslrs", "K1000Full", "AU433", 10.0, 0.4, 8),
        LinkCase("crossfire", "150Hz", "868", 10.0, 2.0, 9),
        LinkCase("frsky-r9", "26B", "868-flex", 10.0, 2.5, 10),
        LinkCase("mlrs", "31Hz", "868", 10.0, 2.5, 11),
        LinkCase("mlrs", "50HzFSK", "915", 10.0, 4.0, 14),
        LinkCase("openlrsng", "4k8", "433", 10.0, 4.0, 15),
        LinkCase("sik", "64k", "868", 5.0, 2.0, 16),
        LinkCase("sik", "128k", "915", 5.0, 4.0, 17),
        LinkCase("analog-video", "pal", "1.2GHz", 6.0, 0.5, 12),
        LinkCase("analog-video", "ntsc", "1.2GHz", 0.0, 0.5, 13),
    ],
    ids=lambda case: case.name,
)
def test_a_simulated_link_is_found_and_named(case: LinkCase) -> None:
    rows = evaluate_links([case], with_model=False)
    assert [row.verdict for row in rows] == ["ok"], table(rows)


@pytest.mark.parametrize("scene", ["ism_only", "quiet", "ook_sensor"])
def test_a_scene_without_drones_gives_none(scene: str) -> None:
    loaded = load_scene(scene)
    radio = SimRadio(loaded)
    blocks = radio.blocks()
    outcome = run_chain((block for block, _ in zip(blocks, range(150), strict=False)), None)
    assert outcome.sightings or scene == "quiet"
    assert outcome.drones == ()
    assert not any(track.label == "unknown-hopper" for track in outcome.tracks)


def test_verdicts_say_what_is_wrong() -> None:
    nothing = Outcome((), (), None)
    expresslrs = BY_LABEL["expresslrs"]
    assert judge(nothing, "expresslrs-proxy", drone_link=True) == "MISSED"
    assert judge(nothing, "lte", drone_link=False) == "ok"
    assert judge(nothing, "lte", drone_link=None) == "no truth"
    assert judge_link(nothing, expresslrs, "200Hz", expresslrs.bands[0]) == "MISSED"


@pytest.mark.recordings
def test_real_recordings_give_their_links_and_no_false_alarm() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"no folder {SHARED}; set SKYPICKET_SHARED")
    rows = evaluate_recordings(SHARED, None)
    assert len(rows) > 50
    assert [row.name for row in rows if row.drone_link is False and row.verdict != "ok"] == []
    wanted = [row for row in rows if row.expected in {"analog-video", "expresslrs-proxy"}]
    assert len(wanted) >= 6
    for row in [row for row in rows if row.expected == "lte"]:
        assert row.other_tracks == {"lte": 1}, table([row])
    for row in wanted:
        assert row.verdict.startswith("ok"), table([row])
        if row.expected == "analog-video":
            assert len(row.drone_tracks) == 1
            assert "analog-video ntsc" in row.drone_tracks[0]
