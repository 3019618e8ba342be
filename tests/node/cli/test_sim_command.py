"""`skypicket sim`, `record` and `picture`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.scene import scene_names

Run = Callable[..., Any]


def test_scenes_are_listed(skypicket: Run) -> None:
    done = skypicket("sim", "scenes")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == list(scene_names())


def test_render_writes_samples_and_truth(elrs_recording: Path) -> None:
    metadata = json.loads(elrs_recording.read_text())
    size = elrs_recording.with_suffix(".sigmf-data").stat().st_size
    assert size == 2 * 4 * 2_400_000
    truth = metadata["annotations"]
    assert {note["core:label"] for note in truth} == {"expresslrs"}
    assert max(note["core:sample_start"] + note["core:sample_count"] for note in truth) <= size // 2


def test_seed_and_seconds_replace_the_scenes_own(skypicket: Run, tmp_path: Path) -> None:
    sizes, data = set(), set()
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        out = tmp_path / name
        done = skypicket("sim", "render", "elrs_fcc915", "--seconds", "0.25", "--seed", seed, "--out", out)
        assert done.out == f"{out}.sigmf-data\n{out}.sigmf-meta\n"
        content = out.with_suffix(".sigmf-data").read_bytes()
        sizes.add(len(content))
        data.add(content)
    assert sizes == {2 * 600_000}
    assert len(data) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["render", "demo"], 2, "--seconds"),
        (["render", "nonesuch"], 2, "nonesuch"),
        (["render", "bad.toml"], 2, "bad.toml"),
        (["render", "demo", "--seconds", "0"], 2, "--seconds"),
        (["render", "demo", "--seconds", "nan"], 2, "--seconds"),
        (["render", "demo", "--seconds", "1", "--seed", "-1"], 2, "--seed"),
        (["render", "demo", "--seconds", "1", "--out", "no/such/x"], 1, "no/such"),
        (["rtl-tcp", "demo", "--port", "70000"], 2, "--port"),
        (["rtl-tcp", "demo", "--host", "192.0.2.1"], 1, "192.0.2.1"),
    ],
)
def test_bad_input_is_said_and_leaves_nothing(
    skypicket: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, says: str
) -> None:
    (tmp_path / "bad.toml").write_text("[receiver]\ncentre_hz = -1\nspeed = 3\n")
    monkeypatch.chdir(tmp_path)
    done = skypicket("sim", *arguments)
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.toml"]


def test_a_scene_with_two_faults_has_both_said(skypicket: Run, tmp_path: Path) -> None:
    scene = tmp_path / "bad.toml"
    scene.write_text("[receiver]\ncentre_hz = -1\nspeed = 3\n")
    done = skypicket("sim", "render", scene, "--seconds", "1")
    assert done.code == 2
    assert "centre_hz" in done.err
    assert "speed" in done.err


def test_what_rtl_tcp_serves_can_be_recorded(skypicket: Run, tmp_path: Path) -> None:
    """Two programs: the simulated dongle, and `record` on it."""
    command = [sys.executable, "-P", "-m", "node", "sim", "rtl-tcp", "elrs_eu868", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = re.search(r"at (127\.0\.0\.1:\d+)", server.stdout.readline())
            assert address is not None
            out = tmp_path / "heard"
            arguments = ("--centre", "866.7M", "--rate", "2.4M", "--gain", "30", "--seconds", "0.5", "--out", out)
            done = skypicket("record", "--rtl-tcp", address[1], *arguments)
            assert done.code == 0, done.err
        finally:
            server.terminate()
        assert server.wait(30) == 0
    metadata = json.loads(out.with_suffix(".sigmf-meta").read_text())
    assert metadata["captures"][0]["core:frequency"] == 866.7e6
    assert metadata["global"]["core:sample_rate"] == 2.4e6
    assert out.with_suffix(".sigmf-data").stat().st_size == 2 * 1_200_000


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--rtl-tcp", "127.0.0.1:1", "--centre", "868M"], 1, "127.0.0.1:1"),
        (["--rtl-tcp", "127.0.0.1:x", "--centre", "868M"], 2, "HOST:PORT"),
        (["--rtl-tcp", "127.0.0.1:1"], 2, "--centre"),
        (["--rtl-tcp", "127.0.0.1:1", "--centre", "9G"], 2, "centre_hz"),
        (["--sim", "nonesuch"], 1, "nonesuch"),
        (["--sim", "demo", "--radio", "a"], 2, "--radio"),
        ([], 2, "--rtl-tcp"),
    ],
)
def test_what_cannot_be_recorded(skypicket: Run, tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    done = skypicket("record", *arguments, "--seconds", "1", "--out", tmp_path / "x")
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_picture_of_a_recording_and_of_a_scene(skypicket: Run, elrs_recording: Path, tmp_path: Path) -> None:
    for signal in (elrs_recording, "demo"):
        out = tmp_path / "picture.png"
        done = skypicket("picture", signal, "--no-model", "--out", out, "--start", "1", "--seconds", "1")
        assert (done.code, done.err) == (0, "")
        assert out.read_bytes().startswith(b"\x89PNG")
        assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]
        out.unlink()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["demo", "--out", "x.txt"], 2, "suffix"),
        (["demo", "--out", "x.png", "--seconds", "0"], 2, "seconds"),
        (["demo", "--out", "no/such/x.png", "--seconds", "0.2"], 1, "no/such"),
        (["missing.cu8", "--out", "x.png"], 1, "missing.cu8"),
        (["nonesuch.toml", "--out", "x.png"], 2, "nonesuch.toml"),
        (["quiet", "--start", "100", "--out", "x.png"], 1, "100"),
    ],
)
def test_what_cannot_be_drawn(
    skypicket: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = skypicket("picture", "--no-model", *arguments)
    assert done.code == code
    assert says in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
