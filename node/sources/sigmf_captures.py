"""From the captures of SigMF to stretches of samples: frequencies, gaps and bytes between."""

from __future__ import annotations

from dataclasses import dataclass

from dsp.iq import SourceUnavailable
from dsp.units import NS_PER_S
from node.sources.recording_layout import Stretch
from node.sources.recording_options import LAST_NS, RecordingOptions
from node.sources.sample_types import SampleType
from node.sources.sigmf_metadata import Capture, SigmfMetadata

SECONDS_A_YEAR = 365.2425 * 86_400


@dataclass(frozen=True, slots=True)
class Placed:
    """The stretches of a recording, its beginning, and what is odd about them."""

    stretches: tuple[Stretch, ...]
    start_ns: int
    notes: tuple[str, ...] = ()


def place_captures(
    where: str,
    metadata: SigmfMetadata,
    sample_type: SampleType,
    rate_hz: float,
    available: int | None,
    options: RecordingOptions,
) -> Placed:
    """Place the captures.

    A gap is what ``core:global_index`` says; without it, what ``core:datetime`` says beyond its last digit; a time that
    goes back is no gap. Samples before the first capture are described by nothing and left out.

    Parameters
    ----------
    where
        Name for messages.
    metadata
        With at least one capture, in order of ``core:sample_start``.
    sample_type, rate_hz
        Of the samples.
    available
        Whole samples in the data; None if that is not known yet.
    options
        ``centre_hz`` and ``start_ns`` override the metadata.

    Raises
    ------
    SourceUnavailable
        If the first capture begins beyond the data.
    """
    captures, notes = metadata.captures, list[str]()
    starts = [capture.sample_start - metadata.offset for capture in captures]
    if starts[0] < 0:
        raise SourceUnavailable(f"{where}: core:sample_start of the first capture is below core:offset")
    if available is not None and starts[0] >= available:
        raise SourceUnavailable(
            f"{where}: the first capture begins at sample {captures[0].sample_start}, but there are only {available}"
        )
    if starts[0]:
        notes.append(f"{starts[0]} samples before the first capture are left out: nothing describes them")
    start_ns = next((ns for ns in (options.start_ns, captures[0].datetime_ns) if ns is not None), 0)
    gaps = _Gaps(captures[0], rate_hz)
    stretches: list[Stretch] = []
    first_byte = 0
    left_out = 0
    for index, capture in enumerate(captures):
        first_byte += capture.header_bytes
        begins = starts[index]
        following = starts[index + 1] if index + 1 < len(captures) else available
        at_byte = first_byte + begins * sample_type.bytes_per_sample
        lost = gaps.before(capture, begins - starts[0])
        _check_time(where, capture, start_ns, (begins - starts[0] + gaps.lost) / rate_hz)
        if available is not None and begins >= available:
            left_out += 1
            continue
        if following is not None and available is not None:
            following = min(following, available)
        centre_hz = options.centre_hz or capture.frequency_hz
        samples = None if following is None else following - begins
        stretches.append(Stretch(at_byte, samples, centre_hz or 0.0, centre_hz is not None, lost))
    if left_out:
        notes.append(
            f"{left_out} of {len(captures)} captures begin beyond the {available} samples of the data: left out"
        )
    empty = sum(stretch.samples == 0 for stretch in stretches)
    if empty:
        notes.append(f"{empty} captures hold no samples: another one begins at the same sample")
    return Placed(tuple(stretches), start_ns, (*notes, *gaps.notes()))


def _check_time(where: str, capture: Capture, start_ns: int, elapsed_s: float) -> None:
    """Refuse times that no other program can hold."""
    if start_ns + elapsed_s * NS_PER_S <= LAST_NS:
        return
    year = 1970 + (start_ns / NS_PER_S + elapsed_s) / SECONDS_A_YEAR
    raise SourceUnavailable(
        f"{where}: the capture at sample {capture.sample_start} would be in the year {year:.0f}: "
        "core:global_index or core:datetime is wrong"
    )


class _Gaps:
    """Samples missing before each capture, in order."""

    def __init__(self, first: Capture, rate_hz: float) -> None:
        self._first = first
        self._rate_hz = rate_hz
        self.lost = 0
        """Samples lost so far."""
        self._gaps = 0
        self._longest = 0
        self._backwards: list[str] = []

    def before(self, capture: Capture, samples: int) -> int:
        """Samples lost before this capture, ``samples`` samples of data after the first one."""
        first = self._first
        if capture.global_index is not None and first.global_index is not None:
            lost = capture.global_index - first.global_index - samples - self.lost
            tolerance = 0.0
        elif capture.datetime_ns is not None and first.datetime_ns is not None:
            elapsed_s = (capture.datetime_ns - first.datetime_ns) / NS_PER_S
            exact = elapsed_s * self._rate_hz - samples - self.lost
            lost = round(exact)
            tolerance = max(capture.time_step_ns, first.time_step_ns) * self._rate_hz / NS_PER_S
        else:
            return 0
        if abs(lost) <= tolerance:
            return 0
        if lost < 0:
            name = f"the capture at sample {capture.sample_start}"
            self._backwards.append(f"{name} says it began {-lost} samples before the one before it ended")
            return 0
        self.lost += lost
        self._gaps += 1
        self._longest = max(self._longest, lost)
        return lost

    def notes(self) -> tuple[str, ...]:
        """What was found."""
        found = []
        if self._gaps:
            found.append(
                f"{self._gaps} gap{'s' if self._gaps > 1 else ''}: {self.lost} samples "
                f"({self.lost / self._rate_hz:.6g} s) missing, the longest {self._longest / self._rate_hz:.6g} s"
            )
        if self._backwards:
            more = f" (and {len(self._backwards) - 1} more)" if len(self._backwards) > 1 else ""
            found.append(f"{self._backwards[0]}{more}: its time is taken from the sample count")
        return tuple(found)
