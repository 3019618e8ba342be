"""One protocol's examples: a device drawn, rendered, received, and what the detector finds of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fft, next_fast_len

from dsp.analysis import Analysed
from dsp.detector import DetectorSettings, SliceDetector, make_slice
from dsp.protocols.record import Band, CarrierPhy, ContinuousTiming, Mode, PulsePhy, RfProtocol
from sim.bandwidth import bandwidth_hz
from sim.dataset_conditions import Conditions, varied
from sim.dataset_signal import add_neighbour, message, received, through_channel, white_noise
from sim.waveforms import Stream, stream

PATCHES_PER_EXAMPLE = 3
STREAM_EXAMPLES = 6
"""Examples cut out of one rendering of a signal that is always on, each with its own tuning, level and receiver."""
STREAM_S = (0.07, 0.11)
"""Length of such an example: two looks for a cyclic prefix, four for video."""
LEAD_S = (0.03, 0.05)
"""Noise before a signal comes on: the floor must be known."""
TAIL_S = 0.012
STEADY_SHARE = 0.5
"""Share of the always-on signals that were there from the start."""
WHOLE_SHARE = 0.8
"""A signal up to this part of the sample rate is heard whole."""
STREAM_WIDE_SHARE = 0.6
WIDE_LEAST_RATE_HZ = 0.9e6
"""A narrower slice of a wide signal shows nothing of its structure."""
LONGEST_WIDE_REACH_HZ = 3e6
"""A slice further from the middle of a wide signal than this is not tried."""
PULSE_DB = 8.0
"""Pulses are heard by their peaks: transmitters of them are strong."""
MOST_CHECKED = 8
"""Findings looked at in an example."""
LEAST_CHECKED = 64
"""Samples of the emission compared with a finding, at least."""
OWN_SHARE = 0.4
"""The signal's part of a finding's power, over the noise's, for the finding to count as the signal."""
WIDER = 3.0
"""A finding much wider than the signal is something else, or the whole slice."""
WIDER_HZ = 60e3
LEAST_WIDTH_HZ = 3e3


@dataclass(frozen=True, slots=True)
class Draw:
    """What is rendered for one example."""

    mode: Mode
    rate_hz: float
    centre_hz: float
    offset_hz: float
    bandwidth_hz: float
    snr_db: float

    @property
    def width_hz(self) -> float:
        """Bandwidth that the level refers to: a line is not heard in its own few hertz."""
        return min(max(self.bandwidth_hz, LEAST_WIDTH_HZ), self.rate_hz)

    @property
    def noise_power(self) -> float:
        """Power of the noise in the whole slice, the signal's being 1."""
        return float(10.0 ** (-self.snr_db / 10.0) * self.rate_hz / self.width_hz)


@dataclass(slots=True)
class _Running:
    """A stream in use."""

    stream: Stream
    mode: Mode
    record: Mode
    rate_hz: float
    left: int


class ExampleMaker:
    """Gives one example after the other of a protocol, its modes in turn.

    Parameters
    ----------
    protocol
        The record.
    conditions
        What to draw from.
    rng
        Draws everything.
    """

    def __init__(self, protocol: RfProtocol, conditions: Conditions, rng: np.random.Generator) -> None:
        self._protocol = protocol
        self._conditions = conditions
        self._rng = rng
        self._order = [int(index) for index in rng.permutation(len(protocol.modes))]
        self._turn = 0
        self._running: _Running | None = None
        self._settings = DetectorSettings()

    def example(self) -> tuple[list[Analysed], float]:
        """Up to three findings of one example, perhaps none, and its signal-to-noise ratio."""
        rng = self._rng
        if self._running is not None and self._running.left > 0:
            return self._from_stream(self._running)
        record = self._protocol.modes[self._order[self._turn % len(self._order)]]
        self._turn += 1
        mode = varied(self._protocol, record, self._conditions.spread, rng)
        rate_hz = self._rate_hz(mode)
        if isinstance(mode.timing, ContinuousTiming):
            self._running = _Running(stream(mode, rate_hz, rng), mode, record, rate_hz, STREAM_EXAMPLES)
            return self._from_stream(self._running)
        draw = self._draw(record, mode, rate_hz, wide=bandwidth_hz(mode.phy) > WHOLE_SHARE * rate_hz)
        signal = message(mode, rate_hz, draw.offset_hz, rng)
        lead = int(rng.uniform(*LEAD_S) * rate_hz)
        padded = np.zeros(lead + len(signal) + int(TAIL_S * rate_hz), dtype=np.complex64)
        padded[lead : lead + len(signal)] = through_channel(signal, rate_hz, self._conditions, rng)
        samples = self._received(padded, draw, neighbours=True)
        return self._find(samples, padded, draw), draw.snr_db

    def _from_stream(self, running: _Running) -> tuple[list[Analysed], float]:
        """Another piece of the running stream, at another tuning."""
        rng, rate_hz = self._rng, running.rate_hz
        running.left -= 1
        width_hz = bandwidth_hz(running.mode.phy)
        wide = width_hz > STREAM_WIDE_SHARE * rate_hz
        draw = self._draw(running.record, running.mode, rate_hz, wide=wide)
        running.stream.retune(-draw.offset_hz)
        length = int(rng.uniform(*STREAM_S) * rate_hz)
        signal = running.stream.read(length)
        if running.stream.mean_power < 1e-4:
            return [], draw.snr_db
        signal = signal / np.float32(math.sqrt(running.stream.mean_power))
        signal = through_channel(signal, rate_hz, self._conditions, rng)
        lead = 0 if rng.random() < STEADY_SHARE else int(rng.uniform(*LEAD_S) * rate_hz)
        padded = np.concatenate((np.zeros(lead, dtype=np.complex64), signal))
        samples = self._received(padded, draw, neighbours=not wide)
        return self._find(samples, padded, draw), draw.snr_db

    def _rate_hz(self, mode: Mode) -> float:
        """A sample rate that the signal fits into, or one that shows enough of a signal wider than any."""
        rates = self._conditions.sample_rates_hz
        width_hz = bandwidth_hz(mode.phy)
        fitting = [rate_hz for rate_hz in rates if width_hz <= WHOLE_SHARE * rate_hz]
        # Pulses are wider than their record says: their edges are what is heard.
        if not fitting or width_hz > WIDE_LEAST_RATE_HZ or isinstance(mode.phy, PulsePhy):
            fitting = [rate_hz for rate_hz in rates if rate_hz >= WIDE_LEAST_RATE_HZ]
        return float(self._rng.choice(fitting))

    def _draw(self, record: Mode, mode: Mode, rate_hz: float, *, wide: bool) -> Draw:
        """Draw band, carrier, tuning and level."""
        rng, conditions = self._rng, self._conditions
        bands = self._protocol.bands_of(record)
        carrier_hz = self._carrier_hz(bands[int(rng.integers(len(bands)))])
        width_hz = bandwidth_hz(mode.phy)
        continuous = isinstance(mode.timing, ContinuousTiming)
        if wide:
            reach_hz = min(LONGEST_WIDE_REACH_HZ, 0.45 * width_hz)
            offset_hz = float(rng.uniform(-1.0, 1.0)) * reach_hz
        elif not continuous and rng.random() < conditions.edge_share:
            offset_hz = float(rng.choice((-1.0, 1.0)) * (0.5 * rate_hz - rng.uniform(-0.3, 0.5) * width_hz))
        else:
            # Streams are not cut at the edges of the slice: they keep away from them by their skirts.
            skirt_hz = width_hz if continuous else 0.0
            offset_hz = float(rng.uniform(-0.95, 0.95)) * 0.5 * (rate_hz - width_hz - skirt_hz)
        if isinstance(mode.phy, CarrierPhy) and abs(offset_hz) < 15e3:
            offset_hz = math.copysign(15e3, offset_hz)  # where the receiver's own direct current is
        snr_db = float(rng.uniform(*conditions.snr_db)) + (PULSE_DB if isinstance(mode.phy, PulsePhy) else 0.0)
        return Draw(mode, rate_hz, carrier_hz - offset_hz, offset_hz, width_hz, snr_db)

    def _carrier_hz(self, band: Band) -> float:
        rng, conditions = self._rng, self._conditions
        if band.channels_hz and rng.random() >= conditions.off_grid_share:
            carrier_hz = float(rng.choice(band.channels_hz)) + float(rng.uniform(0.0, band.base_spread_hz))
        else:
            carrier_hz = float(rng.uniform(band.low_hz, band.high_hz))
        return carrier_hz * (1.0 + float(rng.uniform(-1.0, 1.0)) * conditions.ppm * 1e-6)

    def _received(self, padded: NDArray[np.complex64], draw: Draw, *, neighbours: bool) -> NDArray[np.complex64]:
        """Noise, something else on air, and the receiver."""
        rng, conditions = self._rng, self._conditions
        noise_power = draw.noise_power
        mixed = padded + white_noise(len(padded), noise_power, conditions.key, rng)
        if neighbours and rng.random() < conditions.neighbour_share:
            add_neighbour(mixed, (draw.rate_hz, draw.offset_hz, draw.width_hz), conditions, rng)
        return received(mixed, noise_power, conditions, rng)

    def _find(self, samples: NDArray[np.complex64], clean: NDArray[np.complex64], draw: Draw) -> list[Analysed]:
        """What the detector makes of the samples, as far as it is the emission; one of each kind where there is much.

        Parameters
        ----------
        samples
            As received.
        clean
            The emission alone, at the same times.
        draw
            What was rendered.
        """
        where = make_slice(self._settings, draw.rate_hz, draw.centre_hz, 0, known=True)
        detector = SliceDetector(self._settings, where)
        found = [item for item in (*detector.feed(samples), *detector.flush().found) if item.patchable]
        kinds: dict[type, list[Analysed]] = {}
        for index in self._rng.permutation(len(found)):
            kinds.setdefault(type(found[index].burst.finding), []).append(found[index])
        # Round robin over the kinds of findings, so that rare ones are not drowned by pieces of energy.
        mixed = [item for row in zip_longest(*kinds.values()) for item in row if item is not None]
        mine: list[Analysed] = []
        for item in mixed[:MOST_CHECKED]:
            if len(mine) < PATCHES_PER_EXAMPLE and _is_of(item, clean, draw):
                mine.append(item)
        return mine


def _is_of(item: Analysed, clean: NDArray[np.complex64], draw: Draw) -> bool:
    """Whether what was found is the emission: there is enough of it in that band at that time."""
    burst = item.burst
    if burst.bandwidth_hz > WIDER * draw.bandwidth_hz + WIDER_HZ:
        return False
    begin = min(max(int(burst.start_ns * 1e-9 * draw.rate_hz), 0), len(clean))
    end = max(begin + round(burst.duration_s * draw.rate_hz), begin + LEAST_CHECKED)
    piece = clean[begin:end]
    if not len(piece) or not piece.any():
        return False
    length = next_fast_len(len(piece))
    spectrum = fft(piece, length)
    bins = np.arange(round(burst.bandwidth_hz / draw.rate_hz * length) + 1) - round(
        (draw.centre_hz - burst.centre_hz + 0.5 * burst.bandwidth_hz) / draw.rate_hz * length
    )
    inside = spectrum[bins % length]
    power = float(np.vdot(inside, inside).real) / length / len(piece)
    return power > OWN_SHARE * draw.noise_power * burst.bandwidth_hz / draw.rate_hz
