"""Alerts out of track messages: one for each object, at once, until it is over."""

# Longer than 300 lines: one alert's life, from the first warning through merging and splitting to its end.

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.alerts import AlertBook, AlertSettings
from node.fusion.picture import Assessment
from node.ids import boot_uuid, track_ulid
from node.messages import AlertMessage, MessageMaker, NodeIdentity, TrackMessage, message_schema, to_json
from node.messages_track import SourceInfo
from node.tracking.track import Track, TrackChange

NODE = NodeIdentity("north", "mast-1", lat=56.95, lon=24.11)
START_NS = 1_790_000_000_000_000_000
LEVELS = ("info", "advisory", "warning", "critical")


class Scene:
    """Track messages as a node publishes them, and the alerts that follow."""

    def __init__(self, settings: AlertSettings | None = None) -> None:
        self.book = AlertBook(settings)
        self.maker = MessageMaker(NODE, boot_uuid(NODE.uuid, "alerts"))
        self.said: list[AlertMessage] = []
        self.now_s = 0.0

    def id_of(self, name: str) -> str:
        return track_ulid("mast-1", START_NS, name)

    def track(self, name: str, now_ns: int) -> Track:
        return Track(
            track_id=self.id_of(name), state="confirmed", first_ns=START_NS, last_ns=now_ns, label="expresslrs",
            family="drone-control", mode="200Hz", confidence=0.9, top=(), centre_hz=868e6, offset_hz=0.0,
            bandwidth_hz=5e5, snr_db=9.0, peak_dbfs=-30.0, channels_hz=(), hop_rate_hz=None, duty=None, bursts=9,
            model=None, radio=("roof",), evidence=(),
        )  # fmt: skip

    def tell(
        self,
        name: str,
        level: str = "warning",
        event: str = "update",
        *,
        part_of: str | None = None,
        reason: str | None = None,
        into: str | None = None,
        affiliation: str = "unknown",
        after_s: float = 1.0,
    ) -> list[AlertMessage]:
        self.now_s += after_s
        now_ns = START_NS + round(self.now_s * 1e9)
        track = self.track(name, now_ns)
        whole = None if part_of is None else self.id_of(part_of)
        assessment = Assessment(None, (), level, (f"{level}, because",), whole, affiliation)  # type: ignore[arg-type]
        end = reason or ("lost" if event == "end" else None)
        message = self.maker.track(TrackChange(event, track, now_ns, end), None, assessment)  # type: ignore[arg-type]
        if into is not None:
            message = message.model_copy(update={"merged_into": self.id_of(into)})
        return self.hear(message)

    def hear(self, message: TrackMessage) -> list[AlertMessage]:
        found = self.book.hear(message)
        self.said += found
        return found

    @property
    def active(self) -> dict[str, AlertMessage]:
        """As a centre keeps them that follows the messages."""
        kept: dict[str, AlertMessage] = {}
        for one in self.said:
            if one.event == "end":
                del kept[one.alert_id]
            else:
                assert (one.alert_id in kept) == (one.event == "update")
                kept[one.alert_id] = one
        return kept


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_one_alert_from_the_first_message_that_warns_to_the_end_of_the_track(scene: Scene) -> None:
    (new,) = scene.tell("a", "warning", "new")
    assert (new.event, new.severity.level, new.track_ids) == ("new", "warning", (scene.id_of("a"),))
    assert (new.ts, new.raised) == ("2026-09-21T14:13:21.000Z", "2026-09-21T14:13:21.000Z")
    assert (new.label, new.family, new.affiliation, new.sensors) == (
        "expresslrs",
        "drone-control",
        "unknown",
        ("roof",),
    )
    for _ in range(20):
        assert scene.tell("a") == []
    (end,) = scene.tell("a", event="end")
    assert (end.event, end.end_reason, end.alert_id, end.raised) == ("end", "lost", new.alert_id, new.raised)
    assert [one.seq for one in scene.said] == [1, 2]
    assert scene.book.active == 0


@pytest.mark.parametrize("level", ["info", "advisory"])
def test_what_is_no_alert_raises_none_and_rises_without_delay(scene: Scene, level: str) -> None:
    assert scene.tell("a", level, "new") == []
    assert scene.tell("a", level) == []
    (new,) = scene.tell("a", "warning", after_s=0.001)
    assert new.event == "new"


def test_a_level_that_changes_is_told_at_once(scene: Scene) -> None:
    scene.tell("a", "warning", "new")
    (up,) = scene.tell("a", "critical", after_s=0.01)
    (down,) = scene.tell("a", "warning", after_s=0.01)
    assert [(one.event, one.severity.level, one.highest) for one in (up, down)] == [
        ("update", "critical", "critical"), ("update", "warning", "critical"),
    ]  # fmt: skip


def test_a_level_that_flickers_ends_nothing(scene: Scene) -> None:
    (new,) = scene.tell("a", "warning", "new")
    for _ in range(20):
        assert scene.tell("a", "advisory", after_s=2.0) == []
        assert scene.tell("a", "warning", after_s=2.0) == []
    assert scene.tell("a", "advisory") == []
    (end,) = scene.tell("a", "advisory", after_s=5.0)
    assert (end.event, end.end_reason, end.alert_id) == ("end", "below_level", new.alert_id)
    assert end.severity.level == "advisory"
    assert scene.tell("a", event="end") == []


@pytest.mark.parametrize("word", ["friend", "neutral", "assumed_friend"])
def test_who_is_known_is_no_alert_any_more_at_once(scene: Scene, word: str) -> None:
    scene.tell("a", "warning", "new")
    (end,) = scene.tell("a", "info", affiliation=word, after_s=0.1)
    assert (end.end_reason, end.affiliation) == ("below_level", word)


def test_a_word_that_does_not_change_the_level_is_told(scene: Scene) -> None:
    scene.tell("a", "warning", "new")
    (told,) = scene.tell("a", "warning", affiliation="suspect")
    assert (told.event, told.affiliation) == ("update", "suspect")


def test_who_looks_after_an_alert_is_told_until_it_gets_worse(scene: Scene) -> None:
    (new,) = scene.tell("a", "warning", "new")
    assert scene.book.acknowledge("01K5SAMPME0000000000000000", "Anna") == []
    (told,) = scene.book.acknowledge(new.alert_id, "Anna")
    scene.said.append(told)
    assert (told.event, told.ack and told.ack.by, told.ack and told.ack.ts, told.seq) == ("update", "Anna", new.ts, 2)
    (same,) = scene.tell("a", "warning", affiliation="suspect")
    assert same.ack == told.ack
    (worse,) = scene.tell("a", "critical", affiliation="suspect")
    assert worse.ack is None
    scene.said += scene.book.acknowledge(new.alert_id, "Boris")
    (better,) = scene.tell("a", "warning", affiliation="suspect")
    assert better.ack is not None
    assert better.ack.by == "Boris"


def test_an_object_that_rises_again_has_its_old_identifier(scene: Scene) -> None:
    (first,) = scene.tell("a", "warning", "new")
    scene.tell("a", "info", affiliation="friend")
    (second,) = scene.tell("a", "critical", affiliation="hostile")
    assert (second.event, second.alert_id) == ("new", first.alert_id)
    assert second.raised > first.raised


def test_a_link_that_turns_out_to_be_part_of_an_object_keeps_its_alert(scene: Scene) -> None:
    (new,) = scene.tell("link", "warning", "new")
    assert scene.tell("object", "advisory", "new") == []
    told = scene.tell("link", "warning", part_of="object") + scene.tell("object", "warning")
    assert [(one.event, one.alert_id) for one in told] == [("update", new.alert_id)]  # the level is no news
    assert told[0].severity.level == "warning"
    assert told[0].track_ids == (scene.id_of("object"), scene.id_of("link"))
    (critical,) = scene.tell("object", "critical")
    assert (critical.alert_id, critical.severity.level) == (new.alert_id, "critical")
    assert scene.tell("link", "warning", part_of="object") == []  # the whole speaks


def test_parts_that_are_told_before_the_whole_are_one_alert_with_it(scene: Scene) -> None:
    (new,) = scene.tell("link", "warning", "new", part_of="object")
    told = scene.tell("object", "warning", "new")
    assert [(one.event, one.alert_id) for one in told] == [("update", new.alert_id)]
    assert scene.book.active == 1


def test_parts_that_the_whole_tells_of_first_are_one_alert_with_it(scene: Scene) -> None:
    """The picture knows at once what belongs together; a radio track says so with its own next message."""
    (new,) = scene.tell("link", "warning", "new")
    message = scene.maker.track(TrackChange("new", scene.track("object", START_NS), START_NS + 2 * 10**9))
    link = SourceInfo(
        kind="rf", name="roof", ref=scene.id_of("link"), first_seen=message.ts, last_seen=message.ts, age_s=0.0,
        score=0.9, reason="",
    )  # fmt: skip
    told = scene.hear(message.model_copy(update={"sources": (link,)}))
    assert [(one.event, one.alert_id) for one in told] == [("update", new.alert_id)]
    assert told[0].track_ids == (scene.id_of("object"), scene.id_of("link"))
    assert scene.tell("link", "warning", part_of="object") == []
    assert scene.book.active == 1


def test_of_two_alerts_that_become_one_the_older_goes_on(scene: Scene) -> None:
    (old,) = scene.tell("object", "warning", "new")
    (young,) = scene.tell("link", "critical", "new")
    told = scene.tell("link", "warning", part_of="object")
    assert [(one.event, one.alert_id) for one in told] == [("end", young.alert_id), ("update", old.alert_id)]
    assert (told[0].end_reason, told[0].merged_into) == ("merged", old.alert_id)
    assert told[1].highest == "critical"


def test_tracks_that_merge_take_their_alert_along(scene: Scene) -> None:
    scene.tell("young", "advisory", "new")
    (new,) = scene.tell("old", "warning", "new")
    scene.tell("link", "warning", "new", part_of="old")
    told = scene.tell("old", event="end", reason="merged", into="young")
    assert {one.event for one in told} <= {"update"}
    assert {one.alert_id for one in scene.active.values()} == {new.alert_id}
    (told_again,) = scene.tell("young", "critical")
    assert told_again.track_ids == (scene.id_of("young"), scene.id_of("link"))


def test_a_link_goes_on_alone_when_its_object_is_lost(scene: Scene) -> None:
    (new,) = scene.tell("object", "warning", "new")
    scene.tell("link", "warning", "new", part_of="object")
    (told,) = scene.tell("object", event="end")
    assert (told.event, told.alert_id, told.track_ids) == ("update", new.alert_id, (scene.id_of("link"),))
    (end,) = scene.tell("link", event="end")
    assert end.end_reason == "lost"


def test_a_link_that_leaves_its_object_is_an_alert_of_its_own(scene: Scene) -> None:
    (first,) = scene.tell("link", "warning", "new")
    scene.tell("object", "warning", "new")
    scene.tell("link", "warning", part_of="object")
    kept = next(iter(scene.active))
    told = scene.tell("link", "warning")
    assert [one.event for one in told] == ["update", "new"]
    assert told[0].track_ids == (scene.id_of("object"),)
    assert (told[0].alert_id, kept) == (first.alert_id, first.alert_id)
    assert told[1].alert_id != first.alert_id  # whose own goes on for the object
    assert len(scene.active) == 2


def test_a_friend_that_transmits_is_no_alert(scene: Scene) -> None:
    scene.tell("link", "warning", "new")
    scene.tell("object", "info", "new", affiliation="assumed_friend")
    (end,) = scene.tell("link", "warning", part_of="object")
    assert (end.event, end.end_reason) == ("end", "below_level")
    assert scene.tell("link", "warning", part_of="object") == []


def test_at_shutdown_every_alert_ends_once(scene: Scene) -> None:
    scene.tell("object", "critical", "new")
    scene.tell("link", "warning", "new", part_of="object")
    scene.tell("other", "warning", "new")
    told = scene.tell("object", event="end", reason="shutdown")
    told += scene.tell("link", event="end", reason="shutdown")
    told += scene.tell("other", event="end", reason="shutdown")
    assert [one.end_reason for one in told] == ["shutdown", "shutdown"]
    assert scene.active == {}


def test_messages_fit_their_schema(scene: Scene) -> None:
    scene.tell("a", "warning", "new")
    scene.tell("a", event="end")
    schema = message_schema("skypicket.alert/1")
    jsonschema.Draft202012Validator.check_schema(schema)
    for one in scene.said:
        jsonschema.Draft202012Validator(schema).validate(json.loads(to_json(one)))


NAMES = ("a", "b", "c", "d")
TOLD = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(LEVELS),
    st.sampled_from(["update", "update", "update", "end"]),
    st.sampled_from([None, *NAMES[:2]]),
    st.sampled_from(["unknown", "friend", "hostile"]),
    st.sampled_from([None, *NAMES]),
    st.floats(0.0, 7.0),
)


def _play(told: list[tuple[Any, ...]]) -> tuple[Scene, set[str]]:
    scene, live = Scene(), set[str]()
    for name, level, event, part_of, affiliation, into, after_s in told:
        kind = "new" if name not in live and event == "update" else event
        if kind == "end" and name not in live:
            continue
        links = NAMES[2:]  # only radio tracks are part of others
        merged = into if kind == "end" and into != name and name not in links else None
        scene.tell(
            name, level, kind, part_of=part_of if name in links else None, affiliation=affiliation,
            reason="merged" if merged else None, into=merged, after_s=after_s,
        )  # fmt: skip
        live = live - {name} if kind == "end" else live | {name}
    return scene, live


@settings(max_examples=300)
@given(st.lists(TOLD, max_size=40))
def test_whatever_comes_alerts_are_told_in_order_and_none_stays(told: list[tuple[Any, ...]]) -> None:
    scene, live = _play(told)
    active = scene.active  # asserts: new, updates, end, in this order
    assert len(active) == scene.book.active <= len(live)
    named = [track_id for one in active.values() for track_id in one.track_ids]
    assert len(named) == len(set(named))  # no track in two alerts
    for name in live:
        scene.tell(name, event="end")
    assert scene.active == {}
    assert not scene.book._live  # nothing is remembered of what is over
    assert not scene.book._objects
    assert [one.seq for one in scene.said] == list(range(1, len(scene.said) + 1))
    again, _ = _play(told)
    assert [to_json(one) for one in again.said] == [to_json(one) for one in scene.said][: len(again.said)]


def test_the_level_and_the_time_below_it_are_settings() -> None:
    early = Scene(AlertSettings("advisory", hold_s=2.0))
    (new,) = early.tell("a", "advisory", "new")
    assert (new.event, new.severity.level) == ("new", "advisory")
    assert early.tell("a", "info") == []
    (end,) = early.tell("a", "info", after_s=2.0)
    assert end.end_reason == "below_level"
    late = Scene(AlertSettings("critical", hold_s=0.0))
    assert late.tell("a", "warning", "new") == []
    assert [one.event for one in late.tell("a", "critical")] == ["new"]
    assert [one.event for one in late.tell("a", "warning")] == ["end"]


@pytest.mark.parametrize("wrong", [{"level": "loud"}, {"hold_s": -1.0}, {"hold_s": float("nan")}])
def test_wrong_settings_name_the_key(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AlertSettings(**wrong)
