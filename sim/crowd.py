"""A busy ISM band: any number of harmless transmitters, drawn by a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dsp.protocols import BY_LABEL
from dsp.protocols.record import Mode, SporadicTiming
from sim.bandwidth import bandwidth_hz
from sim.scene import Emitter, Transmitter

CROWD_LABELS = ("lorawan", "meshtastic", "wmbus", "zwave", "ism-ook", "ism-fsk")
"""What an ISM band is full of."""
NEARBY = 2.0
"""A mode belongs to the range if one of its bands is not further off than this factor."""
LONGEST_S = 1.2
"""Modes with longer packets are left out: one of SF12 would fill a short scene alone."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What to draw from; every pair is (lowest, highest), drawn evenly, periods evenly on a logarithmic scale.

    Parameters
    ----------
    count
        Number of transmitters.
    seed
        Draws everything.
    low_hz, high_hz
        Their whole bandwidth lies between.
    labels
        Protocols to draw from, evenly.
    snr_db
        At the receiver, in each signal's bandwidth.
    period_s
        Time between the messages of one device.
    ppm
        Crystal errors.
    """

    count: int
    seed: int
    low_hz: float
    high_hz: float
    labels: tuple[str, ...] = CROWD_LABELS
    snr_db: tuple[float, float] = (3.0, 30.0)
    period_s: tuple[float, float] = (1.0, 15.0)
    ppm: tuple[float, float] = (-20.0, 20.0)

    def __post_init__(self) -> None:
        """Check the range and the labels."""
        if not 0 < self.low_hz < self.high_hz or self.count < 0:
            raise ValueError("a crowd needs low_hz below high_hz and a count of 0 or more")
        unknown = sorted(set(self.labels) - set(BY_LABEL))
        if unknown:
            raise ValueError(f"no such protocol: {', '.join(unknown)}")


def crowd_emitters(crowd: Crowd) -> tuple[Emitter, ...]:
    """The transmitters of a crowd, each on its own carrier."""
    rng = np.random.default_rng((crowd.seed, 4))
    candidates = [(label, _fitting_modes(label, crowd.low_hz, crowd.high_hz)) for label in crowd.labels]
    candidates = [(label, modes) for label, modes in candidates if modes]
    if not candidates:
        return ()
    emitters = []
    for number in range(crowd.count):
        label, modes = candidates[int(rng.integers(len(candidates)))]
        mode = modes[int(rng.integers(len(modes)))]
        half_hz = bandwidth_hz(mode.phy) / 2.0
        transmitter = Transmitter(snr_db=float(rng.uniform(*crowd.snr_db)), ppm=float(rng.uniform(*crowd.ppm)))
        emitters.append(
            Emitter(
                name=f"crowd{crowd.seed}-{number}-{label}",
                label=label,
                mode=mode,
                transmitter=transmitter,
                frequency_hz=float(rng.uniform(crowd.low_hz + half_hz, crowd.high_hz - half_hz)),
                period_s=float(np.exp(rng.uniform(*np.log(crowd.period_s)))),
                arrivals="random",
                seed=int(rng.integers(2**31)),
            )
        )
    return tuple(emitters)


def _fitting_modes(label: str, low_hz: float, high_hz: float) -> list[Mode]:
    """Sporadic modes of a protocol that fit into the range and the scene and belong to that part of the spectrum."""
    record, width_hz = BY_LABEL[label], high_hz - low_hz
    return [
        mode
        for mode in record.modes
        if isinstance(mode.timing, SporadicTiming)
        and mode.timing.airtime_s[1] <= LONGEST_S
        and bandwidth_hz(mode.phy) < width_hz
        and any(low_hz / NEARBY < band.high_hz and band.low_hz < high_hz * NEARBY for band in record.bands_of(mode))
    ]
