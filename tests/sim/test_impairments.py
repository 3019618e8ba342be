"""Ranges and checks of the receiver's imperfections, and when samples are lost."""

from __future__ import annotations

from itertools import islice, takewhile

import numpy as np
import pytest

from sim.impairments import NO_IMPAIRMENTS, Drop, ImpairmentRanges, Impairments
from sim.losses import losses


def test_draws_are_repeatable_and_lie_in_the_ranges() -> None:
    ranges = ImpairmentRanges()
    drawn = [ranges.draw(np.random.default_rng(seed), duration_s=3.0) for seed in range(300)]
    assert drawn[7] == ranges.draw(np.random.default_rng(7), duration_s=3.0)
    for each in drawn:
        assert ranges.ppm[0] <= each.ppm <= ranges.ppm[1]
        assert ranges.dc_dbfs[0] - 1e-6 <= 20 * np.log10(abs(each.dc_offset)) <= ranges.dc_dbfs[1] + 1e-6
        assert all(0.0 <= step.time_s <= 3.0 for step in each.gain_steps)
    assert 0.1 < np.mean([not each.filter_edges for each in drawn]) < 0.3
    assert min(each.ppm for each in drawn) < -50.0
    assert max(each.ppm for each in drawn) > 50.0


def test_ranges_are_wider_than_the_default_receiver() -> None:
    ranges, usual = ImpairmentRanges(), Impairments()
    assert ranges.ppm[0] < usual.ppm < ranges.ppm[1]
    assert usual.spur_dbm is not None
    assert ranges.spur_dbm[0] < usual.spur_dbm < ranges.spur_dbm[1]


def test_the_crystal_warms_up() -> None:
    crystal = Impairments(ppm=10.0, drift_ppm=4.0, drift_time_s=100.0)
    assert crystal.ppm_at(0.0) == 10.0
    assert crystal.ppm_at(100.0) == pytest.approx(10.0 + 4.0 * (1 - np.exp(-1)))
    assert crystal.ppm_at(1e6) == pytest.approx(14.0)


@pytest.mark.parametrize(
    "wrong", [{"settle_s": 1.0}, {"drops": (Drop(-1.0, 5),)}, {"drops": (Drop(1.0, 0),)}, {"drift_time_s": 0.0}]
)
def test_impossible_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must|needs"):
        Impairments(**wrong)  # type: ignore[arg-type]


def test_losses_come_in_order_and_at_their_rate() -> None:
    impairments = Impairments(drops=(Drop(1.5, 10), Drop(0.5, 20)), drops_per_s=3.0, silent_drops_per_s=2.0)
    found = list(takewhile(lambda drop: drop.time_s < 200.0, losses(impairments, seed=1)))
    assert [drop.time_s for drop in found] == sorted(drop.time_s for drop in found)
    assert Drop(0.5, 20) in found
    assert Drop(1.5, 10) in found
    assert 500 < sum(not drop.silent for drop in found) < 700
    assert 320 < sum(drop.silent for drop in found) < 480
    assert list(islice(losses(impairments, seed=1), 50)) == found[:50]


def test_without_losses_there_are_none() -> None:
    assert list(losses(NO_IMPAIRMENTS, seed=1)) == []
