"""Preambles of chirps below the noise: the slice dechirped whole, summed over eight symbols.

Energy tells nothing of a link at -10 dB; its preamble, eight equal chirps, becomes one line of the dechirped slice,
whatever channel it is on. This file finds such lines; ``chirp_packets`` proves them and measures the packet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dsp.chirps import ChirpShape
from dsp.fourier import RowTransforms, quick_length, transformed, workbench
from dsp.windows import windows as windows_of

GROUP = 8
"""Symbols summed: the shortest preamble of the records."""
STEP = 4
"""Windows from one sum to the next: in the worst case a preamble of eight fills six of the group."""
BLOCK_BINS = 16
"""Width of the cells that the strongest line is compared with: an emission of any other kind fills many bins."""
TRIGGER_RATIO = 2.4
"""Line over the mean of its surroundings, sixteen cells folded together: white noise exceeds it about five times a
second in a slice of 2.4 MHz (tests/dsp/test_weak_chirps.py), each worth a millisecond of proof. At 5 dB below the
demodulator's floor 55 to 90 % of the packets exceed it."""
LEAST_UNISON = 16.0
"""A preamble's symbols are one wave: added up in phase they are eight times as strong, noise is not. Of the triggers of
white noise a quarter passes, of preambles 5 dB below the demodulator's floor all but 1 to 3 in a hundred."""
MOST_LINES = 100
"""Looked at in one call, the strongest. Noise makes ten in a segment; a comb of steady lines makes five hundred, each
worth 0.1 ms, and none of them a preamble."""
UNISON_LENGTH = 32
BESIDE = np.concatenate((np.arange(-24, -2), np.arange(3, 25)))
"""Bins beside a line that tell the noise."""
PIECE_SAMPLES = 16_384
"""Samples worked on at a time: they stay in the second-level cache."""
LEAST_RATE_PER_BANDWIDTH = 1.6
"""Narrower slices show too little beside the chirp."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A line that may be a preamble.

    Parameters
    ----------
    shape
        The chirp.
    first_sample
        Start of the first of its windows, in samples of the slice.
    tone_hz
        The line, relative to the middle of the slice; the chirp's carrier lies within half of its bandwidth of it.
    ratio
        Line over its surroundings.
    unison
        Power of the eight symbols added up in phase, in units of one symbol's noise.
    """

    shape: ChirpShape
    first_sample: int
    tone_hz: float
    ratio: float
    unison: float


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """Where energy stands out: a packet there is left to the analysis of the regions.

    Parameters
    ----------
    map
        (rows, columns) bool over the slice's time and frequency, ascending.
    first_sample, row_samples
        Start of row 0 and length of a row, in samples of the slice.
    """

    map: NDArray[np.bool_]
    first_sample: int
    row_samples: int

    def at(self, samples: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether moments and places (0 to 1 across the slice) are hidden, (moments, places)."""
        rows = np.clip((samples - self.first_sample) // self.row_samples, 0, len(self.map) - 1).astype(np.intp)
        columns = np.minimum((places * self.map.shape[1]).astype(np.intp), self.map.shape[1] - 1)
        hidden: NDArray[np.bool_] = self.map[np.ix_(rows, columns)]
        return hidden


class PreambleBank:
    """Finds preambles of one shape in consecutive samples.

    Windows of one symbol, end to end on a grid that does not know the transmitter's, are multiplied by the conjugate
    chirp and transformed; a symbol that wraps gives two lines one bandwidth apart, which are added. Costs 0.8 bare
    transform passes.

    Parameters
    ----------
    shape
        The chirp.
    sample_rate_hz
        Of the slice.
    """

    def __init__(self, shape: ChirpShape, sample_rate_hz: float) -> None:
        self.shape = shape
        self._rate_hz = sample_rate_hz
        self._symbol_samples = shape.symbol_s * sample_rate_hz
        self._points = int(self._symbol_samples)
        self._length = quick_length(self._points)
        time_s = np.arange(self._points) / sample_rate_hz
        slope = shape.bandwidth_hz / shape.symbol_s
        self._piece = max(1, PIECE_SAMPLES // (STEP * self._points))
        self._transforms = RowTransforms(self._piece * STEP, self._length)
        self._reference = np.exp(-1j * np.pi * slope * time_s**2).astype(np.complex64)
        self._fold = round(shape.bandwidth_hz / sample_rate_hz * self._length)
        self._next_run = 0
        self._tail: NDArray[np.float32] = np.zeros((0, self._length), dtype=np.float32)

    def start_of(self, run: int) -> int:
        """First sample of a run of ``STEP`` windows."""
        return int(np.rint(run * STEP * self._symbol_samples))

    def skip_to(self, sample: int) -> None:
        """Leave out everything before a sample."""
        run = int(np.ceil(sample / (STEP * self._symbol_samples)))
        if run > self._next_run:
            self._next_run = run
            self._tail = self._tail[:0]

    def feed(self, samples: NDArray[np.complex64], first_sample: int, hidden: Hidden | None = None) -> list[Trigger]:
        """Work on the windows that are whole by now.

        Parameters
        ----------
        samples
            (n,) complex64: a stretch that holds everything since the last call.
        first_sample
            Index of ``samples[0]`` in the slice.
        hidden
            Where stronger emissions make lines of their own.

        Returns
        -------
        At most one trigger for each group of windows and neighbourhood, in order of time.
        """
        self.skip_to(first_sample)
        end = first_sample + len(samples)
        runs = int((end - self._points - 1) / (STEP * self._symbol_samples)) - self._next_run
        if runs < 1:
            return []
        windows = np.arange(self._next_run * STEP, (self._next_run + runs) * STEP)
        starts = np.rint(windows * self._symbol_samples).astype(np.intp) - first_sample
        view = windows_of(samples, self._points)
        power = np.empty((runs, self._length), dtype=np.float32)
        rows = self._transforms.rows[:, : self._points]
        for first in range(0, runs, self._piece):
            last = min(runs, first + self._piece)
            count = (last - first) * STEP
            np.multiply(view[starts[first * STEP : last * STEP]], self._reference, out=rows[:count])
            parts = self._transforms.run(count).view(np.float32).reshape(last - first, STEP, 2 * self._length)
            squares = np.einsum("ijk,ijk->ik", parts, parts)
            np.add(squares[:, 0::2], squares[:, 1::2], out=power[first:last])
        if len(self._tail):
            power = np.concatenate((self._tail, power))
        first_run = self._next_run - len(self._tail)
        self._next_run += runs
        keep = GROUP // STEP - 1
        self._tail = power[max(0, len(power) - keep) :].copy()
        if len(power) <= keep:
            return []
        found: list[Trigger] = []
        lines = self._lines(power, first_run, hidden)
        if len(lines) > MOST_LINES:
            strongest = sorted(lines, key=lambda line: -line.ratio)[:MOST_LINES]
            lines = sorted(strongest, key=lambda line: line.first_sample)
        for trigger in lines:
            unison = self._unison(view, first_sample, trigger)
            if unison > LEAST_UNISON:
                found.append(replace(trigger, unison=unison))
        return found

    def _unison(self, view: NDArray[np.complex64], first_sample: int, trigger: Trigger) -> float:
        """See ``Trigger.unison``; 0.0 where the samples are gone. Costs sixteen short transforms."""
        exact = (round(trigger.first_sample / self._symbol_samples) + np.arange(GROUP)) * self._symbol_samples
        starts = np.rint(exact)
        first = int(starts[0]) - first_sample
        if first < 0:
            return 0.0
        rows = workbench().rows(GROUP, self._length)
        np.multiply(view[starts.astype(np.intp) - first_sample], self._reference, out=rows[:, : self._points])
        rows[:, self._points :] = 0
        spectrum = workbench().run(GROUP, self._length)
        column = round(trigger.tone_hz / self._rate_hz * self._length)
        # Both parts of a symbol that wraps; each in its bin or, between two, in the next.
        both = np.array([0, self._fold])
        bins = (column + np.array([[-1], [0], [1]]) - both) % self._length
        around = spectrum[:, (column + BESIDE[:, np.newaxis] - both).reshape(-1) % self._length]
        noise = float(np.vdot(around, around).real) / around.size
        # The starts are rounded to whole samples: a tone turns in what is missing.
        turns = np.exp(-2j * np.pi * (bins / self._length)[..., np.newaxis] * (starts - exact)).astype(np.complex64)
        lines = spectrum[:, bins.reshape(-1)].T.reshape(turns.shape) * turns
        slow = transformed(lines.reshape(-1, GROUP), UNISON_LENGTH)
        added = (slow.real**2 + slow.imag**2).reshape(*bins.shape, UNISON_LENGTH).sum(axis=1)
        return float(added.max()) / (GROUP * max(noise, 1e-30))

    def _lines(self, power: NDArray[np.float32], first_run: int, hidden: Hidden | None) -> list[Trigger]:
        count = len(power) - GROUP // STEP + 1
        total = power[:count] + power[1 : 1 + count]
        folded = np.empty_like(total)
        np.add(total[:, self._fold :], total[:, : -self._fold], out=folded[:, self._fold :])
        np.add(total[:, : self._fold], total[:, -self._fold :], out=folded[:, : self._fold])
        blocks = self._length // BLOCK_BINS
        # Halving by even and odd neighbours: long inner loops, a third of the cost of reducing over sixteen neighbours.
        peak = mean = folded[:, : blocks * BLOCK_BINS]
        for _ in range(BLOCK_BINS.bit_length() - 1):
            peak = np.maximum(peak[:, 0::2], peak[:, 1::2])
            mean = mean[:, 0::2] + mean[:, 1::2]
        around = mean.copy()
        around[:, 1:] += mean[:, :-1]
        around[:, :-1] += mean[:, 1:]
        around[:, 0] += mean[:, -1]
        around[:, -1] += mean[:, 0]
        ratio = peak * np.float32(3 * BLOCK_BINS) / np.maximum(around, np.float32(1e-30))
        hot = ratio > TRIGGER_RATIO
        if hidden is not None and hot.any():
            starts = np.rint((first_run + np.arange(count)) * STEP * self._symbol_samples)
            middles = (np.arange(blocks) + 0.5) * BLOCK_BINS / self._length
            hot &= ~hidden.at(starts, (middles + 0.5) % 1.0)
        if not hot.any():
            return []
        # Only the strongest of a group's neighbours in time and frequency speaks.
        hot &= ratio >= ndimage.maximum_filter(ratio, size=(3, 3), mode="nearest")
        found: list[Trigger] = []
        for row, block in np.argwhere(hot).tolist():
            first = block * BLOCK_BINS
            column = first + int(np.argmax(folded[row, first : first + BLOCK_BINS]))
            tone_hz = column * self._rate_hz / self._length
            if tone_hz >= 0.5 * self._rate_hz:
                tone_hz -= self._rate_hz
            found.append(Trigger(self.shape, self.start_of(first_run + row), tone_hz, float(ratio[row, block]), 0.0))
        return found
