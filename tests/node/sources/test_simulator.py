"""The simulator as a radio of the node."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsp.iq import IqBlock, SourceUnavailable
from node.sources import SimulatorSettings, open_radio
from node.sources.simulator import RETUNE_SETTLE_S, SimulatorSource
from sim.radio import SimRadio
from sim.scene import EPOCH_2026_NS, load_scene

SCENE = """
seed = 4
duration_s = 0.4
[receiver]
centre_hz = 868.2e6
sample_rate_hz = 1e6
[[emitter]]
name = "tone"
label = "cw"
frequency_hz = 868.45e6
snr_db = 60.0
"""


@pytest.fixture
def scene(tmp_path: Path) -> str:
    path = tmp_path / "tone.toml"
    path.write_text(SCENE)
    return str(path)


def check_numbers(blocks: list[IqBlock]) -> None:
    position = 0
    for block in blocks:
        assert block.first_sample == position + block.lost_before
        position = block.first_sample + len(block.samples)


def peak_hz(block: IqBlock) -> float:
    """Frequency on air of the strongest bin."""
    spectrum = np.abs(np.fft.fft(block.samples * np.hanning(len(block.samples))))
    spectrum[:2] = 0.0  # direct current
    offset = np.fft.fftfreq(len(block.samples), 1.0 / block.sample_rate_hz)
    return block.centre_hz + float(offset[int(np.argmax(spectrum))])


def test_gives_what_the_simulated_radio_gives(scene: str) -> None:
    source = SimulatorSource(SimulatorSettings(name="sim", scene=scene, pace=0.0))
    blocks = list(source.blocks())
    direct = list(SimRadio(load_scene(scene)).blocks())
    assert np.array_equal(
        np.concatenate([block.samples for block in blocks]), np.concatenate([block.samples for block in direct])
    )
    assert blocks[0].start_ns == EPOCH_2026_NS
    assert {block.radio for block in blocks} == {"sim"}
    check_numbers(blocks)
    assert source.counters.samples == 400_000


def test_a_paced_scene_happens_now(scene: str) -> None:
    settings = SimulatorSettings(name="sim", scene=scene, pace=1e6)
    blocks = SimulatorSource(settings, unix_ns=lambda: 1_777_000_000_000_000_000).blocks()
    assert next(blocks).start_ns == 1_777_000_000_000_000_000
    assert next(iter(open_radio(settings, start_ns=5).blocks())).start_ns == 5


def test_settings_override_the_scene(scene: str) -> None:
    settings = SimulatorSettings(
        name="sim", scene=scene, pace=0.0, centre_hz=868.4e6, sample_rate_hz=1.2e6, gain=20.0, duration_s=0.05, seed=9
    )
    blocks = list(SimulatorSource(settings).blocks())
    assert sum(len(block.samples) for block in blocks) == 60_000
    assert (blocks[0].centre_hz, blocks[0].sample_rate_hz) == (868.4e6, 1.2e6)
    assert peak_hz(blocks[0]) == pytest.approx(868.45e6, abs=1500)


def test_an_endless_scene(scene: str) -> None:
    source = SimulatorSource(SimulatorSettings(name="sim", scene=scene, pace=0.0, duration_s=float("inf")))
    samples = 0
    for block in source.blocks():
        samples += len(block.samples)
        if samples > 600_000:
            source.stop()
    assert samples < 700_000


def test_retunes_settle_before_they_are_heard(scene: str) -> None:
    plan = {5: 868.6e6, 9: 868.1e6}
    asked: list[int] = []

    def wanted(next_ns: int) -> float:
        asked.append(next_ns)
        centres_hz = [centre_hz for number, centre_hz in plan.items() if number <= len(asked)]
        return centres_hz[-1] if centres_hz else 868.2e6

    source = SimulatorSource(SimulatorSettings(name="sim", scene=scene, pace=0.0), retune=wanted, start_ns=0)
    blocks = list(source.blocks())
    check_numbers(blocks)
    centres_hz = [block.centre_hz for block in blocks]
    assert centres_hz == sorted(centres_hz, key=[868.2e6, 868.6e6, 868.1e6].index)
    assert set(centres_hz) == {868.2e6, 868.6e6, 868.1e6}
    for before, block in zip([None, *blocks[:-1]], blocks, strict=True):
        assert peak_hz(block) == pytest.approx(868.45e6, abs=1500)
        retuned = before is not None and block.centre_hz != before.centre_hz
        assert (block.lost_before >= RETUNE_SETTLE_S * block.sample_rate_hz) == retuned
    assert source.counters.retunes == 2
    assert source.counters.lost_samples == sum(block.lost_before for block in blocks)


def test_no_such_scene() -> None:
    source = SimulatorSource(SimulatorSettings(name="sim", scene="nowhere.toml"))
    with pytest.raises(SourceUnavailable, match=r"radio sim: scene nowhere\.toml.*one of: .*busy, .*demo"):
        next(iter(source.blocks()))


def test_a_scene_with_faults(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[receiver]\ncentre = 5\n")
    with pytest.raises(SourceUnavailable, match=r"^[^\n]*centre_hz[^\n]*$"):
        next(iter(SimulatorSource(SimulatorSettings(name="sim", scene=str(path))).blocks()))


def test_stopped_before_it_began(scene: str) -> None:
    source = SimulatorSource(SimulatorSettings(name="sim", scene=scene))
    source.stop()
    assert list(source.blocks()) == []
