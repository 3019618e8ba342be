"""Which records chirp as a burst does, where it is on air: asked of every chirp, so worked out once for each shape."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from math import inf, nextafter

from dsp.bursts import ChirpFinding
from dsp.protocols import PROTOCOLS
from dsp.protocols.match import BAND_MARGIN_HZ, chirp_agrees
from dsp.protocols.record import Band, ChirpPhy, HopTiming, RfProtocol


@dataclass(frozen=True, slots=True)
class ChirpNames:
    """What a chirp may be.

    Parameters
    ----------
    labels
        Of the records that chirp like it there, in the order of the records.
    likeliest
        One that does not hop before one that does: a lone chirp is more often a sensor. None where there is none.
    open
        Whether others than drones are among them.
    """

    labels: tuple[str, ...]
    likeliest: str | None
    open: bool


def chirp_names(finding: ChirpFinding, centre_hz: float | None) -> ChirpNames:
    """What a chirp may be.

    Parameters
    ----------
    finding
        Its shape.
    centre_hz
        Where it is on air; None where nobody knows.
    """
    everywhere, edges_hz, between = _map_of(finding.spreading_factor, finding.bandwidth_hz, finding.slope_hz_per_s)
    return everywhere if centre_hz is None else between[bisect_right(edges_hz, centre_hz)]


@lru_cache(maxsize=256)
def protocols_that_chirp(
    spreading_factor: int, bandwidth_hz: float, slope_hz_per_s: float
) -> tuple[tuple[RfProtocol, tuple[Band, ...]], ...]:
    """Protocols that chirp like this, with the bands where they do.

    Modes that are guesses of a record are not among them: a lone burst is no reason to believe in one.
    """
    finding = ChirpFinding(spreading_factor, bandwidth_hz, 0.0, slope_hz_per_s, 0.0)
    found = []
    for protocol in PROTOCOLS:
        agreeing = [
            m for m in protocol.modes if m.confirmed and isinstance(m.phy, ChirpPhy) and chirp_agrees(m.phy, finding)
        ]
        bands = {band.name: band for mode in agreeing for band in protocol.bands_of(mode)}
        if agreeing:
            found.append((protocol, tuple(bands.values())))
    return tuple(found)


@lru_cache(maxsize=256)
def _map_of(
    spreading_factor: int, bandwidth_hz: float, slope_hz_per_s: float
) -> tuple[ChirpNames, tuple[float, ...], tuple[ChirpNames, ...]]:
    """Names anywhere; the frequencies where they change, ascending; and the names below, between and above those."""
    found = protocols_that_chirp(spreading_factor, bandwidth_hz, slope_hz_per_s)
    spans_hz = [
        [(band.low_hz - BAND_MARGIN_HZ, nextafter(band.high_hz + BAND_MARGIN_HZ, inf)) for band in bands]
        for _, bands in found
    ]
    edges_hz = sorted({edge_hz for each in spans_hz for span_hz in each for edge_hz in span_hz})
    between = [
        _names([p for (p, _), each in zip(found, spans_hz, strict=True) if any(a <= from_hz < b for a, b in each)])
        for from_hz in (-inf, *edges_hz)
    ]
    return _names([protocol for protocol, _ in found]), tuple(edges_hz), tuple(between)


def _names(protocols: list[RfProtocol]) -> ChirpNames:
    labels = tuple(protocol.label for protocol in protocols)
    calm = [p.label for p in protocols if not any(isinstance(m.timing, HopTiming) for m in p.modes)]
    likeliest = (calm or labels)[0] if labels else None
    return ChirpNames(labels, likeliest, not all(p.family.startswith("drone") for p in protocols))
