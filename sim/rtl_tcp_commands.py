"""The commands of rtl_tcp and the numbers of an RTL2832U with an R820T tuner."""

from __future__ import annotations

import struct
from dataclasses import dataclass

CRYSTAL_HZ = 28_800_000
"""Crystal of the RTL2832U and of its tuner."""
GAINS_DB = (
    0.0, 0.9, 1.4, 2.7, 3.7, 7.7, 8.7, 12.5, 14.4, 15.7, 16.6, 19.7, 20.7, 22.9, 25.4, 28.0,
    29.7, 32.8, 33.8, 36.4, 37.2, 38.6, 40.2, 42.1, 43.4, 43.9, 44.5, 48.0, 49.6,
)  # fmt: skip
"""The 29 gains of an R820T (osmocom/rtl-sdr ``src/librtlsdr.c``)."""

COMMAND_NAMES = {
    0x01: "centre_hz",
    0x02: "sample_rate_hz",
    0x03: "manual_gain",
    0x04: "gain_tenths_db",
    0x05: "ppm",
    0x06: "if_gain",
    0x07: "test_mode",
    0x08: "digital_agc",
    0x09: "direct_sampling",
    0x0A: "offset_tuning",
    0x0B: "rtl_crystal_hz",
    0x0C: "tuner_crystal_hz",
    0x0D: "gain_index",
    0x0E: "bias_tee",
    0x70: "hold",  # private, see sim/rtl_tcp.py
    0x71: "go",  # private
}
"""Code to name (osmocom/rtl-sdr ``src/rtl_tcp.c``)."""
COMMAND_BYTES = 5


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a client: its code and its value, unsigned as on the wire."""

    code: int
    value: int

    @property
    def name(self) -> str:
        """The name in ``COMMAND_NAMES``, or ``unknown``."""
        return COMMAND_NAMES.get(self.code, "unknown")

    @property
    def signed_value(self) -> int:
        """The value as two's complement, as gain and ppm mean it."""
        return self.value - (1 << 32) if self.value >> 31 else self.value


class CommandParser:
    """Bytes in, commands out, however the bytes are cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Command]:
        """Take bytes, give the commands that are complete."""
        data = self._rest + data
        whole = len(data) - len(data) % COMMAND_BYTES
        self._rest = data[whole:]
        return [Command(code, value) for code, value in struct.iter_unpack(">BI", data[:whole])]


def exact_sample_rate_hz(asked_hz: float) -> float:
    """Rate that the resampler of the RTL2832U really gives for the one asked for.

    ``ratio = floor(28.8e6 * 2^22 / asked) & 0x0FFFFFFC``, its bit 27 counts as bit 28 too;
    ``rate = 28.8e6 * 2^22 / ratio``.

    Raises
    ------
    ValueError
        Outside (225 000, 300 000] and (900 000, 3 200 000] Hz.
    """
    if not (225_000 < asked_hz <= 300_000 or 900_000 < asked_hz <= 3_200_000):
        raise ValueError(f"an RTL-SDR cannot sample at {asked_hz} Hz")
    ratio = int(CRYSTAL_HZ * 2**22 / asked_hz) & 0x0FFFFFFC
    ratio |= (ratio & 0x08000000) << 1
    return CRYSTAL_HZ * 2**22 / ratio
