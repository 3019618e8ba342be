"""Where the samples of a recording are and what they mean: what every format is brought to before reading."""

from __future__ import annotations

from dataclasses import dataclass

from node.sources.sample_types import SampleType


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive samples at one tuning.

    Parameters
    ----------
    first_byte
        Where they begin in the bytes of the recording.
    samples
        How many; None for all that come.
    centre_hz
        Frequency of the middle; 0.0 when ``centre_known`` is false.
    centre_known
        False if the recording does not say it.
    lost_before
        Samples missing between the stretch before and this one.
    """

    first_byte: int
    samples: int | None
    centre_hz: float = 0.0
    centre_known: bool = False
    lost_before: int = 0


@dataclass(frozen=True, slots=True)
class RecordingLayout:
    """A recording, as its name, header or metadata and the options describe it.

    Parameters
    ----------
    where
        Name for messages.
    sample_type
        How samples are stored.
    sample_rate_hz
        Samples a second.
    start_ns
        Unix time of the first sample.
    stretches
        In the order of their bytes.
    bytes_read
        Bytes of the stream that were read to find this out.
    full_scale
        Amplitude of full scale of float samples, if it is known.
    notes
        What is unusual, in words.
    """

    where: str
    sample_type: SampleType
    sample_rate_hz: float
    start_ns: int
    stretches: tuple[Stretch, ...]
    bytes_read: int = 0
    full_scale: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def samples(self) -> int | None:
        """Samples in all, the lost ones not among them; None if that is not known before they are read."""
        counts = [stretch.samples for stretch in self.stretches]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None


def whole_samples(sample_type: SampleType, available_bytes: int) -> tuple[int, tuple[str, ...]]:
    """Whole samples in so many bytes, and what to say of the rest."""
    samples, left_over = divmod(available_bytes, sample_type.bytes_per_sample)
    if not left_over:
        return samples, ()
    return samples, (left_over_note(sample_type, left_over),)


def left_over_note(sample_type: SampleType, left_over: int) -> str:
    """What to say of bytes at the end that are no whole sample."""
    plural = "s are" if left_over > 1 else " is"
    return (
        f"the last {left_over} byte{plural} no whole {sample_type.name} sample and left out: "
        "the recording is cut, or the datatype is wrong"
    )
