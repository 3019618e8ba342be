from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from node.ids import boot_uuid
from node.messages import NodeIdentity, StatusMessage, rfc3339, to_json
from node.sinks import SinkClosed, SinkUnavailable
from node.sinks.jsonl import JsonLinesSink

NODE = NodeIdentity("north", "mast-1")


def _message(number: int) -> StatusMessage:
    return StatusMessage(
        state="online",
        reason=f"{number} " + "µ" * 200,
        node_id=NODE.uuid,
        boot_id=boot_uuid(NODE.uuid, "jsonl"),
        since=rfc3339(0),
        ts=rfc3339(number * 1_000_000),
        sw="skypicket",
    )


def _numbers(path: Path) -> list[int]:
    content = path.read_bytes()
    assert not content or content.endswith(b"\n")
    return [int(json.loads(line)["reason"].split()[0]) for line in content.splitlines()]


def test_lines_are_appended_and_are_the_message(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "messages.jsonl"
    for start in (0, 2):
        sink = JsonLinesSink(path)
        sink.publish(_message(start))
        sink.publish(_message(start + 1))
        sink.close()
    assert path.read_bytes() == b"".join(to_json(_message(n)) + b"\n" for n in range(4))


def test_a_reader_sees_every_line_at_once(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    sink = JsonLinesSink(path)
    for number in range(10):
        sink.publish(_message(number))
        assert _numbers(path) == list(range(number + 1))
    sink.close()


def test_a_half_line_of_a_power_cut_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    path.write_bytes(to_json(_message(0)) + b'\n{"schema":"skypi')
    sink = JsonLinesSink(path)
    sink.publish(_message(1))
    sink.close()
    lines = path.read_bytes().splitlines()
    assert [lines[0], lines[2]] == [to_json(_message(0)), to_json(_message(1))]


def test_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    sinks = [JsonLinesSink(path) for _ in range(4)]

    def write(place: int) -> None:
        for number in range(200):
            sinks[place].publish(_message(place * 1000 + number))

    threads = [threading.Thread(target=write, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for sink in sinks:
        sink.close()
    assert sorted(_numbers(path)) == sorted(place * 1000 + n for place in range(4) for n in range(200))


def test_a_full_disk_costs_whole_lines_only_and_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "messages.jsonl"
    sink = JsonLinesSink(path)
    size = len(to_json(_message(0))) + 1
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5 * size + size // 2, hard))
    try:
        for number in range(10):
            sink.publish(_message(number))
        status = sink.status
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert _numbers(path) == [0, 1, 2, 3, 4]
    assert status.dropped == 5
    assert not status.connected
    assert str(path) in (status.last_error or "")
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 1
    sink.publish(_message(7))
    assert _numbers(path) == [0, 1, 2, 3, 4, 7]
    assert sink.status.connected
    assert sink.status.last_error is None
    assert sink.status.dropped == 5
    assert "5 lines were lost" in caplog.text
    sink.close()


def test_a_device_without_room_is_counted() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        sink = JsonLinesSink(full)
        sink.publish(_message(0))
        sink.publish(_message(1))
        assert sink.status.dropped == 2
        assert "No space left" in (sink.status.last_error or "")


def test_a_rotated_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    sink = JsonLinesSink(path)
    sink.publish(_message(0))
    path.rename(tmp_path / "messages.jsonl.1")
    sink.publish(_message(1))
    path.unlink()
    sink.publish(_message(2))
    os.truncate(path, 0)
    sink.publish(_message(3))
    sink.close()
    assert _numbers(tmp_path / "messages.jsonl.1") == [0]
    assert _numbers(path) == [3]


def test_a_stream_gets_lines_and_stays_open() -> None:
    stream = io.BytesIO()
    sink = JsonLinesSink(stream)
    sink.publish(_message(0))
    sink.close()
    assert stream.getvalue() == to_json(_message(0)) + b"\n"


def test_a_pipe_whose_reader_has_gone_closes_the_sink() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as stream:
        sink = JsonLinesSink(stream)
        sink.publish(_message(0))
        os.close(reader)
        with pytest.raises(SinkClosed, match="has gone"):
            sink.publish(_message(1))
        with pytest.raises(SinkClosed):
            sink.publish(_message(2))


PROGRAM = """
import sys
from node.messages import StatusMessage
from node.sinks import SinkClosed
from node.sinks.jsonl import JsonLinesSink
sink = JsonLinesSink(sys.stdout.buffer)
message = StatusMessage.model_validate_json(sys.argv[1])
try:
    for _ in range(100000):
        sink.publish(message)
except SinkClosed:
    print("reader has gone", file=sys.stderr)
"""


def test_a_program_whose_output_is_cut_off_ends_quietly() -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, to_json(_message(5)).decode()], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdout is not None
    assert program.stderr is not None
    assert json.loads(program.stdout.readline())["reason"].startswith("5 ")
    program.stdout.close()
    said = program.stderr.read().decode()
    program.stderr.close()
    assert program.wait() == 0
    assert said == "reader has gone\n"


def test_a_folder_or_a_forbidden_place_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SinkUnavailable, match=str(tmp_path)):
        JsonLinesSink(tmp_path)
