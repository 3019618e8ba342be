"""An operator's word on a track: who it reaches, what becomes of it when tracks merge and split."""

from __future__ import annotations

from typing import Any

import pytest

from node.fusion.orders import Order, latest, more_cautious, ordered_level

NEAR = ((0.0, 140.0, 20.0), (0.0, -8.0, 0.0))
AWAY = ((10.0, 60.0, 20.0), (3.0, 6.0, 0.5))
LINK = "01K5SAMP00000000000000000V"
EVERY_WORD = ("pending", "friend", "neutral", "suspect", "hostile")


def test_who_and_why_stand_in_the_basis_and_a_later_word_holds(stage: Any, straight: Any) -> None:
    way = straight(*AWAY)
    stage.play(3.0, lambda t: [stage.radar(way, t)])
    track_id = stage.only().track_id
    for word in EVERY_WORD:
        assert stage.fusion.set_affiliation(track_id, word, "Anna", f"looks {word}")
        changes = stage.play(0.1, lambda t: [stage.radar(way, t)])
        assert [change.kind for change in changes] == ["update"]  # at once, once
        identity = changes[0].track.identity
        assert (identity.affiliation, identity.basis[0]) == (word, f"said by Anna: looks {word}")


def test_the_same_word_by_somebody_else_is_told_too(stage: Any, straight: Any) -> None:
    way = straight(*AWAY)
    stage.play(3.0, lambda t: [stage.radar(way, t)])
    track_id = stage.only().track_id
    for by in ("Anna", "Boris"):
        stage.fusion.set_affiliation(track_id, "suspect", by)
        (change,) = stage.play(0.1, lambda t: [stage.radar(way, t)])
        assert change.track.identity.basis == (f"said by {by}",)


def test_a_level_follows_a_word_at_once_in_both_directions(stage: Any, straight: Any) -> None:
    way = straight(*AWAY)
    stage.play(3.0, lambda t: [stage.radar(way, t)])
    track_id = stage.only().track_id
    levels = []
    for word in ("hostile", "friend", "suspect", "unknown"):
        stage.fusion.set_affiliation(track_id, word, "Anna")
        stage.play(0.1, lambda t: [stage.radar(way, t)])
        levels.append(stage.only().level)
    assert levels == ["critical", "info", "warning", "advisory"]


def test_a_radio_link_alone_takes_a_word(stage: Any, each_second: Any) -> None:
    stage.play(3.0, lambda t: [stage.link("update", t)] if each_second(t) else [])
    assert stage.fusion.set_affiliation(LINK, "friend", "Anna", "ours")
    (change,) = stage.play(0.1, lambda _: [])
    assert (change.kind, change.track.kind, change.track.track_id) == ("update", "rf_emission", LINK)
    assert change.track.identity.affiliation == "friend"
    assessment = stage.fusion.assess_rf(LINK)
    assert (assessment.level, assessment.affiliation, assessment.basis) == ("info", "friend", ("said by Anna: ours",))
    assert stage.fusion.set_affiliation(LINK, "unknown", "Anna")
    stage.play(0.1, lambda _: [])
    assert stage.fusion.assess_rf(LINK).level == "warning"


@pytest.mark.parametrize(("word", "reaches"), [("hostile", True), ("suspect", True), ("friend", False)])
def test_a_word_on_a_link_reaches_its_object_only_if_it_warns(
    stage: Any, straight: Any, each_second: Any, word: str, reaches: bool
) -> None:
    way = straight(*NEAR)
    stage.play(3.0, lambda t: [stage.link("update", t)] if each_second(t) else [])
    stage.fusion.set_affiliation(LINK, word, "Anna")
    stage.play(6.0, lambda t: [stage.radar(way, t), *([stage.link("update", t)] if each_second(t) else [])])
    track = stage.only()
    assert [one.track_id for one in track.links] == [LINK]
    assert track.identity.affiliation == (word if reaches else "unknown")
    if reaches:
        assert track.identity.basis[0] == f"said by Anna of {LINK}"
    assert stage.fusion.assess_rf(LINK).affiliation == word


def test_a_word_on_an_object_reaches_its_link_and_a_later_one_holds_for_both(
    stage: Any, straight: Any, each_second: Any
) -> None:
    way = straight(*NEAR)
    stage.play(6.0, lambda t: [stage.radar(way, t), *([stage.link("update", t)] if each_second(t) else [])])
    track_id = stage.only().track_id
    stage.fusion.set_affiliation(LINK, "hostile", "Anna")
    stage.play(0.1, lambda t: [stage.radar(way, t)])
    assert stage.only().identity.affiliation == "hostile"
    stage.fusion.set_affiliation(track_id, "friend", "Boris")
    stage.play(0.1, lambda t: [stage.radar(way, t)])
    assert (stage.only().identity.affiliation, stage.only().level) == ("friend", "info")
    assessment = stage.fusion.assess_rf(LINK)
    assert (assessment.affiliation, assessment.basis, assessment.level) == (
        "friend", (f"said by Boris of {track_id}",), "info",
    )  # fmt: skip


def test_a_word_stays_when_a_remote_id_joins(stage: Any, straight: Any, each_second: Any) -> None:
    way = straight(*AWAY)
    stage.healthy("rid", "remote_id")
    stage.play(3.0, lambda t: [stage.radar(way, t)])
    track_id = stage.only().track_id
    stage.fusion.set_affiliation(track_id, "hostile", "Anna")
    stage.play(8.0, lambda t: [stage.radar(way, t), *([stage.remote_id(way, t)] if each_second(t) else [])])
    track = stage.only()
    assert track.track_id == track_id
    assert {source.kind for source in track.sources} == {"radar", "remote_id"}
    assert track.identity.affiliation == "hostile"


def test_a_word_on_a_claim_goes_into_the_track_it_merges_into(stage: Any, straight: Any, each_second: Any) -> None:
    """Radar and Remote ID begin as two tracks, both told, and turn out to be one thing."""
    way = straight(*AWAY)
    elsewhere = straight((400.0, 300.0, 50.0), (0.0, 0.0, 0.0))
    stage.play(3.0, lambda t: [stage.radar(way, t), *([stage.remote_id(elsewhere, t)] if each_second(t) else [])])
    by_kind = {track.kind: track.track_id for track in stage.alive()}
    stage.fusion.set_affiliation(by_kind["remote_id"], "hostile", "Anna", "no answer")
    stage.play(10.0, lambda t: [stage.radar(way, t), *([stage.remote_id(way, t)] if each_second(t) else [])])
    track = stage.only()
    assert by_kind["remote_id"] in {track.track_id, *track.merged_from}
    assert (track.identity.affiliation, track.level) == ("hostile", "critical")
    assert "no answer" in track.identity.basis[0]


@pytest.mark.parametrize(("word", "on_split"), [("hostile", "hostile"), ("friend", "unknown")])
def test_what_splits_off_is_warned_of_but_no_friend(
    stage: Any, straight: Any, each_second: Any, word: str, on_split: str
) -> None:
    way = straight((0.0, 60.0, 20.0), (2.0, 4.0, 0.0))
    both = lambda t: [stage.radar(way, t), *([stage.remote_id(way, t)] if each_second(t) else [])]  # noqa: E731
    stage.play(8.0, both)
    first = stage.only()
    assert first.kind == "fused"
    stage.fusion.set_affiliation(first.track_id, word, "Anna")
    other = straight((-250.0, 300.0, 60.0), (0.0, 3.0, 0.0))
    stage.play(15.0, lambda t: [stage.radar(way, t), *([stage.remote_id(other, t)] if each_second(t) else [])])
    by_id = {track.track_id: track for track in stage.alive()}
    (second,) = set(by_id) - {first.track_id}
    assert by_id[second].split_from == first.track_id
    assert by_id[first.track_id].identity.affiliation == word
    assert by_id[second].identity.affiliation == on_split


def test_of_two_words_on_what_becomes_one_the_cautious_one_holds_and_of_two_on_one_the_later() -> None:
    friend, hostile = Order("friend", "Anna", number=2), Order("hostile", "Boris", number=1)
    assert more_cautious(friend, hostile) is more_cautious(hostile, friend) is hostile
    assert more_cautious(None, friend) is friend
    assert more_cautious(None, None) is None
    assert latest(hostile, None, friend) is friend
    assert latest(None) is None


def test_no_word_hides_what_was_measured_but_the_calm_ones() -> None:
    for word, expected in (
        ("hostile", "critical"), ("suspect", "critical"), ("pending", "critical"), ("friend", "info"),
        ("neutral", "info"),
    ):  # fmt: skip
        assert ordered_level(Order(word, "Anna"), "critical", ("measured",))[0] == expected  # type: ignore[arg-type]
    assert ordered_level(Order("suspect", "Anna"), "info", ())[0] == "warning"
    assert ordered_level(None, "info", ("x",)) == ("info", ("x",))
