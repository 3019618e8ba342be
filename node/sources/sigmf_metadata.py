"""SigMF metadata, read with suspicion: the only file that imports the sigmf package.

Sources
-------
[1] SigMF specification 1.2.6, ``sigmf-spec.pdf`` of sigmf/SigMF: fields of ``global`` and ``captures``.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from types import ModuleType

from dsp.iq import SourceUnavailable
from dsp.units import NS_PER_S
from node.sources.recording_options import LAST_NS, MAX_CENTRE_HZ

FULL_SCALE_KEY = "skypicket:full_scale"
"""Our field: amplitude of full scale of float samples, so that it need not be guessed."""
MAX_CHECKED_CAPTURES = 1000
"""So many captures are checked against the schema; all are checked for what we use of them."""
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?\s*([Zz]|[+-]\d\d:?\d\d)?", re.ASCII
)

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True)
class Capture:
    """One entry of ``captures``; None for what it does not say.

    ``time_step_ns`` is the last digit of ``datetime_ns``.
    """

    sample_start: int
    frequency_hz: float | None = None
    datetime_ns: int | None = None
    time_step_ns: int = 1
    global_index: int | None = None
    header_bytes: int = 0


@dataclass(frozen=True, slots=True)
class SigmfMetadata:
    """What we use of a ``.sigmf-meta``, checked; None for what it does not say."""

    datatype: str | None
    sample_rate_hz: float | None
    captures: tuple[Capture, ...]
    offset: int = 0
    trailing_bytes: int = 0
    dataset: str | None = None
    sha512: str | None = None
    full_scale: float | None = None
    annotated_samples: int = 0
    """End of the last annotation, as an index of samples."""
    notes: tuple[str, ...] = ()


def read_metadata(text: bytes, where: str) -> SigmfMetadata:
    """Read the content of a ``.sigmf-meta``.

    Raises
    ------
    SourceUnavailable
        If it is not SigMF or says of the samples what cannot be.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise SourceUnavailable(f"{where}: is no JSON: {fault}") from None
    if not isinstance(content, dict) or not isinstance(content.get("global"), dict):
        raise SourceUnavailable(f'{where}: is no SigMF metadata: it has no "global" object')
    fields = _Fields(where, "global", content["global"])
    _refuse_what_we_cannot_read(where, fields, content)
    notes: list[str] = []
    captures = _captures(where, content, notes)
    notes += _schema_notes(content)
    notes += [
        f"the metadata needs the extension {extension.get('name')!r} to be understood, which is unknown here"
        for extension in _objects(content["global"].get("core:extensions"))
        if extension.get("optional") is False and extension.get("name") != "skypicket"
    ]
    full_scale = fields.number(FULL_SCALE_KEY)
    if full_scale is not None and not full_scale > 0.0:
        raise fields.wrong(FULL_SCALE_KEY, "a number above 0")
    return SigmfMetadata(
        datatype=fields.text("core:datatype"),
        sample_rate_hz=fields.number("core:sample_rate"),
        captures=captures,
        offset=fields.count("core:offset") or 0,
        trailing_bytes=fields.count("core:trailing_bytes") or 0,
        dataset=fields.text("core:dataset"),
        sha512=fields.text("core:sha512"),
        full_scale=full_scale,
        annotated_samples=_annotated_samples(content.get("annotations")),
        notes=tuple(notes),
    )


def write_metadata(
    global_info: Mapping[str, Json], captures: Sequence[Mapping[str, Json]], annotations: Sequence[Mapping[str, Json]]
) -> bytes:
    """Content of a ``.sigmf-meta`` that follows the schema.

    Raises
    ------
    ValueError
        If it would not.
    """
    sigmf, fault_type = _sigmf()
    content = {"global": dict(global_info), "captures": list(captures), "annotations": list(annotations)}
    file = sigmf.SigMFFile(metadata=content)
    try:
        file.validate()
    except fault_type as fault:
        raise ValueError(f"metadata does not follow SigMF: {getattr(fault, 'message', fault)}") from None
    text: str = file.dumps(pretty=True)
    return text.encode() + b"\n"


class _Fields:
    """Fields of one object of the metadata, each of the right kind or a clear error."""

    def __init__(self, where: str, name: str, content: dict[str, Json]) -> None:
        self._where = where
        self._name = name
        self._content = content

    def wrong(self, key: str, wanted: str) -> SourceUnavailable:
        """The error of a field."""
        shown = json.dumps(self._content[key])
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return SourceUnavailable(f"{self._where}: {key} of {self._name} must be {wanted}, not {shown}")

    def text(self, key: str) -> str | None:
        """A string that is not empty."""
        value = self._content.get(key)
        if value is None or (isinstance(value, str) and value):
            return value
        raise self.wrong(key, "a string")

    def number(self, key: str) -> float | None:
        """A finite number."""
        value = self._content.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(key, "a number")
        if abs(value) > 1e300 or not math.isfinite(value):
            raise self.wrong(key, "a finite number")
        return float(value)

    def count(self, key: str) -> int | None:
        """A whole number, 0 or more."""
        value = self._content.get(key)
        if value is None:
            return None
        if isinstance(value, float) and math.isfinite(value) and value == int(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
            raise self.wrong(key, "a whole number, 0 or more")
        return value


def _refuse_what_we_cannot_read(where: str, fields: _Fields, content: dict[str, Json]) -> None:
    channels = fields.count("core:num_channels")
    if channels is not None and channels != 1:
        raise SourceUnavailable(
            f"{where}: core:num_channels is {channels}; only recordings of one channel can be read: split them first"
        )
    whole = content["global"]
    if isinstance(whole, dict) and whole.get("core:metadata_only") is True:
        raise SourceUnavailable(f"{where}: is metadata only (core:metadata_only), there are no samples")


def _captures(where: str, content: dict[str, Json], notes: list[str]) -> tuple[Capture, ...]:
    """The captures in the order of their samples."""
    listed = content.get("captures")
    if listed is None or listed == []:
        notes.append("the metadata has no captures: frequency and time are unknown")
        return (Capture(0),)
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise SourceUnavailable(f'{where}: "captures" must be a list of objects')
    captures: list[Capture] = []
    for index, entry in enumerate(listed):
        name = f"captures[{index}]"
        fields = _Fields(where, name, entry)
        start = fields.count("core:sample_start")
        if start is None:
            raise SourceUnavailable(f"{where}: {name} has no core:sample_start")
        frequency_hz = fields.number("core:frequency")
        if frequency_hz is not None and not 0.0 <= frequency_hz <= MAX_CENTRE_HZ:
            raise fields.wrong("core:frequency", f"0 to {MAX_CENTRE_HZ:.0f}")
        time, step_ns = _datetime(entry.get("core:datetime"), name, notes)
        captures.append(
            Capture(
                start,
                frequency_hz or None,  # 0 is what recorders write that do not know
                time,
                step_ns,
                fields.count("core:global_index"),
                fields.count("core:header_bytes") or 0,
            )
        )
    in_order = sorted(captures, key=lambda capture: capture.sample_start)
    if in_order != captures:
        notes.append("the captures are out of order: they are taken in the order of core:sample_start")
    return tuple(in_order)


def _datetime(value: Json, name: str, notes: list[str]) -> tuple[int | None, int]:
    """Unix time and its last digit in nanoseconds; what is no time is left out with a note."""
    if value is None:
        return None, 1
    parsed = parse_time(value) if isinstance(value, str) else None
    if parsed is None:
        notes.append(f"core:datetime of {name} is no time that can be used and left out: {json.dumps(value)[:60]}")
        return None, 1
    time_ns, step_ns, has_zone = parsed
    if not has_zone:
        notes.append(f"core:datetime of {name} has no Z: it is taken as UTC")
    return time_ns, step_ns


def parse_time(text: str) -> tuple[int, int, bool] | None:
    """Unix time of an RFC 3339 time in nanoseconds, what its last digit is worth, and whether it names a zone.

    None if it is no time, or one before 1970 or after 2262. A leap second counts as the second after.
    """
    found = _RFC3339.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    digits = (found[7] or "")[:9]
    zone = UTC if found[8] in {None, "Z", "z"} else None
    leap = second == 60
    try:
        if zone is None:
            sign = -1 if found[8][0] == "-" else 1
            zone = timezone(sign * timedelta(hours=int(found[8][1:3]), minutes=int(found[8][-2:])))
        moment = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=zone)
        seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) + leap
    except (ValueError, OverflowError):
        return None
    time_ns = seconds * NS_PER_S + int(digits.ljust(9, "0") or 0)
    if not 0 <= time_ns <= LAST_NS:
        return None
    return time_ns, 10 ** (9 - len(digits)), found[8] is not None


def _annotated_samples(annotations: Json) -> int:
    """End of the last annotation; 0 if there is none."""
    ends = [0]
    for annotation in _objects(annotations):
        start, count = annotation.get("core:sample_start"), annotation.get("core:sample_count", 0)
        if isinstance(start, int) and isinstance(count, int):
            ends.append(start + count)
    return max(ends)


def _objects(entries: Json) -> list[dict[str, Json]]:
    """The objects of a list, or none."""
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _schema_notes(content: dict[str, Json]) -> list[str]:
    """What the sigmf package finds wrong; annotations are not used and not checked."""
    captures = content.get("captures")
    some = captures[:MAX_CHECKED_CAPTURES] if isinstance(captures, list) else []
    sigmf, fault_type = _sigmf()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # undeclared extensions: common, and we use none
        try:
            sigmf.SigMFFile(metadata={"global": content["global"], "captures": some, "annotations": []}).validate()
        except fault_type as fault:
            path = ".".join(str(part) for part in getattr(fault, "absolute_path", ()))
            message = str(getattr(fault, "message", fault)).splitlines()[0][:120]
            return [f"the metadata does not follow SigMF: {path + ': ' if path else ''}{message}"]
        except (KeyError, TypeError, AttributeError) as fault:  # the package trips over what it did not foresee
            return [f"the metadata does not follow SigMF: {fault!r}"[:160]]
    return []


def _sigmf() -> tuple[ModuleType, type[Exception]]:
    """The sigmf package and the error its validation raises."""
    import sigmf
    from jsonschema.exceptions import ValidationError  # comes with sigmf

    return sigmf, ValidationError
