"""Float recordings whose scale is not 1.0, and samples that are no numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.iq import SourceUnavailable
from node.sources import RecordingOptions, open_recording


def noise(samples: int, seed: int = 1) -> NDArray[np.complex64]:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((samples, 2)) * 0.2).clip(-1, 1).astype(np.float32).view(np.complex64).ravel()


def read(path: Path, samples: NDArray[np.complex64], block: int = 65536) -> tuple[NDArray[np.complex64], str]:
    path.write_bytes(samples.astype("<c8").tobytes())
    source = open_recording(path, RecordingOptions(sample_rate_hz=1e6, block_samples=block))
    return np.concatenate([b.samples for b in source.blocks()]), " ".join(source.notes)


@pytest.mark.parametrize(
    ("stored", "full_scale"),
    [(8, 128), (11, 2048), (15, 32768), (31, 2**31)],
    ids=["8 bit", "12 bit", "16 bit", "32 bit"],
)
def test_whole_numbers_are_those_of_a_converter(tmp_path: Path, stored: int, full_scale: int) -> None:
    unscaled = np.round(noise(1000).view(np.float32) * full_scale * 0.9).view(np.complex64)
    got, note = read(tmp_path / "x.cf32", unscaled)
    np.testing.assert_array_equal(got, unscaled / np.float32(full_scale))
    assert f"{float(full_scale):g} is taken as full scale" in note


def test_other_large_values_go_to_the_next_power_of_two(tmp_path: Path) -> None:
    loud = noise(1000) * np.float32(18.8 / np.abs(noise(1000).view(np.float32)).max())
    got, note = read(tmp_path / "x.cf32", loud)
    np.testing.assert_array_equal(got, loud / np.float32(32))
    assert "32 is taken as full scale" in note


@pytest.mark.parametrize("scale", [1e-4, 1e-6, 1e-9])
def test_tiny_values_are_raised(tmp_path: Path, scale: float) -> None:
    quiet = noise(1000) * np.float32(scale)
    got, note = read(tmp_path / "x.cf32", quiet)
    assert 0.25 < np.abs(got.view(np.float32)).max() <= 0.5
    factor = got[0] / quiet[0]
    np.testing.assert_allclose(got, quiet * factor.real, rtol=1e-6)
    assert "taken as full scale" in note


@pytest.mark.parametrize("scale", [1.0, 0.01, 1.4])
def test_the_usual_scale_is_left_alone(tmp_path: Path, scale: float) -> None:
    samples = noise(1000) * np.float32(scale)
    got, note = read(tmp_path / "x.cf32", samples)
    np.testing.assert_array_equal(got, samples)
    assert "full scale" not in note


def test_zeros_at_the_beginning_decide_nothing(tmp_path: Path) -> None:
    samples = np.concatenate((np.zeros(150_000, np.complex64), np.round(noise(5000) * 30000)))
    got, note = read(tmp_path / "x.cf32", samples, 1000)
    assert np.abs(got).max() < 1.5
    assert "32768" in note


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@given(block=st.integers(1000, 200_000), zeros=st.integers(0, 140_000))
def test_the_scale_does_not_depend_on_the_block_size(tmp_path: Path, block: int, zeros: int) -> None:
    ramp = noise(70_000) * np.linspace(0.001, 300, 70_000, dtype=np.float32)
    samples = np.concatenate((np.zeros(zeros, np.complex64), ramp))
    np.testing.assert_array_equal(
        read(tmp_path / "a.cf32", samples, block)[0], read(tmp_path / "b.cf32", samples, 65536)[0]
    )


def test_nan_and_infinity_become_zero_and_are_counted(tmp_path: Path) -> None:
    samples = noise(200_000)
    samples[[5, 70_000, 199_999]] = [np.nan, np.inf, complex(1, -np.inf)]
    got, note = read(tmp_path / "x.cf32", samples)
    assert np.isfinite(got).all()
    assert (got[[5, 70_000, 199_999]] == 0).all()
    kept = np.isfinite(samples)
    np.testing.assert_array_equal(got[kept], samples[kept])
    assert "3 samples are NaN or infinite" in note


def test_a_file_that_is_mostly_nan_is_refused(tmp_path: Path) -> None:
    samples = noise(1000)
    samples[:600] = np.nan
    with pytest.raises(SourceUnavailable, match=r"x\.cf32: 600 of 1000 samples are NaN.*is the datatype right"):
        read(tmp_path / "x.cf32", samples)


@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2"])
def test_integers_taken_for_floats_are_refused(tmp_path: Path, dtype: str) -> None:
    info = np.iinfo(dtype)
    middle = 127 if dtype == "u1" else 0
    values = np.random.default_rng(1).normal(middle, info.max / 8, 40_000).clip(info.min, info.max).astype(dtype)
    path = tmp_path / "x_1000k.cf32"
    path.write_bytes(values.tobytes())
    with pytest.raises(SourceUnavailable, match="is the datatype right"):
        list(open_recording(path).blocks())


def test_doubles_beyond_floats(tmp_path: Path) -> None:
    samples = noise(1000).astype("<c16")
    samples[3] = 1e300
    path = tmp_path / "x_1000k.cf64"
    path.write_bytes(samples.tobytes())
    source = open_recording(path)
    got = np.concatenate([block.samples for block in source.blocks()])
    assert got[3] == 0
    assert "1 sample is NaN or infinite" in " ".join(source.notes)
