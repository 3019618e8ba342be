"""What operators and the centre say a track is: the only source of friend, neutral, suspect and hostile."""

from __future__ import annotations

from dataclasses import dataclass, replace

from node.fusion.picture import LEVELS, Affiliation, SeverityLevel

CAUTION: tuple[Affiliation, ...] = ("unknown", "neutral", "friend", "assumed_friend", "pending", "suspect", "hostile")
"""Rising: where two tracks become one, the more cautious word on them holds."""
CARRIED = frozenset({"suspect", "hostile"})
"""These go along to what splits off a track, and from a radio link to the object it belongs to; that something is a
friend says nothing about what turns up beside it."""
CALM = frozenset({"friend", "neutral"})


@dataclass(frozen=True, slots=True)
class Order:
    """One word on one track.

    Parameters
    ----------
    affiliation
        What it is; ``unknown`` takes back what was said before.
    by
        Who says so.
    why
        In their words; empty where they gave none.
    number
        Counts the orders: of two on one thing the later one holds.
    of
        Track it was said of, where it was carried over from there.
    """

    affiliation: Affiliation
    by: str
    why: str = ""
    number: int = 0
    of: str | None = None

    @property
    def basis(self) -> str:
        """One line for the message."""
        where = "" if self.of is None else f" of {self.of}"
        return f"said by {self.by}{where}{f': {self.why}' if self.why else ''}"

    def carried(self, track_id: str | None) -> Order:
        """The same word where it was not said."""
        return self if self.of is not None or track_id is None else replace(self, of=track_id)


def latest(*orders: Order | None) -> Order | None:
    """Of several words on one thing the last."""
    return max((order for order in orders if order is not None), key=lambda order: order.number, default=None)


def more_cautious(one: Order | None, other: Order | None) -> Order | None:
    """Of the words on two tracks that become one the one that holds: the first where both say the same."""
    if one is None or other is None:
        return one or other
    return other if CAUTION.index(other.affiliation) > CAUTION.index(one.affiliation) else one


def ordered_level(
    order: Order | None, level: SeverityLevel, reasons: tuple[str, ...]
) -> tuple[SeverityLevel, tuple[str, ...]]:
    """The level of a track that somebody may have spoken on, from that of the rules."""
    if order is None:
        return level, reasons
    if order.affiliation == "hostile":
        return "critical", ("hostile, says an operator", *reasons)
    if order.affiliation in CALM:
        return "info", (f"{order.affiliation}: {order.basis}",)
    if order.affiliation == "suspect" and LEVELS.index(level) < LEVELS.index("warning"):
        return "warning", ("suspect, says an operator", *reasons)
    return level, reasons
