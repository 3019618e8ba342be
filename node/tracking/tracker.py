"""The tracker: sightings in, changes of tracks out. Pure: time comes with the data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dsp.bursts import Burst, ChirpFinding, EnergyFinding, KeyingFinding, LineCombFinding
from dsp.protocols import BY_LABEL
from dsp.protocols.match import in_band
from dsp.protocols.record import ChirpPhy, HopTiming
from dsp.units import to_ns
from models.classifier import ModelRef
from node.ids import track_ulid
from node.pipeline import BlockResult, Sighting
from node.tracking.emitters import SETTLE_S, Emitter, find_emitter, trim_votes
from node.tracking.labels import UNKNOWN_HOPPER, burst_label, family_of
from node.tracking.links import (
    MEMORY_S,
    LinkHypothesis,
    Pool,
    chirp_hypotheses,
    hopper_hypothesis,
    keyed_hypotheses,
    link_confidence,
)
from node.tracking.track import EndReason, Track, TrackChange

JUDGE_EVERY_S = 0.1
"""How often the pools are judged anew: the tracker's share of the latency."""
KEYED_LEAST_BANDWIDTH_HZ = 60e3
KEYED_LONGEST_S = 0.16


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How tracks live."""

    update_s: float = 1.0
    """Least time between two updates of a track that only goes on."""
    refresh_s: float = 5.0
    """Longest time between two updates of a track that is heard."""
    link_timeout_s: float = 6.0
    """A link not heard for this long is lost: a 25 Hz link on 40 channels may stay out of the slice for 3 s."""
    emitter_timeout_s: float = 10.0
    """The same for everything that stays on its frequency."""
    video_timeout_s: float = 3.0
    publish_non_drone: bool = True
    """Whether sensors, carriers and other non-drones are published too."""

    def __post_init__(self) -> None:
        """Check the times."""
        for name in ("update_s", "refresh_s", "link_timeout_s", "emitter_timeout_s", "video_timeout_s"):
            value = getattr(self, name)
            if not 0.05 <= value <= 3600:
                raise ValueError(f"{name} must be 0.05 to 3600 s, not {value}")


@dataclass(slots=True)
class _Published:
    """A track that has been announced."""

    track: Track
    told_ns: int


class Tracker:
    """Keeps links and emitters over time.

    Parameters
    ----------
    settings
        How tracks live.
    node_name
        Part of the tracks' identifiers.
    """

    def __init__(self, settings: TrackerSettings, node_name: str) -> None:
        self._settings = settings
        self._node_name = node_name
        self._chirps: dict[tuple[int, float, bool], Pool] = {}
        self._keyed = Pool()
        self._emitters: dict[str, Emitter] = {}
        self._tracks: dict[str, _Published] = {}
        self._radios: dict[str, set[str]] = {}
        self._known = True
        self._slice_centre_hz = 0.0
        self._model: ModelRef | None = None
        self._judged_ns = 0
        self._now_ns = 0
        self._serial = 0
        self._claims: list[tuple[float, float]] = []
        self._claimed_until_ns = 0

    def observe(self, result: BlockResult) -> list[TrackChange]:
        """Take what one block gave, even if nothing; give what changed."""
        self._now_ns = max(self._now_ns, result.end_ns)
        touched: set[tuple[int, float, bool] | str] = set()
        for sighting in result.sightings:
            key = self._sort(sighting)
            if key is not None:
                touched.add(key)
        changes: list[TrackChange] = []
        if self._now_ns - self._judged_ns >= to_ns(JUDGE_EVERY_S) or not self._judged_ns:
            self._judged_ns = self._now_ns
            changes += self._judge()
        changes += self._age()
        return changes

    def close(self, end_ns: int) -> list[TrackChange]:
        """End of the signal: a last judgement, then every track ends."""
        self._now_ns = max(self._now_ns, end_ns)
        changes = self._judge(final=True)
        changes += [self._end(key, "shutdown") for key in sorted(self._tracks)]
        self._tracks.clear()
        return changes

    def _sort(self, sighting: Sighting) -> tuple[int, float, bool] | str | None:
        burst = sighting.burst
        self._known = sighting.tuning_known
        self._slice_centre_hz = sighting.slice_centre_hz
        if sighting.classification is not None:
            self._model = sighting.classification.model
        finding = burst.finding
        label, confidence = burst_label(sighting)
        if isinstance(finding, ChirpFinding):
            shape = (finding.spreading_factor, finding.bandwidth_hz, finding.slope_hz_per_s > 0)
            self._chirps.setdefault(shape, Pool()).add(burst)
            self._radios.setdefault(f"chirp:{shape}", set()).add(sighting.radio)
        elif (
            isinstance(finding, (KeyingFinding, EnergyFinding))
            and burst.bandwidth_hz >= KEYED_LEAST_BANDWIDTH_HZ
            and burst.duration_s <= KEYED_LONGEST_S
        ):
            self._keyed.add(burst)
            self._radios.setdefault("keyed", set()).add(sighting.radio)
        if family_of(label).startswith("drone") and not isinstance(finding, LineCombFinding):
            return None  # a lone burst is evidence; only a clock and a grid make a drone track
        if not self._claimed(burst):
            self._emit(sighting, label, confidence)
        return None

    def _claimed(self, burst: Burst) -> bool:
        """Whether a burst lies in the band of a link that is being heard: a piece of it, cut off or garbled."""
        if isinstance(burst.finding, LineCombFinding):
            return False
        if burst.bandwidth_hz < KEYED_LEAST_BANDWIDTH_HZ and not (burst.cut_low or burst.cut_high):
            return False
        return any(low_hz < burst.centre_hz < high_hz for low_hz, high_hz in self._claims)

    def _claim(self, best: LinkHypothesis, bandwidth_hz: float) -> None:
        """Take the bands of a link's channels, heard or to be expected, and what has been put down to others there."""
        centres = set(best.packets.channels_hz)
        if best.protocol and best.mode and self._known:
            for band in best.protocol.bands_of(best.mode):
                if in_band(band, best.packets.channels_hz[0]):
                    centres.update(band.channels_hz)
        self._claims = [(c - 0.6 * bandwidth_hz, c + 0.6 * bandwidth_hz) for c in sorted(centres)]
        self._claimed_until_ns = self._now_ns + to_ns(self._settings.link_timeout_s)
        for key in [k for k, e in self._emitters.items() if k not in self._tracks and self._claimed(e.strongest)]:
            del self._emitters[key]

    def _emit(self, sighting: Sighting, label: str, confidence: float) -> None:
        burst = sighting.burst
        group = "video" if isinstance(burst.finding, LineCombFinding) else f"still:{label}"
        emitter = find_emitter(self._emitters, group, burst)
        if emitter is None:
            self._serial += 1
            emitter = Emitter(
                f"{group}:{self._serial}",
                burst.start_ns,
                burst.end_ns,
                burst.centre_hz,
                burst.centre_hz - sighting.slice_centre_hz,
                sighting.tuning_known,
                burst,
            )
            self._emitters[emitter.key] = emitter
        emitter.add(sighting, label, confidence)
        trim_votes(emitter)

    # --- judgement -------------------------------------------------------------------------------------------

    def _judge(self, *, final: bool = False) -> list[TrackChange]:
        changes: list[TrackChange] = []
        horizon_ns = self._now_ns - to_ns(MEMORY_S)
        if self._now_ns > self._claimed_until_ns:
            self._claims = []
        for shape in sorted(self._chirps):
            pool = self._chirps[shape]
            pool.forget_before(horizon_ns)
            bursts = list(pool.bursts)
            hypotheses = chirp_hypotheses(bursts, tuning_known=self._known)
            best = hypotheses[0] if hypotheses else hopper_hypothesis(bursts)
            if best is not None:
                changes += self._tell_link(f"chirp:{shape}", best, hypotheses, bursts)
        self._keyed.forget_before(horizon_ns)
        bursts = list(self._keyed.bursts)
        keyed = keyed_hypotheses(bursts, tuning_known=self._known)
        if keyed:
            best = keyed[0]
            changes += self._tell_link("keyed", best, keyed, bursts)
        else:
            alike = _alike(bursts)
            hopper = hopper_hypothesis(alike)
            if hopper is not None:
                changes += self._tell_link("keyed", hopper, [], alike)
        for key in sorted(self._emitters):
            emitter = self._emitters[key]
            settled = final or key.startswith("video") or self._now_ns - emitter.first_ns >= to_ns(SETTLE_S)
            if settled and emitter.worth_a_track():
                changes += self._tell_emitter(emitter)
        return changes

    def _tell_link(
        self, key: str, best: LinkHypothesis, others: list[LinkHypothesis], bursts: list[Burst]
    ) -> list[TrackChange]:
        packets = best.packets
        origin_ns = bursts[0].start_ns
        published = self._tracks.get(key)
        counts = [int((packets.channel == i).sum()) for i in range(len(packets.channels_hz))]
        whole = [
            i for i in range(len(counts)) if bool(packets.whole[packets.channel == i].any()) and counts[i] >= 2
        ] or list(range(len(counts)))
        most = max(whole, key=lambda i: (counts[i], -i))
        strongest = max(bursts, key=lambda b: (not (b.cut_low or b.cut_high), b.snr_db))
        last_ns = max(b.end_ns for b in bursts)
        label = best.protocol.label if best.protocol else UNKNOWN_HOPPER
        mode = best.mode.name if best.mode else None
        timing = best.mode.timing if best.mode else None
        confidence = link_confidence(best)
        steady = published.track.first_ns if published else origin_ns
        heard_s = max(packets.span_s, 1e-3)
        top = tuple(
            (f"{h.protocol.label}/{h.mode.name}", round(link_confidence(h), 4))
            for h in others[:3]
            if h.protocol and h.mode
        ) or ((label, round(confidence, 4)),)
        channels = tuple(packets.channels_hz[i] for i in whole)
        track = Track(
            track_id=published.track.track_id if published else track_ulid(self._node_name, origin_ns, key),
            state="confirmed",
            first_ns=steady,
            last_ns=last_ns,
            label=label,
            family=family_of(label),
            mode=mode,
            confidence=round(confidence, 4),
            top=top,
            centre_hz=packets.channels_hz[most] if self._known else None,
            offset_hz=packets.channels_hz[most] - self._slice_centre_hz,
            bandwidth_hz=_nominal_bandwidth_hz(best, strongest),
            snr_db=round(strongest.snr_db, 2),
            peak_dbfs=round(strongest.peak_dbfs, 2),
            channels_hz=channels if self._known else (),
            hop_rate_hz=round(timing.hop_rate_hz, 3) if isinstance(timing, HopTiming) else None,
            duty=round(min(1.0, float(packets.duration_s.sum()) / heard_s), 4),
            bursts=packets.count,
            model=self._model,
            radio=tuple(sorted(self._radios.get(key, {"radio"}))),
            evidence=_link_evidence(best, others),
            caveats=_caveats(label),
        )
        self._claim(best, max(track.bandwidth_hz, strongest.bandwidth_hz))
        return self._tell(key, track)

    def _tell_emitter(self, emitter: Emitter) -> list[TrackChange]:
        label, share = emitter.label()
        family = family_of(label)
        if family in {"non-drone", "unknown"} and not self._settings.publish_non_drone:
            return []
        burst = emitter.strongest
        key = emitter.key
        published = self._tracks.get(key)
        track = Track(
            track_id=published.track.track_id
            if published
            else track_ulid(self._node_name, emitter.first_ns, f"{key}:{emitter.centre_hz:.0f}"),
            state="confirmed",
            first_ns=emitter.first_ns,
            last_ns=emitter.last_ns,
            label=label,
            family=family,
            mode=emitter.mode,
            confidence=round(min(0.99, share * emitter.count / (emitter.count + 1.0)), 4),
            top=emitter.top(),
            centre_hz=emitter.centre_hz if emitter.tuning_known else None,
            offset_hz=emitter.offset_hz,
            bandwidth_hz=burst.bandwidth_hz,
            snr_db=round(burst.snr_db, 2),
            peak_dbfs=round(burst.peak_dbfs, 2),
            channels_hz=(emitter.centre_hz,) if emitter.tuning_known else (),
            hop_rate_hz=None,
            duty=emitter.duty(),
            bursts=emitter.count,
            model=emitter.model,
            radio=tuple(sorted(emitter.radios)),
            evidence=emitter.evidence(),
            caveats=_caveats(label),
        )
        return self._tell(key, track)

    def _tell(self, key: str, track: Track) -> list[TrackChange]:
        """Publish a track if it is new, if what it is has changed, or if it is time."""
        published = self._tracks.get(key)
        if published is None:
            self._tracks[key] = _Published(track, self._now_ns)
            return [TrackChange("new", track, self._now_ns)]
        before = published.track
        heard = track.last_ns > before.last_ns
        renamed = (track.label, track.mode) != (before.label, before.mode)
        since_s = (self._now_ns - published.told_ns) * 1e-9
        grown = len(track.channels_hz) > len(before.channels_hz) or abs(track.confidence - before.confidence) > 0.05
        due = since_s >= self._settings.refresh_s or (grown and since_s >= self._settings.update_s)
        if renamed or (heard and due):
            self._tracks[key] = _Published(track, self._now_ns)
            return [TrackChange("update", track, self._now_ns)]
        published.track = replace(before, last_ns=max(before.last_ns, track.last_ns))
        return []

    def _age(self) -> list[TrackChange]:
        changes: list[TrackChange] = []
        for key in sorted(self._tracks):
            quiet_s = (self._now_ns - self._tracks[key].track.last_ns) * 1e-9
            if quiet_s > self._timeout_s(key):
                changes.append(self._end(key, "lost"))
                del self._tracks[key]
                self._emitters.pop(key, None)
        horizon_ns = self._now_ns - 3 * to_ns(self._settings.emitter_timeout_s)
        for key in [k for k, e in self._emitters.items() if k not in self._tracks and e.last_ns < horizon_ns]:
            del self._emitters[key]
        return changes

    def _timeout_s(self, key: str) -> float:
        if key.startswith("video"):
            return self._settings.video_timeout_s
        return self._settings.emitter_timeout_s if key.startswith("still") else self._settings.link_timeout_s

    def _end(self, key: str, reason: EndReason) -> TrackChange:
        return TrackChange("end", replace(self._tracks[key].track, state="lost"), self._now_ns, reason)


def _alike(bursts: list[Burst]) -> list[Burst]:
    """The largest group of bursts of about one length and bandwidth."""
    best: list[Burst] = []
    for pattern in bursts[:: max(1, len(bursts) // 12)]:
        group = [
            b
            for b in bursts
            if 0.7 < b.duration_s / pattern.duration_s < 1.4 and 0.7 < b.bandwidth_hz / pattern.bandwidth_hz < 1.4
        ]
        if len(group) > len(best):
            best = group
    return best


def _nominal_bandwidth_hz(best: LinkHypothesis, strongest: Burst) -> float:
    if best.mode is not None and isinstance(best.mode.phy, ChirpPhy):
        return best.mode.phy.bandwidth_hz
    return strongest.bandwidth_hz


def _caveats(label: str) -> tuple[str, ...]:
    caveat = BY_LABEL[label].caveat if label in BY_LABEL else ""
    return (caveat,) if caveat else ()


def _link_evidence(best: LinkHypothesis, others: list[LinkHypothesis]) -> tuple[str, ...]:
    clock, packets = best.clock, best.packets
    lines = [
        f"{packets.count} packets in {packets.span_s:.2f} s on {len(packets.channels_hz)} channels",
        f"{clock.fitting} of {clock.steps} steps are multiples of {best.interval_s * 1e3:.2f} ms, {clock.single} of "
        f"them exactly one",
        f"packets last {1e3 * sorted(packets.duration_s.tolist())[packets.count // 2]:.2f} ms"
        + (f" ({clock.airtime_ratio:.2f} of the record's)" if best.mode else ""),
        f"longest run on one channel {clock.longest_run}",
    ]
    if best.mode is not None:
        lines.append(f"{best.grid_share:.0%} of the channels on the record's grid")
        if isinstance(best.mode.phy, ChirpPhy):
            lines.append(f"chirps SF{best.mode.phy.spreading_factor} over {best.mode.phy.bandwidth_hz / 1e3:.0f} kHz")
    second = next((h for h in others[1:] if h.protocol and h.mode), None)
    if second is not None and second.protocol and second.mode:
        lines.append(f"next best {second.protocol.label} {second.mode.name}, score {second.score:.2f}")
    return tuple(lines)
