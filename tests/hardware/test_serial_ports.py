"""Real modules at real ports: they are read without fault, come back after a reopening, and their very bytes keep the
contract of ``SerialModule``.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from firmware_bridge.devices import BY_NAME
from firmware_bridge.link_settings import LinkState

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.hardware

CONTRACT = "test_serial_module"
MOST_BAD_SHARE = 0.01
"""Of the frames: more is a bad cable, a wrong rate or a port that is not opened raw."""
CLOCK_NS = 1_000_000_000
"""A module's own clock, tied to ours, may put a contact so much before the reading: bytes wait in adapters."""
CONTRACT_BYTES = 16_384
"""Bytes of the reading the contract is tried with: one by one takes its time."""


@pytest.fixture(scope="module")
def contract() -> Iterator[ModuleType]:
    """The suite of tests/contracts."""
    pytest.register_assert_rewrite(CONTRACT)
    sys.path.insert(0, str(Path(__file__).parents[1] / "contracts"))
    try:
        yield importlib.import_module(CONTRACT)
    finally:
        del sys.path[0]


def test_it_is_read_without_fault(serial_reading: Any) -> None:
    counters, module = serial_reading.counters, serial_reading.counters.module
    assert counters.state is LinkState.READING, counters.fault
    assert counters.fault is None
    assert (counters.opens, counters.losses, counters.stalls, counters.failures) == (1, 0, 0, 0)
    assert module.frames > 0
    assert module.bytes == len(serial_reading.data)
    bad = module.crc_errors + module.malformed + module.oversize
    assert bad <= MOST_BAD_SHARE * module.frames, (
        f"{bad} bad and {module.frames} good frames: check cable, ground, baud"
    )
    assert module.translated == 0


def test_contacts_are_of_this_time(serial_reading: Any) -> None:
    """Whether anything is there to be seen is up to the bench."""
    for contact in serial_reading.contacts:
        assert serial_reading.began_ns - CLOCK_NS <= contact.time_ns <= serial_reading.ended_ns


def test_it_comes_back_after_a_reopening(serial_reading: Any, read_port: Callable[[str, str], Any]) -> None:
    again = read_port(serial_reading.type, serial_reading.port)
    assert again.counters.state is LinkState.READING, again.counters.fault
    assert again.counters.module.frames > 0


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_its_bytes_in_pieces_of_one_size_change_nothing(
    serial_reading: Any, contract: ModuleType, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setitem(contract.SAMPLES, serial_reading.type, serial_reading.data[:CONTRACT_BYTES])
    contract.TestReading().test_pieces_of_one_size_change_nothing(BY_NAME[serial_reading.type], size)


@pytest.mark.parametrize("damage", ["_random", "_without_ends", "_storm", "_damaged"])
def test_its_bytes_damaged_are_read_without_growth(serial_reading: Any, contract: ModuleType, damage: str) -> None:
    import numpy as np

    rng = np.random.default_rng(2026)
    module = BY_NAME[serial_reading.type].settings().make()
    data = getattr(contract, damage)(rng, serial_reading.data[:CONTRACT_BYTES], 8 * CONTRACT_BYTES)
    for piece in contract.cut(data, 997):
        module.feed(piece, contract.NOW_NS)
        module.requests(contract.NOW_NS)
    module.finish(contract.NOW_NS)
    assert contract.held_bytes(module) < contract.MOST_HELD
    assert module.counters.bytes == len(data)
