"""Preambles of chirps below the noise: the slice dechirped whole, summed over eight symbols.

Energy tells nothing of a link at -10 dB; its preamble, eight equal chirps, becomes one line of the dechirped slice,
whatever channel it is on. This file looks for such lines, ``chirp_packets`` proves them and measures the packet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.chirps import ChirpShape
from dsp.fourier import quick_length, transformed, workbench
from dsp.hidden import Hidden
from dsp.preamble_lines import GROUP, STEP, LineFinder, Lines
from dsp.windows import windows as windows_of

LEAST_UNISON = 17.0
"""A preamble's symbols are one wave: added up in phase they are eight times as strong, noise is not. Of the triggers of
white noise a fifth passes; of the preambles of weak links, with fading and others on air, one in a hundred is lost
that the proof would have taken."""
UNISON_LENGTH = 32
PIECE_SAMPLES = 24_576
"""Samples worked on at a time: with fewer, calls cost more than what they do; with more, nothing stays in a cache."""
WINDOWS_ADDED = np.ones((1, STEP), dtype=np.float32)
PARTS_ADDED = np.ones(2, dtype=np.float32)
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


class PreambleBank:
    """Finds preambles of one shape in consecutive samples.

    Windows of one symbol, end to end on a grid that does not know the transmitter's, are multiplied by the conjugate
    chirp and transformed; a symbol that wraps gives two lines one bandwidth apart, which are added. Costs 0.4 bare
    transform passes of what is searched, on noise.

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
        # An even number of runs: the workbench transforms whole multiples of eight rows.
        self._piece = max(1, PIECE_SAMPLES // (2 * STEP * self._points) * 2)
        # Zero where a window is padded: whole rows are read, multiplied and written in one go.
        self._reference = np.zeros((self._piece * STEP, self._length), dtype=np.complex64)
        self._reference[:, : self._points] = np.exp(-1j * np.pi * slope * time_s**2)
        self._finder = LineFinder(shape, sample_rate_hz, self._length)
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
        self._sum_up(view, places, power[kept:])
        if kept:
            runs = np.concatenate(([runs[0] - 1], runs))
        self._next_run = int(runs[-1]) + 1
        self._tail = power[-1:].copy()
        lines = self._finder.find(power, runs, hidden) if len(runs) > 1 else None
        return self._in_unison(view, first_sample, lines) if lines is not None else []

    def _sum_up(self, view: NDArray[np.complex64], places: NDArray[np.intp], power: NDArray[np.float32]) -> None:
        """Power spectra of the dechirped windows that begin at places, the sum of ``STEP`` of them in each row."""
        bench = workbench()
        for first in range(0, len(power), self._piece):
            some = view[places[first * STEP : (first + self._piece) * STEP]]
            count = len(some)
            np.multiply(some, self._reference[:count], out=bench.rows(count, self._length))
            parts = bench.run(count, self._length).view(np.float32)
            np.multiply(parts, parts, out=parts)
            # Sums by products with ones: quicker than sums of every other element or of few.
            squares = WINDOWS_ADDED @ parts.reshape(-1, STEP, 2 * self._length)
            np.matmul(squares.reshape(-1, 2), PARTS_ADDED, out=power[first : first + self._piece].reshape(-1))

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

    def _in_unison(self, view: NDArray[np.complex64], first_sample: int, lines: Lines) -> list[Trigger]:
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
        sides = np.array([-1, 0, 1])[:, np.newaxis] - np.array([0, self._finder.fold])
        places = (bins[:, np.newaxis, np.newaxis] + sides) % self._length
        phase = places[..., np.newaxis] * late[:, np.newaxis, np.newaxis]
        turns = np.exp((-2j * np.pi / self._length) * phase).astype(np.complex64)
        lines = spectrum[np.arange(count)[:, np.newaxis, np.newaxis], :, places] * turns
        slow = transformed(lines.reshape(-1, GROUP), UNISON_LENGTH)
        added = np.add.reduce((slow.real**2 + slow.imag**2).reshape(*places.shape, UNISON_LENGTH), axis=2)
        strongest: NDArray[np.float32] = np.maximum.reduce(added, axis=(1, 2)) / np.float32(GROUP)
        return strongest
