"""Distance measuring equipment and TACAN."""

from __future__ import annotations

from dsp.protocols.grid import spaced_hz
from dsp.protocols.record import Band, Mode, PulsePhy, RfProtocol, SporadicTiming

PULSE_S = 3.5e-6
"""Between half amplitudes."""
BANDWIDTH_HZ = 350e3
"""99 % of the power of a Gaussian pulse of that length, rounded up."""
PHY = PulsePhy(PULSE_S, 0.0, BANDWIDTH_HZ, gaussian=True)
EDGES_S = 2.0 * PULSE_S
"""Rise and fall beyond the half amplitudes, both ends together."""
BEACON_PERIOD_S = (1 / 2700, 1 / 700)
AIRCRAFT_PERIOD_S = (1 / 150, 1 / 5)


def _mode(name: str, spacing_s: float, period_s: tuple[float, float]) -> Mode:
    airtime_s = spacing_s + PULSE_S + EDGES_S
    return Mode(name, PHY, SporadicTiming((airtime_s, airtime_s), period_s))


PROTOCOL = RfProtocol(
    label="dme",
    family="non-drone",
    summary="Air navigation: pairs of rounded pulses 12, 30 or 36 µs apart, 700 to 2700 a second from a beacon",
    bands=(Band("962-1213", 960e6, 1215e6, spaced_hz(962e6, 1e6, 252)),),
    modes=(
        _mode("beacon-x", 12e-6, BEACON_PERIOD_S),
        _mode("beacon-y", 30e-6, BEACON_PERIOD_S),
        _mode("aircraft-x", 12e-6, AIRCRAFT_PERIOD_S),
        _mode("aircraft-y", 36e-6, AIRCRAFT_PERIOD_S),
    ),
    sources=("ICAO Annex 10 volume I, 3.5 (pulses, spacing, rates, channels)",),
    rests_on_simulation=True,
)
"""See ``RfProtocol``."""
