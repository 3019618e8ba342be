"""``skypicket decode``: contacts, counters, streams, and what cannot be."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from node.cli import main
from sim.serial_devices.hilink import ld2450_frame

FRAME = ld2450_frame([(-0.782, 1.713, -0.16), None, None])


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    file = tmp_path / "radar.bin"
    file.write_bytes(FRAME * 3)
    return file


def test_one_object_a_contact(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "ld2450", str(capture)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 3
    assert rows[0]["kind"] == "radar"
    assert (rows[0]["x_m"], rows[0]["y_m"], rows[0]["radial_speed_mps"], rows[0]["z_m"]) == (-0.782, 1.713, -0.16, None)
    times = [row["time_ns"] for row in rows]
    assert times == sorted(times)
    assert 0 < times[0] < times[2] <= 90 * 10 * 1_000_000_000 // 256000 + 2_000_000


def test_statistics_are_one_object(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture.write_bytes(b"junk" + FRAME * 2 + FRAME[:11])
    assert main(["decode", "ld2450", str(capture), "--stats"]) == 0
    counters = json.loads(capsys.readouterr().out)
    assert {key: counters[key] for key in ("frames", "contacts", "crc_errors", "bytes")} == {
        "frames": 2,
        "contacts": 2,
        "crc_errors": 0,
        "bytes": 4 + 60 + 11,
    }
    assert counters["resyncs"] == 2
    assert counters["skipped_bytes"] == 15


def test_settings_baud_and_start(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["decode", "ld2450", str(capture), "--set", "name=north", "--set", "max_range_m=1.0"]
    assert main([*arguments, "--stats"]) == 0
    assert json.loads(capsys.readouterr().out)["refused"] == 3
    arguments = [
        "decode",
        "ld2450",
        str(capture),
        "--set",
        "name=north",
        "--baud",
        "300",
        "--start-ns",
        "1000000000000",
    ]
    assert main(arguments) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["device"] for row in rows} == {"north"}
    assert rows[0]["time_ns"] == 1_001_000_000_000


def test_what_the_driver_finds_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rid.bin"
    basic_id = b"\xfd\x1e\0\0\x01\x01\xec" + (12_900).to_bytes(3, "little") + bytes(22) + b"\x01\x02SERIAL"
    crc = 0xFFFF
    for byte in basic_id[1:] + bytes([114]):
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    file.write_bytes(basic_id + crc.to_bytes(2, "little") + b"\n")
    assert main(["decode", "remote-id", str(file), "--set", "dialect=dronescout"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert 'set dialect = "mavlink"' in said
    assert main(["decode", "remote-id", str(file)]) == 0
    assert json.loads(capsys.readouterr().out)["uas_id"] == "SERIAL"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["ld245", "FILE"], 2, "device ld245: not known (did you mean ld2451?)"),
        (["ld2450", "missing.bin"], 1, "missing.bin: No such file"),
        (["ld2450", "EMPTY"], 1, "no bytes"),
        (["ld2450", "."], 1, "directory"),
        (["maix", "FILE"], 1, "no frame of"),
        (["ld2450", "FILE", "--set", "colour=red"], 2, "colour"),
        (["ld2450", "FILE", "--set", "max_range_m"], 2, "KEY=VALUE"),
        (["ld2450", "FILE", "--set", "max_range_m=-1"], 2, "max_range_m"),
        (["ld2450", "FILE", "--set", "max_range_m=far"], 2, "max_range_m"),
        (["ld2450", "FILE", "--baud", "0"], 2, "--baud"),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    capture: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, says: str
) -> None:
    (capture.parent / "empty.bin").write_bytes(b"")
    names = {"FILE": str(capture), "EMPTY": str(capture.parent / "empty.bin")}
    assert main(["decode", *(names.get(one, one) for one in arguments)]) == code
    captured = capsys.readouterr()
    assert says in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""


def test_standard_input_gives_the_same_however_it_is_cut(
    capture: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["decode", "ld2450", str(capture)]) == 0
    whole = capsysbinary.readouterr().out
    run = subprocess.Popen(
        [sys.executable, "-m", "node", "decode", "ld2450", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert run.stdin is not None
    assert run.stdout is not None
    data = capture.read_bytes()
    # The first contact comes while the stream is still open: a pipe is read as it flows.
    run.stdin.write(data[:31])
    run.stdin.flush()
    first = run.stdout.readline()
    for at in range(31, len(data), 7):
        run.stdin.write(data[at : at + 7])
        run.stdin.flush()
    run.stdin.close()
    rest = run.stdout.read()
    run.stdout.close()
    assert run.wait() == 0
    assert first + rest == whole


def test_a_long_capture_is_not_held_in_memory(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Endless(io.RawIOBase):
        """300 MB would show; the largest piece asked for must not."""

        left, largest = 200, 0

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            self.largest = max(self.largest, size)
            self.left -= 1
            return FRAME * (size // len(FRAME)) if self.left > 0 and size > 0 else b""

    endless = Endless()
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": endless}))
    assert main(["decode", "ld2450", "-", "--stats"]) == 0
    assert endless.largest == 65536
    assert json.loads(capsys.readouterr().out)["frames"] == 199 * (65536 // len(FRAME))


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("device", "file", "frames", "contacts"),
    [
        ("ti-mmwave", "ti_mmwave_restricted/iwr6843_automated_doors.bin", 101, 825),
        ("ti-mmwave", "ti_mmwave_restricted/vital_signs_length_mismatch.bin", 0, 0),
        ("ops243", "ops243c/ops243c_plain.txt", 251, 242),
        ("ops243", "ops243c/ops243c_json.jsonl", 68, 64),
    ],
)
def test_real_captures(device: str, file: str, frames: int, contacts: int, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "vectors" / "serial"
    if not folder.is_dir():
        pytest.skip(f"no serial vectors: {folder} is not a folder (set SKYPICKET_SHARED)")
    assert main(["decode", device, str(folder / file), "--stats"]) == 0
    counters = json.loads(capsys.readouterr().out)
    assert (counters["frames"], counters["contacts"]) == (frames, contacts)
