"""Records any source to SigMF."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from dsp.iq import IqBlock, SourceError, SourceUnavailable
from node.sources.recording_files import LEAST_FREE_BYTES, RecorderError
from node.sources.sample_encoding import Datatype
from node.sources.sigmf_recorder import RecordedInfo, SigmfRecorder

__all__ = ["Datatype", "RecordedInfo", "RecorderError", "SigmfRecorder", "record_blocks"]


def record_blocks(
    blocks: Iterable[IqBlock],
    base: Path,
    *,
    seconds: float | None,
    description: str,
    datatype: Datatype | None = None,
    hardware: str = "",
    least_free_bytes: int = LEAST_FREE_BYTES,
) -> RecordedInfo:
    """Record a source.

    Parameters
    ----------
    blocks
        Of one radio, in order.
    base
        Name of the recording, see ``SigmfRecorder``.
    seconds
        Length on air, missing samples included; None: until the end or until interrupted.
    description, hardware
        Texts for people.
    datatype
        How to store samples; None: what holds the first block exactly.
    least_free_bytes
        Left free on the disk.

    Returns
    -------
    What was recorded. ``KeyboardInterrupt`` (Ctrl-C, SIGTERM) ends the recording, which is kept.

    Raises
    ------
    RecorderError
        If the disk does not do its part; says what is kept.
    SourceError
        If the source failed; what came before is kept, and said in the message.
    ValueError
        If ``seconds`` is not above 0.
    """
    if seconds is not None and not seconds > 0.0:
        raise ValueError(f"seconds must be above 0, not {seconds}")
    ended: Literal["time", "end", "interrupted"] = "end"
    with SigmfRecorder(
        base, datatype, description=description, hardware=hardware, least_free_bytes=least_free_bytes
    ) as recorder:
        try:
            if _write_until(recorder, blocks, seconds):
                ended = "time"
        except KeyboardInterrupt:
            if not recorder.samples:
                raise
            ended = "interrupted"
        except SourceError as fault:
            if not recorder.samples:
                raise
            info = recorder.finish()
            raise type(fault)(f"{fault}; the {info.duration_s:.3f} s before it are kept: {info.metadata}") from fault
        if not recorder.samples:
            raise SourceUnavailable(f"{recorder.base}: nothing was recorded: the source gave no samples")
        return replace(recorder.finish(), ended=ended)


def _write_until(recorder: SigmfRecorder, blocks: Iterable[IqBlock], seconds: float | None) -> bool:
    """Write blocks; true when the time is over, false when the source ended before."""
    end: int | None = None
    for block in blocks:
        if seconds is not None and end is None:
            wanted = max(round(seconds * block.sample_rate_hz), 1)
            end = block.first_sample + wanted
            recorder.expect(wanted)
        if end is None or block.first_sample + len(block.samples) < end:
            recorder.write(block)
            continue
        kept = end - block.first_sample
        if kept > 0:
            recorder.write(replace(block, samples=block.samples[:kept]))
        return True
    return False
