"""What only a real dongle can prove: its gains, its correction, ten seconds without loss, retuning."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from dsp.iq import IqBlock
from node.sources import RtlSdrSettings
from node.sources.rtl2832u import TUNER_GAINS_TENTHS, tuner_name
from node.sources.rtl_sdr import RtlSdrSource
from node.sources.rtl_sdr_device import RtlSdrDevice

pytestmark = pytest.mark.hardware

LONG_S = 10.0
SETTLED_BLOCKS = 20
"""Blocks left out after a change of gain, and looked at after that."""
LEAST_GAIN_RISE_DB = 3.0
"""Noise of a dongle from its lowest to its highest gain rises by more, even without an antenna."""
OTHER_HZ = 433.92e6
"""Every tuner reaches it."""


@contextmanager
def opened(settings: RtlSdrSettings) -> Iterator[RtlSdrDevice]:
    device = RtlSdrDevice(settings, "bench")
    try:
        yield device
    finally:
        device.release()


def some(settings: RtlSdrSettings, count: int) -> list[IqBlock]:
    source = RtlSdrSource(settings)
    try:
        return list(itertools.islice(source.blocks(), count))
    finally:
        source.stop()


def power_db(settings: RtlSdrSettings) -> float:
    blocks = some(settings, 2 * SETTLED_BLOCKS)[SETTLED_BLOCKS:]
    return 10 * float(np.log10(np.mean([np.mean(np.abs(block.samples) ** 2) for block in blocks])))


def test_its_gains_are_those_of_its_tuner(dongle: RtlSdrSettings) -> None:
    with opened(dongle) as device:
        tuner = device._dongle.get_tuner_type()
        assert tuner in TUNER_GAINS_TENTHS, f"{tuner_name(tuner)}: no list of gains for it"
        assert tuple(sorted(device._dongle.gain_values)) == tuple(sorted(TUNER_GAINS_TENTHS[tuner]))


def test_more_gain_is_more_signal(dongle: RtlSdrSettings) -> None:
    with opened(dongle) as device:
        gains = sorted(device._dongle.gain_values)
    low, high = (power_db(replace(dongle, gain=tenths / 10)) for tenths in (gains[0], gains[-1]))
    assert high - low > LEAST_GAIN_RISE_DB


@pytest.mark.parametrize("ppm", [-60, 0, 1, 60])
def test_a_correction_is_taken_and_the_centre_stays_what_was_asked(dongle: RtlSdrSettings, ppm: int) -> None:
    settings = replace(dongle, ppm=ppm)
    with opened(settings) as device:
        # Asked of the library: pyrtlsdr takes a correction below zero for an error.
        assert device._library.rtlsdr_get_freq_correction(device._dongle.dev_p) == ppm
    (block,) = some(settings, 1)
    assert block.centre_hz == pytest.approx(dongle.centre_hz, abs=1.0)


def test_ten_seconds_without_loss(dongle: RtlSdrSettings, record_property: Callable[[str, object], None]) -> None:
    source = RtlSdrSource(dongle)
    samples, lost, clipped = 0, 0, 0
    try:
        for block in source.blocks():
            samples, lost = samples + len(block.samples), lost + block.lost_before
            clipped += int(np.count_nonzero(np.abs(block.samples.view(np.float32)) > 0.99))
            if samples >= LONG_S * dongle.exact_rate_hz:
                break
    finally:
        source.stop()
    record_property("clipped_share", clipped / (2 * samples))
    assert lost == 0, f"{lost} of {samples} samples lost: a USB 2 port of its own, no hub, a machine that is not busy"
    assert source.counters.lost_samples == 0


def test_a_retune_is_told_and_accounted_for(dongle: RtlSdrSettings) -> None:
    wanted_hz = dongle.centre_hz
    source = RtlSdrSource(dongle, retune=lambda _: wanted_hz)
    seen: list[IqBlock] = []
    try:
        for block in source.blocks():
            seen.append(block)
            wanted_hz = OTHER_HZ if 10 <= len(seen) < 20 else dongle.centre_hz
            if len(seen) == 30:
                break
    finally:
        source.stop()
    centres = [round(centre_hz) for centre_hz, _ in itertools.groupby(block.centre_hz for block in seen)]
    assert centres == [round(dongle.centre_hz), round(OTHER_HZ), round(dongle.centre_hz)]
    for before, block in itertools.pairwise(seen):
        assert block.first_sample == before.first_sample + len(before.samples) + block.lost_before
        assert (block.lost_before > 0) == (block.centre_hz != before.centre_hz)
    assert source.counters.retunes == 2
