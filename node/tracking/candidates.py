"""Modes of the records that hop, and which bursts have the length and the width of their packets."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import ChirpFinding
from dsp.protocols import PROTOCOLS
from dsp.protocols.match import chirp_agrees
from dsp.protocols.record import ChirpPhy, FskPhy, HopTiming, Mode, RfProtocol
from node.tracking.hops import RUN_ON_SHARE
from node.tracking.packets import Columns

AIRTIME_RANGE = (0.72, 1.35)
"""Records' air times differ by up to a fifth between chips and formulas; the next mode is further away."""
WEAK_AIRTIME_RANGE = (0.3, 2.3)
"""Below the demodulator's floor the end of a packet is guesswork."""
WEAK_LEAST_SYMBOLS = 10.0
"""Of a weak packet often nothing but the preamble is found, whatever its length."""
FSK_AIRTIME_RANGE = (0.6, 1.35)
FSK_BANDWIDTH_RANGE = (0.45, 1.3)
FSK_BANDWIDTH_ROOM_HZ = 15e3
"""A narrow signal takes some bins more than it is wide: openLRSng of 65 kHz is found 93 kHz wide."""
SETTING_TOLERANCE = 0.005
"""Of an interval that was measured: whole milliseconds in the firmware, so one in 5 to 100 ms."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hopping mode that bursts of one kind may be."""

    protocol: RfProtocol
    mode: Mode
    timing: HopTiming


class Candidates:
    """Modes that are weighed together on the same bursts.

    Parameters
    ----------
    modes
        In the order in which they are tried.
    """

    def __init__(self, modes: tuple[Candidate, ...]) -> None:
        self.modes = modes
        self._airtime_s = _column([each.timing.airtime_s for each in modes])
        self._run_on_s = _column([each.timing.interval_s if each.timing.packets_per_hop > 1 else inf for each in modes])
        """What two packets in one are longer by; infinite where every packet hops."""
        fsk = [isinstance(each.mode.phy, FskPhy) for each in modes]
        ranges = [FSK_AIRTIME_RANGE if each else AIRTIME_RANGE for each in fsk]
        self._low, self._high = _column([low for low, _ in ranges]), _column([high for _, high in ranges])
        least_s = [weak_least_s(each.mode, each.timing.airtime_s) / each.timing.airtime_s for each in modes]
        self._weak_low = _column([inf if is_fsk else low for low, is_fsk in zip(least_s, fsk, strict=True)])
        widths_hz = [_width_range_hz(each.mode) for each in modes]
        self._keyed = any(fsk)
        self._low_hz, self._high_hz = _column([low for low, _ in widths_hz]), _column([high for _, high in widths_hz])

    def kin(self, bursts: Columns) -> NDArray[np.bool_]:
        """Which bursts have the length, and without a chirp the bandwidth, of each mode's packets.

        Returns
        -------
        kin
            (modes, n) bool.
        """
        shorter_s = bursts.duration_s - self._run_on_s
        folded_s = np.where(shorter_s > RUN_ON_SHARE * self._airtime_s, shorter_s, bursts.duration_s)
        ratio = folded_s / self._airtime_s
        fits: NDArray[np.bool_] = (ratio > self._low) & (ratio < self._high)
        if self._keyed:
            fits &= (bursts.bandwidth_hz > self._low_hz) & (bursts.bandwidth_hz < self._high_hz)
        if bursts.weak.any():
            fits |= bursts.weak & (ratio > self._weak_low) & (ratio < WEAK_AIRTIME_RANGE[1])
        return fits


def _column(values: list[float]) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)[:, np.newaxis]


def _width_range_hz(mode: Mode) -> tuple[float, float]:
    """Widths that packets without a chirp are found with; chirps tell it themselves."""
    if not isinstance(mode.phy, FskPhy):
        return -inf, inf
    low_hz, high_hz = (mode.phy.bandwidth_hz * part for part in FSK_BANDWIDTH_RANGE)
    return low_hz, high_hz + FSK_BANDWIDTH_ROOM_HZ


def weak_least_s(mode: Mode | None, airtime_s: float) -> float:
    """Shortest piece of a weak packet that is found."""
    least_s = WEAK_AIRTIME_RANGE[0] * airtime_s
    return min(least_s, WEAK_LEAST_SYMBOLS * mode.phy.symbol_s) if mode and isinstance(mode.phy, ChirpPhy) else least_s


def chirp_candidates(shape: ChirpFinding) -> Candidates:
    """Hopping modes that chirp like this."""
    return Candidates(
        tuple(
            Candidate(protocol, mode, mode.timing)
            for protocol in PROTOCOLS
            for mode in protocol.modes
            if isinstance(mode.phy, ChirpPhy) and isinstance(mode.timing, HopTiming) and chirp_agrees(mode.phy, shape)
        )
    )


def keyed_candidates() -> Candidates:
    """Hopping modes that are frequency keyed."""
    return Candidates(
        tuple(
            Candidate(protocol, mode, mode.timing)
            for protocol in PROTOCOLS
            for mode in protocol.modes
            if isinstance(mode.phy, FskPhy) and isinstance(mode.timing, HopTiming)
        )
    )


def setting_candidates(interval_s: float) -> Candidates:
    """Modes that are frequency keyed, with settings that give this interval."""
    return Candidates(
        tuple(
            Candidate(protocol, mode, timing)
            for protocol in PROTOCOLS
            for mode in protocol.modes
            if isinstance(mode.phy, FskPhy)
            for timing in mode.settings
            if abs(timing.interval_s / interval_s - 1.0) < SETTING_TOLERANCE
        )
    )


def answer_offsets_s(timing: HopTiming) -> tuple[float, ...]:
    """Where the other end's packets begin, from a packet of the clock that was found: either end may be that clock."""
    if timing.answer is None:
        return ()
    return timing.answer.delay_s, timing.interval_s - timing.answer.delay_s


def answer_airtime_s(timing: HopTiming) -> tuple[float, float]:
    """Shortest and longest packet of a link whose two ends send different ones."""
    ends = (timing.airtime_s, timing.answer.airtime_s if timing.answer else timing.airtime_s)
    return AIRTIME_RANGE[0] * min(ends), AIRTIME_RANGE[1] * max(ends)
