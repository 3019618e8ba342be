from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import LineCombFinding
from dsp.detector import SEGMENT_ROWS, DetectorSettings, SliceDetector, make_slice
from dsp.video import PAL_LINE_HZ

Make = Callable[..., NDArray[np.complex64]]
RATE_HZ = 2.4e6


def test_looks_across_segments_find_the_same_and_keep_it(video: Make, noisy: Make) -> None:
    """Looks of 24 ms in segments of 246 ms: most lie in one, the look after 1.7 s in two."""
    settings = DetectorSettings()
    segment = SEGMENT_ROWS * settings.stft.points(RATE_HZ)
    pictures = video(PAL_LINE_HZ, RATE_HZ, 0.2, 0.0).astype(np.complex64)
    noise = noisy(pictures, 6.0, RATE_HZ, RATE_HZ)
    scene = np.resize(noise, 9 * segment)
    detector = SliceDetector(settings, make_slice(settings, RATE_HZ, 5.8e9, 0, known=True))
    found = [*detector.feed(scene), *detector.flush().found]
    looks = [item for item in found if isinstance(item.burst.finding, LineCombFinding)]
    begins = [round(item.burst.start_ns * 1e-9 * RATE_HZ) for item in looks]
    assert len(begins) >= 8
    assert any(begin // segment != (begin + round(0.024 * RATE_HZ)) // segment for begin in begins)
    for begin, item in zip(begins, looks, strict=True):
        excerpt = item.baseband.samples
        assert np.array_equal(excerpt, scene[begin : begin + len(excerpt)])


def test_a_picture_of_which_a_part_of_each_field_is_seen_is_found_by_longer_looks(video: Make, noisy: Make) -> None:
    """3 ms of 20: the looks that find it are of 48 ms, whichever segments they lie in."""
    settings = DetectorSettings()
    segment = SEGMENT_ROWS * settings.stft.points(RATE_HZ)
    pictures = video(PAL_LINE_HZ, RATE_HZ, 0.2, -2.2e6).astype(np.complex64)
    pictures[np.arange(len(pictures)) / RATE_HZ % 0.02 > 0.003] = 0.0
    pictures /= np.sqrt(np.mean(np.abs(pictures) ** 2))
    scene = np.resize(noisy(pictures, 3.0, RATE_HZ, RATE_HZ), 8 * segment)
    detector = SliceDetector(settings, make_slice(settings, RATE_HZ, 5.8e9, 0, known=True))
    found = [*detector.feed(scene), *detector.flush().found]
    looks = [item for item in found if isinstance(item.burst.finding, LineCombFinding)]
    begins = [round(item.burst.start_ns * 1e-9 * RATE_HZ) for item in looks]
    lengths = [round(item.burst.duration_s * RATE_HZ) for item in looks]
    longer = 2 * round(0.024 * RATE_HZ)
    assert lengths.count(longer) >= 8
    assert {item.burst.bandwidth_hz for item in looks} == {RATE_HZ}
    assert all(begin + length <= after for begin, length, after in zip(begins, lengths, begins[1:], strict=False))
    assert any(begin // segment != (begin + longer) // segment for begin in begins)
    for begin, item in zip(begins, looks, strict=True):
        excerpt = item.baseband.samples
        assert np.array_equal(excerpt, scene[begin : begin + len(excerpt)])
