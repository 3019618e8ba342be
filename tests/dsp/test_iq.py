from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.iq import U8_CENTRE, U8_FULL_SCALE, IqBlock, complex64_to_u8, rounded_to_u8, u8_to_complex64


@given(st.binary(min_size=0, max_size=64).filter(lambda raw: len(raw) % 2 == 0))
def test_every_pair_of_bytes_is_converted_by_the_formula(raw: bytes) -> None:
    counts = np.frombuffer(raw, np.uint8).astype(np.float64)
    expected = (counts[0::2] - U8_CENTRE + 1j * (counts[1::2] - U8_CENTRE)) / U8_FULL_SCALE
    assert np.allclose(u8_to_complex64(raw), expected, atol=1e-6)
    assert complex64_to_u8(u8_to_complex64(raw)).tobytes() == raw


def test_an_odd_number_of_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="even number"):
        u8_to_complex64(b"abc")


def test_quantising_clips() -> None:
    assert complex64_to_u8(np.array([2 - 3j], np.complex64)).tolist() == [255, 0]


def test_rounding_is_the_way_there_and_back() -> None:
    rng = np.random.default_rng(1)
    samples = rng.normal(0.0, 0.6, 100_000).astype(np.float32).view(np.complex64)
    before = samples.copy()
    assert np.array_equal(rounded_to_u8(samples), u8_to_complex64(complex64_to_u8(samples).tobytes()))
    assert np.array_equal(samples, before)


def test_a_block_places_itself_in_time_and_is_read_only() -> None:
    block = IqBlock(np.zeros(2400, np.complex64), 2.4e6, 868e6, 10, 0, 5_000)
    assert block.end_ns == 5_000 + 1_000_000
    assert block.duration_s == pytest.approx(1e-3)
    with pytest.raises(ValueError, match="read-only"):
        block.samples[0] = 1


@pytest.mark.parametrize("samples", [np.zeros((2, 2), np.complex64), np.zeros(4, np.complex128)])
def test_a_block_of_another_shape_or_type_is_refused(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match="complex64"):
        IqBlock(samples, 2.4e6, 0.0, 0, 0, 0)
