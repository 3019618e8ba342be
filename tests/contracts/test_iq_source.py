"""What every ``IqSource`` keeps to. The implementations are listed in conftest.py."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from dsp.iq import IqBlock, IqSource, SourceError

SOME_BLOCKS = 12
HANG_S = 60.0
"""A source that has not ended by then hangs."""


class Case(Protocol):
    """``IqSourceCase`` of conftest.py, which cannot be imported."""

    open: Callable[[Path], AbstractContextManager[IqSource]]
    broken: Callable[[Path], AbstractContextManager[IqSource]] | None
    endless: bool
    time_tolerance_ns: int


@pytest.fixture
def source(iq_source_case: Case, tmp_path: Path) -> Iterator[IqSource]:
    with iq_source_case.open(tmp_path) as opened:
        yield opened
        opened.stop()


@pytest.fixture
def blocks(source: IqSource) -> list[IqBlock]:
    return list(itertools.islice(source.blocks(), SOME_BLOCKS))


def test_there_are_blocks_of_one_radio(blocks: list[IqBlock]) -> None:
    assert len(blocks) > 2
    assert len({block.radio for block in blocks}) == 1
    assert all(len(block.samples) for block in blocks)


def test_samples_are_finite_complex64_that_nobody_can_change(blocks: list[IqBlock]) -> None:
    for block in blocks:
        assert block.samples.dtype == np.complex64
        assert block.samples.ndim == 1
        assert np.isfinite(block.samples).all()
        with pytest.raises(ValueError, match="read-only"):
            block.samples[0] = 0


def test_amplitude_one_is_full_scale(blocks: list[IqBlock]) -> None:
    loudest = max(float(np.abs(block.samples.view(np.float32)).max()) for block in blocks)
    assert 0.0 < loudest <= 1.5


def test_first_sample_grows_by_what_was_given_and_lost(blocks: list[IqBlock]) -> None:
    for before, block in itertools.pairwise(blocks):
        assert block.lost_before >= 0
        assert block.first_sample == before.first_sample + len(before.samples) + block.lost_before


def test_time_follows_the_sample_count(blocks: list[IqBlock], iq_source_case: Case) -> None:
    first = blocks[0]
    for block in blocks:
        elapsed_ns = round((block.first_sample - first.first_sample) * 1e9 / block.sample_rate_hz)
        assert abs(block.start_ns - first.start_ns - elapsed_ns) <= iq_source_case.time_tolerance_ns


def test_an_unknown_centre_is_zero(blocks: list[IqBlock]) -> None:
    assert all(block.centre_known == (block.centre_hz != 0.0) for block in blocks)


def test_it_ends_unless_it_is_endless(iq_source_case: Case, tmp_path: Path) -> None:
    if iq_source_case.endless:
        return
    with iq_source_case.open(tmp_path) as opened:
        assert len(list(opened.blocks())) < 1000


def test_stop_ends_it_soon(source: IqSource) -> None:
    running = source.blocks()
    next(running)
    for _ in range(3):
        source.stop()
    assert len(list(itertools.islice(running, SOME_BLOCKS))) < SOME_BLOCKS // 2


def test_stop_before_the_first_block(source: IqSource) -> None:
    source.stop()
    assert len(list(itertools.islice(source.blocks(), SOME_BLOCKS))) < SOME_BLOCKS // 2


def test_stop_from_another_thread(source: IqSource) -> None:
    begun = threading.Event()

    def read() -> None:
        for _ in source.blocks():
            begun.set()
        begun.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert begun.wait(HANG_S)
    source.stop()
    reader.join(HANG_S)
    assert not reader.is_alive()


def test_a_fault_is_a_source_error_of_one_line(iq_source_case: Case, tmp_path: Path) -> None:
    if iq_source_case.broken is None:
        pytest.skip("nothing in it can break")
    with pytest.raises(SourceError) as fault:  # noqa: SIM117  # opening may fail, or reading
        with iq_source_case.broken(tmp_path) as opened:
            next(opened.blocks())
    assert str(fault.value)
    assert "\n" not in str(fault.value)
