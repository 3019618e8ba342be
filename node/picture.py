"""Waterfall of a stretch of signal, with what the chain found drawn over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.bursts import Burst
from dsp.iq import IqBlock
from dsp.spectrogram import StftSettings, power_rows
from dsp.units import to_db
from models.classifier import Classifier
from node.figures import box as drawn_box
from node.figures import line, new_figure
from node.pipeline import Pipeline, PipelineSettings, Sighting
from node.tracking.track import Track
from node.tracking.tracker import Tracker, TrackerSettings

TIME_CELLS = 1400
"""Columns of the picture: about one a pixel."""
WARM_DB, COLD_DB = 28.0, -3.0
"""Colour range relative to the noise floor."""
JOIN_S = 0.02
"""Packets of one track closer than this are drawn as one box."""
SAME_BAND = 0.7
"""... if they have this share of the wider one's band in common."""
DRONE_COLOURS = ("#39ff88", "#ffe14d", "#ff7ad1", "#ffffff")
OTHER_COLOURS = ("#4dd2ff", "#c0b0ff", "#8fc7b4", "#c7b08a", "#8fa8ff", "#a0d0ff")
LONE_COLOUR = "#c8c8c8"
INK, PAPER = "#e8e8ee", "#12121a"


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """What to draw."""

    start_s: float = 0.0
    """Where the picture starts; the chain works from the beginning of the signal."""
    seconds: float = 4.0

    def __post_init__(self) -> None:
        """Check the times."""
        if not 0 <= self.start_s <= 86_400:
            raise ValueError(f"start_s must be 0 to 86400, not {self.start_s}")
        if not 0.05 <= self.seconds <= 600:
            raise ValueError(f"seconds must be 0.05 to 600, not {self.seconds}")


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A stretch of signal and what was found in it."""

    power: NDArray[np.float32]
    """(times, frequencies) float32, linear, ascending."""
    centre_hz: float
    rate_hz: float
    start_ns: int
    """Of the picture."""
    seconds: float
    """Length of the picture; less than wanted where the signal ends before."""
    sightings: tuple[Sighting, ...]
    tracks: tuple[Track, ...]
    centre_known: bool


def look(blocks: Iterator[IqBlock], classifier: Classifier | None, settings: PictureSettings) -> Seen:
    """Run the chain over the signal up to the end of the picture.

    Raises
    ------
    ValueError
        If the signal ends before the picture starts, or changes its tuning inside it.
    """
    pipeline = Pipeline(PipelineSettings(), classifier, "picture")
    tracker = Tracker(TrackerSettings(), "picture")
    sightings: list[Sighting] = []
    tracks: dict[str, Track] = {}
    rows: list[NDArray[np.float32]] = []
    first: IqBlock | None = None
    left = np.zeros(0, np.complex64)
    begin_ns = end_ns = 0
    for block in blocks:
        if first is None:
            first = block
            begin_ns = block.start_ns + round(settings.start_s * 1e9)
            end_ns = begin_ns + round(settings.seconds * 1e9)
        if block.start_ns >= end_ns:
            break
        if (block.centre_hz, block.sample_rate_hz) != (first.centre_hz, first.sample_rate_hz):
            raise ValueError("the signal changes its tuning inside the picture; draw a shorter stretch")
        result = pipeline.process(block)
        sightings += result.sightings
        tracks.update({change.track.track_id: change.track for change in tracker.observe(result)})
        if block.end_ns > begin_ns:
            skipped = max(0, round((begin_ns - block.start_ns) * 1e-9 * block.sample_rate_hz))
            points = StftSettings().points(block.sample_rate_hz)
            samples = np.concatenate((left, block.samples[skipped:]))
            power = power_rows(samples, points)
            rows.append(power)
            left = samples[len(power) * points :]
    if first is None or not rows:
        raise ValueError(f"the signal has nothing at {settings.start_s} s; draw an earlier stretch")
    last = pipeline.flush()
    sightings += last.sightings
    tracks.update({c.track.track_id: c.track for c in [*tracker.observe(last), *tracker.close(last.end_ns)]})
    power = np.concatenate(rows)
    seconds = len(power) * StftSettings().points(first.sample_rate_hz) / first.sample_rate_hz
    return Seen(
        power, first.centre_hz, first.sample_rate_hz, begin_ns, seconds, tuple(sightings), tuple(tracks.values()),
        first.centre_known,
    )  # fmt: skip


def track_of(burst: Burst, tracks: tuple[Track, ...]) -> Track | None:
    """The track that a burst most likely belongs to: one of its channels, about its width, while it lived."""
    best: tuple[float, Track] | None = None
    for track in tracks:
        channels = track.channels_hz or ((track.centre_hz,) if track.centre_hz is not None else ())
        if not track.first_ns - 1_000_000 <= burst.start_ns <= track.last_ns or not channels:
            continue
        away_hz = min(abs(burst.centre_hz - channel) for channel in channels)
        wider = max(burst.bandwidth_hz, track.bandwidth_hz)
        ratio = wider / max(min(burst.bandwidth_hz, track.bandwidth_hz), 1.0)
        cut = burst.cut_low or burst.cut_high
        if away_hz > (0.5 if cut else 0.3) * wider or (ratio > 3.0 and not cut):
            continue
        score = away_hz / wider + 0.1 * ratio
        if best is None or score < best[0]:
            best = (score, track)
    return best[1] if best else None


@dataclass(slots=True)
class Box:
    """A rectangle to draw: a burst, or several that follow each other on one channel."""

    track: Track | None
    start_s: float
    end_s: float
    low_hz: float
    high_hz: float


def boxes(seen: Seen) -> list[Box]:
    """The bursts inside the picture, packets that follow each other on one channel made one."""
    done: list[Box] = []
    for sighting in sorted(seen.sightings, key=lambda s: s.burst.start_ns):
        burst = sighting.burst
        start_s = (burst.start_ns - seen.start_ns) * 1e-9
        new = Box(
            track_of(burst, seen.tracks), start_s, start_s + burst.duration_s,
            burst.centre_hz - burst.bandwidth_hz / 2, burst.centre_hz + burst.bandwidth_hz / 2,
        )  # fmt: skip
        if new.end_s < 0 or new.start_s > seen.seconds:
            continue
        before = next((box for box in reversed(done[-12:]) if _adjoin(box, new)), None)
        if before is None:
            done.append(new)
        else:
            before.end_s = max(before.end_s, new.end_s)
            before.low_hz, before.high_hz = min(before.low_hz, new.low_hz), max(before.high_hz, new.high_hz)
    return done


def _adjoin(before: Box, new: Box) -> bool:
    common_hz = min(before.high_hz, new.high_hz) - max(before.low_hz, new.low_hz)
    wider_hz = max(before.high_hz - before.low_hz, new.high_hz - new.low_hz)
    same = (before.track and before.track.track_id) == (new.track and new.track.track_id)
    return same and new.start_s - before.end_s < JOIN_S and common_hz > SAME_BAND * wider_hz


def draw(seen: Seen, path: Path, title: str) -> None:
    """Write the picture, in the format that the file's suffix says (PNG, SVG, PDF).

    Raises
    ------
    ValueError
        If matplotlib does not know the suffix.
    OSError
        If the file cannot be written.
    """
    low_mhz = (seen.centre_hz - seen.rate_hz / 2) / 1e6
    high_mhz = (seen.centre_hz + seen.rate_hz / 2) / 1e6
    figure = new_figure(14.0, 7.6, dpi=90, paper=PAPER)
    axes = figure.add_subplot(facecolor=PAPER)
    image = axes.imshow(
        _over_floor(seen.power).T, aspect="auto", origin="lower", cmap="inferno", vmin=COLD_DB, vmax=WARM_DB,
        extent=(0.0, seen.seconds, low_mhz, high_mhz), interpolation="nearest",
    )  # fmt: skip
    colours = _colours(seen.tracks)
    named: set[str] = set()
    for box in boxes(seen):
        track = box.track
        colour = colours[track.track_id] if track else LONE_COLOUR
        drone = track is not None and track.family.startswith("drone")
        axes.add_patch(
            drawn_box(
                (box.start_s, box.low_hz / 1e6), box.end_s - box.start_s, (box.high_hz - box.low_hz) / 1e6, fill=False,
                edgecolor=colour, linewidth=1.6 if drone else 1.0, alpha=1.0 if track else 0.6,
            )
        )  # fmt: skip
        if track is not None and track.track_id not in named and 0 <= box.start_s < 0.9 * seen.seconds:
            named.add(track.track_id)
            height_mhz = min(box.high_hz / 1e6, high_mhz - 0.03 * (high_mhz - low_mhz))
            axes.annotate(
                _name(track), (box.start_s, height_mhz), xytext=(1, 3), textcoords="offset points", color=colour,
                fontsize=9.5, fontweight="bold" if drone else "normal", clip_on=True,
                bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
            )  # fmt: skip
    axes.set_xlim(0.0, seen.seconds)
    axes.set_ylim(low_mhz, high_mhz)
    axes.set_xlabel("time in s", color=INK, fontsize=11)
    axes.set_ylabel("frequency in MHz" if seen.centre_known else "offset in MHz", color=INK, fontsize=11)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_title(title, color=INK, fontsize=13, loc="left", pad=10)
    axes.tick_params(colors=INK)
    for spine in axes.spines.values():
        spine.set_color("#44445a")
    bar = figure.colorbar(image, ax=axes, pad=0.012, fraction=0.025)
    bar.set_label("power over the noise floor in dB", color=INK, fontsize=10)
    bar.ax.tick_params(colors=INK)
    lines = [line(color=colours[t.track_id], linewidth=2.5, label=_legend(t)) for t in _ranked(seen.tracks)]
    lines.append(line(color=LONE_COLOUR, linewidth=1.0, label="burst without a track"))
    figure.legend(
        handles=lines, loc="outside lower left", ncols=3, frameon=False, labelcolor=INK, fontsize=9, handlelength=1.4
    )
    figure.savefig(path, facecolor=PAPER)


def _over_floor(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Decibels over the floor of each frequency, the strongest row of each cell of time."""
    group = max(1, len(power) // TIME_CELLS)
    kept = len(power) // group * group
    cells = power[:kept].reshape(-1, group, power.shape[1]).max(axis=1)
    # The floor of each frequency, smoothed over frequencies so that a carrier does not hide itself.
    floor = np.quantile(cells, 0.25, axis=0)
    smooth = np.array([np.median(floor[max(0, i - 20) : i + 21]) for i in range(len(floor))])
    levels_db: NDArray[np.float32] = to_db(np.asarray(cells / np.minimum(floor, smooth * 1.6), dtype=np.float32))
    return levels_db


def _ranked(tracks: tuple[Track, ...]) -> list[Track]:
    return sorted(tracks, key=lambda t: (not t.family.startswith("drone"), t.first_ns, t.track_id))


def _colours(tracks: tuple[Track, ...]) -> dict[str, str]:
    ranked = _ranked(tracks)
    drones = [track.track_id for track in ranked if track.family.startswith("drone")]
    others = [track.track_id for track in ranked if not track.family.startswith("drone")]
    colours = {track_id: DRONE_COLOURS[i % len(DRONE_COLOURS)] for i, track_id in enumerate(drones)}
    return colours | {track_id: OTHER_COLOURS[i % len(OTHER_COLOURS)] for i, track_id in enumerate(others)}


def _name(track: Track) -> str:
    return f"{track.label} {track.mode}" if track.mode else track.label


def _legend(track: Track) -> str:
    where = f"{track.centre_hz / 1e6:.3f} MHz" if track.centre_hz is not None else f"{track.offset_hz / 1e3:+.0f} kHz"
    hops = f" on {len(track.channels_hz)} channels" if len(track.channels_hz) > 1 else ""
    return f"{_name(track)} ({track.family}), {where}{hops}, {track.snr_db:.0f} dB, {track.confidence:.2f}"
