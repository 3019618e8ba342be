"""Two makers' links with the same chirps and pace, told by the grids that their channels lie on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dsp.bursts import Burst, ChirpFinding
from node.tracking.track import TrackChange

Names = Callable[..., set[tuple[str, str | None]]]
SECONDS = 4.0
CENTRE_HZ = 867.2e6
SYMBOL_S = 64 / 500e3
CROSSFIRE_HZ = tuple(860.167e6 + 260.01e3 * number for number in range(50))
R9_HZ = tuple(863.25e6 + 250e3 * number for number in range(19))


def link(
    grid_hz: tuple[float, ...], airtime_s: float, answer_s: tuple[float, float], heard: float, seed: int
) -> list[Burst]:
    """A packet every 20 ms and the answer after it; ``answer_s`` is its delay and length."""
    rng = np.random.default_rng((seed, 17))
    finding = ChirpFinding(6, 500e3, SYMBOL_S, 500e3 / SYMBOL_S, 0.8)
    bursts = []
    for slot in range(int(SECONDS / 0.020)):
        for late_s, length_s in ((0.0, airtime_s), answer_s):
            channel_hz = float(rng.choice(grid_hz)) + 23e3
            if abs(channel_hz - CENTRE_HZ) < 0.95e6 and rng.random() < heard:
                start_ns = round((0.004 + slot * 0.020 + late_s) * 1e9)
                bursts.append(
                    Burst(start_ns, length_s, channel_hz + float(rng.normal(0, 3e3)), 500e3, 9.0, -20.0, finding)
                )
    return bursts


@pytest.fixture
def names(track: Callable[..., list[TrackChange]]) -> Names:
    return lambda bursts: {
        (c.track.label, c.track.mode)
        for c in track(bursts, SECONDS, CENTRE_HZ)
        if c.kind == "end" and c.track.family.startswith("drone")
    }


@pytest.mark.parametrize("seed", range(4))
def test_a_link_on_a_grid_of_260_kilohertz_is_not_one_of_250(names: Names, seed: int) -> None:
    bursts = link(CROSSFIRE_HZ, 7.07e-3, (11e-3, 5.15e-3), 0.5, seed)
    assert names(bursts) == {("crossfire", "50Hz")}


@pytest.mark.parametrize("seed", range(4))
def test_a_link_on_a_grid_of_250_kilohertz_is_not_one_of_260(names: Names, seed: int) -> None:
    bursts = link(R9_HZ, 5.28e-3, (11.6e-3, 5.28e-3), 0.9, seed)
    assert names(bursts) == {("frsky-r9", "14B-LBT")}
