"""Packets rendered once and used many times: what makes the simulator faster than real time."""

from __future__ import annotations

import cmath
import math
from collections import OrderedDict, deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.protocols.record import ContinuousTiming, Mode, TdmTiming
from sim.bandwidth import bandwidth_hz
from sim.cut import cut_for, cut_packet, fits_a_slice, reaches_edge
from sim.draws import first_words
from sim.phasor import phasor
from sim.slow_packets import WIDEST_MIX, divisor_for, full_length, interpolated, mixed, slow_packet
from sim.waveforms import packet

MOST_VARIANTS = 16
"""Different packets of a mode; real payloads differ more, but no detector looks at more than their statistics."""
VARIANT_SAMPLES = 1 << 20
"""Long packets get fewer variants: all of a mode together have about so many samples."""
DRAWS_AT_ONCE = 64
"""Packets of neighbouring numbers come one after the other; their random bits are drawn together."""
DRAW_PAGES = 1024
POOL_BYTES = 48 << 20
"""What a pool holds if nothing else is said; a crowd of long packets needs four times as much, or all are made anew."""
LONG_SAMPLES = 1 << 18
"""Packets longer than this are kept at a lower rate."""
EXPANDED_DIVISOR, EXPANDED_SAMPLES = 10, 1 << 20
"""Those of them that are neither very narrow nor very long are brought to the slice's rate once and for all."""
RATE_TOLERANCE = 2e-6
"""A crystal that warms up changes the sample rate from one tuning to the next; rates closer than this share packets: it
is as if the transmitter's crystal were so much off, which is off by ten times that."""
RATES_KEPT = 16
TILE_SAMPLES = 32_768
"""Of a packet that are put on their carrier at a time, all by the same piece of it."""
OFFSET_GRID_HZ = 1000.0
"""Packets at the slice's edge are cut at offsets on this grid; the rest of the offset is applied later."""


NO_RAMP = np.zeros(0, np.complex64)


class Carrier:
    """What a packet is put on.

    Parameters
    ----------
    cycles
        In a sample.
    amplitude
        At the packet's first sample.
    """

    __slots__ = ("_ramp", "amplitude", "cycles")

    def __init__(self, cycles: float, amplitude: complex) -> None:
        self.cycles = cycles
        self.amplitude = amplitude
        self._ramp = NO_RAMP

    def ramp(self, samples: int) -> NDArray[np.complex64]:
        """The first samples of it with phase 0 and amplitude 1, kept: tile after tile needs the same."""
        if samples > len(self._ramp):
            self._ramp = phasor(samples, self.cycles, 0.0)
        return self._ramp[:samples]

    def at(self, sample: int) -> np.complex64:
        """Its value at one sample."""
        return np.complex64(self.amplitude * cmath.rect(1.0, math.tau * math.fmod(self.cycles * sample, 1.0)))


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """A packet ready to be added to a slice.

    Parameters
    ----------
    samples
        (n,) complex64, unit mean power before the slice's edges cut into it; padded if ``divisor`` is not 1.
    baked_hz
        The part of its offset that is in it already.
    divisor
        Kept at this part of the slice's rate, see ``slow_packets``.
    """

    samples: NDArray[np.complex64]
    baked_hz: float = 0.0
    divisor: int = 1

    def __len__(self) -> int:
        """Samples at the slice's rate."""
        return len(self.samples) if self.divisor == 1 else full_length(self.samples, self.divisor)

    def add_to(self, samples: NDArray[np.complex64], start: int, carrier: Carrier) -> None:
        """Add a part of it on a carrier, in place.

        Parameters
        ----------
        samples
            (n,) of the slice.
        start
            The first of the packet's samples, at the slice's rate, of as many as are wanted.
        carrier
            Its amplitude is that at the packet's first sample.
        """
        count = len(samples)
        if self.divisor == 1:
            for done in range(0, count, TILE_SAMPLES):
                tile = self.samples[start + done : start + min(done + TILE_SAMPLES, count)]
                part = carrier.ramp(len(tile)) * tile
                part *= carrier.at(start + done)
                samples[done : done + TILE_SAMPLES] += part
        elif self.divisor <= WIDEST_MIX:
            begun = complex(carrier.at(start))
            samples += mixed(self.samples, self.divisor, start, count, carrier.cycles, begun)
        else:
            part = phasor(count, carrier.cycles, 0.0, complex(carrier.at(start)))
            part *= interpolated(self.samples, self.divisor, start, count)
            samples += part


class PacketKind:
    """Packets of one mode at one sample rate; quick to look up, which a mode is not.

    Parameters
    ----------
    mode, sample_rate_hz
        What identifies it.
    """

    __slots__ = ("_hash", "mode", "sample_rate_hz", "variants", "width_hz")

    def __init__(self, mode: Mode, sample_rate_hz: float) -> None:
        self.mode = mode
        self.sample_rate_hz = sample_rate_hz
        self.width_hz = bandwidth_hz(mode.phy)
        self.variants = _variants(mode, sample_rate_hz)
        self._hash = hash((mode, sample_rate_hz))

    def __hash__(self) -> int:
        """Worked out once."""
        return self._hash

    def __eq__(self, other: object) -> bool:
        """Equal modes at equal rates."""
        return self is other or (
            isinstance(other, PacketKind) and (self.mode, self.sample_rate_hz) == (other.mode, other.sample_rate_hz)
        )


class WaveformPool:
    """Packets by mode, sample rate, place in the slice and number.

    Parameters
    ----------
    seed
        Draws the payloads.
    most_bytes
        The least recently used packets go when the pool is larger.
    """

    def __init__(self, seed: int, most_bytes: int = POOL_BYTES) -> None:
        self._seed = seed
        self._most_bytes = most_bytes
        self._packets: OrderedDict[tuple[PacketKind, float, int], Waveform] = OrderedDict()
        self._rates_hz: deque[float] = deque(maxlen=RATES_KEPT)
        self._draws: OrderedDict[int, list[int]] = OrderedDict()
        self._bytes = 0

    def kind(self, mode: Mode, sample_rate_hz: float) -> PacketKind:
        """Packets of a mode at a rate, or at one so close to it that they are as good."""
        for rate_hz in self._rates_hz:
            if abs(rate_hz - sample_rate_hz) <= RATE_TOLERANCE * rate_hz:
                return PacketKind(mode, rate_hz)
        self._rates_hz.append(sample_rate_hz)
        return PacketKind(mode, sample_rate_hz)

    def draw(self, number: int) -> int:
        """32 random bits of a packet."""
        page = number // DRAWS_AT_ONCE
        draws = self._draws.get(page)
        if draws is None:
            numbers = np.arange(DRAWS_AT_ONCE, dtype=np.uint64) + np.uint64(page * DRAWS_AT_ONCE)
            draws = self._draws[page] = first_words((self._seed,), numbers).tolist()
            if len(self._draws) > DRAW_PAGES:
                self._draws.popitem(last=False)
        return draws[number % DRAWS_AT_ONCE]

    def get(self, kind: PacketKind, offset_hz: float, number: int) -> Waveform:
        """One packet; well inside the slice as it is, at its edges and beyond without what would fold into the slice.

        Parameters
        ----------
        kind
            Mode, and sample rate of the slice.
        offset_hz
            Of its centre from the slice's.
        number
            Equal numbers give equal packets.
        """
        edge = reaches_edge(offset_hz, kind.width_hz, kind.sample_rate_hz)
        place_hz = round(offset_hz / OFFSET_GRID_HZ) * OFFSET_GRID_HZ if edge else 0.0
        variant = self.draw(number) % kind.variants
        key = (kind, place_hz if edge else math.inf, variant)
        found = self._packets.get(key)
        if found is not None:
            self._packets.move_to_end(key)
            return found
        found = self._make(kind, place_hz, np.random.default_rng((self._seed, variant)), edge=edge)
        self._packets[key] = found
        self._bytes += found.samples.nbytes
        while self._bytes > self._most_bytes and len(self._packets) > 1:
            _, old = self._packets.popitem(last=False)
            self._bytes -= old.samples.nbytes
        return found

    @staticmethod
    def _make(kind: PacketKind, place_hz: float, rng: np.random.Generator, *, edge: bool) -> Waveform:
        mode, sample_rate_hz = kind.mode, kind.sample_rate_hz
        divisor = divisor_for(mode, sample_rate_hz)
        if divisor > 1 and longest_packet_s(mode) * sample_rate_hz > LONG_SAMPLES:
            slow = slow_packet(mode, sample_rate_hz, divisor, place_hz, rng)
            length = full_length(slow, divisor)
            if divisor > EXPANDED_DIVISOR or length > EXPANDED_SAMPLES:
                return Waveform(slow, divisor=divisor)
            samples = np.empty(length, np.complex64)
            for start in range(0, length, VARIANT_SAMPLES >> 4):
                part = samples[start : start + (VARIANT_SAMPLES >> 4)]
                part[:] = interpolated(slow, divisor, start, len(part))
            return Waveform(samples)
        if edge and fits_a_slice(kind.width_hz, sample_rate_hz):
            return Waveform(cut_for(packet(mode, sample_rate_hz, rng), place_hz / sample_rate_hz))
        if edge:
            return Waveform(cut_packet(mode, sample_rate_hz, place_hz, rng), baked_hz=place_hz)
        return Waveform(packet(mode, sample_rate_hz, rng))


def longest_packet_s(mode: Mode) -> float:
    """Longest packet of a mode."""
    if isinstance(mode.timing, ContinuousTiming):
        return 0.0
    if isinstance(mode.timing, TdmTiming):
        return mode.timing.longest_s
    airtime_s = mode.timing.airtime_s
    return max(airtime_s) if isinstance(airtime_s, tuple) else airtime_s


def _variants(mode: Mode, sample_rate_hz: float) -> int:
    """How many different packets of a mode to keep."""
    longest = max(longest_packet_s(mode) * sample_rate_hz, 1.0)
    return max(1, min(MOST_VARIANTS, int(VARIANT_SAMPLES / longest)))
