"""How the samples of a recording are stored: one record per type, bytes to complex64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.iq import u8_to_complex64


@dataclass(frozen=True, slots=True)
class SampleType:
    """I and Q beside each other, both of one type.

    Parameters
    ----------
    name
        Name in SigMF, ``core:datatype``; ``ci24_le`` is ours (WAV).
    component
        numpy type of I and of Q; ``i3`` stands for three bytes, little-endian.
    zero
        Count of no signal.
    full_scale
        Count of amplitude 1.0 above ``zero``. Of the float types it is decided by ``FloatLevels``.
    """

    name: str
    component: str
    zero: float = 0.0
    full_scale: float = 1.0

    @property
    def is_float(self) -> bool:
        """Stored as floating point, so of unknown scale."""
        return "f" in self.component

    @property
    def bytes_per_sample(self) -> int:
        """Bytes of I and Q together."""
        return 2 * int(self.component[-1])

    def to_complex64(self, raw: bytes) -> NDArray[np.complex64]:
        """Whole samples to complex64; integers to full scale 1.0, floats as they are.

        Raises
        ------
        ValueError
            If the bytes are no whole number of samples.
        """
        if len(raw) % self.bytes_per_sample:
            raise ValueError(f"{self.name} needs a multiple of {self.bytes_per_sample} bytes, not {len(raw)}")
        if self.component == "u1":
            return u8_to_complex64(raw)
        if self.component == "i3":
            return _int24(raw)
        stored = np.frombuffer(raw, dtype=self.component)
        with np.errstate(over="ignore", invalid="ignore"):
            values = stored.astype(np.float32, copy=False)
        if not self.is_float:
            if self.zero:
                values -= np.float32(self.zero)
            values *= np.float32(1.0 / self.full_scale)
        return values.view(np.complex64)


def _int24(raw: bytes) -> NDArray[np.complex64]:
    """Three bytes a component: widened to 32 bits, so the sign is right."""
    wide = np.zeros((len(raw) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
    values = wide.reshape(-1).view("<i4").astype(np.float32)
    values *= np.float32(2.0**-31)
    return values.view(np.complex64)


SAMPLE_TYPES: tuple[SampleType, ...] = (
    SampleType("cu8", "u1", 127.4, 127.5),  # as dsp.iq has it
    SampleType("ci8", "i1", 0.0, 128.0),
    SampleType("ci16_le", "<i2", 0.0, 32768.0),
    SampleType("ci16_be", ">i2", 0.0, 32768.0),
    SampleType("cu16_le", "<u2", 32767.5, 32768.0),
    SampleType("cu16_be", ">u2", 32767.5, 32768.0),
    SampleType("ci24_le", "i3", 0.0, 2.0**23),
    SampleType("ci32_le", "<i4", 0.0, 2.0**31),
    SampleType("ci32_be", ">i4", 0.0, 2.0**31),
    SampleType("cf32_le", "<f4"),
    SampleType("cf32_be", ">f4"),
    SampleType("cf64_le", "<f8"),
    SampleType("cf64_be", ">f8"),
)
"""Every type we read."""

_BY_NAME = {known.name: known for known in SAMPLE_TYPES}
_OTHER_NAMES = {
    "cs8": "ci8", "sc8": "ci8", "complex16u": "cu8", "complex16s": "ci8",
    "ci16": "ci16_le", "cs16": "ci16_le", "sc16": "ci16_le", "complex32s": "ci16_le",
    "cu16": "cu16_le", "complex32u": "cu16_le",
    "ci32": "ci32_le", "cs32": "ci32_le",
    "cf32": "cf32_le", "fc32": "cf32_le", "cfile": "cf32_le", "complex": "cf32_le", "complex64": "cf32_le",
    "cf64": "cf64_le", "fc64": "cf64_le", "complex128": "cf64_le",
}  # fmt: skip
"""Names of rtl_433, GNU Radio, UHD and the Universal Radio Hacker; little-endian where they do not say."""


def find_sample_type(name: str) -> SampleType | None:
    """The type of this name or extension, upper or lower case; None if there is none such."""
    key = name.lower().removeprefix(".")
    return _BY_NAME.get(_OTHER_NAMES.get(key, key))


def why_no_sample_type(name: str) -> str:
    """What is wrong with a name that ``find_sample_type`` does not know, and what to do."""
    known = " ".join(sample_type.name for sample_type in SAMPLE_TYPES)
    real = {"rf32", "rf64", "ri32", "ri16", "ru32", "ru16", "ri8", "ru8", "u8", "s8", "u16", "s16", "s32", "f32"}
    if name.lower().split("_")[0] in real:
        return f"{name!r} holds real-valued samples, without phase; recordings must be complex (I and Q): {known}"
    return f"{name!r} is no type of samples we read; known are {known}"
