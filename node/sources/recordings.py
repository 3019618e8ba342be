"""Opens any recording as an ``IqSource``: finds the format by name and brings it to one reader."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dsp.iq import SourceUnavailable
from node.sources.byte_streams import ByteStream, why_not_opened
from node.sources.raw_recording import open_raw
from node.sources.recording_layout import RecordingLayout
from node.sources.recording_options import RecordingOptions, rate_notes
from node.sources.recording_source import RecordingSource
from node.sources.sigmf_recording import DATA, META, is_sigmf, open_sigmf
from node.sources.wav_recording import open_wav

_WAV_EXTENSIONS = (".wav", ".rf64", ".w64")


def open_recording(
    path: str | os.PathLike[str],
    options: RecordingOptions | None = None,
    *,
    wait: Callable[[float], bool] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> RecordingSource:
    """Open a recording.

    - SigMF: ``NAME.sigmf-meta``, ``NAME.sigmf-data``, ``NAME`` alone, or an archive ``NAME.sigmf``
    - bare samples: ``NAME_868.3M_2400k.cu8``, ``.cs8``, ``.cs16``, ``.cf32``, ``.cfile``, ``.complex`` ...; others with
      ``options.datatype``
    - WAV with I and Q as its two channels, RF64 and Wave64 too
    - each of them compressed as ``.zst``; of SigMF the data alone
    - ``-``: bare samples from standard input

    Parameters
    ----------
    path
        The recording.
    options
        What it does not say itself, or says wrongly; None: it says everything.
    wait, clock
        How to wait and to tell time where ``options.pace`` is given; None: until stopped, by the monotonic clock.

    Raises
    ------
    SourceUnavailable
        If it cannot be opened; the message names the file, the fault and the cure. Some faults of float and compressed
        recordings are found at the first block only.
    """
    path = os.fspath(path)
    options = options or RecordingOptions()
    if not path or "\0" in path:
        raise SourceUnavailable(f"{path!r} is no name of a recording")
    stop = threading.Event()
    try:
        layout, stream = _open(path, options, stop)
    except OSError as fault:  # a folder on the way that may not be searched, a name that is too long
        raise SourceUnavailable(f"{path}: {why_not_opened(fault)}") from None
    layout = replace(layout, notes=layout.notes + rate_notes(layout.sample_rate_hz))
    return RecordingSource(
        layout,
        stream,
        stop,
        block_samples=options.block_samples,
        radio=options.radio,
        pace=options.pace,
        wait=wait,
        clock=clock,
    )


def _open(path: str, options: RecordingOptions, stop: threading.Event) -> tuple[RecordingLayout, ByteStream]:
    """By the opener that knows this kind of name."""
    if path == "-":
        return open_raw(path, options, stop)
    plain = path[:-4] if path.lower().endswith(".zst") else path
    if is_sigmf(path) and not _is_bare_data(plain, options):
        return open_sigmf(path, options, stop)
    if plain.lower().endswith(_WAV_EXTENSIONS):
        return open_wav(path, options, stop)
    if Path(path).is_dir():
        raise SourceUnavailable(f"{path}: is a directory; name a recording in it")
    return open_raw(path, options, stop)


def _is_bare_data(plain: str, options: RecordingOptions) -> bool:
    """The metadata of SigMF are missing, and the options say what they would."""
    said = options.datatype is not None and options.sample_rate_hz is not None
    return said and plain.endswith(DATA) and not Path(plain.removesuffix(DATA) + META).exists()
