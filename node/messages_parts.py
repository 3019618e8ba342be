"""Parts that messages of radio tracks and of the picture share."""

from __future__ import annotations

import math

from node.messages_track import Candidate, ClassificationInfo, ModelInfo, RfInfo
from node.tracking.track import Track


def classification_info(track: Track) -> ClassificationInfo:
    """What a radio track is."""
    top = []
    for name, confidence in track.top:
        label, _, mode = name.partition("/")
        top.append(Candidate(label=label, mode=mode or None, confidence=share(confidence) or 0.0))
    model = track.model
    return ClassificationInfo(
        label=track.label,
        family=track.family,
        mode=track.mode,
        confidence=share(track.confidence) or 0.0,
        top=tuple(top),
        model=None if model is None else ModelInfo(name=model.name, version=model.version, sha256=model.sha256),
    )


def rf_info(track: Track) -> RfInfo:
    """What was measured of a radio track."""
    return RfInfo(
        center_hz=rounded(track.centre_hz, 0),
        offset_hz=rounded(track.offset_hz, 0),
        bandwidth_hz=rounded(track.bandwidth_hz, 0),
        snr_db=rounded(track.snr_db, 2),
        peak_dbfs=rounded(track.peak_dbfs, 2),
        channels_hz=tuple(round(channel_hz) + 0.0 for channel_hz in track.channels_hz if math.isfinite(channel_hz)),
        hop_rate_hz=rounded(track.hop_rate_hz, 3),
        duty=share(track.duty),
        bursts=track.bursts,
        caveats=track.caveats,
    )


def rounded(value: float | None, digits: int) -> float | None:
    """The value with so many decimals; None where there is no number."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0  # the sum turns -0.0 into 0.0


def share(value: float | None) -> float | None:
    """A probability or share with four decimals, held within 0 to 1."""
    found = rounded(value, 4)
    return None if found is None else min(1.0, max(0.0, found))
