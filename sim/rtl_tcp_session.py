"""One client of the simulated rtl_tcp server, without socket and clock: bytes and times in, bytes out."""

from __future__ import annotations

import struct
from typing import Protocol

from sim.rtl_tcp_commands import GAINS_DB, Command, CommandParser, exact_sample_rate_hz

TUNER_R820T = 5
HEADER = struct.pack(">4sII", b"RTL0", TUNER_R820T, len(GAINS_DB))
HOLD_MARK = b"\x00\xffskypicket hold"
"""Sent in the stream as the answer to ``hold``, followed by the value of the command (big-endian u32)."""

BLOCK_SAMPLES = 32_768
"""Samples made at a time: a command takes effect at the next block, 14 ms later at 2.4 MS/s."""
FIRST_COMMANDS_S = 0.25
"""No samples before the client's first commands or this long: a dongle too needs time to start."""
QUIET_S = 0.05
"""A client that was silent for this long after its first commands has said all it wants."""
_COUNTER = bytes(range(256)) * (2 * BLOCK_SAMPLES // 256 + 1)


class ByteRadio(Protocol):
    """A tunable radio that gives unsigned 8-bit IQ; ``sim.radio.SimRadio`` is one."""

    def configure(
        self,
        centre_hz: float | None = None,
        sample_rate_hz: float | None = None,
        gain_db: float | None = None,
        agc: bool | None = None,
        ppm: float | None = None,
    ) -> None:
        """Change what is given and keep the rest; ``agc`` is the tuner's automatic gain."""
        ...

    def read_u8(self, n_samples: int) -> bytes:
        """Give the next samples as I, Q, I, Q ...; fewer at the end, none after it."""
        ...


class Session:
    """What one client asked for and how far it is served.

    Parameters
    ----------
    radio
        Gives the samples.
    header
        Sent first.
    centre_hz, sample_rate_hz
        What the radio is set to before the client says anything.
    paced
        Each block is made when its last sample is due, on an absolute schedule; otherwise at once.
    now_s
        Time of the connection, of any clock that does not jump.
    """

    def __init__(
        self,
        radio: ByteRadio,
        *,
        header: bytes,
        centre_hz: float,
        sample_rate_hz: float,
        paced: bool,
        now_s: float,
    ) -> None:
        self._radio = radio
        self._sample_rate_hz = exact_sample_rate_hz(sample_rate_hz)
        self._paced = paced
        self._parser = CommandParser()
        self._started = False
        self._held = False
        self._test_mode = False
        self._latest_start_s = self._due_s = now_s + FIRST_COMMANDS_S
        self.outgoing = memoryview(header)
        """Bytes to send next; the caller cuts off what it has sent."""
        self.position = 0
        """Samples made or lost so far."""
        self.ended = False
        """The radio has no more samples."""
        self.refused_commands = 0
        """Commands that a dongle would refuse."""
        radio.configure(centre_hz=centre_hz, sample_rate_hz=self._sample_rate_hz)

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until ``make`` has something to do; None while only the client can change that."""
        if self._held or self.ended or self.outgoing:
            return None
        return max(0.0, self._due_s - now_s)

    def make(self, now_s: float, until: int) -> int:
        """Put the next block into ``outgoing`` if it is due, not beyond the sample ``until``; give its length."""
        if self.wait_s(now_s) != 0.0 or until <= self.position:
            return 0
        block_s = BLOCK_SAMPLES / self._sample_rate_hz if self._paced else 0.0
        if not self._started:
            self._started = True
            self._due_s = now_s + block_s
            return 0
        wanted = min(BLOCK_SAMPLES, until - self.position)
        if self._test_mode:
            start = 2 * self.position % 256
            made = _COUNTER[start : start + 2 * wanted]
        else:
            made = self._radio.read_u8(wanted)
        samples = len(made) // 2
        self.outgoing = memoryview(made)
        self.ended = not made
        self.position += samples
        self._due_s += block_s * samples / BLOCK_SAMPLES
        return samples

    def lose(self, samples: int) -> None:
        """Leave samples out of the stream."""
        self.position += samples
        if not self._test_mode:
            self._radio.read_u8(samples)

    def resume(self, now_s: float) -> None:
        """Start the schedule anew after a stall."""
        self._started = False
        self._due_s = now_s

    def feed(self, data: bytes, now_s: float) -> list[Command]:
        """Take bytes of the client and carry out the commands that are complete."""
        commands = self._parser.feed(data)
        for command in commands:
            try:
                self._apply(command, now_s)
            except ValueError:
                self.refused_commands += 1
        if commands and not self._started and commands[-1].name != "go":
            self._due_s = min(self._latest_start_s, now_s + QUIET_S)
        return commands

    def _apply(self, command: Command, now_s: float) -> None:
        """Carry out one command; those without an effect on the samples have none here."""
        value = command.value
        match command.name:
            case "centre_hz":
                self._radio.configure(centre_hz=float(value))
            case "sample_rate_hz":
                rate_hz = exact_sample_rate_hz(value)
                self._radio.configure(sample_rate_hz=rate_hz)
                self._sample_rate_hz = rate_hz
            case "manual_gain":
                self._radio.configure(agc=value == 0)
            case "gain_tenths_db":
                self._radio.configure(gain_db=command.signed_value / 10)
            case "gain_index" if value < len(GAINS_DB):
                self._radio.configure(gain_db=GAINS_DB[value])
            case "ppm":
                self._radio.configure(ppm=float(command.signed_value))
            case "test_mode":
                self._test_mode = value != 0
            case "hold":
                self._held = True
                self.outgoing = memoryview(bytes(self.outgoing) + HOLD_MARK + struct.pack(">I", value))
            case "go":
                self._held = False
                self.resume(now_s)
            case _:
                pass
