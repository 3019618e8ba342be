from __future__ import annotations

import io
import os
from dataclasses import replace

import pytest

from node.ids import boot_uuid, track_ulid
from node.messages import MessageMaker, NodeIdentity, StatusMessage, TrackMessage, rfc3339
from node.messages_track import IdentityInfo, ObjectInfo
from node.sinks import SinkClosed
from node.sinks.console import HEADER_EVERY, TITLES, ConsoleSettings, ConsoleSink, row
from node.tracking.track import ChangeKind, EndReason, Track, TrackChange

NODE = NodeIdentity("north", "mast-1")
START_NS = 1_790_000_000_123_000_000
TRACK = Track(
    track_id=track_ulid("mast-1", START_NS, "x"),
    state="confirmed",
    first_ns=START_NS,
    last_ns=START_NS,
    label="expresslrs",
    family="drone-control",
    mode="200Hz",
    confidence=0.987,
    top=(),
    centre_hz=868.3e6,
    offset_hz=-600e3,
    bandwidth_hz=500e3,
    snr_db=12.34,
    peak_dbfs=-20.0,
    channels_hz=(),
    hop_rate_hz=None,
    duty=None,
    bursts=5,
    model=None,
    radio=("roof", "mast"),
    evidence=(),
)


def _message(track: Track = TRACK, kind: ChangeKind = "new") -> TrackMessage:
    reason: EndReason | None = "lost" if kind == "end" else None
    return MessageMaker(NODE, boot_uuid(NODE.uuid, "c")).track(TrackChange(kind, track, START_NS, reason))


def test_a_row_says_when_what_where_and_how_sure() -> None:
    words = row(_message()).split()
    assert words == [
        *("14:13:20.123", "new", "expresslrs", "200Hz", "drone-control", "868.300", "12.3", "0.99", "-", "warning"),
        "roof,mast",
    ]
    assert row(_message(kind="end")).split()[1] == "lost"


def test_what_is_not_known_is_a_dash_and_an_offset_has_its_sign() -> None:
    unknown = replace(TRACK, centre_hz=None, mode=None, snr_db=float("nan"))
    assert row(_message(unknown)).split()[3:7] == ["-", "drone-control", "-0.600", "-"]


def test_an_object_has_its_kind_its_place_and_what_stands_out() -> None:
    seen = _message().model_copy(
        update={
            "kind": "air_object",
            "rf": None,
            "object": ObjectInfo(type="drone", confidence=0.7, height_m=30.0, elevation_deg=9.0, claimed=False),
            "identity": IdentityInfo(dark=True),
            "range_m": 187.4,
            "bearing_deg": 7.2,
            "sensors": ("radar", "camera"),
        }
    )
    words = ["drone", "dark", "air_object", "-", "-", "0.70", "187", "m", "007°", "warning", "radar,camera"]
    assert row(seen).split()[2:] == words
    spoofed = seen.model_copy(update={"identity": IdentityInfo(spoof_suspect=True, dark=False)})
    assert row(spoofed).split()[3] == "spoof?"
    friend = seen.model_copy(update={"identity": IdentityInfo(affiliation="assumed_friend"), "range_m": None})
    assert row(friend).split()[3] == "assumed_friend"
    assert row(friend).split()[8:] == ["007°", "warning", "radar,camera"]


def test_columns_stand_below_their_titles() -> None:
    line = row(_message())
    for title, word in (("state", "new"), ("label", "expresslrs"), ("mode", "200Hz"), ("family", "drone-control")):
        assert line.index(word) == TITLES.index(title)
    for title, word in (("MHz", "868.300"), ("SNR dB", "12.3"), ("conf.", "0.99")):
        assert line.index(word) + len(word) == TITLES.index(title) + len(title)


def test_titles_come_again_on_every_screen() -> None:
    stream = io.StringIO()
    sink = ConsoleSink(stream)
    for _ in range(HEADER_EVERY + 1):
        sink.publish(_message())
    lines = stream.getvalue().splitlines()
    assert [i for i, line in enumerate(lines) if line == TITLES.rstrip() or line == TITLES] == [0, HEADER_EVERY + 1]


def test_settings_choose_the_rows() -> None:
    stream = io.StringIO()
    sink = ConsoleSink(stream, ConsoleSettings(updates=False, non_drone=False))
    sink.publish(_message(kind="update"))
    sink.publish(_message(replace(TRACK, family="non-drone", label="lorawan")))
    node_id = NODE.uuid
    since = rfc3339(0)
    sink.publish(
        StatusMessage(state="online", reason=None, node_id=node_id, boot_id=node_id, since=since, ts=since, sw="s")
    )
    assert stream.getvalue() == ""
    sink.publish(_message(kind="end"))
    assert len(stream.getvalue().splitlines()) == 2


def test_a_terminal_that_has_gone_closes_the_sink() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        sink = ConsoleSink(stream)
        os.close(reader)
        with pytest.raises(SinkClosed):
            sink.publish(_message())
