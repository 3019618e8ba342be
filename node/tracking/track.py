"""Tracks: one emitter over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsp.protocols.record import Family
from models.classifier import ModelRef

State = Literal["tentative", "confirmed", "lost"]
ChangeKind = Literal["new", "update", "end"]
EndReason = Literal["lost", "merged", "reclassified", "shutdown"]


@dataclass(frozen=True, slots=True)
class Track:
    """What is known of one emitter at one moment; later knowledge is a new ``Track`` with the same id.

    Parameters
    ----------
    track_id
        ULID derived from node, first time and channel: a replay repeats it.
    state
        ``tentative`` inside the node, ``confirmed`` once published, ``lost`` at the end.
    first_ns, last_ns
        Unix time (UTC) of the first and last evidence in nanoseconds.
    label, family, mode
        The protocol; mode None where it is not known.
    confidence
        Calibrated probability of the label.
    top
        Best labels with their probabilities, best first.
    centre_hz
        Centre of the strongest whole channel; None when the recording does not say where it was tuned.
    offset_hz
        The same relative to the middle of the slice.
    bandwidth_hz, snr_db, peak_dbfs
        Of the strongest evidence.
    channels_hz
        Channel centres heard, ascending.
    hop_rate_hz, duty
        Channel changes a second and share of time on air while heard; None where not measured.
    bursts
        How many bursts support it.
    model
        The model whose classifications took part; None if rules alone decided.
    radio
        Names of the radios that heard it.
    evidence
        The reasons in words and figures, for people.
    caveats
        What the physics leaves open, for example that ham television looks the same.
    """

    track_id: str
    state: State
    first_ns: int
    last_ns: int
    label: str
    family: Family
    mode: str | None
    confidence: float
    top: tuple[tuple[str, float], ...]
    centre_hz: float | None
    offset_hz: float
    bandwidth_hz: float
    snr_db: float
    peak_dbfs: float
    channels_hz: tuple[float, ...]
    hop_rate_hz: float | None
    duty: float | None
    bursts: int
    model: ModelRef | None
    radio: tuple[str, ...]
    evidence: tuple[str, ...]
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrackChange:
    """Something the centre should know: a track is new, changed, or over."""

    kind: ChangeKind
    track: Track
    time_ns: int
    """Signal time of the change."""
    end_reason: EndReason | None = None
