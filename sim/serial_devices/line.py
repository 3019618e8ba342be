"""What happens to bytes between a module and the port: errors, lost bytes, garbage, the wrong rate."""

from __future__ import annotations

import threading

import numpy as np

BITS_PER_BYTE = 10
"""On the wire: start, eight, stop; a parity bit is left out of the timing."""


class LineFaults:
    """Faults of the line, set from any thread; ``damage`` applies them.

    Parameters
    ----------
    seed
        Of the errors.
    """

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._lock = threading.Lock()
        self._error_rate = self._drop_rate = 0.0
        self._garbage = 0
        self._rates: tuple[int, int] | None = None
        self.damaged = 0
        """Bytes changed or lost so far."""

    def errors(self, rate: float) -> None:
        """Change this share of the bytes to another value; 0 ends it."""
        with self._lock:
            self._error_rate = _share(rate)

    def drops(self, rate: float) -> None:
        """Lose this share of the bytes; 0 ends it."""
        with self._lock:
            self._drop_rate = _share(rate)

    def garbage(self, count: int) -> None:
        """Put so many random bytes before the next ones."""
        with self._lock:
            self._garbage += count

    def wrong_baud(self, sent: int, read: int) -> None:
        """Sample the line at another rate than it is sent; equal rates end it."""
        with self._lock:
            self._rates = (sent, read) if sent != read else None

    def damage(self, data: bytes) -> bytes:
        """Bytes as they are read."""
        with self._lock:
            values = np.frombuffer(data, dtype=np.uint8)
            if self._error_rate:
                hit = self._rng.random(len(values)) < self._error_rate
                values = np.where(hit, values ^ self._rng.integers(1, 256, len(values), dtype=np.uint8), values)
                self.damaged += int(hit.sum())
            if self._drop_rate:
                kept = self._rng.random(len(values)) >= self._drop_rate
                self.damaged += len(values) - int(kept.sum())
                values = values[kept]
            result = values.tobytes()
            if self._garbage:
                result = self._rng.bytes(self._garbage) + result
                self._garbage = 0
            if self._rates is not None:
                result = as_read_at(result, *self._rates)
            return result


def as_read_at(data: bytes, sent_baud: int, read_baud: int) -> bytes:
    """Bytes a receiver makes of a line that is sent at another rate.

    The line is one start bit (0), eight bits from the lowest, one stop bit (1), back to back, then idle (1). The
    receiver waits for a falling edge, samples the middle of each of its own bits, and takes the byte whatever the stop
    bit says.
    """
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    line = np.hstack([np.zeros((len(data), 1), np.uint8), bits, np.ones((len(data), 1), np.uint8)]).ravel()
    line = np.concatenate([np.ones(1, np.uint8), line, np.ones(2 * BITS_PER_BYTE, np.uint8)])
    step = sent_baud / read_baud
    falling = np.flatnonzero((line[:-1] == 1) & (line[1:] == 0)) + 1
    read: list[int] = []
    free = 0.0
    for edge in falling:
        if edge < free:
            continue
        at = np.minimum((edge + step * (np.arange(1, 10) + 0.5)).astype(np.int64), len(line) - 1)
        read.append(int(np.packbits(line[at[:8]], bitorder="little")[0]))
        free = float(edge + step * 9.5)
    return bytes(read)


def _share(rate: float) -> float:
    if not 0 <= rate <= 1:
        raise ValueError(f"a rate is a share of the bytes, 0 to 1, not {rate}")
    return rate
