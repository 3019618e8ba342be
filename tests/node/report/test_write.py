from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dsp.protocols import PROTOCOLS
from node.evaluate import Row
from node.fusion.evaluate import Figures
from node.report.figures import AimFigure, Share
from node.report.headline import aim_verdict, false_verdict, headline, verdict
from node.report.machine import this_machine
from node.report.markdown import Report
from node.report.pictures import CAPTIONS, PICTURES
from node.report.results import RunResult
from node.report.runs import Run
from node.report.summary import summarise
from node.report.tables import markdown_table
from node.report.write import write_report

MakeResult = Callable[..., RunResult]
BUSY = Run("background", "EU868", "", "", None, 0, 120.0)

FUSED = Figures("crossing_drones", 2, 1.7, 1.82, 0.0, 0.25, 1.0, 1.0, None)


@pytest.fixture
def report(make_result: MakeResult) -> Report:
    results = [
        make_result(trial=k, snr_db=snr_db, found=snr_db > -12, named=k > 1, mode_right=k > 2, alert_s=0.3 + 0.1 * k)
        for snr_db in (-15.0, -10.0, -5.0, 10.0)
        for k in range(4)
    ]
    results += [make_result(BUSY, trial=k) for k in range(30)]
    drone, harmless = True, False
    rows = (
        Row("garage", "ism-ook", harmless, [], {"ism-ook": 2}, {"ism-ook": 9}, "ok"),
        Row("camera", "analog-video", drone, ["analog-video ntsc 0.99"], {}, {"analog-video": 4}, "ok"),
        Row("trap", "lora", harmless, ["sik 64k 0.70"], {}, {}, "FALSE ALARM"),
    )
    machine = this_machine()
    return Report("2026-01-02", machine, "small 1", summarise(results), rows, (FUSED,), planned=100, done=len(results))


def size_of(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def is_blank(png: bytes) -> bool:
    """Whether all pixels of a PNG are alike, as far as its compressed size tells."""
    data, at = b"", 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        data += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += length + 12
    return len(set(zlib.decompress(data)[1::37])) < 4


def test_the_report_has_its_figures_in_words_numbers_and_pictures(report: Report, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    write_report(report, folder)
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "| expresslrs | 200Hz | -10 dB | 1.00 (4/4, 0.51 to 1.00) | met, open | -5 dB |" in text
    assert "| EU868 | 1.00 | 0 | 0 | 3 |" in text
    assert (
        "1 of 1 recordings with a drone link are told to have one; of the 2 without, 1 gave a drone track: trap" in text
    )
    assert "54 more are wanted" in text
    assert "skypicket-evaluation-1" in text
    for protocol in PROTOCOLS:
        assert protocol.label in text
    data = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert data["rests_on_simulation"]["expresslrs"] is True
    assert data["rests_on_simulation"]["analog-video"] is False
    assert data["summary"]["levels"][0]["found"] == {"successes": 0, "trials": 4, "low": 0.0, "high": 0.4899}
    assert data["recordings"][2]["verdict"] == "FALSE ALARM"
    assert data["fusion"][0]["gospa_m"] == 1.82
    assert "| crossing_drones | 2 | 1.70 m | 1.82 m | 0.00 | 0.25 | 1.00 | 1.00 | - |" in text
    assert "| 0.9 to 1.0 | 0.93 | 1.00 (16/16" in text
    for stem in PICTURES:
        png = (folder / f"{stem}.png").read_bytes()
        width, height = size_of(png)
        assert width > 400, stem
        assert height > 150, stem
        assert not is_blank(png), stem
        assert f"({stem}.png)" in text
        assert CAPTIONS[stem] in text
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["report.md", "report.json", *(f"{stem}.png" for stem in PICTURES)]
    )


def test_the_same_results_give_the_same_files(report: Report, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_report(report, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_no_picture_stays_that_has_no_figures_any_more(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path)
    empty = Report("2026-01-03", report.machine, "none", summarise([]), (), (), planned=0, done=0)
    write_report(empty, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "report.md"]
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert ".png" not in text
    assert "None was run." in text
    assert "No background was run." in text
    assert "Not run: no folder of recordings was given" in text


def test_what_rests_on_simulation_is_said_of_every_record(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    untested = re.search(r"No real recording has been tested\*\* of: (.*)\.", text)
    tested = re.search(r"Real recordings have been tested of: (.*)\.", text)
    assert untested is not None
    assert tested is not None
    assert set(untested.group(1).split(", ")) == {p.label for p in PROTOCOLS if p.rests_on_simulation}
    assert set(tested.group(1).split(", ")) == {p.label for p in PROTOCOLS if not p.rests_on_simulation}


@pytest.mark.parametrize(
    ("found", "trials", "said"),
    [
        (100, 100, "met"), (19, 20, "met, open"), (17, 20, "**missed**, open"), (50, 100, "**missed**"),
        (0, 0, "not run"),
    ],
)  # fmt: skip
def test_a_verdict_says_how_sure_it_is(found: int, trials: int, said: str) -> None:
    assert verdict(Share.of([True] * found + [False] * (trials - found))) == said


def test_the_first_lines_say_what_is_met_and_what_is_missed(report: Report) -> None:
    lines = headline(report.summary, report.recordings)
    assert len(lines) == 5
    found, named, alert, false, confidence = lines
    assert "met: expresslrs 1.00 (4/4, 0.51 to 1.00) (open); not run: crossfire, mlrs, sik, analog-video" in found
    assert "**missed**: expresslrs 0.25 (1/4" in named
    assert "met: expresslrs 200Hz at FCC915 0.40 s (aim 1.5 s, 4 trials); not run" in alert
    assert "1 on 2 real recordings without a drone (**missed**)" in false
    assert "0 in 1.00 h of simulated busy bands, below 3 an hour with 95 % (aim 0.1: met, open)" in false
    assert "**missed**: drone tracks 0.070 (16) (open)" in confidence
    assert all("not run" in line for line in headline(summarise([]), ()))


@pytest.mark.parametrize(
    ("median_s", "within", "trials", "said"),
    [
        (0.4, 20, 20, "met"), (0.4, 3, 4, "met, open"), (None, 0, 9, "**missed**"), (0.6, 4, 9, "**missed**, open"),
        (None, 0, 0, "not run"),
    ],
)  # fmt: skip
def test_a_median_is_judged_by_how_many_are_within(median_s: float | None, within: int, trials: int, said: str) -> None:
    share = Share.of([True] * within + [False] * (trials - within))
    assert aim_verdict(AimFigure("a link", 0.5, median_s, share)) == said


@pytest.mark.parametrize(
    ("stretches", "false", "said"),
    [(30 * 31, 0, "met with 95 % confidence"), (30 * 6, 0, "too few to be sure"), (30 * 6, 3, "missed")],
)
def test_the_aim_of_false_tracks_is_judged(make_result: MakeResult, stretches: int, false: int, said: str) -> None:
    results = [make_result(BUSY, trial=k, false_drones=("sik 64k",) * (k < false)) for k in range(stretches)]
    assert said in false_verdict(summarise(results))


def test_a_table_without_rows_says_so() -> None:
    assert markdown_table(("a", "b"), []) == ["None was run."]
    assert markdown_table(("a", "b"), [("1", "2")]) == ["| a | b |", "|---|---|", "| 1 | 2 |"]
