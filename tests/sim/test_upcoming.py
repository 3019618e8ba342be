"""What an emitter sends next is what its schedule says, however time is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.protocols import PROTOCOLS
from dsp.protocols.record import ContinuousTiming
from sim.scene import Emitter, Transmitter
from sim.schedule import Emission, Schedule, schedule_of
from sim.upcoming import LOOK_AHEAD_S, Upcoming

EVERYWHERE = (0.0, 1e12)
END_S = 3.0 * LOOK_AHEAD_S
EMITTERS = [
    Emitter(f"{protocol.label}-{mode.name}", protocol.label, mode, Transmitter(snr_db=0.0), band=band, seed=4)
    for protocol in PROTOCOLS
    for mode in protocol.modes
    for band in protocol.bands_of(mode)[:1]
    if not isinstance(mode.timing, ContinuousTiming)
]


def schedule(emitter: Emitter) -> Schedule:
    found = schedule_of(emitter)
    assert found is not None
    return found


@pytest.mark.parametrize("emitter", EMITTERS, ids=lambda emitter: emitter.name)
def test_packets_of_every_mode_come_in_order(emitter: Emitter) -> None:
    starts_s = [emission.start_s for emission in schedule(emitter).emissions(0.0, 2.0, *EVERYWHERE)]
    assert starts_s == sorted(starts_s)


@given(cuts=st.lists(st.floats(0.0, END_S), max_size=8), number=st.integers(0, len(EMITTERS) - 1))
def test_however_time_is_cut_nothing_is_lost_or_comes_early(cuts: list[float], number: int) -> None:
    whole = list(schedule(EMITTERS[number]).emissions(0.0, END_S, *EVERYWHERE))
    upcoming = Upcoming(schedule(EMITTERS[number]), 0.0, *EVERYWHERE)
    found: list[Emission] = []
    early_s = 0.0
    for cut_s in sorted([*cuts, END_S]):
        part = list(upcoming.until(cut_s))
        assert all(early_s <= emission.start_s < cut_s for emission in part)
        found += part
        early_s = cut_s
    assert found == whole


def test_a_schedule_is_asked_once_for_a_time() -> None:
    asked = []

    class Counted:
        longest_s = 0.0

        def emissions(self, from_s: float, to_s: float, low_hz: float, high_hz: float) -> object:
            asked.append((from_s, to_s))
            return iter(())

    upcoming = Upcoming(Counted(), 1.0, *EVERYWHERE)  # type: ignore[arg-type]  # an iterator of nothing
    for end_s in np.arange(1.0, 1.0 + 2.0 * LOOK_AHEAD_S, 0.1):
        assert not list(upcoming.until(float(end_s)))
    assert asked == [(1.0 + number * LOOK_AHEAD_S, 1.0 + (number + 1) * LOOK_AHEAD_S) for number in range(2)]
