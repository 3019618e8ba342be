"""`skypicket replay`, with good input and with every kind of bad one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from node.messages import track_schema

Run = Callable[..., Any]
CONFIG = """
[node]
site = "a"
name = "b"
[[radio]]
name = "r"
type = "simulator"
scene = "demo"
[model]
path = "{model}"
"""
RATE = ("--rate", "2.4M", "--centre", "866.7M")


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_messages_are_what_mqtt_would_carry(skypicket: Run, elrs_recording: Path) -> None:
    done = skypicket("replay", "--no-model", elrs_recording)
    assert (done.code, done.err) == (0, "")
    messages = lines(done.out)
    validator = jsonschema.Draft202012Validator(track_schema())
    for message in messages:
        validator.validate(message)
        assert message["latency_ms"] is None
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    kinds = [message["event"] for message in messages]
    assert kinds[0] == "new"
    assert kinds[-1] == "end"
    drone = messages[0]["classification"]
    assert (drone["label"], drone["family"], drone["mode"]) == ("expresslrs", "drone-control", "100Hz")
    assert messages[0]["ts"].startswith("2026-")


def test_a_replay_repeats_itself_byte_for_byte(skypicket: Run, elrs_recording: Path, tmp_path: Path) -> None:
    first = skypicket("replay", "--no-model", elrs_recording)
    for suffix in (".sigmf-meta", ".sigmf-data"):
        shutil.copy(elrs_recording.with_suffix(suffix), tmp_path)
    elsewhere = skypicket("replay", "--no-model", tmp_path / elrs_recording.name)
    assert first.out == elsewhere.out
    assert first.out


def test_several_recordings_give_what_each_gives_and_keep_their_messages_apart(
    skypicket: Run, elrs_recording: Path
) -> None:
    one = lines(skypicket("replay", "--no-model", elrs_recording).out)
    two = lines(skypicket("replay", "--no-model", elrs_recording, elrs_recording).out)
    assert two[: len(one)] == one
    assert len(two) == 2 * len(one)
    keys = {(message["node_id"], message["boot_id"], message["seq"]) for message in two}
    assert len(keys) == len(two)


def test_out_is_a_file_or_standard_output(skypicket: Run, elrs_recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "messages.jsonl"
    out.write_text("what was here before\n")
    written = skypicket("replay", "--no-model", elrs_recording, "--out", out)
    shown = skypicket("replay", "--no-model", elrs_recording, "--out", "-")
    assert (written.code, written.out, written.err) == (0, "", "")
    assert out.read_text() == shown.out
    assert [path.name for path in tmp_path.iterdir()] == ["messages.jsonl"]


def test_explain_says_every_burst_and_every_reason_and_leaves_the_messages_alone(
    skypicket: Run, elrs_recording: Path
) -> None:
    plain = skypicket("replay", "--no-model", elrs_recording)
    done = skypicket("replay", "--no-model", "--explain", elrs_recording)
    assert done.out == plain.out
    bursts = [line for line in done.err.splitlines() if " burst " in line]
    assert len(bursts) > 20
    assert any("up-chirps SF" in line for line in bursts)
    assert "new: expresslrs 100Hz (drone-control)" in done.err
    reasons = {reason["text"] for m in lines(done.out) for reason in m["evidence"] if m["event"] == "new"}
    assert reasons
    assert all(f"because {reason}" in done.err or f"but {reason}" in done.err for reason in reasons)


def test_bare_samples_and_standard_input(program: Run, skypicket: Run, elrs_recording: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.cu8"
    shutil.copy(elrs_recording.with_suffix(".sigmf-data"), bare)
    from_file = lines(skypicket("replay", "--no-model", bare, *RATE, "--start", "2026-05-01T12:00:00Z").out)
    piped = program("replay", "--no-model", "-", "--datatype", "cu8", *RATE, stdin=bare.read_bytes())
    assert piped.code == 0, piped.err
    assert [m["classification"]["label"] for m in from_file] == [m["classification"]["label"] for m in lines(piped.out)]
    assert from_file[0]["first_seen"].startswith("2026-05-01T12:00:0")
    assert lines(piped.out)[0]["first_seen"].startswith("1970-01-01T00:00:0")


def truncated(path: Path, tmp_path: Path) -> Path:
    for suffix in (".sigmf-meta", ".sigmf-data"):
        shutil.copy(path.with_suffix(suffix), tmp_path)
    data = tmp_path / path.with_suffix(".sigmf-data").name
    data.write_bytes(data.read_bytes()[: 3 * 2 * 2_400_000 + 1])
    return tmp_path / path.name


def test_a_truncated_recording_is_used_as_far_as_it_goes_and_said_to_be(
    skypicket: Run, elrs_recording: Path, tmp_path: Path
) -> None:
    done = skypicket("replay", "--no-model", truncated(elrs_recording, tmp_path))
    assert done.code == 0
    assert done.err.count("\n") >= 1
    assert all(line.startswith(str(tmp_path)) for line in done.err.splitlines())
    assert lines(done.out)[-1]["event"] == "end"
    assert skypicket("replay", "-q", "--no-model", tmp_path / elrs_recording.name).err == ""


def test_a_configuration_gives_name_place_and_settings(skypicket: Run, elrs_recording: Path, tmp_path: Path) -> None:
    config = tmp_path / "node.toml"
    text = '[node]\nsite = "hill"\nname = "mast"\n[node.position]\nlat = 56.5\nlon = 24.5\n[tracker]\nrefresh_s = {}\n'
    config.write_text(text.format(5.0))
    calm = lines(skypicket("replay", "--no-model", "--config", config, elrs_recording).out)
    assert {(m["node"]["site"], m["node"]["name"], m["node"]["lat"]) for m in calm} == {("hill", "mast", 56.5)}
    assert {m["node"]["time_source"] for m in calm} == {"recording"}
    config.write_text(text.format(0.1))
    eager = lines(skypicket("replay", "--no-model", "--config", config, elrs_recording).out)
    assert len(eager) > len(calm)


def test_speed_1_takes_as_long_as_the_recording(skypicket: Run, elrs_recording: Path) -> None:
    """The only thing a clock can be asked here: not sooner."""
    begin_s = time.monotonic()
    paced = skypicket("replay", "--no-model", "--speed", "2", elrs_recording)
    assert time.monotonic() - begin_s > 1.9
    assert paced.out == skypicket("replay", "--no-model", elrs_recording).out


def make(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["missing.cu8", *RATE], 1, "missing.cu8"),
        (["empty.cu8", *RATE], 1, "empty.cu8"),
        (["one-byte.cu8", *RATE], 1, "one-byte.cu8"),
        (["noise.cu8"], 1, "rate"),
        (["noise.unheard-of", *RATE], 1, "noise.unheard-of"),
        (["noise.cu8", *RATE, "--datatype", "cu9"], 2, "cu9"),
        (["noise.cu8", "--rate", "fast"], 2, "fast"),
        (["noise.cu8", *RATE, "--rate", "0"], 2, "--rate"),
        (["noise.cu8", *RATE, "--start", "yesterday"], 2, "yesterday"),
        (["noise.cu8", *RATE, "--speed", "-1"], 2, "--speed"),
        (["bad.sigmf-meta"], 1, "bad.sigmf-meta"),
        (["half.sigmf-meta"], 1, "half.sigmf"),
        (["."], 1, "directory"),
        (["noise.cu8", *RATE, "--out", "no/such/folder/x.jsonl"], 1, "no/such/folder"),
        (["noise.cu8", *RATE, "--out", "."], 1, "."),
        (["noise.cu8", "missing.cu8", *RATE, "--out", "x.jsonl"], 1, "missing.cu8"),
        (["noise.cu8", *RATE, "--config", "missing.toml"], 2, "missing.toml"),
        ([], 2, "FILE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_bad_input_is_one_line_and_leaves_nothing(
    skypicket: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, says: str
) -> None:
    make(tmp_path / "empty.cu8", b"")
    make(tmp_path / "one-byte.cu8", b"\x80")
    make(tmp_path / "noise.cu8", bytes(range(256)) * 1000)
    make(tmp_path / "noise.unheard-of", bytes(range(256)))
    make(tmp_path / "bad.sigmf-meta", b"{ no json")
    make(tmp_path / "half.sigmf-meta", b'{"global": {"core:datatype": "cu8"}, "captures": [], "annotations": []}')
    before = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    done = skypicket("replay", "--no-model", *arguments)
    assert done.code == code
    assert says in done.err
    assert done.out == ""
    said = [line for line in done.err.splitlines() if not line.startswith("usage:") and not line.startswith("    ")]
    assert len(said) == 1, done.err
    assert "Traceback" not in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x07" * 500])
def test_a_model_that_is_none_is_one_line(skypicket: Run, tmp_path: Path, content: bytes) -> None:
    model = make(tmp_path / "model.onnx", content)
    config = make(tmp_path / "node.toml", CONFIG.format(model=model).encode())
    noise = make(tmp_path / "noise.cu8", bytes(range(256)) * 1000)
    done = skypicket("replay", noise, *RATE, "--config", config)
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert str(model) in done.err


def test_who_reads_may_go_away(elrs_recording: Path) -> None:
    """As `skypicket replay FILE | head -1` does."""
    command = [sys.executable, "-P", "-m", "node", "replay", "--no-model", str(elrs_recording), str(elrs_recording)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_the_run_path_stays_light(elrs_recording: Path) -> None:
    """scipy.signal alone costs 88 MiB; none of these is needed to run."""
    code = (
        "import sys; from node.cli import main; code = main(sys.argv[1:]);"
        "names = ('scipy.signal', 'matplotlib', 'torch', 'stonesoup', 'onnx', 'amqtt');"
        "heavy = [name for name in names if name in sys.modules];"
        "sys.exit(f'loaded: {heavy}' if heavy or code else 0)"
    )
    command = [sys.executable, "-P", "-c", code, "replay", "--no-model", str(elrs_recording)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
