"""Live radio tracks as last told, and what operators say of them. Pure: time comes with the data."""

from __future__ import annotations

from dataclasses import replace

from node.fusion.orders import Order, ordered_level
from node.fusion.picture import Affiliation, Assessment
from node.messages_maker import severity
from node.tracking.track import Track, TrackChange


class RadioBook:
    """Keeps the radio tracks; bounded by what the tracker keeps. Single-threaded."""

    def __init__(self) -> None:
        self._live: dict[str, Track] = {}
        self._orders: dict[str, Order] = {}
        self._now_ns = 0

    def hear(self, change: TrackChange) -> None:
        """Take a change; with a track ends what was said of it."""
        self._now_ns = max(self._now_ns, change.time_ns)
        track_id = change.track.track_id
        if change.kind == "end":
            self._live.pop(track_id, None)
            self._orders.pop(track_id, None)
        else:
            self._live[track_id] = change.track

    def set_affiliation(self, track_id: str, affiliation: Affiliation, by: str, why: str) -> bool:
        """Take a word on a track; false where there is no such track. ``unknown`` takes it back."""
        if track_id not in self._live:
            return False
        if affiliation == "unknown":
            self._orders.pop(track_id, None)
        else:
            self._orders[track_id] = Order(affiliation, by, why)
        return True

    def assessment(self, track_id: str, of_picture: Assessment | None) -> Assessment | None:
        """What is to be thought of a track: what the picture says, and what operators say where the picture does not
        know it, because it has no place for the track or began anew.
        """
        order, track = self._orders.get(track_id), self._live.get(track_id)
        if order is None or track is None or (of_picture is not None and of_picture.affiliation != "unknown"):
            return of_picture
        if of_picture is None:
            usual = severity(track.family, track.label)
            of_picture = Assessment(None, (), usual.level, usual.reasons)
        level, reasons = ordered_level(order, of_picture.level, of_picture.level_reasons)
        basis = (order.basis,)
        return replace(of_picture, level=level, level_reasons=reasons, affiliation=order.affiliation, basis=basis)

    def again(self, track_id: str) -> TrackChange:
        """A live track as an update, at the latest time that any has told."""
        return TrackChange("update", self._live[track_id], self._now_ns)

    @property
    def live(self) -> tuple[str, ...]:
        """Identifiers of the live tracks, the oldest first."""
        return tuple(self._live)
