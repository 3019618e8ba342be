"""On-off keyed packets of remote controls and sensors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import OokPhy, Timing
from sim.waveforms.keyed import keyed
from sim.waveforms.lengths import packet_airtime_s


def pulses_s(phy: OokPhy, bits: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(Lengths of the pulses, lengths of the gaps after them) of a packet.

    With two pulse lengths the information is in the width: a short pulse is 1 and a long one 0 (the way of rtl_433's
    ``OOK_PWM``), each filled up to the same time by its gap. With equal ones it is in the gap: twice the pulse for 0,
    four times for 1 (``OOK_PPM``), and one more pulse ends the packet. In Manchester code a bit is on for one half of
    its time, the first for 1, and off for the other.
    """
    ones = np.asarray(bits) != 0
    if phy.manchester:
        return _manchester_s(phy.short_s, ones)
    if phy.long_s > phy.short_s:
        pulse_s = np.where(ones, phy.short_s, phy.long_s)
        return pulse_s, phy.short_s + phy.long_s - pulse_s
    gap_s = np.where(ones, 4.0, 2.0) * phy.short_s
    return np.full(len(gap_s) + 1, phy.short_s), np.append(gap_s, phy.short_s)


def _manchester_s(half_s: float, ones: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pulses and gaps of Manchester code: neighbouring halves that are alike run together; a bit 1 goes before."""
    halves = np.concatenate(([1, 0], np.column_stack((ones, ~ones)).ravel(), [0])).astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], halves))))
    bounds = np.append(edges, len(halves)) * half_s
    lengths = np.diff(bounds)
    if len(lengths) % 2:
        lengths = np.append(lengths, half_s)
    return lengths[::2], lengths[1::2]


def _bits_in(phy: OokPhy, airtime_s: float) -> int:
    """Bits that an air time holds, on average."""
    if phy.manchester:
        return max(round(airtime_s / (2.0 * phy.short_s)), 1)
    bit_s = phy.short_s + phy.long_s if phy.long_s > phy.short_s else 4.0 * phy.short_s
    return max(round(airtime_s / bit_s), 1)


def packet(
    phy: OokPhy,
    timing: Timing,
    sample_rate_hz: float,
    rng: np.random.Generator,
    payload: NDArray[np.integer] | None = None,
) -> NDArray[np.complex64]:
    """One packet (one row of a message), (n,) complex64 with amplitude 1 while on.

    A PWM packet of ``OokPhy(500e-6, 1000e-6, ...)`` is decoded by rtl_433 with
    ``-X 'n=toy,m=OOK_PWM,s=500,l=1000,r=4000,g=2000'`` to the very bits.

    Parameters
    ----------
    payload
        Bits; None: random ones that fill the air time.
    """
    if payload is None:
        payload = rng.integers(0, 2, _bits_in(phy, packet_airtime_s(timing, rng)))
    pulse_s, gap_s = pulses_s(phy, payload)
    starts_s = np.concatenate(([0.0], np.cumsum(pulse_s + gap_s)))
    return keyed(starts_s[:-1], starts_s[:-1] + pulse_s, float(starts_s[-1]), sample_rate_hz)
