from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from node.cli import main

FEW = ("--only", "analog-video|ntsc", "--no-model", "--fast", "--hours", "0")


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_report_is_made_and_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, store = tmp_path / "report", tmp_path / "kept" / "runs.jsonl"
    assert main(["evaluate", "--report", str(folder), "--store", str(store), *FEW]) == 0
    assert "1 of 1 runs are in" in capsys.readouterr().err
    first = lines(store)
    assert len(first) == 1
    assert str(first[0]["chain"]).endswith("-rules")
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "| analog-video | ntsc | +10 dB | 1.00 (1/1" in text
    assert "none (rules only)" in text

    # Again with one trial more: what is there is not run again, and what was written stays (whoever edits the chain
    # meanwhile).
    assert (
        main(["evaluate", "--report", str(folder), "--store", str(store), *FEW, "--trials", "2", "--any-version"]) == 0
    )
    second = lines(store)
    assert second[:1] == first
    assert len(second) == 2
    assert "(2/2" in (folder / "report.md").read_text(encoding="utf-8")

    # Asked for background alone, the links that are there stay in the report.
    assert (
        main(["evaluate", "--report", str(folder), "--store", str(store), *FEW, "--trials", "0", "--any-version"]) == 0
    )
    assert lines(store) == second
    assert "(2/2" in (folder / "report.md").read_text(encoding="utf-8")


def test_a_spent_budget_writes_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--report", str(tmp_path), *FEW, "--budget", "0"]) == 0
    assert "0 of 1 runs are in" in capsys.readouterr().err
    assert "1 more are wanted" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert (tmp_path / "runs.jsonl").read_bytes() == b""


def test_the_fusion_has_its_section(tmp_path: Path) -> None:
    pytest.importorskip("stonesoup", reason="the metrics need the extra [report]")
    only = ("--only", "crossing_drones", "--no-model", "--hours", "0")
    assert main(["evaluate", "--report", str(tmp_path), "--fusion", *only]) == 0
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| crossing_drones | 2 |" in text
    (figures,) = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["fusion"]
    assert figures["scene"] == "crossing_drones"
    assert 0 < figures["error_m"] < 10
    assert main(["evaluate", "--report", str(tmp_path), *only]) == 0
    assert "`--fusion` was not given" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_results_of_another_version_are_left_out_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--report", str(tmp_path), *FEW]) == 0
    store = tmp_path / "runs.jsonl"
    data = lines(store)[0]
    data["chain"] = "older"
    store.write_text(json.dumps(data) + "\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["evaluate", "--report", str(tmp_path), *FEW, "--budget", "0"]) == 0
    err = capsys.readouterr().err
    assert "1 results of other versions of the chain" in err
    assert "0 of 1 runs" in err
    assert main(["evaluate", "--report", str(tmp_path), *FEW, "--budget", "0", "--any-version"]) == 0
    assert "1 of 1 runs" in capsys.readouterr().err
    assert "`older`" in (tmp_path / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupted_run_keeps_its_results_and_writes_the_report(tmp_path: Path, workers: str) -> None:
    """SIGTERM after the first result, as from a service manager or an impatient shell; then it goes on."""
    command = [sys.executable, "-m", "node", "evaluate", "--report", str(tmp_path), *FEW, "--workers", workers]
    with subprocess.Popen([*command, "--trials", "500"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line)
            if ": 1 of 500 runs," in line:  # progress; the last line says how many are in the report, perhaps one too
                process.send_signal(signal.SIGTERM)
        assert process.wait() == 1, told
    assert any("interrupted: results so far are kept" in line for line in told), told
    assert "Traceback" not in "".join(told)
    kept = len(lines(tmp_path / "runs.jsonl"))
    assert 1 <= kept < 500
    assert f"{kept} runs of the protocol, {500 - kept} more are wanted" in (tmp_path / "report.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--report", "x", "--simulated"], "leave --simulated and --json out"),
        (["--report", "x", "--recordings", "nowhere"], "nowhere: no such folder"),
        (["--report", "x", "--trials", "-1"], "'-1' must be a whole number"),
        (["--report", "x", "--hours", "nan"], "'nan' must be a number"),
        (["--report", "x", "--budget", "soon"], "'soon' must be a number"),
        (["--report", "x", "--workers", "0"], "'0' must be 1 or more"),
        ([], "nothing to do; give --recordings DIR, --simulated or both"),
    ],
)
def test_bad_arguments_are_told(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["evaluate", "--report", str(tmp_path / "file" / "report"), *FEW]) == 1
    err = capsys.readouterr().err
    assert "file" in err
    assert "Traceback" not in err
