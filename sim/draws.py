"""Random numbers of many seeds at once: the very ones that NumPy's generators would give one by one.

Every message of an emitter has a generator of its own, so that any stretch of time can be asked for. Making a NumPy
generator takes 20 us, too long for thousands of pulses a second; here its arithmetic is done on arrays.

[1] M. O'Neill, PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms (PCG64 XSL-RR)
[2] numpy/random/bit_generator.pyx (``SeedSequence``), numpy/random/src/distributions/distributions.c (Lemire's bounds)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]
Longs = NDArray[np.uint64]

POOL_WORDS = 4
INIT_A, MULT_A = 0x43B0D7E5, 0x931E8875
INIT_B, MULT_B = 0x8B51F9DD, 0x58F38DED
MIX_LEFT, MIX_RIGHT = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
HALF_WORD = np.uint32(16)
"""Constants of ``SeedSequence`` [2]."""

PCG_HIGH, PCG_LOW = np.uint64(2549297995355413924), np.uint64(4865540595714422341)
"""Multiplier of PCG64 [1]."""
LOW_WORD, WORD = np.uint64(0xFFFFFFFF), np.uint64(32)


def _words(number: int) -> list[int]:
    """A whole number as 32-bit words, lowest first."""
    words = [number & 0xFFFFFFFF]
    while number := number >> 32:
        words.append(number & 0xFFFFFFFF)
    return words


class _Constant:
    """The running constant of a hash."""

    def __init__(self, start: int, factor: int) -> None:
        self._value = start
        self._factor = factor

    def hashed(self, words: Words) -> Words:
        words = words ^ np.uint32(self._value)
        self._value = self._value * self._factor & 0xFFFFFFFF
        words *= np.uint32(self._value)
        words ^= words >> HALF_WORD
        return words


def _mixed(left: Words, right: Words) -> Words:
    result = left * MIX_LEFT
    result -= right * MIX_RIGHT
    result ^= result >> HALF_WORD
    return result


def _pools(seed: tuple[int, ...], numbers: Longs) -> list[Words]:
    """Entropy of ``SeedSequence((*seed, number))`` for every number."""
    columns = [np.full(len(numbers), word, np.uint32) for part in seed for word in _words(part)]
    upper = (numbers >> WORD).astype(np.uint32)
    columns += [(numbers & LOW_WORD).astype(np.uint32), upper]
    while len(columns) < POOL_WORDS:
        columns.append(np.zeros(len(numbers), np.uint32))
    constant = _Constant(INIT_A, MULT_A)
    pool = [constant.hashed(column) for column in columns[:POOL_WORDS]]
    for source in range(POOL_WORDS):
        for target in range(POOL_WORDS):
            if source != target:
                pool[target] = _mixed(pool[target], constant.hashed(pool[source]))
    for column in columns[POOL_WORDS:]:
        for target in range(POOL_WORDS):
            mixed = _mixed(pool[target], constant.hashed(column))
            # A number of one word has no upper one to be mixed in.
            pool[target] = np.where(upper != 0, mixed, pool[target]) if column is upper else mixed
    return pool


def _states(pool: list[Words], count: int) -> list[Words]:
    """``generate_state(count)`` of every pool."""
    constant = _Constant(INIT_B, MULT_B)
    return [constant.hashed(pool[word % POOL_WORDS]) for word in range(count)]


def first_words(seed: tuple[int, ...], numbers: Longs) -> Words:
    """``SeedSequence((*seed, number)).generate_state(1)[0]`` for every number."""
    return _states(_pools(seed, numbers), 1)[0]


class Draws:
    """What ``default_rng((*seed, number))`` gives, draw by draw, for an array of numbers.

    Parameters
    ----------
    seed
        Common part of the seeds.
    numbers
        (n,) uint64.
    """

    def __init__(self, seed: tuple[int, ...], numbers: Longs) -> None:
        words = [word.astype(np.uint64) for word in _states(_pools(seed, numbers), 8)]
        start_high, start_low, step_high, step_low = (
            words[place] | words[place + 1] << WORD for place in range(0, 8, 2)
        )
        one = np.uint64(1)
        self._step_high = step_high << one | step_low >> np.uint64(63)
        self._step_low = step_low << one | one
        self._low: Longs = self._step_low + start_low
        self._high: Longs = self._step_high + start_high + (self._low < start_low)
        self._high, self._low = self._advanced(slice(None))
        self._kept = np.zeros(len(numbers), np.uint64)
        self._has_kept = np.zeros(len(numbers), bool)

    def _advanced(self, at: slice | NDArray[np.intp]) -> tuple[Longs, Longs]:
        """The next state of some generators: times the multiplier, plus the step, modulo 2^128."""
        high, low = self._high[at], self._low[at]
        low_0, low_1 = low & LOW_WORD, low >> WORD
        times_0, times_1 = PCG_LOW & LOW_WORD, PCG_LOW >> WORD
        cross_a, cross_b = low_0 * times_1, low_1 * times_0
        middle = (low_0 * times_0 >> WORD) + (cross_a & LOW_WORD) + (cross_b & LOW_WORD)
        carried = low_1 * times_1 + (cross_a >> WORD) + (cross_b >> WORD) + (middle >> WORD)
        step_low = self._step_low[at]
        new_low: Longs = low * PCG_LOW + step_low
        new_high: Longs = high * PCG_LOW + low * PCG_HIGH + carried + self._step_high[at] + (new_low < step_low)
        return new_high, new_low

    def _next_64(self, at: slice | NDArray[np.intp]) -> Longs:
        high, low = self._advanced(at)
        self._high[at], self._low[at] = high, low
        turn = high >> np.uint64(58)
        value = high ^ low
        turned: Longs = np.bitwise_or(value >> turn, value << (np.uint64(64) - turn & np.uint64(63)))
        return turned

    def _next_32(self, at: NDArray[np.intp]) -> Longs:
        """The lower half of the next 64 bits; the upper half the time after."""
        result = self._kept[at]
        missing = at[~self._has_kept[at]]
        fresh = self._next_64(missing)
        result[~self._has_kept[at]] = fresh & LOW_WORD
        self._has_kept[at] ^= True
        self._kept[missing] = fresh >> WORD
        return result

    def uniform(self, low: float, high: float) -> NDArray[np.float64]:
        """``uniform(low, high)`` of each."""
        unit = (self._next_64(slice(None)) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        result: NDArray[np.float64] = low + (high - low) * unit
        return result

    def integers(self, low: int, high: int) -> NDArray[np.int64]:
        """``integers(low, high, endpoint=True)`` of each; at most 2^32 - 1 values."""
        values = np.uint64(high - low + 1)
        result = np.full(len(self._high), low, np.int64)
        if high == low:
            return result
        threshold = np.uint64((0xFFFFFFFF - (high - low)) % (high - low + 1))
        at = np.arange(len(result))
        while len(at):
            product = self._next_32(at) * values
            result[at] = low + (product >> WORD).astype(np.int64)
            at = at[(product & LOW_WORD) < threshold]
        return result
