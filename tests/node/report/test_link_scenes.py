from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from dsp.protocols import BY_LABEL
from node.report.link_scenes import PPM, RATES_HZ, Trial, trial_of
from node.report.runs import Run, confuser_runs, link_runs
from sim.impairments import NO_IMPAIRMENTS
from sim.radio import SimRadio
from sim.truth import TrueBurst


def link(trial: int, snr_db: float = -5.0, label: str = "expresslrs", mode: str = "200Hz", band: str = "FCC915") -> Run:
    return Run("link", label, mode, band, snr_db, trial, 3.0)


def trials(count: int = 60, **of: str) -> Iterator[tuple[Run, Trial]]:
    for number in range(count):
        run = link(number, **of)  # type: ignore[arg-type]  # label, mode, band
        yield run, trial_of(run)


def truths(trial: Trial) -> list[TrueBurst]:
    bursts: list[TrueBurst] = []
    for _ in SimRadio(trial.scene, truth=bursts.append).blocks():
        pass
    return [burst for burst in bursts if burst.emitter == "link" and not burst.telemetry]


def test_the_same_run_has_the_same_scene() -> None:
    assert trial_of(link(4)) == trial_of(link(4))
    assert trial_of(link(4)) != trial_of(link(5))
    assert trial_of(link(4, -5.0)) != trial_of(link(4, 10.0))


def test_conditions_come_as_often_as_they_should() -> None:
    counts = dict.fromkeys(("fading", "edge", "overload", "crowd"), 0)
    for _, trial in trials():
        for name in trial.conditions:
            counts[name] += 1
    # Of 60: a half, a quarter, a quarter, a half; four standard deviations either way.
    assert 15 <= counts["fading"] <= 45
    assert 15 <= counts["crowd"] <= 45
    assert 2 <= counts["edge"] <= 28
    assert 2 <= counts["overload"] <= 28


def test_receivers_and_crystals_vary_within_the_protocol() -> None:
    ppms, rates = set(), set()
    for _, trial in trials():
        transmitter = trial.scene.emitters[0].transmitter
        ppms.add(transmitter.ppm)
        rates.add(trial.scene.receiver.sample_rate_hz)
        assert PPM[0] <= transmitter.ppm <= PPM[1]
        assert transmitter.drift_ppm_per_s != 0.0
        begun_s = (trial.on_ns - trial.scene.start_ns) * 1e-9
        assert trial.scene.emitters[0].on_s[0][0] == pytest.approx(begun_s, abs=1e-9)
    assert min(ppms) < -15 < 15 < max(ppms)
    assert rates == set(RATES_HZ)


def test_the_home_channel_is_in_the_slice_or_across_its_edge() -> None:
    band = next(band for band in BY_LABEL["expresslrs"].bands if band.name == "FCC915")
    assert band.sync_channel is not None
    home_hz = band.channels_hz[band.sync_channel]
    for _, trial in trials():
        receiver = trial.scene.receiver
        distance_hz = abs(receiver.centre_hz - home_hz)
        if "edge" in trial.conditions:
            assert abs(distance_hz - receiver.sample_rate_hz / 2) <= 0.2e6
        else:
            assert distance_hz <= 0.9e6


def test_a_picture_is_within_three_megahertz() -> None:
    offsets = []
    for run, trial in trials(10, label="analog-video", mode="pal", band="1.2GHz"):
        frequency_hz = trial.scene.emitters[0].frequency_hz
        band = next(band for band in BY_LABEL[run.label].bands if band.name == run.band)
        home_hz = frequency_hz if frequency_hz is not None else band.channels_hz[len(band.channels_hz) // 2]
        offsets.append(abs(trial.scene.receiver.centre_hz - home_hz))
    assert max(offsets) <= 3.0e6
    assert max(offsets) > 2.0e6


@pytest.mark.parametrize("fading", [False, True])
def test_the_mean_level_is_the_one_asked_for(*, fading: bool) -> None:
    """Mean power of the packets over the noise, as the simulator itself accounts for it."""
    found = 0
    for _, trial in trials():
        if ("fading" in trial.conditions) != fading:
            continue
        bursts = truths(trial)
        mean_db = 10 * np.log10(np.mean([10 ** (burst.snr_db / 10) for burst in bursts]))
        # A fading link has few independent states in three seconds, and loses a little with the frequency.
        assert mean_db == pytest.approx(-5.0, abs=4.0 if fading else 0.01)
        if fading:
            assert np.std([burst.snr_db for burst in bursts]) > 0.1
        found += 1
        if found == 2:
            return
    pytest.fail("no such trial")


def test_an_overload_clips() -> None:
    run, trial = next((run, trial) for run, trial in trials() if "overload" in trial.conditions)
    radio = SimRadio(trial.scene)
    counts = np.frombuffer(radio.read_u8(int(2.0 * trial.scene.receiver.sample_rate_hz)), np.uint8)
    clipped = np.mean((counts == 0) | (counts == 255))
    assert clipped > 1e-3, run.key


def test_every_run_of_the_protocol_has_a_scene() -> None:
    for run in [*link_runs(0, fast=False), *confuser_runs(0, fast=False)]:
        trial = trial_of(run)
        assert trial.scene.emitters[0].label == run.label
        assert trial.scene.receiver.impairments != NO_IMPAIRMENTS
        assert trial.scene.duration_s is not None
        assert trial.scene.duration_s >= run.seconds


def test_a_harmless_emitter_is_alone_and_on_air() -> None:
    silent = []
    for run in confuser_runs(0, fast=True):
        trial = trial_of(run)
        assert len(trial.scene.emitters) == 1
        bursts: list[TrueBurst] = []
        radio = SimRadio(trial.scene, truth=bursts.append)
        radio.read_u8(int(trial.scene.receiver.sample_rate_hz * run.seconds))
        silent += [run.key] if not bursts else []
    assert silent == []
