from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from dsp.runs import join_runs


def _agrees(mask: NDArray[np.bool_]) -> None:
    walled = np.pad(mask, ((0, 0), (0, 1)))
    flat = np.concatenate(([False], walled.ravel(), [False]))
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    begin, end = edges[::2], edges[1::2]
    names, count = join_runs(begin, end, walled.shape[1])
    labels, expected = ndimage.label(walled, structure=np.ones((3, 3)))
    assert count == expected
    assert sorted(set(names.tolist())) == list(range(count))
    theirs = labels.ravel()[begin]
    assert len({*zip(names.tolist(), theirs.tolist(), strict=True)}) == count


@pytest.mark.parametrize("share", [0.02, 0.2, 0.4, 0.6, 0.95])
def test_runs_are_joined_as_cells_are(share: float) -> None:
    rng = np.random.default_rng(int(100 * share))
    for shape in ((60, 40), (300, 7), (2, 500), (1, 30)):
        _agrees(rng.random(shape) < share)


def test_teeth_and_branches_meet_below() -> None:
    """Every tooth begins alone, and what joins them comes last."""
    comb = np.zeros((40, 200), dtype=np.bool_)
    comb[:-1, ::2] = True
    comb[-1] = True
    _agrees(comb)
    tree = np.zeros((10, 512), dtype=np.bool_)
    for level in range(10):
        step = 2**level
        for first in range(step // 2, 512, 2 * step):
            tree[level, first : first + step + 1] = True
    _agrees(tree)


def test_no_runs_are_no_regions() -> None:
    nothing = np.zeros(0, dtype=np.intp)
    names, count = join_runs(nothing, nothing, 10)
    assert len(names) == count == 0
