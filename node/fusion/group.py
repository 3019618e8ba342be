"""A group: sources that are one thing, and what was told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from node.fusion.air_object import AirObject
from node.fusion.association import Score
from node.fusion.claims import Claim
from node.fusion.links import RadioLink
from node.fusion.orders import CARRIED, Order, latest
from node.fusion.picture import FusedTrack, SeverityLevel
from node.fusion.planes import Aircraft


class Part(Protocol):
    """A source of the picture."""

    @property
    def key(self) -> str:
        """Its name."""
        ...

    last_ns: int
    """Time of its last evidence."""


@dataclass(slots=True, eq=False)
class Group:
    """Sources that are one thing, and what was told of it.

    Parameters
    ----------
    number
        Counts groups from the start of the node.
    """

    number: int
    object: AirObject | None = None
    claim: Claim | None = None
    aircraft: Aircraft | None = None
    links: list[RadioLink] = field(default_factory=list)
    scores: dict[str, Score] = field(default_factory=dict)
    track_id: str | None = None
    """None until it is told."""
    told: FusedTrack | None = None
    told_ns: int = 0
    latest: FusedTrack | None = None
    """As it was last judged, told or not: its last word when it ends."""
    saved: float = 0.0
    """Updates that it might have been told and was not, up to ``told_ns``."""
    looked_ns: int = 0
    """When it was last judged."""
    newest_ns: int = 0
    """Time of its last evidence at the last step."""
    level: SeverityLevel = "info"
    level_reasons: tuple[str, ...] = ()
    lower_since_ns: int | None = None
    unseen_since_ns: int | None = None
    """Since when a radar should see what claims to be there, and does not."""
    suspect_reasons: tuple[str, ...] = ()
    """A claim once found out stays suspect while it lives."""
    ordered: Order | None = None
    """What an operator said of it."""
    spoken_on: bool = False
    """Whether an operator said something since it was last told."""
    merged_from: list[str] = field(default_factory=list)
    split_from: str | None = None

    @property
    def parts(self) -> list[Part]:
        """All sources."""
        found: list[Part] = [part for part in (self.object, self.claim, self.aircraft) if part is not None]
        return [*found, *self.links]

    @property
    def last_ns(self) -> int:
        """Time of the last evidence of any source."""
        return max((part.last_ns for part in self.parts), default=0)

    @property
    def may_carry_link(self) -> bool:
        """Whether something is seen in the air that could transmit."""
        return self.object is not None and not self.object.birdlike and self.aircraft is None

    @property
    def word(self) -> Order | None:
        """What holds of all that operators said of it and of its links; None where nothing does."""
        carried = (
            link.ordered.carried(link.track.track_id)
            for link in self.links
            if link.ordered is not None and link.ordered.affiliation in CARRIED
        )
        found = latest(self.ordered, *carried)
        return None if found is None or found.affiliation == "unknown" else found

    @property
    def anchor(self) -> Part:
        """The source it is named after when it is told first."""
        return self.parts[0]
