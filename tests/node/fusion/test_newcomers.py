"""A radio link that had only one thing to belong to is judged anew when another comes."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sim
from node.fusion.fusion import Fusion
from node.fusion.picture import FusedChange
from node.fusion.play import play, scene_settings
from sim.scene import load_scene

SURVEYOR = ((-180.0, 320.0, 60.0), (8.0, 0.0, 0.0))
"""Says who it is, out of reach of the radar; its distance hardly changes."""
COMES_S = 8.0
LINK_ID = f"01K5SAMP{'V':0>18}"


def owners(changes: list[FusedChange]) -> list[str]:
    """The tracks the link was of, one after the other, as its own messages would say."""
    found: list[str] = []
    for change in changes:
        track = change.track
        if any(source.kind == "rf" for source in track.sources) and track.kind != "rf_emission":
            found += [track.track_id] if not found or found[-1] != track.track_id else []
    return found


@pytest.fixture
def come(straight: Any, each_second: Any) -> Callable[..., None]:
    """Play a surveyor and a link; after a while a second thing comes near, seen by the radar alone."""

    def act(stage: Any, level_db: Callable[[float, float], float], family: str, seconds: float = 30.0) -> None:
        survey = straight(*SURVEYOR)

        def coming(t: float) -> tuple[float, float, float]:
            return 30.0, 260.0 - 9.0 * (t - COMES_S), 30.0

        def each(t: float) -> list[object]:
            things: list[object] = [stage.radar(coming, t)] if t >= COMES_S else []
            if each_second(t):
                range_m = math.dist(coming(t), (0.0, 0.0, 0.0))
                kind = "new" if t == 1.0 else "update"
                things += [stage.remote_id(survey, t), stage.link(kind, t, snr_db=level_db(t, range_m), family=family)]
            return things

        stage.healthy("radar", "radar")
        stage.play(seconds, each)

    return act


@pytest.mark.parametrize("family", ["drone-control", "drone-video"])
def test_a_link_goes_over_to_what_comes_later_and_fits_better(stage: Any, come: Any, family: str) -> None:
    come(stage, lambda _, range_m: 66.0 - 20 * math.log10(range_m), family)
    first, second = owners(stage.changes)
    tracks = {track.track_id: track for track in stage.alive()}
    assert tracks[first].kind == "remote_id"
    assert tracks[first].links == ()
    assert {source.kind for source in tracks[second].sources} == {"radar", "rf"}
    assert stage.fusion.assess_rf(LINK_ID).fused_track_id == second
    (source,) = [source for source in tracks[second].sources if source.kind == "rf"]
    assert source.score > 0.85
    assert "level over range +" in source.reason


def test_both_tracks_go_on_and_none_is_merged_or_split(stage: Any, come: Any) -> None:
    come(stage, lambda _, range_m: 66.0 - 20 * math.log10(range_m), "drone-control")
    assert not [change for change in stage.changes if change.kind == "end"]
    assert all(track.split_from is None and track.merged_from == () for track in stage.alive())


@pytest.mark.parametrize("family", ["drone-control", "drone-video"])
def test_a_newcomer_that_fits_no_better_takes_no_link(stage: Any, come: Any, family: str) -> None:
    come(stage, lambda t, _: 20.0 + 0.5 * math.sin(t), family)
    (owner,) = owners(stage.changes)
    assert owner == next(track.track_id for track in stage.alive() if track.identity.remote_id)


@pytest.mark.parametrize("seed", range(4))
def test_a_link_of_uneven_level_does_not_go_to_and_fro(make_stage: Any, come: Any, seed: int) -> None:
    stage = make_stage(seed=seed)
    come(stage, lambda _, range_m: 66.0 - 20 * math.log10(range_m) + 4.0 * stage.rng.standard_normal(), "drone-video")
    assert len(owners(stage.changes)) <= 2


def test_the_demo_with_the_surveyor_in_the_air_from_the_start(tmp_path: Path) -> None:
    text = (Path(sim.__file__).parent / "scenes" / "demo.toml").read_text(encoding="utf-8")
    before, after = "on_s = [[12.0, 55.0]]", "on_s = [[0.0, 55.0]]"
    assert before in text
    (tmp_path / "early.toml").write_text(text.replace(before, after), encoding="utf-8")
    scene = load_scene(str(tmp_path / "early.toml"))
    where = scene.origin
    fusion = Fusion(scene_settings(scene), (where.lat_deg, where.lon_deg, where.altitude_m), "early")
    changes = [change for step in play(scene, fusion, 30.0) for change in step]
    surveyor, racer = owners(changes)
    last = {change.track.track_id: change.track for change in changes}
    assert last[surveyor].identity.remote_id is not None
    assert {source.kind for source in last[surveyor].sources} == {"remote_id"}
    assert {"radar", "rf"} <= {source.kind for source in last[racer].sources}
