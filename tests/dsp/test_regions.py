from __future__ import annotations

import numpy as np

from dsp.energy import energy_mask
from dsp.regions import find_regions

ROW_S, COLUMN_HZ = 213e-6, 9375.0


def test_spirals_and_combs_are_one_region() -> None:
    mask = np.zeros((40, 64), dtype=np.bool_)
    mask[2:38, 4:60:4] = True
    mask[36, 4:60] = True
    mask[2:30, 62] = True
    found = find_regions(mask, mask.astype(np.float32), ROW_S, COLUMN_HZ)
    assert [(r.first_row, r.end_row, r.low_column, r.high_column) for r in found] == [(2, 38, 4, 60), (2, 30, 62, 63)]


def test_the_mask_is_the_definition() -> None:
    """Sums that run through the ends of the rows leave no trace there."""
    rng = np.random.default_rng(6)
    ratio = rng.exponential(size=(50, 96, 4)).mean(axis=2).astype(np.float32)
    ratio[10:20, :3] *= 6.0
    ratio[25:30, 93:] *= 6.0
    ratio[35:45, 30:70] *= 2.5
    padded = np.pad(ratio.astype(np.float64), 1)
    cells = sum(padded[r : r + 50, c : c + 96] for r in range(3) for c in range(3))
    strongest = ratio.max(axis=1, keepdims=True)
    expected = cells > np.maximum(9 * 2.8, 9 * 10**-3.5 * strongest)
    limited = np.pad(np.minimum(ratio, 3.2).astype(np.float64), ((1, 1), (0, 0)))
    rows = limited[:-2] + limited[1:-1] + limited[2:]
    for column in range(5, 91):
        expected[:, column] |= rows[:, column - 5 : column + 6].sum(axis=1) > 33 * 1.75
    assert np.array_equal(energy_mask(ratio), expected)


def test_nothing_is_no_region() -> None:
    assert find_regions(np.zeros((30, 64), np.bool_), np.ones((30, 64), np.float32), ROW_S, COLUMN_HZ) == []


def test_packets_that_splatter_bridges_are_regions_of_their_own() -> None:
    power = np.full((60, 256), 0.1, np.float32)
    power[10:30, 20:60] = power[31:50, 180:220] = 1e4
    power[29:32, 20:220] += 10.0
    found = find_regions(power > 1.0, power, ROW_S, COLUMN_HZ)
    assert [r[:6] for r in found] == [(10, 30, 20, 60, 20, 120), (31, 50, 180, 220, 120, 220)]


def test_two_tones_are_one_region() -> None:
    power = np.full((60, 256), 0.1, np.float32)
    power[10:30, 100:104] = power[10:30, 120:124] = 1e4  # 200 kHz apart
    power[10:30, 104:120] = 10.0
    assert len(find_regions(power > 1.0, power, ROW_S, COLUMN_HZ)) == 1
