"""A real dongle keeps to the contract of ``IqSource``: the suite of tests/contracts itself, on another case."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dsp.iq import IqSource
from node.sources import RtlSdrSettings, open_radio

pytestmark = pytest.mark.hardware

CONTRACT = "test_iq_source"
NO_SUCH_SERIAL = "no-such-dongle"
TOLERANCE_NS = 2_600_000
"""As for every live clock: one correction of ``node.sources.live_clock``, 500 ppm of 5 s."""

pytest.register_assert_rewrite(CONTRACT)
sys.path.insert(0, str(Path(__file__).parents[1] / "contracts"))
try:
    _suite = importlib.import_module(CONTRACT)
finally:
    del sys.path[0]
# Its tests and fixtures become ours; the fixture they all rest on is below.
globals().update({name: thing for name, thing in vars(_suite).items() if name.startswith("test_")})
source, blocks = _suite.source, _suite.blocks


@dataclass(frozen=True)
class DongleCase:
    """What the contract asks of a case."""

    open: Callable[[Path], AbstractContextManager[IqSource]]
    broken: Callable[[Path], AbstractContextManager[IqSource]] | None
    endless: bool = True
    time_tolerance_ns: int = TOLERANCE_NS


@pytest.fixture
def iq_source_case(dongle: RtlSdrSettings) -> DongleCase:
    absent = replace(dongle, serial=NO_SUCH_SERIAL)
    return DongleCase(lambda _: nullcontext(open_radio(dongle)), lambda _: nullcontext(open_radio(absent)))
