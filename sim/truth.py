"""Ground truth: what the simulator really sent, and recordings that carry it as SigMF annotations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dsp.units import NS_PER_S

if TYPE_CHECKING:
    from sim.scene import Scene

SIGMF_VERSION = "1.2.0"
_READ_SAMPLES = 1 << 18


@dataclass(frozen=True, slots=True)
class TrueBurst:
    """One packet, or one stretch of a continuous emitter, that touched the slice.

    Parameters
    ----------
    sample_start, sample_count
        In samples of the stream since its start, lost ones included.
    start_ns, duration_s
        The same on the receiver's clock.
    low_hz, high_hz
        Edges as the receiver sees them (its own frequency error included), cut at the edges of the slice.
    snr_db
        In the signal's own bandwidth; of a signal wider than the slice, in the slice.
    transmit_hz
        The carrier really sent, before the receiver's error.
    telemetry
        Sent by the answering end of the link.
    """

    sample_start: int
    sample_count: int
    start_ns: int
    duration_s: float
    low_hz: float
    high_hz: float
    label: str
    mode: str
    emitter: str
    snr_db: float
    transmit_hz: float
    telemetry: bool = False


def joined(bursts: Iterable[TrueBurst]) -> list[TrueBurst]:
    """In order of their start, with adjoining stretches of one continuous emitter made one."""
    done: list[TrueBurst] = []
    last: dict[str, int] = {}
    for burst in sorted(bursts, key=lambda burst: burst.sample_start):
        index = last.get(burst.emitter)
        before = done[index] if index is not None else None
        if (
            index is not None
            and before is not None
            and before.sample_start + before.sample_count == burst.sample_start
            and before.transmit_hz == burst.transmit_hz
            and (before.low_hz, before.high_hz) == (burst.low_hz, burst.high_hz)
        ):
            share = before.sample_count / (before.sample_count + burst.sample_count)
            done[index] = replace(
                before,
                sample_count=before.sample_count + burst.sample_count,
                duration_s=before.duration_s + burst.duration_s,
                snr_db=share * before.snr_db + (1.0 - share) * burst.snr_db,
            )
        else:
            last[burst.emitter] = len(done)
            done.append(burst)
    return done


def rfc3339(time_ns: int) -> str:
    """Unix time as RFC 3339 with nanoseconds."""
    seconds, rest_ns = divmod(time_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns:09d}Z"


def write_recording(scene: Scene, path: str | Path, seconds: float | None = None) -> tuple[Path, Path]:
    """Render a scene to ``PATH.sigmf-data`` (cu8) and ``PATH.sigmf-meta``, truth included.

    Parameters
    ----------
    scene
        What to render.
    path
        With or without one of the two suffixes.
    seconds
        How much; None: all of the scene.

    Returns
    -------
    The paths of data and metadata.

    Raises
    ------
    ValueError
        If neither the scene nor ``seconds`` says where to end.
    OSError
        If a file cannot be written.
    """
    from sim.radio import SimRadio  # the radio reports TrueBursts, so it imports this module

    if seconds is None and scene.duration_s is None:
        raise ValueError(f"scene {scene.name} is endless: say how many seconds to record")
    base = Path(path)
    if base.suffix in {".sigmf-data", ".sigmf-meta"}:
        base = base.with_suffix("")
    data_path = base.with_name(base.name + ".sigmf-data")
    meta_path = base.with_name(base.name + ".sigmf-meta")
    bursts: list[TrueBurst] = []
    radio = SimRadio(scene if seconds is None else replace(scene, duration_s=seconds), truth=bursts.append)
    with data_path.open("wb") as file:
        while chunk := radio.read_u8(_READ_SAMPLES):
            file.write(chunk)
    samples = data_path.stat().st_size // 2
    meta_path.write_text(json.dumps(_metadata(scene, bursts, radio.lost, samples), indent=2) + "\n", encoding="utf-8")
    return data_path, meta_path


def _metadata(
    scene: Scene, bursts: list[TrueBurst], lost: list[tuple[int, int, bool]], samples: int
) -> dict[str, object]:
    """SigMF metadata: a capture segment after every announced loss, an annotation for every burst in the samples.

    Times and ``core:global_index`` are the receiver's, which does not know of silent losses.
    """
    receiver = scene.receiver
    captures: list[dict[str, object]] = []
    gone = unnoticed = 0
    for position, missing, silent in [(0, 0, False), *lost]:
        file_position = position - gone
        gone += missing
        unnoticed += missing if silent else 0
        if not silent:
            index = position + missing - unnoticed
            elapsed_ns = round(index * NS_PER_S / receiver.sample_rate_hz)
            captures.append(
                {
                    "core:sample_start": file_position,
                    "core:global_index": index,
                    "core:frequency": receiver.centre_hz,
                    "core:datetime": rfc3339(scene.start_ns + elapsed_ns),
                }
            )
    annotations = [_annotation(burst, lost, samples) for burst in joined(bursts)]
    return {
        "global": {
            "core:datatype": "cu8",
            "core:sample_rate": receiver.sample_rate_hz,
            "core:version": SIGMF_VERSION,
            "core:num_channels": 1,
            "core:description": scene.title or f"simulated scene {scene.name}",
            "core:recorder": "skypicket simulator",
            "core:hw": "simulated RTL2832U with R820T",
            "core:extensions": [{"name": "skypicket", "version": "1.0.0", "optional": True}],
            "skypicket:scene": scene.name,
            "skypicket:seed": scene.seed,
        },
        "captures": captures,
        "annotations": [annotation for annotation in annotations if annotation is not None],
    }


def _annotation(burst: TrueBurst, lost: list[tuple[int, int, bool]], samples: int) -> dict[str, object] | None:
    """One annotation, cut at the ends of the samples; None when all of it was lost or lies beyond."""
    start = max(_file_position(burst.sample_start, lost), 0)
    count = min(_file_position(burst.sample_start + burst.sample_count, lost), samples) - start
    if count <= 0:
        return None
    return {
        "core:sample_start": start,
        "core:sample_count": count,
        "core:freq_lower_edge": burst.low_hz,
        "core:freq_upper_edge": burst.high_hz,
        "core:label": burst.label,
        "core:generator": "skypicket simulator",
        "skypicket:mode": burst.mode,
        "skypicket:emitter": burst.emitter,
        "skypicket:snr_db": round(burst.snr_db, 2),
        "skypicket:transmit_hz": burst.transmit_hz,
        "skypicket:telemetry": burst.telemetry,
    }


def _file_position(position: int, lost: list[tuple[int, int, bool]]) -> int:
    """Index in the file of a sample of the stream; the next one that exists when it was lost."""
    return position - sum(min(samples, max(0, position - start)) for start, samples, _ in lost)
