"""Radio tracks of a node without modules: an operator's word on them, and all of them once more."""

from __future__ import annotations

import pytest

from node.fusion.picture import Affiliation, Assessment
from node.radio_book import RadioBook
from node.tracking.track import ChangeKind, Track, TrackChange

NAMES = ("01K5SAMPME0000000000000000", "01K5SAMPME0000000000000001")


def change(
    track_id: str = NAMES[0], kind: ChangeKind = "update", time_ns: int = 5, family: str = "drone-control"
) -> TrackChange:
    track = Track(
        track_id=track_id, state="confirmed", first_ns=0, last_ns=time_ns, label="expresslrs", family=family,  # type: ignore[arg-type]
        mode=None, confidence=0.9, top=(), centre_hz=None, offset_hz=0.0, bandwidth_hz=5e5, snr_db=3.0,
        peak_dbfs=-40.0, channels_hz=(), hop_rate_hz=None, duty=None, bursts=1, model=None, radio=("roof",),
        evidence=(),
    )  # fmt: skip
    return TrackChange(kind, track, time_ns, "lost" if kind == "end" else None)


@pytest.mark.parametrize(
    ("word", "family", "level"),
    [
        ("hostile", "drone-control", "critical"),
        ("suspect", "non-drone", "warning"),
        ("friend", "drone-control", "info"),
        ("neutral", "drone-control", "info"),
        ("pending", "drone-control", "warning"),
    ],
)
def test_a_word_makes_affiliation_basis_and_level(word: Affiliation, family: str, level: str) -> None:
    book = RadioBook()
    book.hear(change(family=family))
    assert book.set_affiliation(NAMES[0], word, "Anna", "seen from the tower")
    found = book.assessment(NAMES[0], None)
    assert found is not None
    assert (found.affiliation, found.level) == (word, level)
    assert found.basis == ("said by Anna: seen from the tower",)


def test_a_word_is_taken_back_ends_with_its_track_and_needs_one() -> None:
    book = RadioBook()
    assert not book.set_affiliation(NAMES[0], "friend", "Anna", "")
    book.hear(change())
    assert book.set_affiliation(NAMES[0], "friend", "Anna", "")
    assert book.set_affiliation(NAMES[0], "unknown", "Anna", "")
    assert book.assessment(NAMES[0], None) is None
    book.set_affiliation(NAMES[0], "hostile", "Anna", "")
    book.hear(change(kind="end"))
    assert book.live == ()
    book.hear(change())
    assert book.assessment(NAMES[0], None) is None


def test_what_the_picture_says_goes_before_but_a_picture_begun_anew_knows_no_words() -> None:
    book = RadioBook()
    book.hear(change())
    book.set_affiliation(NAMES[0], "friend", "Anna", "")
    knows = Assessment(None, (), "critical", (), "F", affiliation="hostile", basis=("said by Boris of F",))
    assert book.assessment(NAMES[0], knows) is knows
    found = book.assessment(NAMES[0], Assessment(0.4, ("steady",), "warning", (), "F"))
    assert found == Assessment(
        0.4, ("steady",), "info", ("friend: said by Anna",), "F", affiliation="friend", basis=("said by Anna",)
    )


def test_again_is_every_live_track_at_the_latest_time() -> None:
    book = RadioBook()
    book.hear(change(time_ns=5))
    book.hear(change(NAMES[1], "new", time_ns=9))
    book.hear(change(NAMES[1], "update", time_ns=8))
    again = [book.again(track_id) for track_id in book.live]
    assert [(one.kind, one.track.track_id, one.time_ns) for one in again] == [
        ("update", NAMES[0], 9), ("update", NAMES[1], 9),
    ]  # fmt: skip
