from __future__ import annotations

import pytest

from dsp.protocols import BY_LABEL
from node.report.backgrounds import BACKGROUNDS, RATE_HZ, stretch
from node.report.runs import background_runs
from sim.radio import SimRadio
from sim.scene import Receiver, Scene

RUNS = background_runs(24.0)


@pytest.mark.parametrize("name", [background.name for background in BACKGROUNDS])
def test_no_drone_and_much_variety(name: str) -> None:
    stretches = [stretch(name, run.seed, run.seconds) for run in RUNS if run.label == name][:40]
    labels = {emitter.label for each in stretches for emitter in each.scene.emitters}
    assert not any(BY_LABEL[label].family.startswith("drone") for label in labels)
    assert len(labels) >= 5
    conditions = [condition for each in stretches for condition in each.conditions]
    for condition in ("retunes", "gain steps", "clipping"):
        assert conditions.count(condition) > 8
    assert {each.scene.receiver.sample_rate_hz for each in stretches} == {RATE_HZ}


def test_a_stretch_repeats_itself_and_no_other() -> None:
    first, second = RUNS[0], RUNS[4]
    assert first.label == second.label
    assert stretch(first.label, first.seed, 30.0) == stretch(first.label, first.seed, 30.0)
    assert stretch(first.label, first.seed, 30.0).scene != stretch(second.label, second.seed, 30.0).scene


def test_an_unknown_band_is_named() -> None:
    with pytest.raises(ValueError, match="no such background: moon; there are EU433"):
        stretch("moon", 1, 10.0)


def test_blocks_follow_the_tunings_and_account_for_every_sample() -> None:
    run = next(run for run in RUNS if "retunes" in stretch(run.label, run.seed, 10.0).conditions)
    where = stretch(run.label, run.seed, 10.0)
    centres: list[float] = []
    expected = 0
    for block in where.blocks():
        assert block.first_sample == expected + block.lost_before
        expected = block.first_sample + len(block.samples)
        if not centres or centres[-1] != block.centre_hz:
            assert not centres or block.lost_before >= 0.02 * RATE_HZ
            centres.append(block.centre_hz)
    assert len(centres) == -(-10.0 // where.dwell_s)
    assert centres[:2] == list(where.tunings_hz)
    assert expected == pytest.approx(10.0 * RATE_HZ, abs=2000)


def test_a_parked_radio_loses_nothing() -> None:
    from node.report.retuned import retuned_blocks

    scene = Scene("quiet", Receiver(868e6), duration_s=0.2)
    blocks = list(retuned_blocks(SimRadio(scene), lambda _: 868e6, scene.start_ns))
    assert sum(len(block.samples) for block in blocks) == 480_000
    assert not any(block.lost_before for block in blocks)
