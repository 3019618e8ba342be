"""Recordings of scenes with the truth in them, read by the reference implementation of SigMF."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sigmf
from numpy.typing import NDArray

from dsp.iq import u8_to_complex64
from node.sources import open_recording
from sim.impairments import NO_IMPAIRMENTS, Drop, Impairments
from sim.radio import SimRadio
from sim.scene import Scene
from sim.single_link import single_link_scene
from sim.truth import TrueBurst, joined, write_recording

RATE_HZ = 2_400_000.0


def elrs_scene(duration_s: float, impairments: Impairments) -> Scene:
    return single_link_scene(
        "expresslrs", "200Hz", "IN866", 30.0, centre_hz=866.16e6, duration_s=duration_s, seed=7, impairments=impairments
    )


def recorded(scene: Scene, folder: Path, seconds: float | None = None) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    data, meta = write_recording(scene, folder / "scene", seconds)
    return np.fromfile(data, np.uint8), json.loads(meta.read_text())


def burst(start: int, count: int, emitter: str = "a", **changes: Any) -> TrueBurst:
    return replace(
        TrueBurst(start, count, start, count / RATE_HZ, 1.0, 2.0, "cw", "carrier", emitter, 10.0, 1.5), **changes
    )


def test_the_reference_implementation_reads_it(tmp_path: Path) -> None:
    scene = elrs_scene(0.5, Impairments())
    write_recording(scene, tmp_path / "scene")
    signal = sigmf.fromfile(str(tmp_path / "scene.sigmf-meta"))
    signal.validate()
    assert signal.sample_count == 1_200_000
    assert signal.get_global_info()["core:datatype"] == "cu8"
    assert signal.get_captures()[0]["core:frequency"] == 866.16e6
    assert len(signal.get_annotations()) > 50


def test_the_data_are_those_of_the_radio(tmp_path: Path) -> None:
    scene = elrs_scene(0.3, Impairments(drops=(Drop(0.1, 5000),)))
    raw, _ = recorded(scene, tmp_path)
    assert raw.tobytes() == SimRadio(scene).read_u8(10**7)


def test_annotations_stay_inside_the_file(tmp_path: Path) -> None:
    """Packets are on air at both ends of each of these."""
    for seconds in (0.0101, 0.0153, 0.1002):
        raw, meta = recorded(elrs_scene(10.0, NO_IMPAIRMENTS), tmp_path, seconds)
        samples = len(raw) // 2
        assert samples == round(seconds * RATE_HZ)
        starts = [note["core:sample_start"] for note in meta["annotations"]]
        assert starts == sorted(starts)
        for note in meta["annotations"]:
            assert note["core:sample_start"] >= 0
            assert note["core:sample_count"] > 0
            assert note["core:sample_start"] + note["core:sample_count"] <= samples


def test_signal_is_where_the_annotations_say_and_nowhere_else(tmp_path: Path) -> None:
    """Over losses of both kinds, without noise: what is not annotated is silence."""
    drops = (Drop(0.03, 3000), Drop(0.06, 2000, silent=True), Drop(0.09, 11_000), Drop(0.2, 500, silent=True))
    raw, meta = recorded(elrs_scene(0.3, replace(NO_IMPAIRMENTS, drops=drops)), tmp_path)
    power = np.abs(u8_to_complex64(raw.tobytes())) ** 2
    on = np.zeros(len(power), bool)
    for note in meta["annotations"]:
        on[note["core:sample_start"] : note["core:sample_start"] + note["core:sample_count"]] = True
    assert 0.1 < on.mean() < 0.95
    assert power[on].mean() > 10 * power[~on].mean()
    quiet = np.convolve(~on, np.ones(257), "same") > 256.5  # not beside an edge: a packet may end between two samples
    assert power[quiet].max() < 1e-4


def test_captures_after_losses_that_were_noticed(tmp_path: Path) -> None:
    drops = (Drop(0.05, 3000), Drop(0.1, 2400, silent=True), Drop(0.15, 6000))
    scene = elrs_scene(0.3, replace(NO_IMPAIRMENTS, drops=drops))
    raw, meta = recorded(scene, tmp_path)
    assert len(raw) // 2 == 720_000 - 3000 - 2400 - 6000
    starts = [capture["core:sample_start"] for capture in meta["captures"]]
    assert starts == [0, 120_000, 360_000 - 3000 - 2400]
    blocks = list(SimRadio(scene).blocks())
    after = [blocks[0], *(block for block in blocks if block.lost_before)]
    assert [capture["core:global_index"] for capture in meta["captures"]] == [block.first_sample for block in after]
    seconds = [capture["core:datetime"].split(":")[-1].rstrip("Z") for capture in meta["captures"]]
    assert [f"{(block.start_ns - scene.start_ns) / 1e9:012.9f}" for block in after] == seconds


def test_a_replay_gives_the_blocks_of_the_radio(tmp_path: Path) -> None:
    """Samples, numbers, times and losses, though the blocks are cut elsewhere."""
    scene = elrs_scene(0.3, Impairments(drops=(Drop(0.05, 3000), Drop(0.1, 2400, silent=True), Drop(0.15, 6000))))
    _, meta = write_recording(scene, tmp_path / "scene")
    replayed = list(open_recording(meta).blocks())
    direct = list(SimRadio(scene).blocks())
    every = [np.concatenate([block.samples for block in blocks]) for blocks in (replayed, direct)]
    assert np.array_equal(every[0], every[1])
    losses = [
        [(block.first_sample, block.lost_before, block.start_ns) for block in blocks if block.lost_before]
        for blocks in (replayed, direct)
    ]
    assert losses[0] == losses[1]
    assert replayed[-1].end_ns == direct[-1].end_ns


def test_an_endless_scene_needs_a_length(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="how many seconds"):
        write_recording(replace(elrs_scene(1.0, NO_IMPAIRMENTS), duration_s=None), tmp_path / "x")


def test_stretches_of_one_emitter_are_joined() -> None:
    stretches = [burst(0, 100), burst(100, 50), burst(120, 10, "b"), burst(200, 50), burst(250, 50, transmit_hz=9.0)]
    assert [(each.sample_start, each.sample_count, each.emitter) for each in joined(stretches)] == [
        (0, 150, "a"),
        (120, 10, "b"),
        (200, 50, "a"),
        (250, 50, "a"),
    ]
