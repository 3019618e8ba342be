"""Severity: written rules, and a level that rises at once and falls slowly. docs/fusion.md has the table."""

from __future__ import annotations

import math

import numpy as np

from node.fusion.group import Group
from node.fusion.orders import ordered_level
from node.fusion.picture import LEVELS, Identity, ObjectType, SeverityLevel
from node.fusion.settings import NS_PER_S, FusionSettings


def rule(
    group: Group, identity: Identity, object_type: ObjectType, settings: FusionSettings
) -> tuple[SeverityLevel, tuple[str, ...]]:
    """The level by the rules, first that applies, with its reasons; an operator's word goes before them."""
    return ordered_level(group.word, *_measured(group, identity, object_type, settings))


def _measured(
    group: Group, identity: Identity, object_type: ObjectType, settings: FusionSettings
) -> tuple[SeverityLevel, tuple[str, ...]]:
    one, links = group.object, group.links
    if identity.affiliation == "assumed_friend":
        return "info", (f"assumed friend: {'; '.join(identity.basis[:1])}",)
    if object_type == "aircraft" and group.aircraft is not None:
        return "info", (f"manned aircraft {group.aircraft.name}",)
    if object_type in {"bird", "ballistic", "ground"}:
        return "info", (f"moves like a {object_type}" if object_type == "bird" else f"{object_type} object",)
    near = approach(group, settings)
    kinds = sensor_kinds(group)
    if one is not None and links:
        reasons: tuple[str, ...] = (
            f"{links[0].track.family} link heard and object seen by {', '.join(sorted(kinds - {'rf'}))}",
        )
        if identity.spoof_suspect:
            reasons += ("its Remote ID is a spoof suspect",)
        return ("critical", (*reasons, near)) if near and not _honest(identity) else ("warning", reasons)
    if links:
        return "warning", (f"{links[0].track.family} link heard and Remote ID received",)
    if one is not None and identity.spoof_suspect:
        return "warning", ("object with a Remote ID that is a spoof suspect", *identity.spoof_reasons[:2])
    if identity.spoof_suspect:
        return "advisory", ("Remote ID without an object, spoof suspect", *identity.spoof_reasons[:2])
    if one is None and group.claim is not None and group.claim.contact.status == "ground":
        return "info", ("drone with Remote ID on the ground",)
    if identity.cooperative:
        return "advisory", ("drone with Remote ID, not on the friendly list",)
    if identity.dark:
        reasons = ("flies without a Remote ID, the receiver is healthy",)
        if near and len(kinds) > 1 and object_type == "drone":
            return "critical", (*reasons, near)
        return "warning", reasons
    if object_type == "drone":
        return "warning", ("a camera sees a drone",)
    return "advisory", ("something moves in the air, its kind is not known",)


def settle(group: Group, level: SeverityLevel, reasons: tuple[str, ...], now_ns: int, fall_s: float) -> None:
    """Take the level of the rules into the group: up at once, down when it has been lower for so long.

    After an operator's word it counts at once either way.
    """
    if group.track_id is None or group.spoken_on or LEVELS.index(level) >= LEVELS.index(group.level):
        group.level, group.level_reasons, group.lower_since_ns = level, reasons, None
        return
    if group.lower_since_ns is None:
        group.lower_since_ns = now_ns
    if now_ns - group.lower_since_ns >= fall_s * NS_PER_S:
        group.level, group.level_reasons, group.lower_since_ns = level, reasons, None


def sensor_kinds(group: Group) -> set[str]:
    """Kinds of sensors that measure it; what it says of itself is none."""
    kinds = {seen.sensor for seen in group.object.seen.values()} if group.object is not None else set()
    return kinds | ({"rf"} if group.links else set())


def approach(group: Group, settings: FusionSettings) -> str | None:
    """Why an object is near, or soon will be; None where it is neither."""
    one = group.object
    if one is None or not one.ranged:
        return None
    range_m = one.range_m
    if range_m <= settings.critical_range_m:
        return f"{range_m:.0f} m away"
    closing_mps = -float(one.place_m @ one.velocity_mps) / max(range_m, 1.0)
    if closing_mps <= 1.0:
        return None
    # Closest approach on a straight course.
    speed2 = float(one.velocity_mps @ one.velocity_mps)
    until_s = -float(one.place_m @ one.velocity_mps) / speed2
    closest_m = float(np.linalg.norm(one.place_m + one.velocity_mps * until_s))
    if closest_m > settings.critical_range_m:
        return None
    # When it crosses the circle: distance along the course less the half chord.
    along_m = until_s * math.sqrt(speed2) - math.sqrt(max(0.0, settings.critical_range_m**2 - closest_m**2))
    within_s = along_m / math.sqrt(speed2)
    return (
        f"within {settings.critical_range_m:.0f} m in {within_s:.0f} s"
        if within_s <= settings.critical_time_s
        else None
    )


def _honest(identity: Identity) -> bool:
    return bool(identity.cooperative) and not identity.spoof_suspect and (identity.consistency or 0.0) >= 0.8
