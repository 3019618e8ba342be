"""SigMF recordings: metadata and samples in two files, or both in an archive."""

from __future__ import annotations

import hashlib
import tarfile
import threading
from dataclasses import dataclass
from pathlib import Path

from dsp.iq import SourceUnavailable
from node.sources.byte_streams import ByteStream, FileBytes, open_bytes, why_not_opened
from node.sources.recording_layout import RecordingLayout, whole_samples
from node.sources.recording_options import RecordingOptions, check_rate
from node.sources.sample_types import SampleType, find_sample_type, why_no_sample_type
from node.sources.sigmf_captures import place_captures
from node.sources.sigmf_metadata import SigmfMetadata, read_metadata

META, DATA, ARCHIVE, COLLECTION = ".sigmf-meta", ".sigmf-data", ".sigmf", ".sigmf-collection"
MAX_METADATA_BYTES = 16 << 20
"""Larger metadata is refused: memory is bounded."""
MAX_HASHED_BYTES = 128 << 20
"""``core:sha512`` is checked up to here, about 0.3 s; the start must stay quick."""


@dataclass(frozen=True, slots=True)
class _Files:
    """Where metadata and samples are."""

    where: str
    metadata: bytes
    data: str
    """File with the samples."""
    data_start: int = 0
    data_length: int | None = None
    notes: tuple[str, ...] = ()


def is_sigmf(path: str) -> bool:
    """It is named as SigMF, or is the bare name of a pair of files."""
    plain = path[:-4] if path.lower().endswith(".zst") else path
    if plain.endswith((META, DATA, ARCHIVE, COLLECTION)):
        return True
    return Path(path + META).exists() and not Path(path).is_file()


def open_sigmf(path: str, options: RecordingOptions, stop: threading.Event) -> tuple[RecordingLayout, ByteStream]:
    """Open a SigMF recording by any of its names.

    Raises
    ------
    SourceUnavailable
        If it cannot be opened, or its metadata cannot be true.
    """
    if path.endswith(COLLECTION):
        raise SourceUnavailable(f"{path}: is a collection; name one of the recordings it lists")
    if path.endswith(".zst") and not path.endswith(DATA + ".zst"):
        raise SourceUnavailable(f"{path}: only the data of SigMF can be compressed; unpack it: zstd -d {path}")
    if path.endswith(ARCHIVE):
        files, metadata = _from_archive(path)
    else:
        files, metadata = _from_pair(path)
    sample_type = _sample_type(files.where, metadata, options)
    if options.sample_rate_hz is None and metadata.sample_rate_hz is None:
        raise SourceUnavailable(f"{files.where}: has no core:sample_rate; say it with --rate")
    rate_hz = options.sample_rate_hz or check_rate(files.where, metadata.sample_rate_hz or 0.0)
    stream = open_bytes(files.data, stop, files.data_start, files.data_length)
    try:
        layout = _layout(files, metadata, options, sample_type, rate_hz, stream.size)
    except SourceUnavailable:
        stream.close()
        raise
    return layout, stream


def _layout(
    files: _Files,
    metadata: SigmfMetadata,
    options: RecordingOptions,
    sample_type: SampleType,
    rate_hz: float,
    size: int | None,
) -> RecordingLayout:
    notes = [*files.notes, *metadata.notes, *_checksum_notes(files, metadata, size)]
    available = None
    if size is not None:
        headers = sum(capture.header_bytes for capture in metadata.captures)
        available, left_over = whole_samples(sample_type, max(size - headers - metadata.trailing_bytes, 0))
        notes += left_over
        if not available:
            raise SourceUnavailable(f"{files.data}: {size} bytes hold no {sample_type.name} sample")
        missing = metadata.annotated_samples - metadata.offset - available
        if missing > 0:
            notes.append(f"annotations reach {missing} samples beyond the data: the recording may be cut")
    placed = place_captures(files.where, metadata, sample_type, rate_hz, available, options)
    return RecordingLayout(
        files.where,
        sample_type,
        rate_hz,
        placed.start_ns,
        placed.stretches,
        full_scale=metadata.full_scale,
        notes=(*notes, *placed.notes),
    )


def _sample_type(where: str, metadata: SigmfMetadata, options: RecordingOptions) -> SampleType:
    said = options.datatype or metadata.datatype
    if said is None:
        raise SourceUnavailable(f"{where}: has no core:datatype; say it with --datatype")
    sample_type = find_sample_type(said)
    if sample_type is None:
        raise SourceUnavailable(f"{where}: core:datatype {why_no_sample_type(said)}")
    return sample_type


def _from_pair(path: str) -> tuple[_Files, SigmfMetadata]:
    """From the name of either file, or what both have in common."""
    base = path
    for ending in (DATA + ".zst", DATA, META):
        base = base.removesuffix(ending) if base == path else base
    meta = base + META
    if path not in {meta, base} and not Path(meta).exists():
        raise SourceUnavailable(
            f"{path}: its metadata {Path(meta).name} is missing; to read it as bare samples say --datatype and --rate"
        )
    text = _read_all(meta)
    metadata = read_metadata(text, meta)
    if metadata.dataset is not None:
        if Path(metadata.dataset).name != metadata.dataset or metadata.dataset in {".", ".."}:
            raise SourceUnavailable(f"{meta}: core:dataset must be a file beside it, not {metadata.dataset!r}")
        data = Path(meta).with_name(metadata.dataset)
        if not data.exists():
            raise SourceUnavailable(f"{meta}: the file of its core:dataset, {metadata.dataset}, is missing beside it")
        notes: tuple[str, ...] = (f"samples come from {metadata.dataset} (core:dataset)",)
        if Path(base + DATA).exists():
            notes += (f"{Path(base + DATA).name} is there too and not used",)
        return _Files(meta, text, str(data), notes=notes), metadata
    if path == base + DATA + ".zst":
        return _Files(meta, text, path), metadata
    plain, packed = base + DATA, base + DATA + ".zst"
    data_path = packed if Path(packed).exists() and not Path(plain).exists() else plain
    if not Path(data_path).exists():
        raise SourceUnavailable(f"{meta}: its samples {Path(plain).name} are missing")
    return _Files(meta, text, data_path), metadata


def _from_archive(path: str) -> tuple[_Files, SigmfMetadata]:
    """From the first level of a tar file; the samples are read where they are."""
    if not Path(path).exists():
        raise SourceUnavailable(f"{path}: no such file")
    if Path(path).is_dir():
        raise SourceUnavailable(f"{path}: is a directory; name a recording in it")
    try:
        with tarfile.open(path, "r:") as archive:
            members = [member for member in archive.getmembers() if member.isfile()]
            metas = [member for member in members if member.name.endswith(META)]
            if len(metas) != 1:
                raise SourceUnavailable(f"{path}: holds {len(metas)} recordings; unpack it: tar -xf {path}")
            wanted = metas[0].name.removesuffix(META) + DATA
            data = next((member for member in members if member.name == wanted), None)
            if data is None or data.issparse():
                raise SourceUnavailable(f"{path}: {wanted} cannot be read in it; unpack it: tar -xf {path}")
            if metas[0].size > MAX_METADATA_BYTES:
                raise SourceUnavailable(f"{path}: {metas[0].name} has {metas[0].size} bytes: too large for metadata")
            content = archive.extractfile(metas[0])
            text = content.read() if content is not None else b""
    except tarfile.TarError as fault:
        raise SourceUnavailable(f"{path}: is no SigMF archive (a tar file, not compressed): {fault}") from None
    except OSError as fault:
        raise SourceUnavailable(f"{path}: {why_not_opened(fault)}") from None
    metadata = read_metadata(text, f"{path}: {metas[0].name}")
    notes: tuple[str, ...] = ()
    if Path(path).stat().st_size < data.offset_data + data.size:
        notes = (f"the archive is cut: {data.name} should have {data.size} bytes",)
    return _Files(path, text, path, data.offset_data, data.size, notes), metadata


def _read_all(path: str) -> bytes:
    """A metadata file, if it is not absurdly large."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_METADATA_BYTES + 1)
    except OSError as fault:
        raise SourceUnavailable(f"{path}: {why_not_opened(fault)}") from None
    if len(text) > MAX_METADATA_BYTES:
        raise SourceUnavailable(f"{path}: has more than {MAX_METADATA_BYTES} bytes: too large for metadata")
    return text


def _checksum_notes(files: _Files, metadata: SigmfMetadata, size: int | None) -> list[str]:
    """Whether the samples are those the metadata was written for."""
    if metadata.sha512 is None:
        return []
    if size is None or size > MAX_HASHED_BYTES:
        return ["core:sha512 is not checked: the data are compressed or large"]
    digest = hashlib.sha512()
    file = FileBytes(files.data, threading.Event(), files.data_start, files.data_length)
    try:
        while part := file.read(1 << 20):
            digest.update(part)
    finally:
        file.close()
    if digest.hexdigest() == metadata.sha512.lower():
        return []
    return ["the samples do not have the checksum of core:sha512: they were changed after recording"]
