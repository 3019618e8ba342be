"""Radio links: what the tracker says of each, and how its level went."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from node.fusion.orders import Order
from node.fusion.settings import FusionSettings
from node.tracking.track import Track, TrackChange

LEVELS_KEPT = 64
TRANSMITS_ABOARD = frozenset({"drone-video", "drone-datalink", "drone-telemetry"})
"""Families whose transmitter flies; of ``drone-control`` the strongest sender may stand on the ground."""


@dataclass(slots=True, eq=False)
class RadioLink:
    """One radio track of a drone's family."""

    track: Track
    first_ns: int
    last_ns: int
    levels: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=LEVELS_KEPT))
    ordered: Order | None = None
    """What an operator said of it."""

    @property
    def key(self) -> str:
        """Name among the parts of the picture."""
        return f"link:{self.track.track_id}"

    @property
    def aboard(self) -> bool:
        """Whether what is heard flies."""
        return self.track.family in TRANSMITS_ABOARD


class LinkBook:
    """Keeps the links that may be of a drone; others are none of the fusion's."""

    def __init__(self, settings: FusionSettings) -> None:
        self._settings = settings
        self.links: OrderedDict[str, RadioLink] = OrderedDict()
        self.refused = 0

    def set_back(self, time_ns: int) -> None:
        """The clock was set back: nothing is later than now."""
        for link in self.links.values():
            link.first_ns, link.last_ns = min(link.first_ns, time_ns), min(link.last_ns, time_ns)
            link.levels.clear()

    def take(self, change: TrackChange) -> RadioLink | None:
        """Take a change; the link that is over is given too, and forgotten."""
        track = change.track
        wanted = track.family.startswith("drone-") or track.label == "unknown-hopper"
        link = self.links.get(track.track_id)
        if change.kind == "end" or not wanted:
            return self.links.pop(track.track_id, None)
        if link is None:
            if len(self.links) >= self._settings.links_at_most:
                self.refused += 1
                self.links.popitem(last=False)
            link = self.links[track.track_id] = RadioLink(track, track.first_ns, track.last_ns)
        link.track = track
        link.last_ns = max(link.last_ns, track.last_ns)
        link.levels.append((change.time_ns, track.snr_db))
        return link
