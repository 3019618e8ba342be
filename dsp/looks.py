"""The slow looks at a whole slice: video comb, cyclic prefix, steady lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dsp import ofdm, video
from dsp.analysis import Analysed, Slice, Stretch, analyse
from dsp.baseband import Baseband
from dsp.bursts import Burst, CyclicPrefixFinding, LineCombFinding
from dsp.extents import Extent
from dsp.keying import measure_tone_share
from dsp.noise import NoiseFloor
from dsp.units import to_db

VIDEO_LEAST_RATE_HZ = 1e6
"""A narrower slice shows too little of an FM video to tell its comb from a keyed carrier's."""
OFDM_LEAST_RATE_HZ = 1e6
LINE_RATIO = 4.0
"""A column whose floor stands this far (6 dB) above its surroundings is a steady line."""
LINES_AT_MOST = 6
LINE_CORE = 0.05
TONE_SHARE = 0.5
"""Share of the power in three bins of the whole transform that makes a line a carrier."""
DC_HZ = 12e3
"""The receiver's own direct-current spike lies within this of the middle."""
PICTURE_LEAST_HZ = 5e6
"""The swing of an FM picture's carrier, whatever part of it stands out of the noise of a narrower slice."""
EXCERPT_SAMPLES = 8192
OCCUPIED_RATIO = 1.6
OCCUPIED_SHARE = 0.3
"""An emission that was seen by its comb or prefix takes this much of the slice."""
EDGE_SHARE = 0.457
"""A band that reaches so far, of the sample rate, from the middle may go on: the receiver's filter takes the rest."""


@dataclass(frozen=True, slots=True)
class LookSchedule:
    """How often to look: seconds of signal from one look to the next, and how many first looks come back to back."""

    video_s: float = 6.0 * video.WINDOW_S
    video_first: int = 6
    prefix_s: float = 0.4
    lines_s: float = 1.0


class _Window:
    """Collects consecutive samples until a look's worth is there, then skips to the next look."""

    def __init__(self, length: int, period: int, first: int) -> None:
        self._length, self._period, self._first = length, max(period, length), first
        self._store: NDArray[np.complex64] = np.empty(length, dtype=np.complex64)
        self._wanted = length
        self._longer = False
        self._have = 0
        self._skip = 0
        self._done = 0
        self._begin = 0
        self._seen = 0

    def feed(self, samples: NDArray[np.complex64]) -> Iterator[tuple[int, NDArray[np.complex64]]]:
        """Give the whole looks that these samples complete, with the index of their first sample.

        Each is valid until the next one: those that lie in these samples are not copied. To be used up before the
        next call.
        """
        at = 0
        while at < len(samples):
            if self._skip:
                step = min(self._skip, len(samples) - at)
                self._skip -= step
                at += step
                continue
            if not self._have:
                self._begin = self._seen + at
            part = samples[at : at + self._wanted - self._have]
            whole = len(part) == self._wanted
            if not whole:
                self._store[self._have : self._have + len(part)] = part
            self._have += len(part)
            at += len(part)
            if self._have == self._wanted:
                self._longer = False
                yield self._begin, part if whole else self._store[: self._have]
                if self._longer:
                    self._go_on(part)
                    continue
                self._skip = 0 if self._done + 1 < self._first else max(self._period - self._wanted, 0)
                self._done += 1
                self._have, self._wanted = 0, self._length
        self._seen += len(samples)

    def lengthen(self) -> None:
        """Have the look that was just given again, twice as long; no more than that."""
        self._longer = self._wanted == self._length

    def _go_on(self, part: NDArray[np.complex64]) -> None:
        """Keep what the look has of samples that are not kept, and wait for as much again."""
        if len(self._store) < 2 * self._length:
            self._store = np.concatenate((self._store, np.empty_like(self._store)))
        self._store[self._have - len(part) : self._have] = part
        self._wanted = 2 * self._length

    def rest(self) -> tuple[int, NDArray[np.complex64]]:
        """What has been collected of an unfinished look."""
        have, self._have, self._wanted = self._have, 0, self._length
        return self._begin, self._store[:have]


class Looks:
    """Runs the slow looks over consecutive samples of one tuning."""

    def __init__(self, where: Slice, schedule: LookSchedule) -> None:
        self._where = where
        rate_hz = where.sample_rate_hz
        self._video: _Window | None = None
        if rate_hz >= VIDEO_LEAST_RATE_HZ:
            length = video.window_samples(rate_hz)
            self._video = _Window(length, round(schedule.video_s * rate_hz), schedule.video_first)
        self._prefix: _Window | None = None
        if rate_hz >= OFDM_LEAST_RATE_HZ:
            self._prefix = _Window(ofdm.look_samples(rate_hz), round(schedule.prefix_s * rate_hz), 2)
        self._line_rows = max(1, round(schedule.lines_s * rate_hz / where.points))
        self._rows_since_lines = 0
        self._least_noise = float("inf")
        self._noise: NDArray[np.float32] = np.zeros(0, dtype=np.float32)

    def feed(self, segment: Stretch, power: NDArray[np.float32], floor: NoiseFloor, *, final: bool) -> list[Analysed]:
        """Take one segment; give what the looks it completes have found."""
        found: list[Analysed] = []
        samples = segment.samples
        self._least_noise = min(self._least_noise, float(floor.power.sum()))
        self._noise = floor.power
        for window, look in ((self._video, self._look_video), (self._prefix, self._look_prefix)):
            if window is None:
                continue
            for begin, stretch in window.feed(samples):
                found += look(begin, stretch, power)
            if final:
                found += look(*window.rest(), power)
        self._rows_since_lines += len(power)
        if len(power) >= 16 and (self._rows_since_lines >= self._line_rows or final):
            self._rows_since_lines = 0
            found += self._look_lines(segment, power, floor)
        return found

    def _look_video(self, begin: int, stretch: NDArray[np.complex64], power: NDArray[np.float32]) -> list[Analysed]:
        finding, fleeting = video.look(stretch, self._where.sample_rate_hz)
        if fleeting and self._video is not None:
            self._video.lengthen()
        return [self._whole_slice(begin, stretch, power, finding)] if finding else []

    def _look_prefix(self, begin: int, stretch: NDArray[np.complex64], power: NDArray[np.float32]) -> list[Analysed]:
        finding = ofdm.find_prefix(stretch, self._where.sample_rate_hz)
        return [self._whole_slice(begin, stretch, power, finding)] if finding else []

    def _whole_slice(
        self,
        begin: int,
        stretch: NDArray[np.complex64],
        power: NDArray[np.float32],
        finding: LineCombFinding | CyclicPrefixFinding,
    ) -> Analysed:
        """Describe an emission about as wide as the slice, or wider."""
        where = self._where
        rate_hz = where.sample_rate_hz
        low, high = self._occupied(power)
        low_hz, high_hz = where.edge_hz(low), where.edge_hz(high)
        cut_low, cut_high = low_hz < -EDGE_SHARE * rate_hz, high_hz > EDGE_SHARE * rate_hz
        # Cut at both edges: where its middle is cannot be known, the middle of the slice is as good as any.
        middle_hz = 0.0 if cut_low and cut_high else 0.5 * (low_hz + high_hz)
        picture = isinstance(finding, LineCombFinding)
        least_hz = min(rate_hz, PICTURE_LEAST_HZ) if picture else rate_hz / where.points
        total = float(np.vdot(stretch, stretch).real) / len(stretch)
        snr = max(total / max(self._least_noise, 1e-20) - 1.0, 1e-2)
        peak = stretch[:EXCERPT_SAMPLES]
        burst = Burst(
            start_ns=where.time_ns(begin),
            duration_s=len(stretch) / rate_hz,
            centre_hz=where.centre_hz + middle_hz,
            bandwidth_hz=max(high_hz - low_hz, least_hz),
            snr_db=to_db(snr),
            peak_dbfs=to_db(float((peak.real**2 + peak.imag**2).max())),
            finding=finding,
            cut_low=cut_low,
            cut_high=cut_high,
            cut_start=True,
            cut_end=True,
        )
        excerpt = Baseband(peak.copy(), rate_hz, 0.0)
        return Analysed(burst, excerpt, total / (1.0 + snr), (high_hz - low_hz) / rate_hz, 1.0)

    def _occupied(self, power: NDArray[np.float32]) -> tuple[float, float]:
        """Columns between which the mean power stands clearly above the noise or the quietest tenth of the slice.

        The noise floor shows how far packets reach; what never pauses has become a part of it.
        """
        mean = power.mean(axis=0) if len(power) else np.ones(1, dtype=np.float32)
        width = max(1, len(mean) // 32)
        box = np.ones(width) / width
        smooth = np.convolve(mean, box, mode="same")
        if len(self._noise) == len(mean):
            above = np.flatnonzero(smooth > OCCUPIED_RATIO * np.convolve(self._noise, box, mode="same"))
            if len(above) > OCCUPIED_SHARE * len(mean):
                return float(above[0]), float(above[-1] + 1)
        inner = smooth[width : len(smooth) - width] if len(smooth) > 4 * width else smooth
        level = float(np.quantile(inner, 0.05)) * OCCUPIED_RATIO
        above = np.flatnonzero(smooth > level)
        # Flat from edge to edge: the emission fills the slice.
        if len(above) < OCCUPIED_SHARE * len(mean):
            return 0.0, float(len(mean))
        return float(above[0]), float(above[-1] + 1)

    def _look_lines(self, segment: Stretch, power: NDArray[np.float32], floor: NoiseFloor) -> list[Analysed]:
        """Carriers that are always there: the noise floor has taken them in, but its own shape shows them."""
        where = self._where
        steady = floor.power > LINE_RATIO * floor.smooth
        edges = np.flatnonzero(np.diff(np.concatenate(([False], steady, [False]))))
        found: list[Analysed] = []
        for first, end in list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))[:LINES_AT_MOST]:
            low_hz, high_hz = where.edge_hz(first), where.edge_hz(end)
            if low_hz < DC_HZ and high_hz > -DC_HZ:
                continue
            # Without the skirts that the window gives a strong line.
            core = first + np.flatnonzero(floor.power[first:end] > LINE_CORE * floor.power[first:end].max())
            low, high = int(core[0]), int(core[-1]) + 1
            signal = float((floor.power[low:high] - floor.smooth[low:high]).sum())
            noise = float(floor.smooth[low:high].sum())
            extent = Extent(0.0, float(len(power)), float(low), float(high), signal / noise, signal, 0.5)
            analysed = analyse(segment, where, extent, cut_start=True, cut_end=True, hints=())
            if measure_tone_share(analysed.baseband) > TONE_SHARE:
                # A carrier: no wider than can be told.
                narrow = replace(analysed.burst, bandwidth_hz=where.sample_rate_hz / where.points)
                analysed = replace(analysed, burst=narrow)
            found.append(analysed)
        return found
