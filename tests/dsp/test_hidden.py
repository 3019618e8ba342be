from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.hidden import COARSE, hide

POINTS = 512
WIDTH = 500e3 / 2.4e6
Mask = NDArray[np.bool_]


def _mask(rows: slice, columns: slice) -> Mask:
    mask = np.zeros((128, 256), dtype=np.bool_)
    mask[rows, columns] = True
    return mask


def test_nothing_is_hidden_by_what_is_narrow() -> None:
    assert hide(_mask(slice(0, 0), slice(0, 0)), 0, POINTS, WIDTH) is None
    assert hide(_mask(slice(0, 128), slice(100, 106)), 0, POINTS, WIDTH) is None


def test_a_wide_emission_hides_one_and_a_half_bandwidths_around_it() -> None:
    hidden = hide(_mask(slice(40, 80), slice(101, 155)), 0, POINTS, WIDTH)
    assert hidden is not None
    assert not hidden.map[:10].any()
    assert not hidden.map[20:].any()
    columns = np.flatnonzero(hidden.map[12]) * COARSE / 256
    assert abs(columns.min() - (0.5 - 1.5 * WIDTH)) < 0.16
    assert abs(columns.max() - (0.5 + 1.5 * WIDTH)) < 0.16


def test_frequencies_go_round() -> None:
    hidden = hide(_mask(slice(40, 80), slice(0, 53)), 0, POINTS, WIDTH)
    assert hidden is not None
    assert hidden.map[12, 0]
    assert hidden.map[12, -1]
    assert not hidden.map[12, 40]


def test_a_stretch_is_hidden_where_any_of_it_meets_the_emission() -> None:
    hidden = hide(_mask(slice(40, 80), slice(101, 155)), 1000, POINTS, WIDTH)
    assert hidden is not None
    begin, end = 1000 + 40 * POINTS, 1000 + 80 * POINTS
    long = 10.0 * POINTS
    starts = np.array([begin - 3 * long, begin - 0.5 * long, begin + long, end - 1.0, end + long])
    assert hidden.at(starts, long, np.full(5, 0.5)).tolist() == [False, True, True, True, False]
    assert not hidden.at(starts, long, np.full(5, 0.0)).any()
