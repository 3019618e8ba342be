from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import fft

from dsp.fourier import PLANS_KEPT, RowTransforms, Workbench, quick_length, transformed, workbench


@pytest.mark.parametrize("points", [4, 100, 216, 333, 512])
def test_agrees_with_scipy_whatever_was_left_there(points: int) -> None:
    rng = np.random.default_rng(points)
    rows = (rng.standard_normal((9, points, 2)) @ [1, 1j]).astype(np.complex64)
    transforms = RowTransforms(9, points)
    for count in (9, 7):
        transforms.rows[:count] = rows[9 - count :]
        assert np.allclose(transforms.run(count), fft.fft(rows[9 - count :], axis=1), atol=1e-4)


@pytest.mark.parametrize("points", [100, 1024])
def test_the_inverse_leads_back_without_the_division(points: int) -> None:
    rng = np.random.default_rng(points)
    rows = (rng.standard_normal((5, points, 2)) @ [1, 1j]).astype(np.complex64)
    forward, back = RowTransforms(5, points), RowTransforms(5, points, inverse=True)
    forward.rows[:] = rows
    back.rows[:] = forward.run(5)
    assert np.allclose(back.run(5) / points, rows, atol=1e-5)


def test_rows_that_are_never_written_are_padding() -> None:
    transforms = RowTransforms(2, 64)
    transforms.rows[:, :40] = 1.0
    padded = np.zeros((2, 64), dtype=np.complex64)
    padded[:, :40] = 1.0
    assert np.allclose(transforms.run(2), fft.fft(padded, axis=1), atol=1e-4)
    assert np.array_equal(transforms.rows, padded)


def test_every_number_of_rows_works_though_few_plans_are_kept() -> None:
    transforms = RowTransforms(3 * PLANS_KEPT, 16)
    transforms.rows[:, 0] = 1.0
    for count in [*range(1, 3 * PLANS_KEPT + 1), 1]:
        assert np.allclose(transforms.run(count), np.ones((count, 16)), atol=1e-6)


def test_the_same_samples_give_the_same_bits_in_another_object() -> None:
    rng = np.random.default_rng(1)
    rows = (rng.standard_normal((64, 512, 2)) @ [1, 1j]).astype(np.complex64)
    results = []
    for _ in range(2):
        transforms = RowTransforms(64, 512)
        transforms.rows[:] = rows
        results.append(transforms.run(64).copy())
    assert np.array_equal(results[0], results[1])


@pytest.mark.parametrize(
    ("least", "length"),
    [(1, 1), (2, 2), (3, 3), (5, 5), (6, 6), (7, 8), (153, 160), (614, 640), (641, 768), (800, 1024)],
)
def test_quick_lengths(least: int, length: int) -> None:
    assert quick_length(least) == length


@pytest.mark.parametrize(
    ("count", "width", "points"), [(1, 5, 5), (3, 16, 16), (9, 30, 48), (17, 100, 100), (285, 16, 16)]
)
@pytest.mark.parametrize("inverse", [False, True])
def test_the_workbench_agrees_with_scipy_for_any_number_of_rows(
    count: int, width: int, points: int, inverse: bool
) -> None:
    rng = np.random.default_rng(count)
    rows = (rng.standard_normal((count, width, 2)) @ [1, 1j]).astype(np.complex64)
    expected = points * fft.ifft(rows, n=points, axis=1) if inverse else fft.fft(rows, n=points, axis=1)
    for _ in range(2):  # whatever the first has left behind
        assert np.allclose(transformed(rows, points, inverse=inverse), expected, atol=1e-3)


def test_the_workbench_works_in_every_thread_with_its_own_memory() -> None:
    rows = np.ones((4, 8), dtype=np.complex64)
    mine = transformed(rows)
    kept = mine.copy()
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(lambda: transformed(2.0 * rows).copy()).result()
    assert np.array_equal(mine, kept)
    assert np.array_equal(theirs, 2.0 * kept)


def test_the_workbench_forgets_shapes_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsp.fourier.SHAPES_KEPT", 2)
    monkeypatch.setattr("dsp.fourier.PLANS_KEPT", 2)
    bench = Workbench()
    for points in (4, 8, 16, 4, 32, 8):
        bench.rows(3, points)[...] = 1.0
        assert np.allclose(bench.run(3, points)[:, 0], points)
        assert bench.run_real(np.ones(3, dtype=np.float32), points)[0] == 3.0


@pytest.mark.parametrize("points", [10, 48, 14400])
def test_a_real_transform_agrees_with_scipy(points: int) -> None:
    for count in (points // 2, points // 3):  # the shorter one finds no rest of the longer
        values = np.random.default_rng(count).standard_normal(count).astype(np.float32)
        assert np.allclose(workbench().run_real(values, points), fft.rfft(values, n=points), atol=1e-2)
