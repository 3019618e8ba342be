"""When a group is told: at once when it is new or thought of differently, else once a second on the average."""

from __future__ import annotations

from node.fusion.air_object import AirObject
from node.fusion.claims import Claim
from node.fusion.frame import LocalFrame
from node.fusion.group import Group
from node.fusion.identity import Surroundings, identify
from node.fusion.motion import NOTHING, MotionScore, motion_score
from node.fusion.picture import FusedChange, FusedTrack, ObjectType
from node.fusion.planes import Aircraft
from node.fusion.settings import NS_PER_S, FusionSettings
from node.fusion.severity import rule, settle
from node.fusion.view import told_track
from node.ids import track_ulid

BIRD_ENTER, BIRD_LEAVE = 0.6, 0.3
BIRD_LEAVE_NS = 3_000_000_000
MOTION_KNOWN_S = 4.5
"""A path of so long says whether it is a bird's."""
LOOK_NS = 500_000_000
"""A told group is judged anew so often: the rules look over seconds."""
LOOK_LATE_NS = 100_000_000
"""So much later at the latest: a judgement waits so long for something new of its group, to tell no old place."""
UPDATES_SAVED = 3.0
"""Updates a track may be told in a row when it was not told for as long: what is seen now and then is told at once."""


class Teller:
    """Judges groups and makes their changes.

    Parameters
    ----------
    settings
        The rules.
    node_name
        Part of the tracks' identifiers.
    """

    def __init__(self, settings: FusionSettings, node_name: str) -> None:
        self._settings, self._node_name = settings, node_name

    def tell(self, group: Group, around: Surroundings, frame: LocalFrame | None) -> list[FusedChange]:
        """Judge a group; give its change when it is new, when what is thought of it changed, or when it is time."""
        now_ns, settings = around.now_ns, self._settings
        newest_ns = group.last_ns
        fresh, group.newest_ns = newest_ns > group.newest_ns, newest_ns
        if group.track_id is None and not self._worth_telling(group):
            return []
        if group.told is not None and not self._looks_due(group, now_ns, fresh=fresh):
            return []
        group.looked_ns = now_ns
        one = group.object
        motion = None
        if one is not None and group.aircraft is None and (now_ns - one.first_ns) * 1e-9 >= MOTION_KNOWN_S:
            motion = motion_score(one)
            if group.links or group.claim is not None:
                motion = NOTHING if motion.score == 0.0 else MotionScore(0.3 * motion.score, motion.reasons)
        object_type, confidence = _type_of(group, motion)
        identity = identify(group, object_type, around)
        level, reasons = rule(group, identity, object_type, settings)
        settle(group, level, reasons, now_ns, settings.fall_s)
        new = group.track_id is None
        if group.track_id is None:
            first_ns = min(_first_ns(part) for part in (group.object, group.claim, group.aircraft) if part is not None)
            group.track_id = track_ulid(self._node_name, first_ns, f"fused|{group.anchor.key}|{group.number}")
        track = told_track(group, group.track_id, object_type, confidence, identity, motion, frame, now_ns)
        group.latest = track
        if not new and not group.spoken_on and not self._due(group, track, now_ns, fresh=fresh):
            return []
        group.saved = 0.0 if new else max(0.0, self._saved(group, now_ns) - 1.0)
        group.told, group.told_ns, group.spoken_on = track, now_ns, False
        return [FusedChange("new" if new else "update", track, now_ns)]

    def _worth_telling(self, group: Group) -> bool:
        if group.object is not None:
            return group.object.worth_telling or group.claim is not None or group.aircraft is not None
        if group.claim is not None:
            return bool(group.claim.places) or group.claim.count >= 2
        if group.aircraft is not None and group.aircraft.places:
            place = group.aircraft.places[-1]
            height_m = place.up_m or 0.0
            return place.east_m**2 + place.north_m**2 + height_m**2 <= self._settings.aircraft_range_m**2
        return False

    def _looks_due(self, group: Group, now_ns: int, *, fresh: bool) -> bool:
        """Whether a told group is judged now."""
        since_ns = now_ns - group.looked_ns
        if group.spoken_on or since_ns >= LOOK_NS + LOOK_LATE_NS:
            return True
        return fresh and (since_ns >= LOOK_NS or self._saved(group, now_ns) >= 1.0)

    def _saved(self, group: Group, now_ns: int) -> float:
        """Updates that a track may be told: one more for each ``update_s``."""
        return min(UPDATES_SAVED, group.saved + (now_ns - group.told_ns) / (self._settings.update_s * NS_PER_S))

    def _due(self, group: Group, track: FusedTrack, now_ns: int, *, fresh: bool) -> bool:
        told = group.told
        assert told is not None
        changed = (
            track.level != told.level
            or track.kind != told.kind
            or track.object_type != told.object_type
            or track.identity.affiliation != told.identity.affiliation
            or track.identity.dark != told.identity.dark
            or track.identity.spoof_suspect != told.identity.spoof_suspect
            or {(source.kind, source.ref) for source in track.sources} != {(s.kind, s.ref) for s in told.sources}
            or track.merged_from != told.merged_from
        )
        return changed or (fresh and track.last_ns > told.last_ns and self._saved(group, now_ns) >= 1.0)


def _first_ns(part: AirObject | Claim | Aircraft) -> int:
    return part.first_ns


def judge_bird(one: AirObject, now_ns: int) -> None:
    """Take note in an object whether it moves like a bird; it stays one until it has moved otherwise for a while."""
    score = motion_score(one)
    if score.label == "ballistic":
        return
    if not one.birdlike:
        one.birdlike = score.score >= BIRD_ENTER
        one.straight_since_ns = None
    elif score.score >= BIRD_LEAVE:
        one.straight_since_ns = None
    elif one.straight_since_ns is None:
        one.straight_since_ns = now_ns
    elif now_ns - one.straight_since_ns >= BIRD_LEAVE_NS:
        one.birdlike = False


def _type_of(group: Group, motion: MotionScore | None) -> tuple[ObjectType, float]:
    """What it is, and how sure."""
    one = group.object
    if group.aircraft is not None:
        score = group.scores.get(group.aircraft.key)
        return "aircraft", 0.95 if score is None else score.probability
    if one is not None and one.called("person", "vehicle"):
        return "ground", 0.8
    if one is not None and not group.links and group.claim is None:
        if motion is not None and motion.label == "ballistic":
            return "ballistic", motion.score
        if one.birdlike:
            return "bird", 0.5 if motion is None else max(0.3, motion.score)
    if group.links:
        return "drone", max(link.track.confidence for link in group.links)
    if one is not None and (group.claim is not None or one.called("drone")):
        return "drone", 0.9 if group.claim is not None else 0.7
    if group.claim is not None:
        return "drone", 0.5
    return "unknown", 0.0
