"""Alerts: of all track messages those that people should look at now, one for each object. Pure: reads no clock.

An object is a track of the picture with the radio tracks that are part of it, or a radio track by itself; the track of
the picture speaks for it. docs/fusion.md has the rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.fusion.picture import LEVELS
from node.ids import alert_ulid
from node.messages_alert import AckInfo, AlertEndReason, AlertMessage
from node.messages_base import milliseconds_of
from node.messages_track import Level, SeverityInfo, TrackMessage
from node.tracking.track import ChangeKind

DECIDED = frozenset({"friend", "neutral", "assumed_friend"})
"""What people decided: it ends an alert at once."""


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Which objects people should look at.

    Parameters
    ----------
    level
        An object whose severity is at least this has an alert: ``info``, ``advisory``, ``warning`` or ``critical``.
    hold_s
        An alert ends when its object has been below the level for so long; ends that people decide on come at once.
    """

    level: Level = "warning"
    hold_s: float = 5.0

    def __post_init__(self) -> None:
        """Check level and time."""
        if self.level not in LEVELS:
            raise ValueError(f"level must be {', '.join(LEVELS[:-1])} or {LEVELS[-1]}, not {self.level!r}")
        if not 0.0 <= self.hold_s <= 3600.0:
            raise ValueError(f"hold_s must be 0 to 3600, not {self.hold_s}")


@dataclass(slots=True)
class _Alert:
    """One that is raised."""

    alert_id: str
    raised: str
    severity: SeverityInfo
    """As told; while the object is below the level for a moment it stays what it was."""
    highest: Level
    affiliation: str
    tracks: tuple[str, ...]
    last: TrackMessage
    """What spoke for the object last."""
    below_since_ms: int | None = None
    ack: AckInfo | None = None


class AlertBook:
    """Keeps the alerts of one node; bounded by its live tracks. Single-threaded.

    The same track messages in the same order give the same alerts, byte for byte.

    Parameters
    ----------
    settings
        From which level on, and for how long below it.
    """

    def __init__(self, settings: AlertSettings | None = None) -> None:
        self._settings = settings or AlertSettings()
        self._live: dict[str, TrackMessage] = {}
        self._objects: dict[str, str] = {}
        """Object that each live track belongs to: the id of the track that speaks for it."""
        self._alerts: dict[str, _Alert] = {}
        """By object; in the order in which they were raised."""
        self._seq = 0
        self._last: TrackMessage | None = None

    @property
    def active(self) -> int:
        """Alerts that are raised."""
        return len(self._alerts)

    def hear(self, message: TrackMessage) -> list[AlertMessage]:
        """Take a track message, in the order in which they are published; give the alerts that follow."""
        self._last = message
        if message.event == "end":
            return self._ended(message)
        track_id = message.track_id
        known = track_id in self._live
        self._live[track_id] = message
        found = self._move(track_id, message)
        for part in self._parts(message, known=known):
            self._live[part] = self._live[part].model_copy(update={"part_of": track_id})
            found += self._move(part, message)
        return found + self._judge(self._objects[track_id], message)

    def acknowledge(self, alert_id: str, by: str) -> list[AlertMessage]:
        """Somebody looks after an active alert; nothing where there is none of this id."""
        alert = next((alert for alert in self._alerts.values() if alert.alert_id == alert_id), None)
        if alert is None or self._last is None:
            return []
        alert.ack = AckInfo(by=by, ts=self._last.ts)
        return [self._say("update", alert, self._last)]

    def _parts(self, whole: TrackMessage, *, known: bool) -> list[str]:
        """Radio tracks that are part of a track of the picture: as it says itself, or as they said before it was told.

        Either may say so first; their alerts are one from then on.
        """
        told = [source.ref for source in whole.sources if source.kind == "rf" and source.ref in self._live]
        before = [] if known else [one.track_id for one in self._live.values() if one.part_of == whole.track_id]
        return [part for part in dict.fromkeys(told + before) if self._objects[part] != whole.track_id]

    def _move(self, track_id: str, cause: TrackMessage) -> list[AlertMessage]:
        """Put a track into the object that it says it is part of; its alert goes along."""
        before = self._objects.get(track_id)
        whole = self._live[track_id].part_of
        now = track_id if whole is None or whole not in self._live else self._objects.get(whole, track_id)
        self._objects[track_id] = now
        if before is None or before == now:
            return []
        if before != track_id:
            return self._judge(before, cause)
        self._objects.update({part: now for part, of in self._objects.items() if of == track_id})
        return self._hand_over(track_id, now, cause) if track_id in self._alerts else []

    def _hand_over(self, before: str, now: str, cause: TrackMessage) -> list[AlertMessage]:
        """What was one object is part of another: the older of their alerts goes on."""
        alert = self._alerts.pop(before)
        other = self._alerts.get(now)
        if other is None:
            self._alerts[now] = alert
            return []
        kept, given = (
            (alert, other) if (alert.raised, alert.alert_id) < (other.raised, other.alert_id) else (other, alert)
        )
        self._alerts[now] = kept
        if LEVELS.index(given.highest) > LEVELS.index(kept.highest):
            kept.highest = given.highest
        return [self._say("end", given, cause, "merged", kept.alert_id)]

    def _ended(self, message: TrackMessage) -> list[AlertMessage]:
        track_id = message.track_id
        if self._live.pop(track_id, None) is None:
            return []
        whole = self._objects.pop(track_id)
        if whole != track_id:
            return self._judge(whole, message)
        parts = [part for part, of in self._objects.items() if of == track_id]
        self._objects.update({part: part for part in parts})
        into = None if message.merged_into is None else self._objects.get(message.merged_into)
        found: list[AlertMessage] = []
        if track_id in self._alerts:
            heir = into or next((part for part in parts if self._alarming(self._live[part])), None)
            if heir is not None and message.end_reason != "shutdown":
                found += self._hand_over(track_id, heir, message)
            else:
                found.append(self._say("end", self._alerts.pop(track_id), message, message.end_reason))
        if message.end_reason == "shutdown":
            return found
        for part in parts if into is not None else ():  # as its own next message will say
            if part != into:
                self._live[part] = self._live[part].model_copy(update={"part_of": into})
                found += self._move(part, message)
        for of in dict.fromkeys([*(self._objects[part] for part in parts), *([into] if into else [])]):
            found += self._judge(of, message)
        return found

    def _judge(self, of: str, cause: TrackMessage) -> list[AlertMessage]:
        """Compare an object with its alert."""
        speaks = self._live[of]
        severity, affiliation = speaks.severity, speaks.identity.affiliation
        tracks = (of, *sorted(part for part, whole in self._objects.items() if whole == of and part != of))
        alert = self._alerts.get(of)
        if alert is None:
            if not self._alarming(speaks):
                return []
            alert = _Alert(self._free_id(of), cause.ts, severity, severity.level, affiliation, tracks, speaks)
            self._alerts[of] = alert
            return [self._say("new", alert, cause)]
        if self._alarming(speaks):
            alert.below_since_ms = None
        else:
            now_ms = milliseconds_of(cause.ts)
            since_ms = now_ms if alert.below_since_ms is None else min(now_ms, alert.below_since_ms)
            alert.below_since_ms = since_ms
            if affiliation in DECIDED or now_ms - since_ms >= 1000 * self._settings.hold_s:
                del self._alerts[of]
                alert.last, alert.severity = speaks, severity
                return [self._say("end", alert, cause, "below_level")]
            severity = alert.severity  # that it flickers is no news
        level, told = severity.level, alert.severity.level
        known = (level, affiliation, tracks) == (told, alert.affiliation, alert.tracks)
        alert.last, alert.severity = speaks, severity
        if known:
            return []
        if LEVELS.index(level) > LEVELS.index(told):
            alert.ack = None  # it got worse since
        alert.affiliation, alert.tracks = affiliation, tracks
        if LEVELS.index(level) > LEVELS.index(alert.highest):
            alert.highest = level
        return [self._say("update", alert, cause)]

    def _free_id(self, of: str) -> str:
        """That of the object, unless its alert goes on for another one."""
        taken = {alert.alert_id for alert in self._alerts.values()}
        return next(found for number in range(len(taken) + 1) if (found := alert_ulid(of, number)) not in taken)

    def _alarming(self, message: TrackMessage) -> bool:
        return LEVELS.index(message.severity.level) >= LEVELS.index(self._settings.level)

    def _say(
        self,
        event: ChangeKind,
        alert: _Alert,
        cause: TrackMessage,
        end_reason: AlertEndReason | None = None,
        merged_into: str | None = None,
    ) -> AlertMessage:
        self._seq += 1
        track = alert.last
        return AlertMessage(
            event=event,
            alert_id=alert.alert_id,
            node_id=cause.node_id,
            boot_id=cause.boot_id,
            seq=self._seq,
            ts=cause.ts,
            raised=alert.raised,
            end_reason=end_reason,
            severity=alert.severity,
            highest=alert.highest,
            track_ids=alert.tracks,
            merged_into=merged_into,
            ack=alert.ack,
            kind=track.kind,
            label=track.classification.label,
            family=track.classification.family,
            mode=track.classification.mode,
            object_type=None if track.object is None else track.object.type,
            affiliation=track.identity.affiliation,
            remote_id=track.identity.remote_id,
            dark=track.identity.dark,
            spoof_suspect=track.identity.spoof_suspect,
            center_hz=None if track.rf is None else track.rf.center_hz,
            position=track.position,
            range_m=track.range_m,
            bearing_deg=track.bearing_deg,
            sensors=track.sensors,
            node=track.node,
        )
