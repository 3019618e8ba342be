"""The topics of one node."""

from __future__ import annotations

from dataclasses import dataclass

from node.sinks.mqtt_settings import check_topic_level

STATUS, INFO, HEALTH, EVENT, REMOTE_ID = "status", "info", "health", "event", "remoteid"
TRACK_PREFIX, ALERT_PREFIX, COMMAND_PREFIX, RESPONSE = "track/", "alert/", "cmd/", "rsp"
ALL_COMMANDS = "cmd/+"
SWEPT = ("track/+", "alert/+")
"""Where an earlier run may have left something retained."""
LONGEST_RESPONSE_TOPIC = 512


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

    def may_answer_at(self, topic: str) -> bool:
        """Whether a client may have its answers at a topic: not where nodes speak or are spoken to."""
        if not topic or topic.startswith("$") or len(topic.encode()) > LONGEST_RESPONSE_TOPIC:
            return False
        if any(c in "+#" or not c.isprintable() for c in topic):
            return False
        below = topic.removeprefix(f"{self.base}/").split("/")
        return not topic.startswith(f"{self.base}/") or len(below) < 3 or below[2] == RESPONSE


def track_topic(track_id: str) -> str:
    """Where the latest state of a track is retained."""
    return TRACK_PREFIX + track_id


def alert_topic(alert_id: str) -> str:
    """Where an alert is retained while it is active."""
    return ALERT_PREFIX + alert_id
