"""Preambles of chirps below the noise: the slice dechirped whole, summed over eight symbols.

Energy tells nothing of a link at -10 dB; its preamble, eight equal chirps, becomes one line of the dechirped slice,
whatever channel it is on. This file finds such lines; ``chirp_packets`` proves them and measures the packet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.chirps import ChirpShape
from dsp.fourier import quick_length, transformed, workbench
from dsp.hidden import Hidden
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
LEAST_UNISON = 17.0
"""A preamble's symbols are one wave: added up in phase they are eight times as strong, noise is not. Of the triggers of
white noise a fifth passes; of the preambles of weak links, with fading and others on air, one in a hundred is lost
that the proof would have taken."""
MOST_LINES = 100
"""Looked at in one call, the strongest. Noise makes ten in a segment; a comb of steady lines makes five hundred, each
worth 50 us, and none of them a preamble."""
UNISON_LENGTH = 32
PIECE_SAMPLES = 16_384
"""Samples worked on at a time: they stay in the second-level cache."""
LEAST_PART = 8
"""Blocks of a part of a row at least: parts whose strongest line is below the limit need no closer look."""
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
class _Lines:
    """Lines that stand out: arrays of one length."""

    run: NDArray[np.intp]
    """The first of the two runs whose windows hold it."""
    bin: NDArray[np.intp]
    ratio: NDArray[np.float32]
    noise: NDArray[np.float32]
    """Mean power of noise in one bin of one window beside it."""


class PreambleBank:
    """Finds preambles of one shape in consecutive samples.

    Windows of one symbol, end to end on a grid that does not know the transmitter's, are multiplied by the conjugate
    chirp and transformed; a symbol that wraps gives two lines one bandwidth apart, which are added. Costs 0.6 bare
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
        # Zero where a window is padded: whole rows are read, multiplied and written in one go.
        self._reference = np.zeros((self._piece * STEP, self._length), dtype=np.complex64)
        self._reference[:, : self._points] = np.exp(-1j * np.pi * slope * time_s**2)
        self._fold = round(shape.bandwidth_hz / sample_rate_hz * self._length)
        self._blocks = self._length // BLOCK_BINS
        least = min(LEAST_PART, self._blocks)
        self._part = next(n for n in range(least, self._blocks + 1) if self._blocks % n == 0)
        self._together = max(1, PIECE_SAMPLES // (GROUP * self._length))
        self._next_run = 0
        self._tail: NDArray[np.float32] = np.zeros((0, self._length), dtype=np.float32)

    def start_of(self, run: int) -> int:
        """First sample of a run of ``STEP`` windows."""
        return int(np.rint(run * STEP * self._symbol_samples))

    def feed(
        self,
        samples: NDArray[np.complex64],
        first_sample: int,
        hidden: Hidden | None = None,
        stretches: Sequence[tuple[int, int]] | None = None,
    ) -> list[Trigger]:
        """Work on the windows that are whole by now and have not been worked on.

        Parameters
        ----------
        samples
            (n,) complex64: a stretch that holds everything since the last call.
        first_sample
            Index of ``samples[0]`` in the slice.
        hidden
            Where stronger emissions make lines of their own.
        stretches
            Where to look, in samples of the slice; None for everywhere.

        Returns
        -------
        At most one trigger for each group of windows and neighbourhood, in order of time.
        """
        end = first_sample + len(samples)
        runs = self._runs_in(((first_sample, end),) if stretches is None else stretches, first_sample, end)
        kept = len(self._tail) if len(runs) and runs[0] == self._next_run else 0
        if not len(runs):
            return []
        starts = np.rint((runs[:, np.newaxis] * STEP + np.arange(STEP)) * self._symbol_samples).reshape(-1)
        places = starts.astype(np.intp) - first_sample
        view = windows_of(samples, self._length)
        power = np.empty((kept + len(runs), self._length), dtype=np.float32)
        power[:kept] = self._tail[:kept]
        for first in range(0, len(runs), self._piece):
            last = min(len(runs), first + self._piece)
            count = (last - first) * STEP
            some = view[places[first * STEP : last * STEP]]
            np.multiply(some, self._reference[:count], out=workbench().rows(count, self._length))
            spectrum = workbench().run(count, self._length)
            parts = spectrum.view(np.float32).reshape(last - first, STEP, 2 * self._length)
            squares = np.einsum("ijk,ijk->ik", parts, parts)
            np.add(squares[:, 0::2], squares[:, 1::2], out=power[kept + first : kept + last])
        if kept:
            runs = np.concatenate(([runs[0] - 1], runs))
        self._next_run = int(runs[-1]) + 1
        self._tail = power[-1:].copy()
        lines = self._lines(power, runs, hidden) if len(runs) > 1 else None
        return self._in_unison(view, first_sample, lines) if lines is not None else []

    def _runs_in(self, stretches: Sequence[tuple[int, int]], first_sample: int, end: int) -> NDArray[np.intp]:
        """Runs that lie in stretches, from the next one on."""
        run_samples = STEP * self._symbol_samples
        last = int((end - self._length - 1) / run_samples)
        parts = []
        begin = self._next_run
        for low, high in stretches:
            begin = max(begin, int(np.ceil(max(low, first_sample) / run_samples)))
            stop = min(last, int(high / run_samples))
            if stop > begin:
                parts.append(np.arange(begin, stop))
                begin = stop
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.intp)

    def _lines(self, power: NDArray[np.float32], runs: NDArray[np.intp], hidden: Hidden | None) -> _Lines | None:
        """Lines that stand out of their surroundings and are the strongest of their neighbours, where not hidden."""
        count = len(power) - 1
        total = power[:-1] + power[1:]
        folded = np.empty_like(total)
        np.add(total[:, self._fold :], total[:, : -self._fold], out=folded[:, self._fold :])
        np.add(total[:, : self._fold], total[:, -self._fold :], out=folded[:, : self._fold])
        blocks = self._blocks
        cells = folded.reshape(-1, BLOCK_BINS)
        sums = (cells @ np.ones(BLOCK_BINS, dtype=np.float32)).reshape(count, blocks)
        around = sums.copy()
        around[:, 1:] += sums[:, :-1]
        around[:, :-1] += sums[:, 1:]
        around[:, 0] += sums[:, -1]
        around[:, -1] += sums[:, 0]
        # The strongest line of a part against its quietest surroundings: of noise few parts pass.
        limit = np.float32(TRIGGER_RATIO / (3 * BLOCK_BINS))
        strongest = np.maximum.reduce(folded.reshape(-1, self._part * BLOCK_BINS), axis=1)
        quietest = np.minimum.reduce(around.reshape(-1, self._part), axis=1)
        likely = np.flatnonzero(strongest > limit * quietest)
        if not len(likely):
            return None
        # Two runs beside each other are a group where no stretch ends between them.
        grouped = runs[1:] - runs[:-1] == 1
        likely = likely[grouped[likely // (blocks // self._part)]]
        block = (likely[:, np.newaxis] * self._part + np.arange(self._part)).reshape(-1)
        some = cells[block]
        peak = np.maximum.reduce(some, axis=1)
        beside = around.reshape(-1)[block]
        hot = np.flatnonzero(peak > limit * beside)
        if not len(hot):
            return None
        block, peak, beside = block[hot], peak[hot], beside[hot]
        ratio = peak * np.float32(3 * BLOCK_BINS) / np.maximum(beside, np.float32(1e-30))
        row, column = np.divmod(block, blocks)
        # Only the strongest of a group's neighbours in time and frequency speaks.
        map_of = np.zeros((count + 2, blocks + 2), dtype=np.float32)
        map_of[row + 1, column + 1] = ratio
        near = np.array([0, 1, 2])
        neighbours = map_of[
            row[:, np.newaxis, np.newaxis] + near[:, np.newaxis], column[:, np.newaxis, np.newaxis] + near
        ]
        speaks = ratio >= neighbours.max(axis=(1, 2))
        if hidden is not None:
            starts = np.rint(runs[row] * STEP * self._symbol_samples)
            places = ((column + 0.5) * BLOCK_BINS / self._length + 0.5) % 1.0
            speaks &= ~hidden.at(starts, GROUP * self._symbol_samples, places)
        told = np.flatnonzero(speaks)
        if not len(told):
            return None
        if len(told) > MOST_LINES:
            told = np.sort(told[np.argsort(-ratio[told])[:MOST_LINES]])
        bins = column * BLOCK_BINS + some[hot].argmax(axis=1)
        noise = (beside - peak) * np.float32(1.0 / (2 * GROUP * (3 * BLOCK_BINS - 1)))
        return _Lines(runs[row[told]], bins[told], ratio[told], noise[told])

    def _in_unison(self, view: NDArray[np.complex64], first_sample: int, lines: _Lines) -> list[Trigger]:
        """Those of the lines whose symbols are one wave. Costs eight transforms for each, and sixteen short ones."""
        exact = (lines.run[:, np.newaxis] * STEP + np.arange(GROUP)) * self._symbol_samples
        rounded = np.rint(exact)
        starts = rounded.astype(np.intp) - first_sample
        there = np.flatnonzero(starts[:, 0] >= 0)
        found: list[Trigger] = []
        for first in range(0, len(there), self._together):
            some = there[first : first + self._together]
            unison = self._unison(view[starts[some]], lines.bin[some], rounded[some] - exact[some])
            unison /= np.maximum(lines.noise[some], np.float32(1e-30))
            for index, value in zip(some.tolist(), unison.tolist(), strict=True):
                if value > LEAST_UNISON:
                    place = int(lines.bin[index])
                    tone_hz = (
                        (place - (self._length if 2 * place >= self._length else 0)) * self._rate_hz / self._length
                    )
                    run, ratio = int(lines.run[index]), float(lines.ratio[index])
                    found.append(Trigger(self.shape, self.start_of(run), tone_hz, ratio, value))
        return found

    def _unison(
        self, windows: NDArray[np.complex64], bins: NDArray[np.intp], late: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Power of eight windows added up in phase over that of a window.

        Parameters
        ----------
        windows
            (lines, 8, length) complex64.
        bins
            (lines,) where the lines are.
        late
            (lines, 8) samples that the windows begin late by: a tone turns in what is missing.
        """
        count = len(windows)
        rows = workbench().rows(count * GROUP, self._length)
        np.multiply(windows.reshape(count * GROUP, -1), self._reference[0], out=rows)
        spectrum = workbench().run(count * GROUP, self._length).reshape(count, GROUP, self._length)
        # Both parts of a symbol that wraps; each in its bin or, between two, in the next.
        sides = np.array([-1, 0, 1])[:, np.newaxis] - np.array([0, self._fold])
        places = (bins[:, np.newaxis, np.newaxis] + sides) % self._length
        phase = places[..., np.newaxis] * late[:, np.newaxis, np.newaxis]
        turns = np.exp((-2j * np.pi / self._length) * phase).astype(np.complex64)
        lines = spectrum[np.arange(count)[:, np.newaxis, np.newaxis], :, places] * turns
        slow = transformed(lines.reshape(-1, GROUP), UNISON_LENGTH)
        added = (slow.real**2 + slow.imag**2).reshape(*places.shape, UNISON_LENGTH).sum(axis=2)
        strongest: NDArray[np.float32] = added.max(axis=(1, 2)) / np.float32(GROUP)
        return strongest
