from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from node.report.results import RunResult, from_line, to_line
from node.report.store import ResultWriter, fingerprint, load

MakeResult = Callable[..., RunResult]


def test_a_line_gives_the_same_result_back(make_result: MakeResult) -> None:
    for result in (
        make_result(),
        make_result(alert_s=0.25, found=True, named=True, conditions=("fading", "crowd"), surplus=2),
        make_result(false_drones=("sik 64k", "sik 64k"), hoppers=3, snr_db=None),
        make_result(fault="ValueError: no such thing"),
    ):
        line = to_line(result)
        assert "\n" not in line
        assert from_line(line) == result


@pytest.mark.parametrize("spoil", ["run", "tracks", "track_tallies", "chain"])
def test_a_line_that_misses_something_is_refused(make_result: MakeResult, spoil: str) -> None:
    data = json.loads(to_line(make_result()))
    del data[spoil]
    with pytest.raises(ValueError, match="not a line of results"):
        from_line(json.dumps(data))


@pytest.mark.parametrize("line", ["", "nonsense", "[]", "3", '{"run":{"part":"other"}}', "null"])
def test_other_lines_are_refused(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # json's own or ours
        from_line(line)


def test_an_unknown_part_is_refused(make_result: MakeResult) -> None:
    line = to_line(make_result()).replace('"part":"link"', '"part":"lunch"')
    with pytest.raises(ValueError, match="lunch"):
        from_line(line)


def test_results_add_up_over_invocations_and_a_torn_line(tmp_path: Path, make_result: MakeResult) -> None:
    path = tmp_path / "new" / "runs.jsonl"
    assert load(path, "c0ffee").results == ()
    with ResultWriter(path) as writer:
        writer.append(make_result(trial=1))
    with path.open("a", encoding="utf-8") as file:  # the power went while the next line was written
        file.write(to_line(make_result(trial=2))[:80])
    with ResultWriter(path) as writer:
        writer.append(make_result(trial=3))
    loaded = load(path, "c0ffee")
    assert [result.run.trial for result in loaded.results] == [1, 3]
    assert loaded.unreadable == 1
    assert loaded.others == 0


def test_a_fault_is_run_again(tmp_path: Path, make_result: MakeResult) -> None:
    path = tmp_path / "runs.jsonl"
    with ResultWriter(path) as writer:
        writer.append(make_result(trial=1, fault="MemoryError: "))
        assert load(path, "c0ffee").results == ()
        writer.append(make_result(trial=1, found=True))
    assert [result.found for result in load(path, "c0ffee").results] == [True]


def test_other_versions_are_left_out_unless_wanted(tmp_path: Path, make_result: MakeResult) -> None:
    path = tmp_path / "runs.jsonl"
    with ResultWriter(path) as writer:
        writer.append(make_result(trial=1, chain="older", found=False))
        writer.append(make_result(trial=2, chain="older"))
        writer.append(make_result(trial=1, found=True))
    loaded = load(path, "c0ffee")
    assert [(r.run.trial, r.found) for r in loaded.results] == [(1, True)]
    assert loaded.others == 2
    mixed = load(path, "c0ffee", any_chain=True)
    assert [(r.run.trial, r.chain) for r in mixed.results] == [(1, "c0ffee"), (2, "older")]


def test_one_run_counts_once(tmp_path: Path, make_result: MakeResult) -> None:
    path = tmp_path / "runs.jsonl"
    with ResultWriter(path) as writer:
        for _ in range(3):
            writer.append(make_result(trial=5))
    assert len(load(path, "c0ffee").results) == 1


@pytest.fixture
def product(tmp_path: Path) -> Path:
    for name in (
        "dsp/a.py", "models/card.py", "models/artifacts/m.onnx", "models/train/fit.py", "sim/radio.py",
        "node/pipeline.py", "node/tracking/t.py", "node/report/runs.py", "node/report/charts.py", "node/cli/x.py",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "matters"),
    [
        ("dsp/a.py", True), ("models/artifacts/m.onnx", True), ("sim/radio.py", True), ("node/pipeline.py", True),
        ("node/tracking/t.py", True), ("node/report/runs.py", True), ("node/report/charts.py", False),
        ("node/cli/x.py", False), ("models/train/fit.py", False),
    ],
)  # fmt: skip
def test_the_fingerprint_follows_what_decides(product: Path, name: str, *, matters: bool) -> None:
    before = fingerprint(product)
    assert before == fingerprint(product)
    (product / name).write_text("changed", encoding="utf-8")
    assert (fingerprint(product) != before) == matters


def test_rules_alone_have_a_fingerprint_of_their_own(product: Path) -> None:
    assert fingerprint(product, with_model=False) == fingerprint(product) + "-rules"
