from __future__ import annotations

from pathlib import Path

import pytest

from models.onnx import SHIPPED
from node.cli import main

pytest.importorskip("onnx", reason="quantising needs the extra [train]")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the quantiser's own code
def test_the_shipped_network_is_compared_with_itself_in_eight_bits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = SHIPPED.read_bytes()
    assert main(["train", "--int8", "--examples", "40", "--workers", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["float32", "int8", "int8 weights only"]
    sizes = [int(line.split()[-2]) for line in lines]
    assert max(sizes[1:]) < 0.6 * sizes[0]
    accuracies = [float(line.split("accuracy ")[1].split(";")[0]) for line in lines]
    assert accuracies[0] > 0.5
    assert abs(accuracies[1] - accuracies[0]) < 0.25
    assert before == SHIPPED.read_bytes()


def test_what_is_no_model_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "model.onnx"
    assert main(["train", "--int8", "--out", str(out)]) == 1
    assert "model.onnx" in capsys.readouterr().err
