"""Which record an OFDM signal is of: subcarrier spacing, band, width and bursts."""

from __future__ import annotations

from dsp.bursts import Burst, CyclicPrefixFinding
from dsp.protocols import BY_LABEL, PROTOCOLS
from dsp.protocols.match import in_band
from dsp.protocols.record import Mode, OfdmPhy, RfProtocol

SPACING_TOLERANCE = 0.005
"""The lag of a symbol is known to half a sample of a hundred and more; neighbouring spacings differ by 2.4 %."""
LEAST_WIDTH = 0.6
MOST_WIDTH = 1.5
"""Measured width over the record's, where the signal is whole."""
SAME_WIDTH = 0.3
IN_BAND = 0.9
OUT_OF_BAND = 0.6
BROADCAST_SPACING_HZ = 5e3
"""Carriers this close together are television, radio or COFDM video; packets have them further apart."""
TELEVISION_HZ = (470e6, 862e6)
"""Broadcast television in some part of the world; above 694 MHz it has been cleared in Region 1."""
VHF_HZ = (47e6, 240e6)
CODE_PERIOD_S = 1e-3
"""Codes of satellites repeat after a millisecond, as the symbols of digital radio do."""
LTE, TELEVISION, DATALINK, UNKNOWN = "lte", "dvbt", "ofdm-datalink", "unknown"


def prefix_label(burst: Burst, finding: CyclicPrefixFinding, *, tuning_known: bool) -> tuple[str, float]:
    """Label and confidence of a look with a cyclic prefix.

    In a band of a record that has the spacing, and about the width, it is that; what is not a drone goes first. Out
    of the bands 15 kHz is a base station all the same (new bands are opened every year), the spacing of television is
    COFDM video above the broadcast bands and television inside, and anything else has no name. Without a tuning only
    what is always broadcast is named.
    """
    spacing_hz = finding.subcarrier_spacing_hz
    having = [(p, m) for p in PROTOCOLS for m in p.modes if _has(m, spacing_hz) and p.label != "dji-droneid"]
    if not tuning_known:
        calm = [p.label for p, _ in having if p.family == "non-drone"]
        return (calm[0], OUT_OF_BAND) if calm else (UNKNOWN, 0.5)
    permitted = [
        protocol
        for protocol, mode in having
        if any(in_band(band, burst.centre_hz) for band in protocol.bands_of(mode)) and _fits(burst, mode)
    ]
    if permitted:
        first = min(permitted, key=_is_drone)
        return first.label, IN_BAND if first.family == "non-drone" else 0.7
    if abs(spacing_hz * CODE_PERIOD_S - 1.0) < SPACING_TOLERANCE and _in_bands("gnss", burst.centre_hz):
        return "gnss", OUT_OF_BAND
    if abs(spacing_hz / 15e3 - 1.0) < SPACING_TOLERANCE:
        return LTE, OUT_OF_BAND
    if spacing_hz < BROADCAST_SPACING_HZ:
        if TELEVISION_HZ[0] <= burst.centre_hz <= TELEVISION_HZ[1] or VHF_HZ[0] <= burst.centre_hz <= VHF_HZ[1]:
            return (TELEVISION, OUT_OF_BAND) if _of(TELEVISION, having) else (UNKNOWN, 0.5)
        return (DATALINK, 0.5) if _of(DATALINK, having) or _of(TELEVISION, having) else (UNKNOWN, 0.5)
    return UNKNOWN, 0.5


def prefix_mode(label: str, burst: Burst, finding: CyclicPrefixFinding) -> str | None:
    """The mode of a record that has the spacing, told from its like by the width where that is seen; None if open."""
    modes = [m for m in BY_LABEL[label].modes if _has(m, finding.subcarrier_spacing_hz)] if label in BY_LABEL else []
    if len(modes) > 1 and not (burst.cut_low or burst.cut_high):
        modes = [m for m in modes if _of_width(m, burst.bandwidth_hz)]
    return modes[0].name if len(modes) == 1 else None


def _of_width(mode: Mode, bandwidth_hz: float) -> bool:
    return isinstance(mode.phy, OfdmPhy) and abs(bandwidth_hz / mode.phy.bandwidth_hz - 1.0) < SAME_WIDTH


def _in_bands(label: str, centre_hz: float) -> bool:
    return any(in_band(band, centre_hz) for band in BY_LABEL[label].bands)


def _has(mode: Mode, spacing_hz: float) -> bool:
    return isinstance(mode.phy, OfdmPhy) and abs(mode.phy.subcarrier_spacing_hz / spacing_hz - 1.0) < SPACING_TOLERANCE


def _of(label: str, having: list[tuple[RfProtocol, Mode]]) -> bool:
    return any(protocol.label == label for protocol, _ in having)


def _fits(burst: Burst, mode: Mode) -> bool:
    """Whether the width agrees; a signal cut off by the slice may be wider than it looks."""
    if not isinstance(mode.phy, OfdmPhy):
        return False
    share = burst.bandwidth_hz / mode.phy.bandwidth_hz
    return share < MOST_WIDTH if burst.cut_low or burst.cut_high else LEAST_WIDTH < share < MOST_WIDTH


def _is_drone(protocol: RfProtocol) -> bool:
    return protocol.family != "non-drone"
