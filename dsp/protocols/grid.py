"""Channel grids."""

from __future__ import annotations


def from_to_hz(first_hz: float, last_hz: float, channels: int) -> tuple[float, ...]:
    """Evenly spaced channel centres from the first to the last, both included."""
    if channels == 1:
        return (first_hz,)
    return tuple(first_hz + index * (last_hz - first_hz) / (channels - 1) for index in range(channels))


def spaced_hz(first_hz: float, spacing_hz: float, channels: int) -> tuple[float, ...]:
    """Channel centres ``first + k spacing`` for k from 0 to ``channels - 1``."""
    return tuple(first_hz + index * spacing_hz for index in range(channels))
