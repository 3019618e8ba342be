"""Radio links that stand alone: is there a drone behind them? docs/fusion.md has the rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from node.fusion.frame import turned_deg
from node.fusion.group import Group
from node.fusion.identity import Health
from node.fusion.links import RadioLink
from node.fusion.orders import latest, ordered_level
from node.fusion.picture import Assessment, FusedChange, FusedTrack, Identity, SeverityLevel, Source
from node.fusion.settings import NS_PER_S, FusionSettings, SensorMount

SUSPECT = 0.6
NOT_SEEN, STRONG, STEADY = 0.5, 0.2, 0.2
"""Weights of the score; the first is that of radars that look all round."""
STEADY_DB, STEADY_LEAST, STEADY_S = 1.5, 5, 10.0
FORGET_NS = 120 * NS_PER_S


@dataclass(slots=True)
class _Noted:
    alone_since_ns: int
    told: Assessment


class LinkJudge:
    """Keeps what is thought of each link."""

    def __init__(self, settings: FusionSettings) -> None:
        self._settings = settings
        self._noted: dict[str, _Noted] = {}
        self._shares: dict[tuple[str, ...], float] = {}
        self.assessments: dict[str, Assessment] = {}

    def judge(
        self,
        links: Sequence[RadioLink],
        fused: Mapping[str, Group],
        health: Mapping[str, Health],
        now_ns: int,
        *,
        object_seen: bool,
    ) -> list[FusedChange]:
        """Judge all links that live; give those of which something else is thought now.

        Parameters
        ----------
        links
            All links.
        fused
            Group each belongs to, by key.
        health
            Of the modules.
        now_ns
            Signal time.
        object_seen
            Whether anything in the air is seen that could transmit.
        """
        changes: list[FusedChange] = []
        alive = {link.track.track_id for link in links}
        for gone in [track_id for track_id in self._noted if track_id not in alive]:
            del self._noted[gone]
            self.assessments.pop(gone, None)
        for link in links:
            track_id = link.track.track_id
            group = fused.get(link.key)
            into = None if group is None else group.track_id
            noted = self._noted.get(track_id)
            alone_since_ns = now_ns if noted is None or into is not None or object_seen else noted.alone_since_ns
            found = _ordered(self._assess(link, into, alone_since_ns, health, now_ns), link, group)
            self.assessments[track_id] = found
            if noted is not None and _differs(found, noted.told):
                changes.append(FusedChange("update", _alone(link, found, now_ns), now_ns))
                self._noted[track_id] = _Noted(alone_since_ns, found)
            else:
                self._noted[track_id] = _Noted(alone_since_ns, noted.told if noted is not None else found)
        return changes

    def _assess(
        self, link: RadioLink, into: str | None, alone_since_ns: int, health: Mapping[str, Health], now_ns: int
    ) -> Assessment:
        settings, track = self._settings, link.track
        level: SeverityLevel = "advisory" if track.label == "unknown-hopper" else "warning"
        heard = (f"{track.family} link heard",)
        if into is not None:
            return Assessment(None, (), level, (*heard, "part of a fused track"), into)
        watching = [
            device
            for device, one in sorted(health.items())
            if one.kind == "radar"
            and one.healthy
            and (now_ns - max(one.since_ns, alone_since_ns)) * 1e-9 >= settings.decoy_after_s
        ]
        if not watching or track.snr_db < settings.decoy_snr_db:
            return Assessment(None if not watching else 0.0, (), level, heard)
        alone_s = (now_ns - alone_since_ns) * 1e-9
        share = self._shares.get(tuple(watching))
        if share is None:
            share = covered_share([settings.mount(device) for device in watching])
            self._shares = {tuple(watching): share}
        reasons = [
            f"{', '.join(watching)} sees nothing in the air for {alone_s // 5 * 5:.0f} s in {100 * share:.0f} % of "
            "all directions",
            f"{track.snr_db:.0f} dB: near enough to be seen",
        ]
        score = NOT_SEEN * share + STRONG
        steady_db = _spread_db(link, now_ns)
        if steady_db is not None and steady_db < STEADY_DB:
            score += STEADY
            reasons.append(f"level steady within {steady_db:.1f} dB: it does not move")
        reasons.append("a pilot near the node would look the same")
        if score < SUSPECT:
            return Assessment(score, tuple(reasons), level, heard)
        return Assessment(score, tuple(reasons), "advisory", (*heard, "no object where one should be seen"))


def _ordered(found: Assessment, link: RadioLink, group: Group | None) -> Assessment:
    """With what operators said of the link, or of what it is part of."""
    word = None if group is None else group.word
    order = latest(link.ordered, word and word.carried(found.fused_track_id))
    if order is None or order.affiliation == "unknown":
        return found
    level, reasons = ordered_level(order, found.level, found.level_reasons)
    return replace(found, level=level, level_reasons=reasons, affiliation=order.affiliation, basis=(order.basis,))


def covered_share(mounts: Sequence[SensorMount]) -> float:
    """Share of all bearings that lie in a field of view."""
    seen = {
        bearing
        for mount in mounts
        for bearing in range(360)
        if abs(turned_deg(mount.heading_deg, bearing)) <= mount.azimuth_half_deg
    }
    return len(seen) / 360


def _spread_db(link: RadioLink, now_ns: int) -> float | None:
    levels = [level for time_ns, level in link.levels if now_ns - time_ns <= 60 * NS_PER_S]
    if len(levels) < STEADY_LEAST or (link.levels[-1][0] - link.levels[0][0]) * 1e-9 < STEADY_S:
        return None
    return float(np.std(levels))


def _differs(found: Assessment, told: Assessment) -> bool:
    return (
        found.level != told.level
        or found.fused_track_id != told.fused_track_id
        or (found.affiliation, found.basis) != (told.affiliation, told.basis)
        or not math.isclose(found.decoy_score or 0.0, told.decoy_score or 0.0, abs_tol=0.05)
    )


def _alone(link: RadioLink, found: Assessment, now_ns: int) -> FusedTrack:
    """A radio track by itself as a track of the picture, under its own id."""
    track = link.track
    return FusedTrack(
        track_id=track.track_id, kind="rf_emission", first_ns=track.first_ns, last_ns=link.last_ns,
        object_type="unknown", object_confidence=0.0, identity=Identity(found.affiliation, found.basis),
        decoy_score=found.decoy_score,
        decoy_reasons=found.decoy_reasons, level=found.level, level_reasons=found.level_reasons, lat_deg=None,
        lon_deg=None, altitude_m=None, ce_m=None, speed_mps=None, heading_deg=None, vertical_mps=None, range_m=None,
        bearing_deg=None, elevation_deg=None, height_m=None, claimed=False,
        sources=(
            Source(
                "rf", ",".join(track.radio) or "radio", track.track_id, track.first_ns, link.last_ns,
                max(0.0, (now_ns - link.last_ns) * 1e-9),
            ),
        ),
        links=(replace(track, last_ns=max(track.last_ns, link.last_ns)),), score=None, evidence=track.evidence,
        merged_into=found.fused_track_id,
    )  # fmt: skip
