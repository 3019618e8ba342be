"""WAV files with I and Q as the two channels, as SDR#, HDSDR, SDRuno, SDR Console and GNU Radio write them.

Sources
-------
[1] Microsoft RIFF/WAVE: chunks of a four-letter name, u32 size, padding to even.
[2] EBU Tech 3306 (RF64): ``ds64`` holds the 64-bit sizes.
[3] Sony Wave64: names are GUIDs, sizes u64 with the 24 bytes of their header, padding to 8.
[4] ``auxi`` of SpectraVue, HDSDR, SDR#: two SYSTEMTIME (start, stop; 16 bytes each), then u32 centre frequency in Hz;
    of SDR Console: XML in UTF-16 with ``RadioCenterFreq``.
"""

from __future__ import annotations

import re
import struct
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Literal

from dsp.iq import SourceUnavailable
from dsp.units import NS_PER_S
from node.sources.byte_streams import ByteStream, open_bytes
from node.sources.recording_layout import RecordingLayout, Stretch, left_over_note
from node.sources.recording_names import read_name
from node.sources.recording_options import RecordingOptions, check_rate, in_words
from node.sources.sample_types import SampleType, find_sample_type

_W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_TYPES = {
    (_PCM, 8): "cu8", (_PCM, 16): "ci16_le", (_PCM, 24): "ci24_le", (_PCM, 32): "ci32_le",
    (_FLOAT, 32): "cf32_le", (_FLOAT, 64): "cf64_le",
}  # fmt: skip
UNKNOWN_SIZES = frozenset({0, 0xFFFFFFFF})
"""Sizes of a ``data`` chunk whose writer did not come to say it."""
MAX_CHUNK_BYTES = 1 << 20
"""Chunks before ``data`` are short; longer ones are not read but left out."""
MAX_CHUNKS = 1000
"""More chunks before ``data`` are no WAV file."""


@dataclass(slots=True)
class _Header:
    """What stands before the samples."""

    form: Literal["riff", "rf64", "w64"]
    position: int
    """Bytes read."""
    type_name: str | None = None
    rate_hz: int = 0
    centre_hz: float | None = None
    start_ns: int | None = None
    data_bytes: int | None = None
    """None where the header does not know."""
    long_data_bytes: int | None = None


def open_wav(path: str, options: RecordingOptions, stop: threading.Event) -> tuple[RecordingLayout, ByteStream]:
    """Open a WAV file of I and Q.

    Raises
    ------
    SourceUnavailable
        If it cannot be opened or is no such file.
    """
    stream = open_bytes(path, stop)
    try:
        return _layout(path, stream, options), stream
    except SourceUnavailable:
        stream.close()
        raise


def _layout(path: str, stream: ByteStream, options: RecordingOptions) -> RecordingLayout:
    header = _read_header(path, stream)
    said = find_sample_type(options.datatype or header.type_name or "")
    assert said is not None  # both were checked
    name = PurePath(path).name
    facts = read_name(name)
    rate_hz = options.sample_rate_hz or check_rate(path, float(header.rate_hz))
    centre_hz = options.centre_hz or header.centre_hz or facts.centre_hz
    start_ns = next((ns for ns in (options.start_ns, header.start_ns, facts.start_ns) if ns is not None), 0)
    samples, notes = _samples(header, stream, said)
    if options.centre_hz is None and header.centre_hz is None and facts.centre_hz is not None:
        notes = (*notes, f"taken from the name: frequency {in_words(facts.centre_hz, 'Hz')}")
    if samples == 0:
        raise SourceUnavailable(f"{path}: holds no samples")
    stretch = Stretch(header.position, samples, centre_hz or 0.0, centre_hz is not None)
    return RecordingLayout(path, said, rate_hz, start_ns, (stretch,), header.position, notes=notes)


def _samples(header: _Header, stream: ByteStream, sample_type: SampleType) -> tuple[int | None, tuple[str, ...]]:
    """How many there are, and what is odd about it."""
    notes: list[str] = []
    data_bytes = header.data_bytes
    there = None if stream.size is None else max(stream.size - header.position, 0)
    if data_bytes is None:
        notes.append("the WAV header does not say how many samples there are: all that come are used")
    elif there is not None and there - data_bytes >= 0xFFFF0000:
        notes.append("the WAV header counts beyond its 32 bits: all samples of the file are used")
        data_bytes = None
    elif there is not None and data_bytes > there:
        notes.append(f"the file is cut: {there} of the {data_bytes} bytes of samples its header promises are there")
        data_bytes = None
    if data_bytes is None:
        data_bytes = there
    if data_bytes is None:
        return None, tuple(notes)
    samples, left_over = divmod(data_bytes, sample_type.bytes_per_sample)
    if left_over:
        notes.append(left_over_note(sample_type, left_over))
    return samples, tuple(notes)


def _read_header(path: str, stream: ByteStream) -> _Header:
    """Read up to the first sample."""
    start = stream.read(12)
    if start[:4] in {b"RIFF", b"RF64", b"BW64"} and start[8:] == b"WAVE":
        header = _Header("riff" if start[:4] == b"RIFF" else "rf64", 12)
    elif start == _W64_RIFF[:12]:
        header = _Header("w64", 40)
        if len(stream.read(28)) < 28:
            raise SourceUnavailable(f"{path}: ends within its header")
    else:
        raise SourceUnavailable(f"{path}: is no WAV file: it does not begin with RIFF and WAVE")
    for _ in range(MAX_CHUNKS):
        name, size, pad = _next_chunk(path, stream, header)
        if name == b"data":
            if header.type_name is None:
                raise SourceUnavailable(f"{path}: the WAV header has no fmt chunk before the data")
            header.data_bytes = None if size in UNKNOWN_SIZES else size
            if header.form == "rf64" and size == 0xFFFFFFFF and header.long_data_bytes:
                header.data_bytes = header.long_data_bytes
            return header
        if size > MAX_CHUNK_BYTES:
            stream.skip(size + pad)
        else:
            content = stream.read(size + pad)
            if len(content) < size:
                raise SourceUnavailable(f"{path}: ends within its header")
            _take_chunk(path, header, name, content[:size])
        header.position += size + pad
    raise SourceUnavailable(f"{path}: the WAV header has no end")


def _next_chunk(path: str, stream: ByteStream, header: _Header) -> tuple[bytes, int, int]:
    """Name of the next chunk, bytes of its content and of padding."""
    length = 24 if header.form == "w64" else 8
    head = stream.read(length)
    if len(head) < length:
        raise SourceUnavailable(f"{path}: the WAV file ends before its samples begin")
    header.position += length
    if header.form == "w64":
        size = int.from_bytes(head[16:], "little") - 24
        if size < 0:
            raise SourceUnavailable(f"{path}: the Wave64 header is damaged")
        return head[:4], size, -size % 8
    size = int.from_bytes(head[4:], "little")
    return head[:4], size, size % 2


def _take_chunk(path: str, header: _Header, name: bytes, content: bytes) -> None:
    """Take what a chunk before the samples says."""
    if name == b"ds64" and len(content) >= 16:
        header.long_data_bytes = int.from_bytes(content[8:16], "little")
    elif name == b"fmt ":
        if len(content) < 16:
            raise SourceUnavailable(f"{path}: the fmt chunk of the WAV header is damaged")
        tag, channels, header.rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", content)
        if tag == _EXTENSIBLE and len(content) >= 26:
            tag = int.from_bytes(content[24:26], "little")
        if channels != 2:
            what = "sound or real-valued samples" if channels == 1 else "several receivers or sound"
            raise SourceUnavailable(f"{path}: has {channels} channels ({what}); I and Q must be its two channels")
        header.type_name = _TYPES.get((tag, bits))
        if header.type_name is None:
            raise SourceUnavailable(
                f"{path}: WAV format {tag} with {bits} bits cannot be read; only plain 8, 16, 24 and 32 bits and floats"
            )
    elif name == b"auxi":
        _take_auxi(header, content)


def _take_auxi(header: _Header, content: bytes) -> None:
    """Centre frequency and start; what makes no sense is left out."""
    text = content.decode("utf-16-le" if b"\0" in content[:4] else "utf-8", "replace")
    if "<" in text[:4]:
        found = re.search(r'RadioCenterFreq="(\d+(?:\.\d+)?)"', text)
        header.centre_hz = float(found[1]) or None if found else None
        return
    if len(content) < 36:
        return
    year, month, _, day, hour, minute, second, ms = struct.unpack_from("<8H", content)
    centre = int.from_bytes(content[32:36], "little")
    header.centre_hz = float(centre) if centre else None
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return
    if year >= 1970 and ms < 1000:
        header.start_ns = int(moment.timestamp()) * NS_PER_S + ms * 1_000_000
