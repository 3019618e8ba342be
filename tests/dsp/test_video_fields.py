from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.video import NTSC_LINE_HZ, PAL_LINE_HZ, WINDOW_S, find_video, look, window_samples
from dsp.video_fields import lasts

Make = Callable[..., NDArray[np.complex64]]
RATE_HZ = 2.4e6
ENVELOPE_HZ = 300e3
STANDARDS = [("pal", PAL_LINE_HZ, 312.5), ("ntsc", NTSC_LINE_HZ, 262.5)]


def pulses(
    line_hz: float, on: Callable[[NDArray[np.float64]], NDArray[np.float64]], seed: int = 3
) -> NDArray[np.float32]:
    """Envelope of pulses of the line rate where ``on`` is not NaN: its values are phases in lines."""
    time_s = np.arange(round(2.0 * WINDOW_S * ENVELOPE_HZ)) / ENVELOPE_HZ
    phase = on(time_s)
    envelope = np.where(np.isnan(phase), 0.0, (time_s * line_hz + np.nan_to_num(phase)) % 1.0 < 0.1)
    noise = np.random.default_rng(3).exponential(0.05, len(time_s))
    return (envelope + noise).astype(np.float32)


def gate(period_s: float, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(time_s % period_s < 1.5e-3, 0.0, np.nan)


@pytest.mark.parametrize(("standard", "line_hz", "field_lines"), STANDARDS)
def test_a_part_of_each_field_lasts_if_two_fields_show_it(standard: str, line_hz: float, field_lines: float) -> None:
    field_s = field_lines / line_hz
    first = pulses(line_hz, partial(gate, field_s))
    once = pulses(line_hz, lambda t: np.where(np.abs(t - WINDOW_S) < 1.5e-3, 0.0, np.nan))
    assert lasts(first, standard, line_hz / ENVELOPE_HZ, 8)
    assert not lasts(first[: round(WINDOW_S * ENVELOPE_HZ)], standard, line_hz / ENVELOPE_HZ, 8)
    assert not lasts(once, standard, line_hz / ENVELOPE_HZ, 8)


@pytest.mark.parametrize(("standard", "line_hz", "field_lines"), STANDARDS)
def test_what_comes_again_after_another_time_or_stays_away_does_not_last(
    standard: str, line_hz: float, field_lines: float
) -> None:
    field_s = field_lines / line_hz
    for period_s in (0.8 * field_s, 1.2 * field_s, 2.0 * field_s):
        again = pulses(line_hz, partial(gate, period_s))
        assert not lasts(again, standard, line_hz / ENVELOPE_HZ, 8), period_s


@pytest.mark.parametrize(("standard", "line_hz", "field_lines"), STANDARDS)
def test_packets_a_field_apart_whose_symbols_have_new_phases_do_not_last(
    standard: str, line_hz: float, field_lines: float
) -> None:
    """Every half millisecond, eight lines, begins at a phase of its own."""
    field_s = field_lines / line_hz
    phases = np.random.default_rng(4).uniform(size=100)
    packets = pulses(
        line_hz, lambda t: np.where(t % field_s < 3e-3, phases[(t * line_hz / 8.0).astype(int) % 100], np.nan)
    )
    assert not lasts(packets, standard, line_hz / ENVELOPE_HZ, 8)


@pytest.mark.parametrize(("standard", "line_hz", "field_lines"), STANDARDS)
@pytest.mark.parametrize("begin", [0.0, 0.3, 0.6, 0.8])
def test_a_picture_of_which_the_slice_sees_a_few_lines_a_field_is_found(
    video: Make, noisy: Make, standard: str, line_hz: float, field_lines: float, begin: float
) -> None:
    """0 dB in the slice, seen for 3 ms of each field, anywhere in the look: two whole fields show it."""
    length = window_samples(RATE_HZ)
    picture = video(line_hz, RATE_HZ, 2.2 * WINDOW_S, -2.2e6)[: 2 * length]
    fields = np.arange(len(picture)) / RATE_HZ * line_hz / field_lines
    picture = np.where((fields - begin) % 1.0 < 0.16, picture, 0.0)
    picture /= np.sqrt(np.mean(np.abs(picture) ** 2))
    samples = noisy(picture.astype(np.complex64), 0.0, RATE_HZ, RATE_HZ)
    assert look(samples[:length], RATE_HZ) == (None, True)
    found = find_video(samples, RATE_HZ)
    assert found is not None
    assert found.standard == standard


@pytest.mark.parametrize("interval_s", [0.004, 0.005, 1 / 150, 0.01, 0.02])
@pytest.mark.parametrize("offset_hz", [1.0e6, 1.15e6, 1.3e6, -1.25e6])
def test_packets_of_the_line_rate_on_one_channel_at_the_edge_are_no_picture(
    lora: Make, noisy: Make, interval_s: float, offset_hz: float
) -> None:
    """Symbols of SF5 at 500 kHz are as long as a line; the intervals divide a field of PAL."""
    length = window_samples(RATE_HZ)
    wide = np.zeros(4 * length, np.complex64)
    symbols = int(0.5 * interval_s / 64e-6)
    for number in range(int(2 * WINDOW_S / interval_s)):
        packet = lora(5, 500e3, 2 * RATE_HZ, symbols, seed=number, offset_hz=offset_hz)
        begin = round(number * interval_s * 2 * RATE_HZ)
        packet = packet[: len(wide) - begin]
        wide[begin : begin + len(packet)] = packet
    spectrum = np.fft.fft(wide)
    quarter = len(wide) // 4
    inside = np.fft.ifft(np.concatenate((spectrum[:quarter], spectrum[-quarter:]))).astype(np.complex64)
    samples = noisy(inside * 2, 20.0, 500e3, RATE_HZ)
    assert find_video(samples[:length], RATE_HZ) is None
    assert find_video(samples, RATE_HZ) is None
