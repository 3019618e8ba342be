"""Recordings that are samples and nothing else: ``.cu8``, ``.cs16``, ``.cf32`` ..., and standard input."""

from __future__ import annotations

import threading
from pathlib import PurePath

from dsp.iq import SourceUnavailable
from node.sources.byte_streams import ByteStream, open_bytes
from node.sources.recording_layout import RecordingLayout, Stretch, whole_samples
from node.sources.recording_names import NamedFacts, read_name
from node.sources.recording_options import RecordingOptions, check_rate, in_words
from node.sources.sample_types import SampleType, find_sample_type, why_no_sample_type

REAL_EXTENSIONS = frozenset({"u8", "s8", "u16", "s16", "s32", "f32", "am", "fm"})
"""Extensions of rtl_433 for recordings without phase."""


def open_raw(path: str, options: RecordingOptions, stop: threading.Event) -> tuple[RecordingLayout, ByteStream]:
    """Open bare samples.

    Raises
    ------
    SourceUnavailable
        If the file cannot be opened or nothing says its type and rate.
    """
    where = "standard input" if path == "-" else path
    name = "" if path == "-" else PurePath(path).name
    name = name[:-4] if name.lower().endswith(".zst") else name
    stream = open_bytes(path, stop)
    try:
        return _layout(where, name, options, stream.size), stream
    except SourceUnavailable:
        stream.close()
        raise


def _layout(where: str, name: str, options: RecordingOptions, size: int | None) -> RecordingLayout:
    facts = read_name(name)
    sample_type = _sample_type(where, name, facts, options)
    rate_hz = _rate_hz(where, facts, options)
    samples, notes = None, _notes(facts, options)
    if size is not None:
        samples, left_over = whole_samples(sample_type, size)
        notes += left_over
        if not samples:
            raise SourceUnavailable(f"{where}: {size} bytes hold no {sample_type.name} sample")
    centre_hz = options.centre_hz or facts.centre_hz
    start_ns = options.start_ns if options.start_ns is not None else facts.start_ns or 0
    stretch = Stretch(0, samples, centre_hz or 0.0, centre_hz is not None)
    return RecordingLayout(where, sample_type, rate_hz, start_ns, (stretch,), notes=notes)


def _sample_type(where: str, name: str, facts: NamedFacts, options: RecordingOptions) -> SampleType:
    """By option, extension, or a word in the name."""
    extension = PurePath(name).suffix.removeprefix(".").lower()
    if options.datatype is None and extension in REAL_EXTENSIONS:
        raise SourceUnavailable(f"{where}: {why_no_sample_type(extension)}")
    for said in (options.datatype, extension, facts.datatype):
        if said and (sample_type := find_sample_type(said)) is not None:
            return sample_type
    example = "" if where == "standard input" else ", or name it like NAME_868.3M_2400k.cu8"
    raise SourceUnavailable(
        f"{where}: nothing says how samples are stored; say it with --datatype (cu8, cs8, cs16, cf32, ...){example}"
    )


def _rate_hz(where: str, facts: NamedFacts, options: RecordingOptions) -> float:
    """By option or by name."""
    if options.sample_rate_hz is not None:
        return options.sample_rate_hz
    if facts.sample_rate_hz is not None:
        return check_rate(where, facts.sample_rate_hz)
    example = "" if where == "standard input" else ", or name the file like NAME_868.3M_2400k.cu8"
    raise SourceUnavailable(f"{where}: the sample rate is unknown; say it with --rate{example}")


def _notes(facts: NamedFacts, options: RecordingOptions) -> tuple[str, ...]:
    """What comes from the name, and what nobody said."""
    parts = []
    if facts.sample_rate_hz is not None and options.sample_rate_hz is None:
        parts.append(f"sample rate {in_words(facts.sample_rate_hz, 'S/s')}")
    if facts.centre_hz is not None and options.centre_hz is None:
        parts.append(f"frequency {in_words(facts.centre_hz, 'Hz')}")
    if facts.start_ns is not None and options.start_ns is None:
        parts.append("time")
    return (f"taken from the name: {', '.join(parts)}",) if parts else ()
