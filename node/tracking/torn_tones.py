"""Weak keyed packets that the energy mask tears into their tones, put together again."""

from __future__ import annotations

from dsp.bursts import Burst, EnergyFinding, KeyingFinding
from dsp.units import to_ns

WEAKEST_WHOLE_DB = 8.0
"""Stronger packets are not torn."""
WIDTH_HZ = (12e3, 150e3)
"""Of one tone, or one line of the preamble."""
LONGEST_S = 0.04
TOGETHER_S = 0.3e-3
"""Tones of one packet begin this close."""
APART_HZ = (110e3, 340e3)
"""From the lowest to the highest: the lines of a preamble at 128 kb/s, the tones of the widest record. Tones that are
closer are not torn apart."""
PIECES_AT_MOST = 3
"""Two tones and the line between them; where more begin at a moment they are products of an overload, or of OFDM."""
ALIKE_DB = 6.0
PENDING_AT_MOST = 256
HORIZON_S = 0.1
"""Pieces are put together when they are this old: bursts come in about the order of time."""


class TornTones:
    """Pieces that wait for the others of their packet."""

    def __init__(self) -> None:
        self._pending: list[Burst] = []

    def add(self, burst: Burst) -> None:
        """Remember a burst if it may be a tone of a weak packet."""
        if (
            WIDTH_HZ[0] < burst.bandwidth_hz < WIDTH_HZ[1]
            and burst.snr_db < WEAKEST_WHOLE_DB
            and burst.duration_s < LONGEST_S
            and isinstance(burst.finding, EnergyFinding)
            and not burst.finding.integrated
            and len(self._pending) < PENDING_AT_MOST
        ):
            self._pending.append(burst)

    def whole(self, now_ns: int) -> list[Burst]:
        """Packets made of the pieces that are old enough; forgets those."""
        pending = sorted(self._pending, key=_start_ns)
        horizon_ns, together_ns = now_ns - to_ns(HORIZON_S), to_ns(TOGETHER_S)
        made: list[Burst] = []
        first = 0
        while first < len(pending) and pending[first].start_ns < horizon_ns:
            after = first + 1
            while after < len(pending) and pending[after].start_ns - pending[first].start_ns < together_ns:
                after += 1
            if 1 < after - first <= PIECES_AT_MOST:
                packet = _joined(pending[first:after])
                made += [packet] if packet is not None else []
            first = after
        self._pending = pending[first:]
        return made


def _start_ns(burst: Burst) -> int:
    return burst.start_ns


def _joined(pieces: list[Burst]) -> Burst | None:
    """One packet of its tones; None where they are not those of one."""
    low, high = min(pieces, key=lambda b: b.centre_hz), max(pieces, key=lambda b: b.centre_hz)
    apart_hz = high.centre_hz - low.centre_hz
    levels_db = [piece.snr_db for piece in pieces]
    if not APART_HZ[0] < apart_hz < APART_HZ[1] or max(levels_db) - min(levels_db) > ALIKE_DB:
        return None
    start_ns = min(piece.start_ns for piece in pieces)
    return Burst(
        start_ns=start_ns,
        duration_s=(max(piece.end_ns for piece in pieces) - start_ns) * 1e-9,
        centre_hz=0.5 * (low.centre_hz + high.centre_hz),
        bandwidth_hz=apart_hz + 0.5 * (low.bandwidth_hz + high.bandwidth_hz),
        snr_db=min(levels_db),
        peak_dbfs=max(piece.peak_dbfs for piece in pieces),
        finding=KeyingFinding(0.5 * apart_hz, None, 0.0),
        cut_low=low.cut_low,
        cut_high=high.cut_high,
    )
