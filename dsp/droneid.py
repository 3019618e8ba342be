"""DroneID of DJI: the two Zadoff-Chu symbols of its burst, in recordings wide enough to hold it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.protocols.dji_droneid import BURST_S, CARRIERS, RATE_HZ, SHORT_PREFIX_S, SPACING_HZ, ZADOFF_CHU

LEAST_RATE_HZ = 9.6e6
"""Narrower input cuts into the 9 MHz of the burst."""
CHUNK_S = 4e-3
"""Samples are looked at in stretches of this length; each overlaps the next by more than a burst."""
OVERLAP_S = 1.0e-3
ROW_S = 50e-6
BIN_HZ = 150e3
BAND_HZ = CARRIERS * SPACING_HZ
STANDS_OUT = 1.12
"""Mean power of a row in the burst's band over the floor (0.5 dB) that is worth a correlation; the mean of some three
hundred cells of noise is within 6 % of it."""
LEAST_CORRELATION = 0.1
"""Share of a symbol's power explained by the sequence, both roots: noise reaches 0.03 (the largest of some thousand
lags and carriers, of 1 / 600 on average); 0 dB gives 0.5."""
CARRIER_REACH_HZ = 450e3
"""The middle of a burst's band is seen to three bins."""
CARRIER_STEP_HZ = 5e3
"""A third of a subcarrier costs a tenth of the correlation."""
LAG_TOLERANCE = 3
MOST_LOOKS_PER_CHUNK = 8
LOOKS_PER_S = 25.0
"""Correlations a second of signal in the long run, where other emissions of this width crowd the band."""
MOST_LOOKS_SAVED = 16.0
MOST_SNR = 1e4
"""A gated recording has no noise to measure by."""
SYMBOL_SAMPLES = round(RATE_HZ / SPACING_HZ)
STEP_SAMPLES = SYMBOL_SAMPLES + round(SHORT_PREFIX_S * RATE_HZ)


@dataclass(frozen=True, slots=True)
class DroneIdBurst:
    """A proved burst.

    Parameters
    ----------
    start_sample
        First sample of the burst, in samples of the input; symbols before the first sequence are counted back.
    offset_hz
        Middle of its band relative to the input's.
    snr
        Linear, in 9 MHz.
    power
        Mean power, full scale squared.
    correlations
        Share of the power of the two symbols that the sequences explain, in the order of the record.
    """

    start_sample: float
    offset_hz: float
    snr: float
    power: float
    correlations: tuple[float, ...]


@lru_cache(maxsize=4)
def sequence_symbol(root: int) -> NDArray[np.complex64]:
    """One OFDM symbol that carries a Zadoff-Chu sequence, (1024,) complex64 of unit energy.

    ``z[n] = exp(-j pi root n (n + 1) / 601)`` on subcarriers -300 to 300 without the middle one.
    """
    order = np.arange(CARRIERS + 1)
    values = np.exp(-1j * np.pi * root * order * (order + 1) / (CARRIERS + 1))
    values[CARRIERS // 2] = 0.0
    grid = np.zeros(SYMBOL_SAMPLES, dtype=np.complex128)
    grid[(order - CARRIERS // 2) % SYMBOL_SAMPLES] = values
    symbol = np.fft.ifft(grid)
    scaled: NDArray[np.complex64] = (symbol / np.linalg.norm(symbol)).astype(np.complex64)
    scaled.flags.writeable = False
    return scaled


def to_symbol_rate(
    samples: NDArray[np.complex64], sample_rate_hz: float, offset_hz: float
) -> tuple[NDArray[np.complex64], float]:
    """The band around a frequency at 15.36 MS/s, up or down, by one transform and one back; with its exact rate."""
    total = int(fft.next_fast_len(len(samples)))
    kept = round(total * RATE_HZ / sample_rate_hz / 2) * 2
    spectrum = np.roll(fft.fftshift(fft.fft(samples, n=total)), -round(offset_hz * total / sample_rate_hz))
    # What the roll brought in from the other edge is not of this band.
    shift = round(offset_hz * total / sample_rate_hz)
    if shift > 0:
        spectrum[total - shift :] = 0
    elif shift < 0:
        spectrum[:-shift] = 0
    if kept <= total:
        begin = total // 2 - kept // 2
        picked = spectrum[begin : begin + kept]
    else:
        picked = np.zeros(kept, dtype=np.complex64)
        begin = kept // 2 - total // 2
        picked[begin : begin + total] = spectrum
    count = int(len(samples) * kept / total)
    out = fft.ifft(fft.ifftshift(picked))[:count] * np.float32(kept / total)
    return np.asarray(out, dtype=np.complex64), sample_rate_hz * kept / total


def correlate_pair(samples: NDArray[np.complex64], rate_hz: float) -> tuple[float, float, tuple[float, ...]] | None:
    """Best place and carrier of the two sequences, two symbols apart.

    The normalised correlation ``|sum x s*|^2 / sum |x|^2`` of both roots at every lag, for carriers
    ``CARRIER_STEP_HZ`` apart; a carrier turns the transform by whole bins, so each costs two inverse transforms.

    Returns
    -------
    Sample of the first sequence's symbol, carrier, and the correlations; None if the stretch is too short.
    """
    apart = (ZADOFF_CHU[1][0] - ZADOFF_CHU[0][0]) * STEP_SAMPLES
    lags = len(samples) - SYMBOL_SAMPLES - apart
    if lags < 1:
        return None
    length = int(fft.next_fast_len(len(samples) + SYMBOL_SAMPLES))
    spectrum = fft.fft(samples, n=length)
    references = [np.conj(fft.fft(sequence_symbol(root), n=length)) for _, root in ZADOFF_CHU]
    power = np.concatenate(([0.0], np.cumsum(samples.real**2 + samples.imag**2, dtype=np.float64)))
    energy = power[SYMBOL_SAMPLES:] - power[:-SYMBOL_SAMPLES]
    energy = np.maximum(energy, 1e-3 * float(energy.max()) + 1e-30)
    bin_hz = rate_hz / length
    best: tuple[float, float, float, tuple[float, ...]] | None = None
    for carrier_hz in np.arange(-CARRIER_REACH_HZ, CARRIER_REACH_HZ + 1.0, CARRIER_STEP_HZ):
        turned = np.roll(spectrum, -round(carrier_hz / bin_hz))
        shares = []
        for index, reference in enumerate(references):
            lagged = fft.ifft(turned * reference)[index * apart : index * apart + lags]
            shares.append((lagged.real**2 + lagged.imag**2) / energy[index * apart : index * apart + lags])
        weaker = np.minimum(shares[0], shares[1])
        at = int(np.argmax(weaker))
        if best is None or weaker[at] > best[0]:
            best = (float(weaker[at]), float(at), float(carrier_hz), tuple(float(share[at]) for share in shares))
    return (best[1], best[2], best[3]) if best is not None else None


class DroneIdLook:
    """Looks for DroneID in consecutive samples.

    One coarse spectrum of everything (a transform pass); where a band of 9 MHz rises for half a millisecond, the
    correlations, some 100 ms of processor time a burst, of which a drone sends two a second.

    Parameters
    ----------
    sample_rate_hz
        Of the input; below ``LEAST_RATE_HZ`` nothing is looked for.
    """

    def __init__(self, sample_rate_hz: float) -> None:
        self._rate_hz = sample_rate_hz
        self._active = sample_rate_hz >= LEAST_RATE_HZ
        self._chunk = int((CHUNK_S + OVERLAP_S) * sample_rate_hz)
        self._advance = int(CHUNK_S * sample_rate_hz)
        self._points = int(fft.next_fast_len(max(16, round(sample_rate_hz / BIN_HZ))))
        self._pending: list[NDArray[np.complex64]] = []
        self._have = 0
        self._first = 0
        self._last_start = -np.inf
        self._looks_left = MOST_LOOKS_SAVED

    def feed(self, samples: NDArray[np.complex64], *, final: bool = False) -> list[DroneIdBurst]:
        """Take the next samples; give the bursts that are whole by now."""
        if not self._active:
            return []
        if len(samples):
            self._pending.append(samples)
            self._have += len(samples)
        if self._have < self._chunk and not (final and self._have):
            return []
        stretch = np.concatenate(self._pending)
        found: list[DroneIdBurst] = []
        at = 0
        while len(stretch) - at >= self._chunk:
            found += self._look(stretch[at : at + self._chunk], self._first + at)
            at += self._advance
        if final and len(stretch) - at > BURST_S * self._rate_hz / 2:
            found += self._look(stretch[at:], self._first + at)
            at = len(stretch)
        self._pending = [stretch[at:].copy()]
        self._have = len(stretch) - at
        self._first += at
        return found

    def _look(self, samples: NDArray[np.complex64], first_sample: int) -> list[DroneIdBurst]:
        found: list[DroneIdBurst] = []
        self._looks_left = min(MOST_LOOKS_SAVED, self._looks_left + LOOKS_PER_S * CHUNK_S)
        for begin, offset_hz, ratio in self._candidates(samples):
            if self._looks_left < 1.0:
                break
            self._looks_left -= 1.0
            margin = int(0.25 * BURST_S * self._rate_hz)
            start = max(0, begin - margin)
            stop = min(len(samples), begin + int(1.25 * BURST_S * self._rate_hz) + margin)
            band, rate_hz = to_symbol_rate(samples[start:stop], self._rate_hz, offset_hz)
            pair = correlate_pair(band, rate_hz)
            if pair is None or min(pair[2]) < LEAST_CORRELATION:
                continue
            at, carrier_hz, correlations = pair
            symbols_before = ZADOFF_CHU[0][0] * STEP_SAMPLES + round(SHORT_PREFIX_S * RATE_HZ)
            burst_start = first_sample + start + (at - symbols_before) * self._rate_hz / rate_hz
            if burst_start < self._last_start + 0.5 * BURST_S * self._rate_hz:
                continue
            self._last_start = burst_start
            inside = band[int(at) : int(at) + SYMBOL_SAMPLES]
            power = float(np.vdot(inside, inside).real) / len(inside)
            snr = min(ratio - 1.0, MOST_SNR)
            found.append(DroneIdBurst(burst_start, offset_hz + carrier_hz, snr, power, correlations))
        return found

    def _candidates(self, samples: NDArray[np.complex64]) -> list[tuple[int, float, float]]:
        """First sample, middle of the band and power over the floor of what may be a burst."""
        points = self._points
        frames = len(samples) // points
        per_row = max(1, round(ROW_S * self._rate_hz / points))
        rows = frames // per_row
        if rows < 4:
            return []
        blocks = samples[: rows * per_row * points].reshape(rows * per_row, points)
        spectrum = fft.fftshift(fft.fft(blocks, axis=1), axes=1)
        power = (spectrum.real**2 + spectrum.imag**2).reshape(rows, per_row, points).mean(axis=1)
        width = min(points, max(1, round(BAND_HZ * points / self._rate_hz)))
        running = np.concatenate((np.zeros((rows, 1)), np.cumsum(power, axis=1, dtype=np.float64)), axis=1)
        band = (running[:, width:] - running[:, : points + 1 - width]) / width
        floor = np.quantile(band, 0.2, axis=0)
        ratio = band / np.maximum(floor, 1e-30)
        length = max(1, int(BURST_S * self._rate_hz / (per_row * points)))
        summed = np.concatenate((np.zeros((1, ratio.shape[1])), np.cumsum(ratio, axis=0)))
        span = min(length, rows)
        means = (summed[span:] - summed[:-span]) / span
        found: list[tuple[int, float, float]] = []
        for _ in range(MOST_LOOKS_PER_CHUNK):
            row, column = np.unravel_index(int(np.argmax(means)), means.shape)
            value = float(means[row, column])
            if value < STANDS_OUT and not (rows * per_row * points < 2 * BURST_S * self._rate_hz and not found):
                break
            middle_hz = (float(column) + 0.5 * width - 0.5 * points) * self._rate_hz / points
            found.append((int(row) * per_row * points, middle_hz, value))
            means[max(0, int(row) - span + 1) : int(row) + span] = 0.0
        return sorted(found)
