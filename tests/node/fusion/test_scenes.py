"""The shipped scenes: the right number of tracks, identities and severities (golden), and near enough to the truth."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from node.fusion.evaluate import SCENES, evaluate_scene
from node.fusion.fusion import Fusion
from node.fusion.picture import FusedChange
from node.fusion.play import play, scene_settings
from sim.scene import Scene, load_scene

GOLDEN = Path(__file__).parents[2] / "golden" / "fusion.json"
"""Written anew by running the tests with SKYPICKET_GOLDEN=write; read the difference before it is kept."""
LARGEST_ERROR_M = {
    "fpv_attack": 4.0, "cooperative_survey": 4.0, "dark_drone": 4.0, "bird_flock": 6.0, "crossing_drones": 4.0,
    "light_aircraft": 12.0,
}  # fmt: skip


def changes_of(scene: Scene) -> list[FusedChange]:
    where = scene.origin
    fusion = Fusion(scene_settings(scene), (where.lat_deg, where.lon_deg, where.altitude_m), "golden")
    assert scene.duration_s is not None
    return [change for changes in play(scene, fusion, scene.duration_s) for change in changes]


def story(changes: list[FusedChange]) -> list[dict[str, Any]]:
    """What was told of each track, in the order of their beginning; figures left out that differ between processors."""
    tracks: dict[str, dict[str, Any]] = {}
    for change in changes:
        track = change.track
        row = tracks.setdefault(
            track.track_id,
            {"kinds": [], "types": [], "levels": [], "affiliations": [], "dark": [], "spoof": [], "sources": []},
        )
        for key, value in (
            ("kinds", track.kind),
            ("types", track.object_type),
            ("levels", track.level),
            ("affiliations", track.identity.affiliation),
            ("dark", track.identity.dark),
            ("spoof", track.identity.spoof_suspect),
            ("sources", sorted({source.kind for source in track.sources})),
        ):
            if not row[key] or row[key][-1] != value:
                row[key].append(value)
        row["decoy"] = None if track.decoy_score is None else track.decoy_score >= 0.6
        row["remote_id"] = track.identity.remote_id
        row["end"] = change.end_reason
    return list(tracks.values())


@pytest.mark.parametrize("name", SCENES)
def test_story_of_each_scene(name: str) -> None:
    told = story(changes_of(load_scene(name)))
    known = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    if os.environ.get("SKYPICKET_GOLDEN") == "write":
        known[name] = told
        text = json.dumps(known, indent=1, sort_keys=True)
        GOLDEN.write_text(text + "\n", encoding="utf-8")
    assert told == known[name]


def test_the_golden_stories_are_those_that_should_be() -> None:
    """The file may be written anew; what must be true of it stands here."""
    known = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert sorted(known) == sorted(SCENES)
    everything = [row for rows in known.values() for row in rows]
    assert {word for row in everything for word in row["affiliations"]} == {"unknown"}

    (fpv,) = [row for row in known["fpv_attack"] if row["kinds"] != ["rf_emission"]]
    assert fpv["levels"][:2] == ["warning", "critical"]
    assert {"radar", "camera", "rf"} <= {kind for kinds in fpv["sources"] for kind in kinds}
    (survey,) = known["cooperative_survey"]
    assert (survey["kinds"][-1], set(survey["levels"]), set(survey["spoof"])) == ("fused", {"advisory"}, {False})
    (dark,) = known["dark_drone"]
    assert (dark["dark"], dark["levels"], dark["types"]) == ([None, True], ["advisory", "warning"], ["unknown"])
    assert len(known["spoofed_swarm"]) == 6
    assert all(row["spoof"] == [False, True] for row in known["spoofed_swarm"])
    assert len(known["bird_flock"]) == 5
    assert all((row["types"][-1], row["levels"]) == ("bird", ["advisory", "info"]) for row in known["bird_flock"])
    (decoy,) = known["ground_decoy"]
    assert (decoy["decoy"], decoy["levels"]) == (True, ["advisory"])
    assert len(known["crossing_drones"]) == 2
    (aircraft,) = known["light_aircraft"]
    assert (aircraft["types"], aircraft["levels"]) == (["aircraft"], ["info"])


def test_the_same_scene_gives_the_same_changes() -> None:
    assert changes_of(load_scene("fpv_attack")) == changes_of(load_scene("fpv_attack"))


@pytest.mark.parametrize("name", SCENES)
def test_figures_beside_the_truth(name: str) -> None:
    figures = evaluate_scene(name)
    limit_m = LARGEST_ERROR_M.get(name)
    if limit_m is None:
        assert figures.error_m is None
        assert figures.false == 0.0
        return
    assert figures.error_m is not None
    assert figures.gospa_m is not None
    assert figures.completeness is not None
    assert figures.error_m < limit_m
    assert figures.completeness > 0.75
    assert figures.ambiguity == pytest.approx(1.0, abs=0.1)
    assert figures.missed < 0.2
