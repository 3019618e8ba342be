from __future__ import annotations

import json
import math

import pytest

from node.cli import main
from node.fusion.evaluate import _stone_soup


def test_command_prints_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--fusion", "--only", "crossing", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["scene"] == "crossing_drones"
    assert row["tracks"] == 2
    assert row["error_m"] < 4.0


def test_scenes_that_are_not_there_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--fusion", "--only", "nonesuch"]) == 2
    assert "dark_drone" in capsys.readouterr().err


def test_fusion_goes_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--fusion", "--simulated"]) == 2
    assert "--fusion plays its own scenes" in capsys.readouterr().err


def test_metrics_are_what_they_should_be_by_hand() -> None:
    """One truth followed 3 m off, one missed: GOSPA sqrt(9 + 200), half of the truth complete."""
    truth = {"a": [(t / 2, 10.0 * t, 0.0) for t in range(1, 5)], "b": [(t / 2, 10.0 * t, 500.0) for t in range(1, 5)]}
    tracks = {"x": [(t / 2, 10.0 * t, 3.0) for t in range(1, 5)]}
    gospa, missed, false, (completeness, ambiguity, spuriousness) = _stone_soup(truth, tracks)
    assert gospa == pytest.approx(math.sqrt(9 + 200))
    assert (missed, false) == (1.0, 0.0)
    assert (completeness, ambiguity, spuriousness) == (0.5, 1.0, 0.0)
