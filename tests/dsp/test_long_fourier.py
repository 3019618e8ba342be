from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import fft

from dsp.long_fourier import POINTS, in_order, long_transforms


@pytest.mark.parametrize("count", [1, 3, 4])
def test_two_steps_are_one_transform(count: int) -> None:
    rng = np.random.default_rng(count)
    for _ in range(2):
        rows = (rng.standard_normal((count, POINTS, 2)) @ [1, 1j]).astype(np.complex64)
        transforms = long_transforms(count)
        transforms.rows[:] = rows
        found = transforms.run()
        for one, expected in zip(found, fft.fft(rows, axis=1), strict=True):
            power = one.real**2 + one.imag**2
            assert np.allclose(one.T.reshape(POINTS), expected, atol=2e-3)
            assert np.allclose(in_order(power), abs(expected) ** 2, rtol=1e-3, atol=1.0)


def test_every_thread_has_its_own() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(long_transforms, 2).result() is not long_transforms(2)
    assert long_transforms(2) is long_transforms(2)
