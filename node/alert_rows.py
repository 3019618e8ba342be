"""Alerts as rows of a table, for people."""

from __future__ import annotations

from node.messages import AlertMessage
from node.sinks.console import standing, where

ALERT_ROW = (
    "{raised:<12}  {alert:<13}  {level:<8}  {what:<16}  {standing:<14}  {where:<11}  {tracks:>6}  {ack:<12}  {why}"
)
ALERT_TITLES = ALERT_ROW.format(
    raised="raised (UTC)", alert="alert", level="level", what="what", standing="identity", where="where",
    tracks="tracks", ack="looked after", why="why",
)  # fmt: skip


def alert_row(message: AlertMessage) -> str:
    """One row: since when, how bad, what, whose, where, who looks after it and why it is one."""
    return ALERT_ROW.format(
        raised=message.raised[11:23],
        alert=message.end_reason or message.event,
        level=message.severity.level,
        what=message.label if message.label != "unknown" else message.object_type or message.kind,
        standing=standing(message.affiliation, dark=message.dark, spoof_suspect=message.spoof_suspect),
        where=where(message.range_m, message.bearing_deg),
        tracks=len(message.track_ids),
        ack="-" if message.ack is None else f"{message.ack.by:.12}",
        why="; ".join(message.severity.reasons) or "-",
    ).rstrip()
