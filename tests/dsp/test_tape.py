"""A tape holds what was put on it and not forgotten, whatever the sizes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dsp.tape import Tape


@given(steps=st.lists(st.tuples(st.integers(0, 900), st.floats(0.0, 1.2)), max_size=60), width=st.integers(0, 3))
def test_holds_what_a_list_would(steps: list[tuple[int, float]], width: int) -> None:
    tape = Tape(width, np.float32)
    held: list[float] = []
    count = 0
    for added, forgotten in steps:
        values = np.arange(count, count + added, dtype=np.float32)
        count += added
        tape.append(np.repeat(values[:, np.newaxis], width, axis=1) if width else values)
        held += values.tolist()
        rows = int(forgotten * len(held))
        tape.drop(rows)
        held = held[rows:]
        assert len(tape) == len(held)
        assert (tape.rows if not width else tape.rows[:, 0]).tolist() == held


def test_keeps_no_more_memory_than_twice_the_most_it_held() -> None:
    tape = Tape(0, np.float32)
    most = 0
    for round_number in range(500):
        tape.append(np.zeros(1000, dtype=np.float32))
        most = max(most, len(tape))
        tape.drop(len(tape) - 300 * (round_number % 3))
    place = tape.extend(1)
    assert place.base is not None
    assert tape.rows.base is not None
    assert tape.rows.base.nbytes <= 2 * 4 * most
