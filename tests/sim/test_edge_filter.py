"""The filter at the slice's edges."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.units import to_db
from sim.edge_filter import CHUNK_SAMPLES, EDGE_DB, FILTER_REACH, EdgeFilter
from sim.gaussian import gaussian

LENGTH = CHUNK_SAMPLES + 2 * FILTER_REACH


def test_one_impulse_gives_one_response_wherever_it_is() -> None:
    responses = []
    for place in (200, 959, 960, 1000, CHUNK_SAMPLES - 200):
        samples = np.zeros(LENGTH, np.complex64)
        samples[FILTER_REACH + place] = 1.0
        filtered = EdgeFilter().run(samples)
        assert len(filtered) == CHUNK_SAMPLES
        responses.append(filtered[place - FILTER_REACH : place + FILTER_REACH + 1])
        assert np.vdot(filtered, filtered).real == pytest.approx(np.vdot(responses[-1], responses[-1]).real, rel=1e-5)
    assert all(np.allclose(response, responses[0], atol=1e-6) for response in responses)
    assert np.allclose(responses[0], responses[0][::-1], atol=1e-6)


def test_chunks_join_without_a_seam() -> None:
    samples = gaussian((1,), LENGTH + CHUNK_SAMPLES, 1.0)
    edge_filter = EdgeFilter()
    first, second = edge_filter.run(samples[:LENGTH]), edge_filter.run(samples[CHUNK_SAMPLES:])
    shifted = edge_filter.run(samples[1000 : 1000 + LENGTH])
    assert np.allclose(np.concatenate([first, second])[1000 : 1000 + CHUNK_SAMPLES], shifted, atol=1e-5)


@pytest.mark.parametrize(
    ("share", "expected_db", "tolerance_db"),
    [(0.0, 0.0, 0.02), (0.5, 0.0, 0.02), (-0.8, 0.0, 0.1), (0.92, -EDGE_DB * 0.27, 0.7), (-1.0, -EDGE_DB, 3.0)],
)
def test_flat_in_the_middle_and_rolled_off_at_the_edges(share: float, expected_db: float, tolerance_db: float) -> None:
    tone = np.exp(1j * np.pi * share * np.arange(LENGTH)).astype(np.complex64)
    filtered = EdgeFilter().run(tone)
    assert to_db(float(np.mean(np.abs(filtered) ** 2))) == pytest.approx(expected_db, abs=tolerance_db)
