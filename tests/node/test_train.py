from __future__ import annotations

from pathlib import Path

import pytest

from node.cli import main

pytest.importorskip("torch", reason="training needs the extra [train]")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--exclude", "sik,moon"], "--exclude: no label moon; one of expresslrs, "),
        (["--proof", "--hold-out", "sik,moon"], "--hold-out: no label moon"),
        (["--hold-out", "sik"], "--hold-out is a fold of --proof; give --proof too"),
        (["--network", "huge"], "--network must be one of features, small, wide"),
        (["--examples", "2"], "--examples 8 or more"),
    ],
)
def test_bad_arguments_are_told(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model.onnx"
    assert main(["train", "--out", str(out), *arguments]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_leaving_out_all_but_one_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from dsp.protocols import LABELS

    assert main(["train", "--out", str(tmp_path / "m.onnx"), "--exclude", ",".join(LABELS[1:])]) == 2
    assert "leaves fewer than two labels" in capsys.readouterr().err


def test_the_proof_needs_a_card_to_write_into(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--proof", "--out", str(tmp_path / "model.onnx")]) == 1
    assert "MODEL_CARD.md: no such file" in capsys.readouterr().err
