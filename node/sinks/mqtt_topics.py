"""The topics of one node."""

from __future__ import annotations

from dataclasses import dataclass

from node.sinks.mqtt_settings import check_topic_level

STATUS, INFO, HEALTH, EVENT, REMOTE_ID = "status", "info", "health", "event", "remoteid"
TRACK_PREFIX = "track/"
ALL_TRACKS = "track/+"


@dataclass(frozen=True, slots=True)
class Topics:
    """Full names from those below the node's base, ``{base}/{site}/{name}``.

    Raises
    ------
    ValueError
        If site or name cannot be part of a topic.
    """

    base: str
    site: str
    name: str

    def __post_init__(self) -> None:
        """Check the names."""
        check_topic_level("site", self.site)
        check_topic_level("name", self.name)

    def full(self, topic: str) -> str:
        """Full name."""
        return f"{self.base}/{self.site}/{self.name}/{topic}"

    def below(self, full: str) -> str:
        """Name below the base."""
        return full.removeprefix(self.full(""))


def track_topic(track_id: str) -> str:
    """Where the latest state of a track is retained."""
    return TRACK_PREFIX + track_id
