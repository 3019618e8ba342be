"""The tracker: sightings in, changes of tracks out. Pure: time comes with the data."""

# Longer than 300 lines: the order in which links, turns, emitters and claims are told is one piece of logic.

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dsp.bursts import (
    Burst,
    ChirpFinding,
    CyclicPrefixFinding,
    EnergyFinding,
    KeyingFinding,
    LineCombFinding,
    ZadoffChuFinding,
)
from dsp.protocols.match import in_band
from dsp.units import to_ns
from models.classifier import UNKNOWN, ModelRef
from node.pipeline import BlockResult, Sighting, Step
from node.tracking.candidates import chirp_candidates, keyed_candidates
from node.tracking.claims import NO_CLAIM, Claim, claim_of
from node.tracking.describe import emitter_track, link_track
from node.tracking.emitters import SAME_EMITTER_HZ, SETTLE_S, Emitter, find_emitter, trim_votes
from node.tracking.labels import CARRIER, DRONES, burst_label, by_rule
from node.tracking.link import Link
from node.tracking.links import LinkPool
from node.tracking.shadows import Shadows
from node.tracking.track import EndReason, Track, TrackChange
from node.tracking.turn_links import TurnPool
from node.tracking.turn_tracks import turn_track

EMITTERS_EVERY_S = 0.1
"""How often emitters are judged: the tracker's share of the latency of a video track. Links are judged every step."""
KEYED_LEAST_BANDWIDTH_HZ = 45e3
"""openLRSng at its slowest is found 55 kHz wide."""
KEYED_LONGEST_S = 0.16
PROVED = (LineCombFinding, CyclicPrefixFinding, ZadoffChuFinding)
"""Findings that a single emitter on one frequency is known by; they are nobody else's pieces."""
VIDEO_HALF_WIDTH_HZ = 4.5e6
"""A picture's own peaks, taken for bursts, lie this close to its middle."""
CARRIER_ROOM = 0.1
"""Of an OFDM signal's width beyond its edges: pieces of it where the receiver's filter, or a fade, takes it down."""
NO_STRONGER_DB = 3.0
"""Pieces of an emitter are at most so much above the strongest of its bursts."""
GROWN = 0.05
"""A confidence that has changed by more is told."""
EMITTERS_AT_MOST = 400
"""Memory stays bounded in the worst band: the oldest that has no track is forgotten first."""


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
    """A track that has been announced: what is known of it now, and what was told last."""

    track: Track
    told: Track
    told_ns: int
    last_ns: int
    """Of its link or emitter, heard since ``track`` was made of it perhaps."""
    bursts: int
    undescribed: Emitter | None = None
    """Heard since ``track`` was made of it, but there was nothing to tell yet."""


class Tracker:
    """Keeps links and emitters over time.

    Works on the steps of the results alone, so the size of the blocks changes nothing.

    Parameters
    ----------
    settings
        How tracks live.
    node_name
        Part of the tracks' identifiers.
    """

    def __init__(self, settings: TrackerSettings, node_name: str) -> None:
        self._settings = settings
        self._least_timeout_s = min(settings.link_timeout_s, settings.emitter_timeout_s, settings.video_timeout_s)
        self._refresh_ns = to_ns(settings.refresh_s)
        self._node_name = node_name
        self._chirps: dict[tuple[int, float, bool], LinkPool] = {}
        self._keyed = LinkPool("keyed", keyed_candidates())
        self._pools = [self._keyed]
        """All of them in the order in which they are judged."""
        self._turns = TurnPool()
        self._shadows = Shadows()
        self._emitters: dict[str, Emitter] = {}
        self._tracks: dict[str, _Published] = {}
        self._radios: defaultdict[str, set[str]] = defaultdict(set)
        self._known = True
        self._slice_centre_hz = 0.0
        self._model: ModelRef | None = None
        self._emitters_judged_ns: int | None = None
        self._now_ns = 0
        self._serial = 0
        self._idle_since_ns = 0
        """No emitter without a track has been quiet for longer."""
        self._claims: dict[str, Claim] = {}
        self._pictures: dict[str, float] = {}
        """Centres of the video transmitters that are being heard."""
        self._carriers: dict[str, tuple[float, float]] = {}
        """Bands of the OFDM signals that are being heard."""
        self._named: dict[str, tuple[float, float, float]] = {}
        """Band and strength of the emitters with a track and a name: what has none there is pieces of them."""

    def observe(self, result: BlockResult) -> list[TrackChange]:
        """Take what one block gave, even if nothing; give what changed."""
        return [change for step in result.steps for change in self._step(step)]

    def _step(self, step: Step) -> list[TrackChange]:
        self._now_ns = max(self._now_ns, step.end_ns)
        for sighting in step.sightings:
            self._sort(sighting)
        changes = self._judge_turns() + self._judge_links()
        last_ns = self._emitters_judged_ns
        if last_ns is None or self._now_ns - last_ns >= to_ns(EMITTERS_EVERY_S):
            self._emitters_judged_ns = self._now_ns
            changes += self._judge_emitters()
        return changes + self._age()

    def close(self, end_ns: int) -> list[TrackChange]:
        """End of the signal: a last judgement, then every track ends."""
        self._now_ns = max(self._now_ns, end_ns)
        changes = self._judge_turns(final=True) + self._judge_links(final=True) + self._judge_emitters(final=True)
        changes += [self._end(key, "shutdown") for key in sorted(self._tracks)]
        self._tracks.clear()
        return changes

    # --- sorting ---------------------------------------------------------------------------------------------

    def _sort(self, sighting: Sighting) -> None:
        burst = sighting.burst
        self._known = sighting.tuning_known
        self._slice_centre_hz = sighting.slice_centre_hz
        if sighting.classification is not None:
            self._model = sighting.classification.model
        finding = burst.finding
        self._shadows.add(burst)
        label, confidence = burst_label(sighting)
        if isinstance(finding, ChirpFinding):
            shape = (finding.spreading_factor, finding.bandwidth_hz, finding.slope_hz_per_s > 0)
            pool = self._chirps.get(shape)
            if pool is None:
                name = f"SF{shape[0]}/{shape[1] / 1e3:.0f}{'' if shape[2] else '-'}"
                pool = self._chirps[shape] = LinkPool(name, chirp_candidates(finding))
                self._pools = [*(self._chirps[each] for each in sorted(self._chirps)), self._keyed]
            pool.add(burst)
            self._radios[pool.key].add(sighting.radio)
        elif isinstance(finding, (KeyingFinding, EnergyFinding)) and burst.duration_s <= KEYED_LONGEST_S:
            self._turns.add(burst)
            self._radios[self._turns.key].add(sighting.radio)
            if burst.bandwidth_hz >= KEYED_LEAST_BANDWIDTH_HZ:
                self._keyed.add(burst)
                self._radios[self._keyed.key].add(sighting.radio)
        if isinstance(finding, EnergyFinding) and finding.integrated:
            return  # it says where and when something was on air, and no more
        if label in DRONES and not isinstance(finding, PROVED):
            return  # a lone burst is evidence; only a clock and a grid make a drone track
        nameless = label == UNKNOWN or (label != CARRIER and by_rule(sighting))
        if not self._claimed(burst) and not (nameless and self._piece_of_named(burst)):
            self._emit(sighting, label, confidence)

    def _claimed(self, burst: Burst) -> bool:
        """Whether a burst lies in the band of a link that is being heard: a piece of it, cut off or garbled."""
        finding, centre_hz = burst.finding, burst.centre_hz
        if isinstance(finding, PROVED):
            # Chirps of a link correlate at their symbol time as a prefix does.
            return isinstance(finding, CyclicPrefixFinding) and bool(self._claims)
        if not isinstance(finding, ChirpFinding):
            if self._carriers and _within(self._carriers.values(), centre_hz):
                return True
            for picture_hz in self._pictures.values():
                if abs(centre_hz - picture_hz) < VIDEO_HALF_WIDTH_HZ:
                    return True
        if burst.bandwidth_hz < KEYED_LEAST_BANDWIDTH_HZ and not (burst.cut_low or burst.cut_high):
            return False
        return _claimed_by(self._claims.values(), centre_hz)

    def _piece_of_named(self, burst: Burst, but: str = "") -> bool:
        """Whether a burst lies in the band of an emitter with a name, and is no stronger."""
        for key, (low_hz, high_hz, snr_db) in self._named.items():
            if low_hz < burst.centre_hz < high_hz and burst.snr_db < snr_db and key != but:
                return True
        return False

    def _name(self, emitter: Emitter) -> list[TrackChange]:
        """Take the band of an emitter that has a name; end what turned out to be pieces of it."""
        burst = emitter.strongest
        half_hz = max(SAME_EMITTER_HZ, 0.5 * burst.bandwidth_hz)
        low_hz, high_hz = burst.centre_hz - half_hz, burst.centre_hz + half_hz
        self._named[emitter.key] = (low_hz, high_hz, max(emitter.most_snr_db, burst.snr_db) + NO_STRONGER_DB)
        changes: list[TrackChange] = []
        pieces = [
            key
            for key, other in self._emitters.items()
            if other.nameless() and low_hz < other.centre_hz < high_hz and self._piece_of_named(other.strongest, key)
        ]
        for key in pieces:
            del self._emitters[key]
            if key in self._tracks:
                changes.append(self._end(key, "merged"))
                del self._tracks[key]
        return changes

    def _claim(self, link: Link, bandwidth_hz: float) -> list[TrackChange]:
        """Take the bands of a link's channels, heard or to be expected, and what has been put down to others there."""
        best = link.hypothesis
        centres = set(best.packets.channels_hz)
        if best.protocol and best.mode and self._known:
            for band in best.protocol.bands_of(best.mode):
                if in_band(band, best.packets.channels_hz[0]):
                    centres.update(band.channels_hz)
        return self._claim_channels(link.key, centres, bandwidth_hz)

    def _claim_channels(self, key: str, centres_hz: set[float], bandwidth_hz: float) -> list[TrackChange]:
        claim = claim_of(centres_hz, bandwidth_hz)
        if self._claims.get(key) == claim:
            return []
        self._claims[key] = claim
        return self._merge_claimed()

    def _merge_claimed(self) -> list[TrackChange]:
        """Drop the emitters that turned out to be pieces of a link or a picture; end those that have a track."""
        changes: list[TrackChange] = []
        for key in [k for k, e in self._emitters.items() if self._claimed(e.strongest)]:
            del self._emitters[key]
            if key in self._tracks:
                changes.append(self._end(key, "merged"))
                del self._tracks[key]
        return changes

    def _emit(self, sighting: Sighting, label: str, confidence: float) -> None:
        burst = sighting.burst
        group = "video" if isinstance(burst.finding, LineCombFinding) else f"still:{label}"
        emitter = find_emitter(self._emitters, group, burst)
        if emitter is None:
            self._serial += 1
            emitter = Emitter(
                f"{group}:{self._serial}",
                group,
                burst.start_ns,
                burst.end_ns,
                burst.centre_hz,
                burst.centre_hz - sighting.slice_centre_hz,
                sighting.tuning_known,
                burst,
            )
            if len(self._emitters) >= EMITTERS_AT_MOST:
                self._forget_oldest()
            self._emitters[emitter.key] = emitter
            self._idle_since_ns = min(self._idle_since_ns, burst.end_ns)
        emitter.add(sighting, label, confidence)
        trim_votes(emitter)

    def _forget_oldest(self) -> None:
        idle = [(e.last_ns, key) for key, e in self._emitters.items() if key not in self._tracks]
        if idle:
            del self._emitters[min(idle)[1]]

    # --- judgement -------------------------------------------------------------------------------------------

    def _judge_links(self, *, final: bool = False) -> list[TrackChange]:
        changes: list[TrackChange] = []
        for pool in self._pools:
            for link in pool.judge(self._now_ns, tuning_known=self._known, final=final):
                published = self._tracks.get(link.key)
                if published is None and pool is self._keyed and self._takes_turns(link):
                    continue
                if link.hypothesis.protocol is None and published is None and self._of_others(link):
                    continue
                if published is None and pool is not self._keyed and self._shadows.cover(link.bursts, self._now_ns):
                    continue  # packets of another link, taken for chirps of this shape as well
                track = link_track(
                    link,
                    published.track if published else None,
                    node_name=self._node_name,
                    model=self._model,
                    radios=self._radios[pool.key],
                    slice_centre_hz=self._slice_centre_hz,
                    tuning_known=self._known,
                )
                changes += self._claim(link, track.bandwidth_hz)
                changes += self._tell(link.key, track)
        return changes

    def _judge_turns(self, *, final: bool = False) -> list[TrackChange]:
        changes: list[TrackChange] = []
        for link in self._turns.judge(self._now_ns, tuning_known=self._known, final=final):
            published = self._tracks.get(link.key)
            if published is None and self._taken(link.channels_hz, but=link.key):
                continue  # packets of a faster clock, now and then on a slow one
            track = turn_track(
                link,
                published.track if published else None,
                node_name=self._node_name,
                model=self._model,
                radios=self._radios[self._turns.key],
                slice_centre_hz=self._slice_centre_hz,
                tuning_known=self._known,
            )
            changes += self._claim_channels(link.key, set(link.channels_hz), track.bandwidth_hz)
            changes += self._tell(link.key, track)
            changes += self._merge_hoppers()
        return changes

    def _merge_hoppers(self) -> list[TrackChange]:
        """End the hoppers that turned out to be a link that takes turns: its packets fill a window at times."""
        changes: list[TrackChange] = []
        for link in self._keyed.links:
            if link.hypothesis.protocol is None and self._of_others(link):
                self._claims.pop(link.key, None)
                if link.key in self._tracks:
                    changes.append(self._end(link.key, "merged"))
                    del self._tracks[link.key]
        return changes

    def _takes_turns(self, link: Link) -> bool:
        """Whether a keyed link is one that has a track already, by its turns."""
        protocol, channels_hz = link.hypothesis.protocol, link.hypothesis.packets.channels_hz
        for other in self._turns.links:
            if other.key in self._tracks and other.hypothesis.collector.protocol is protocol:
                claim = self._claims.get(other.key, NO_CLAIM)
                if 2 * sum(map(claim.holds, channels_hz)) > len(channels_hz):
                    return True
        return False

    def _of_others(self, link: Link) -> bool:
        """Whether a hopper hops on the channels of a link that has a name: packets of that, cut off or garbled."""
        return self._taken(link.hypothesis.packets.channels_hz, but=link.key)

    def _taken(self, channels_hz: Sequence[float], *, but: str) -> bool:
        """Whether most of some channels lie in the bands of other links: for turns, keyed ones that have a name."""
        turns = but.startswith(self._turns.key)
        keyed = {link.key for link in self._keyed.links if link.hypothesis.protocol is not None}
        claims = [claim for key, claim in self._claims.items() if key != but and (key in keyed or not turns)]
        taken = sum(_claimed_by(claims, channel_hz) for channel_hz in channels_hz)
        return 2 * taken > len(channels_hz)

    def _judge_emitters(self, *, final: bool = False) -> list[TrackChange]:
        changes: list[TrackChange] = []
        # Pictures first: what they claim is not announced.
        for key in sorted([k for k, e in self._emitters.items() if e.fresh], key=self._by_proof):
            emitter = self._emitters.get(key)
            if emitter is None or not emitter.fresh:
                continue
            drone = emitter.label()[0] in DRONES
            settled = final or drone or self._now_ns - emitter.first_ns >= to_ns(SETTLE_S)
            if not settled:
                continue
            emitter.fresh = False
            if not emitter.worth_a_track():
                continue
            published = self._tracks.get(key)
            if published is None and self._same_carrier(emitter):
                continue
            if emitter.looks:
                room_hz = CARRIER_ROOM * (emitter.high_hz - emitter.low_hz)
                carrier = (emitter.low_hz - room_hz, emitter.high_hz + room_hz)
                if self._carriers.get(key) != carrier:
                    self._carriers[key] = carrier
                    changes += self._merge_claimed()
            if published is not None and not self._due(published, emitter):
                published.last_ns, published.undescribed = emitter.last_ns, emitter
            elif drone or self._settings.publish_non_drone:
                before = published.track if published else None
                changes += self._tell(key, emitter_track(emitter, before, node_name=self._node_name))
                if published is None and not drone and emitter.said and not emitter.nameless():
                    changes += self._name(emitter)
                if key.startswith("video") and published is None:
                    self._pictures[key] = emitter.centre_hz
                    changes += self._merge_claimed()
        return changes

    def _same_carrier(self, emitter: Emitter) -> bool:
        """Whether an emitter is a carrier that has a track: some of its bursts were given another label."""
        return emitter.label()[0] == CARRIER and any(
            key in self._emitters
            and published.track.label == CARRIER
            and abs(self._emitters[key].centre_hz - emitter.centre_hz) < SAME_EMITTER_HZ
            for key, published in self._tracks.items()
        )

    def _by_proof(self, key: str) -> tuple[bool, bool, str]:
        return not key.startswith("video"), not self._emitters[key].looks, key

    def _due(self, published: _Published, emitter: Emitter) -> bool:
        """Whether an emitter's track is to be told again; see ``_tell``, which this saves the description."""
        told = published.told
        since_s = (self._now_ns - published.told_ns) * 1e-9
        if (emitter.label()[0], emitter.mode) != (told.label, told.mode):
            return True
        grown = since_s >= self._settings.update_s and abs(emitter.confidence() - told.confidence) > GROWN
        return emitter.last_ns > told.last_ns and (grown or since_s >= self._settings.refresh_s)

    def _tell(self, key: str, track: Track) -> list[TrackChange]:
        """Publish a track if it is new, if what it is has changed, or if it is time."""
        published = self._tracks.get(key)
        if published is None:
            self._tracks[key] = _Published(track, track, self._now_ns, track.last_ns, track.bursts)
            return [TrackChange("new", track, self._now_ns)]
        if track.track_id != published.track.track_id:
            end = self._end(key, "reclassified")
            self._tracks[key] = _Published(track, track, self._now_ns, track.last_ns, track.bursts)
            return [end, TrackChange("new", track, self._now_ns)]
        told = published.told
        published.track, published.undescribed = track, None
        published.last_ns, published.bursts = track.last_ns, track.bursts
        heard = track.last_ns > told.last_ns
        renamed = (track.label, track.mode) != (told.label, told.mode)
        since_s = (self._now_ns - published.told_ns) * 1e-9
        grown = len(track.channels_hz) > len(told.channels_hz) or abs(track.confidence - told.confidence) > GROWN
        due = since_s >= self._settings.refresh_s or (grown and since_s >= self._settings.update_s)
        if renamed or (heard and due):
            published.told, published.told_ns = track, self._now_ns
            return [TrackChange("update", track, self._now_ns)]
        return []

    def _age(self) -> list[TrackChange]:
        silent_ns = self._now_ns - to_ns(self._settings.link_timeout_s)
        for pool in self._pools:
            for link in pool.links:
                published = self._tracks.get(link.key)
                if published is not None and link.last_ns > published.last_ns:
                    published.last_ns, published.bursts = link.last_ns, link.count
                    if self._now_ns - published.told_ns >= self._refresh_ns:
                        link.hurry()
                elif published is None and link.last_ns < silent_ns:
                    pool.links = [each for each in pool.links if each is not link]
        changes: list[TrackChange] = []
        for key in sorted(self._tracks):
            quiet_s = (self._now_ns - self._tracks[key].last_ns) * 1e-9
            if quiet_s > self._least_timeout_s and quiet_s > self._timeout_s(key):
                changes.append(self._end(key, "lost"))
                del self._tracks[key]
                self._emitters.pop(key, None)
                self._claims.pop(key, None)
                self._pictures.pop(key, None)
                self._carriers.pop(key, None)
                self._named.pop(key, None)
                for pool in self._pools:
                    pool.links = [link for link in pool.links if link.key != key]
                self._turns.links = [link for link in self._turns.links if link.key != key]
        horizon_ns = self._now_ns - 3 * to_ns(self._settings.emitter_timeout_s)
        if changes or self._idle_since_ns < horizon_ns:
            idle = {k: e.last_ns for k, e in self._emitters.items() if k not in self._tracks}
            for key in [k for k, last_ns in idle.items() if last_ns < horizon_ns]:
                del self._emitters[key]
            self._idle_since_ns = min((ns for ns in idle.values() if ns >= horizon_ns), default=self._now_ns)
        return changes

    def _timeout_s(self, key: str) -> float:
        if key.startswith("video"):
            return self._settings.video_timeout_s
        return self._settings.emitter_timeout_s if key.startswith("still") else self._settings.link_timeout_s

    def _end(self, key: str, reason: EndReason) -> TrackChange:
        published = self._tracks[key]
        track, last_ns, bursts = published.track, published.last_ns, published.bursts
        if published.undescribed is not None:
            track = emitter_track(published.undescribed, track, node_name=self._node_name)
            last_ns, bursts = track.last_ns, track.bursts
        return TrackChange("end", replace(track, state="lost", last_ns=last_ns, bursts=bursts), self._now_ns, reason)


def _claimed_by(claims: Iterable[Claim], centre_hz: float) -> bool:
    """Whether a frequency lies in one of some claims."""
    for claim in claims:  # noqa: SIM110  # as below
        if claim.holds(centre_hz):
            return True
    return False


def _within(bands: Iterable[tuple[float, float]], centre_hz: float) -> bool:
    """Whether a frequency lies in one of some bands."""
    for low_hz, high_hz in bands:  # noqa: SIM110  # a generator costs three times as much here
        if low_hz < centre_hz < high_hz:
            return True
    return False
