from __future__ import annotations

import logging
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node.spool import RANK_DEAR, RANK_OTHER, RANK_UPDATE, RETRY_DISK_S, Spool


@pytest.fixture(params=["memory", "disk"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return None if request.param == "memory" else tmp_path / "spool.db"


def _payloads(spool: Spool) -> list[bytes]:
    spool.rewind()
    found = [item.payload for item in spool.next(10_000)]
    spool.rewind()
    return found


def _is_on_disk(spool: Spool) -> bool:
    return spool.on_disk


def _fill(spool: Spool, ranks: list[int], start: int = 0) -> None:
    for number, rank in enumerate(ranks, start=start):
        spool.add("event", "s/1", rank, b"%d:%d" % (number, rank))


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    """The system refuses to let files grow beyond this, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_messages_come_in_order_until_done(where: Path | None) -> None:
    spool = Spool(100, where)
    _fill(spool, [RANK_UPDATE] * 5)
    first = spool.next(2)
    assert [item.payload for item in first] == [b"0:0", b"1:0"]
    assert [item.payload for item in spool.next(2)] == [b"2:0", b"3:0"]
    spool.done(first[1].number)
    spool.rewind()
    assert [item.payload for item in spool.next(9)] == [b"0:0", b"2:0", b"3:0", b"4:0"]
    assert spool.next(9) == []
    assert len(spool) == 4
    spool.close()


def test_without_room_the_oldest_update_goes_first_and_births_and_ends_last(where: Path | None) -> None:
    spool = Spool(4, where)
    _fill(spool, [RANK_DEAR, RANK_UPDATE, RANK_OTHER, RANK_UPDATE])
    _fill(spool, [RANK_DEAR, RANK_DEAR], start=4)
    assert _payloads(spool) == [b"0:2", b"2:1", b"4:2", b"5:2"]
    _fill(spool, [RANK_DEAR, RANK_DEAR], start=6)
    assert _payloads(spool) == [b"4:2", b"5:2", b"6:2", b"7:2"]
    assert spool.dropped == 4
    _fill(spool, [RANK_UPDATE], start=8)
    assert _payloads(spool) == [b"4:2", b"5:2", b"6:2", b"7:2"]
    spool.close()


def test_what_is_on_its_way_is_dropped_last(where: Path | None) -> None:
    spool = Spool(3, where)
    _fill(spool, [RANK_UPDATE, RANK_UPDATE, RANK_UPDATE])
    spool.next(1)
    _fill(spool, [RANK_UPDATE], start=3)
    assert _payloads(spool) == [b"0:0", b"2:0", b"3:0"]
    spool.close()


def test_a_file_outlives_the_process_and_a_crash(tmp_path: Path) -> None:
    spool = Spool(100, tmp_path / "deep" / "spool.db")
    _fill(spool, [RANK_DEAR, RANK_UPDATE])
    spool.commit()
    spool.done(1)
    spool.commit()
    spool._store.close()  # no orderly close
    again = Spool(100, tmp_path / "deep" / "spool.db")
    assert _payloads(again) == [b"1:0"]
    _fill(again, [RANK_UPDATE], start=9)
    assert _payloads(again) == [b"1:0", b"9:0"]
    again.close()


def test_less_room_than_before_drops_and_counts(tmp_path: Path) -> None:
    spool = Spool(10, tmp_path / "spool.db")
    _fill(spool, [RANK_DEAR, RANK_UPDATE, RANK_UPDATE, RANK_DEAR])
    spool.close()
    smaller = Spool(2, tmp_path / "spool.db")
    assert _payloads(smaller) == [b"0:2", b"3:2"]
    assert smaller.dropped == 2
    smaller.close()


@pytest.mark.parametrize("damage", ["noise", "middle", "other"])
def test_a_damaged_file_is_moved_aside(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "spool.db"
    if damage == "noise":
        path.write_bytes(b"this is no database at all" * 500)
    elif damage == "other":
        base = sqlite3.connect(path)
        base.execute("CREATE TABLE somebody_elses (x)")
        base.close()
    else:
        spool = Spool(10_000, path)
        _fill(spool, [RANK_DEAR] * 2000)
        spool.close()
        content = bytearray(path.read_bytes())
        content[4096:40960] = b"\xa5" * (40960 - 4096)
        path.write_bytes(content)
    spool = Spool(100, path)
    assert (tmp_path / "spool.db.corrupt").exists()
    assert "moved to" in caplog.text
    assert str(path) in caplog.text
    assert _is_on_disk(spool)
    assert spool.error is None
    _fill(spool, [RANK_DEAR])
    assert _payloads(spool) == [b"0:2"]
    spool.close()


def test_a_full_disk_loses_nothing_and_is_left_and_taken_up_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now_s = [0.0]
    path = tmp_path / "spool.db"
    spool = Spool(10_000, path, clock_s=lambda: now_s[0])
    wanted = []
    with _largest_file(200_000):
        for number in range(600):
            payload = b"%06d" % number + b"x" * 1000
            wanted.append(payload)
            spool.add("event", "s/1", RANK_DEAR, payload)
            if number % 7 == 0:
                spool.commit()
        spool.commit()
        assert not _is_on_disk(spool)
        assert "make room" in (spool.error or "")
        assert caplog.text.count("kept in memory") == 1
        assert _payloads(spool) == wanted
        now_s[0] = RETRY_DISK_S + 1
        spool.commit()
        assert not _is_on_disk(spool)
        assert _payloads(spool) == wanted
        assert caplog.text.count("kept in memory") == 1
    first = spool.next(1)[0]
    spool.done(first.number)
    now_s[0] = 2 * (RETRY_DISK_S + 1)
    with caplog.at_level(logging.WARNING):
        spool.commit()
    assert _is_on_disk(spool)
    assert spool.error is None
    assert "works again" in caplog.text
    spool.close()
    again = Spool(10_000, path)
    assert _payloads(again) == wanted[1:]
    again.close()


def test_a_file_in_use_by_another_node_is_left_alone(tmp_path: Path) -> None:
    now_s = [0.0]
    owner = Spool(100, tmp_path / "spool.db")
    _fill(owner, [RANK_DEAR])
    owner.commit()
    second = Spool(100, tmp_path / "spool.db", clock_s=lambda: now_s[0])
    assert not _is_on_disk(second)
    assert "give each node its own" in (second.error or "")
    _fill(second, [RANK_DEAR], start=7)
    owner.close()
    now_s[0] = RETRY_DISK_S
    second.commit()
    assert _is_on_disk(second)
    assert sorted(_payloads(second)) == [b"0:2", b"7:2"]
    second.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    spool = Spool(100, tmp_path / "file" / "spool.db")
    assert spool.error is not None
    assert str(tmp_path / "file") in spool.error
    _fill(spool, [RANK_DEAR])
    assert _payloads(spool) == [b"0:2"]
    spool.close()
