"""How likely a stop of the scan hears a link: counted over hop sequences, not assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import Band, ContinuousTiming, FmVideoPhy, HopTiming, Mode, SporadicTiming, TdmTiming
from node.tracking.hypotheses import LEAST_PACKETS
from sim.bandwidth import bandwidth_hz
from sim.hopping import hop_sequence, net_channels_hz

TRIALS = 160
"""Links drawn for one figure: a binomial error of 4 % at most."""
VIDEO_REACH_HZ = 3.0e6
"""A carrier this far from the middle of a 2.4 MHz slice is still seen by its comb (reference measurement)."""
VIDEO_NEEDS_S = 0.12
"""Two looks of 24 ms and the filling of the first."""
TDM_WINDOWS = 3
"""Windows of a time-division link that must fall into the slice."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the spectrum seen for a time."""

    centre_hz: float
    width_hz: float
    """Usable width of the slice."""
    seconds: float


def chance(mode: Mode, band: Band, window: Window, seed: int = 0) -> float:
    """Probability that a link of a mode in a band shows enough of itself in a window to become a track.

    Links of ``TRIALS`` random seeds and phases are stepped through their hop sequences; a link counts when at least as
    many packets as the tracker asks for lie whole in the slice within the time.

    Returns
    -------
    0 to 1; 0 for a sporadic mode, which nobody can plan for.
    """
    timing = mode.timing
    if isinstance(mode.phy, FmVideoPhy):
        return _chance_of_video(band, window)
    if isinstance(timing, ContinuousTiming):
        seen_hz = window.width_hz + bandwidth_hz(mode.phy)
        inside = band.low_hz <= window.centre_hz <= band.high_hz
        return min(1.0, seen_hz / (band.high_hz - band.low_hz)) if inside else 0.0
    if not isinstance(timing, (HopTiming, TdmTiming)) or not band.channels_hz:
        return 0.0
    rng = np.random.default_rng(seed)
    heard = [_heard(mode, band, window, int(rng.integers(1 << 30)), float(rng.random())) for _ in range(TRIALS)]
    return float(np.mean(heard))


def _chance_of_video(band: Band, window: Window) -> float:
    if window.seconds < VIDEO_NEEDS_S:
        return 0.0
    reach_hz = VIDEO_REACH_HZ
    if not band.channels_hz:
        return 1.0 if band.low_hz <= window.centre_hz <= band.high_hz else 0.0
    seen = [abs(channel_hz - window.centre_hz) <= reach_hz for channel_hz in band.channels_hz]
    return float(np.mean(seen))


def _heard(mode: Mode, band: Band, window: Window, seed: int, phase: float) -> bool:
    timing = mode.timing
    assert isinstance(timing, (HopTiming, TdmTiming))
    inside = whole_channels(band, mode, window, seed)
    if not inside.any():
        return False
    sequence = np.asarray(hop_sequence(band, seed))
    dwells = int(window.seconds / timing.dwell_s)
    begin = int(phase * len(sequence))
    visited = inside[sequence[(begin + np.arange(dwells)) % len(sequence)]]
    packets = timing.packets_per_hop if isinstance(timing, HopTiming) else 1
    need = LEAST_PACKETS if isinstance(timing, HopTiming) else TDM_WINDOWS
    return bool(visited.sum() * packets >= need)


def whole_channels(band: Band, mode: Mode, window: Window, seed: int = 0) -> NDArray[np.bool_]:
    """Which channels of a band lie whole in a window, (channels,) bool."""
    channels_hz = np.asarray(net_channels_hz(band, seed))
    reach_hz = 0.5 * (window.width_hz - bandwidth_hz(mode.phy))
    inside: NDArray[np.bool_] = np.abs(channels_hz - window.centre_hz) <= reach_hz
    return inside


def plannable(mode: Mode) -> bool:
    """Whether a scan can be planned for a mode."""
    return not isinstance(mode.timing, SporadicTiming)
