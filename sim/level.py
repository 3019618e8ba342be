"""How strong each transmitter is at the antenna."""

from __future__ import annotations

import math

from sim.propagation import Fading, distance_m
from sim.scene import Scene, Transmitter


class Link:
    """One transmitter's way to the receiver.

    Parameters
    ----------
    scene
        Receiver and propagation.
    transmitter
        The other end; with ``snr_db`` the way does not matter.
    fixed_dbm
        Level that ``snr_db`` means.
    seed
        Draws the fading.
    """

    def __init__(self, scene: Scene, transmitter: Transmitter, fixed_dbm: float, seed: tuple[int, ...]) -> None:
        self._scene = scene
        self._transmitter = transmitter
        self._fixed_dbm = fixed_dbm
        self._fading = Fading(scene.propagation, seed)

    def at(self, time_s: float, frequency_hz: float) -> tuple[float, complex]:
        """(Mean level in dBm at the antenna's terminals, complex fading gain on top)."""
        power_dbm = self._transmitter.power_dbm
        if power_dbm is None:
            return self._fixed_dbm, 1.0 + 0.0j
        receiver = self._scene.receiver
        way_m = distance_m(self._transmitter.route.at(time_s), receiver.route.at(time_s))
        loss_db = self._scene.propagation.loss_db(way_m, frequency_hz)
        return power_dbm + receiver.antenna_gain_db - loss_db, self._fading.gain(time_s, frequency_hz)


def fixed_level_dbm(snr_db: float, noise_dbm_per_hz: float, width_hz: float, slice_share_db: float) -> float:
    """Total power of a signal with a given ratio, ``N0 + 10 log10(width) + SNR - share``.

    Parameters
    ----------
    snr_db
        In ``width_hz``.
    noise_dbm_per_hz
        Noise density.
    width_hz
        The signal's bandwidth, or the slice where that is narrower.
    slice_share_db
        Part of the signal's power inside the slice, 0 for all.
    """
    return noise_dbm_per_hz + 10.0 * math.log10(width_hz) + snr_db - slice_share_db
