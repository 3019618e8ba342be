"""The label of one burst: what was measured against the records, with the classifier's word where it may speak."""

from __future__ import annotations

from dsp.bursts import (
    Burst,
    ChirpFinding,
    CyclicPrefixFinding,
    EnergyFinding,
    KeyingFinding,
    LineCombFinding,
    PulseFinding,
    ZadoffChuFinding,
)
from dsp.protocols import BY_LABEL, PROTOCOLS
from dsp.protocols.match import in_band, permits
from dsp.protocols.record import Family
from models.classifier import UNKNOWN
from node.chirp_records import chirp_names
from node.pipeline import Sighting
from node.tracking.extents import fits
from node.tracking.ofdm_labels import prefix_label

UNKNOWN_HOPPER = "unknown-hopper"
CERTAIN = 0.9
"""Confidence of a label that rests on a measured structure (chirp, comb, prefix) that only one record has."""

ADSB_LONGEST_PULSE_S = 3e-6
"""Half a microsecond in the record; several replies at once run together."""
ADSB_LEAST_PULSES = 6
"""Of a reply. Few pulses of more than ``PAIR_LEAST_S`` are those of a beacon on a channel close by: of simulated ones
90 % have more than 2.3 us and at most 4 pulses, replies that run into each other 15 pulses and more."""
PAIR_LEAST_S = 2e-6
DME_PULSE_S = (1e-6, 8e-6)
"""Between the half amplitudes 3.5 us in the record; level and noise make it shorter or longer."""
REPLIES_LONGEST_S = 2.5e-3
"""Replies of many aircraft over each other hide their pulses: on their own frequency a short burst is theirs."""
KEYED_LEAST_SCORE = 3.0
"""Of two tones that nobody else has looked at: of those below, 5 % were keyed so in 360 simulated scenes."""
PULSES = "interference"
"""What nobody in the band sends."""
CARRIER = "cw"
CARRIER_WIDEST_HZ = 12e3
"""A line that has no beginning and no end."""

DRONES = frozenset(protocol.label for protocol in PROTOCOLS if protocol.family.startswith("drone"))
"""Labels of what flies, or sends to what does."""


def family_of(label: str) -> Family:
    """Family of a label; the two unknowns have their own."""
    return BY_LABEL[label].family if label in BY_LABEL else "unknown"


def burst_label(sighting: Sighting) -> tuple[str, float]:
    """Label and confidence of one burst: evidence, not yet a verdict.

    A chirp can only be of records that have its spreading factor, bandwidth and direction in this band; among those
    the classifier chooses, else one that does not hop before one that does (a lone chirp is more often a sensor). A
    comb or a prefix names its record. For the rest the classifier's word stands where the record
    permits the frequency and has packets of that width and length.
    """
    burst, said = sighting.burst, sighting.classification
    finding = burst.finding
    if isinstance(finding, LineCombFinding):
        return "analog-video", CERTAIN
    if isinstance(finding, ZadoffChuFinding):
        return "dji-droneid", CERTAIN
    if isinstance(finding, CyclicPrefixFinding):
        return prefix_label(burst, finding, tuning_known=sighting.tuning_known)
    if isinstance(finding, ChirpFinding):
        names = chirp_names(finding, burst.centre_hz if sighting.tuning_known else None)
        if said is not None and said.label in names.labels:
            return said.label, max(said.confidence, 0.5)
        if names.likeliest is None:
            return UNKNOWN, 0.5
        return names.likeliest, CERTAIN if len(names.labels) == 1 else 1.0 / len(names.labels)
    if said is not None:
        if said.label not in BY_LABEL:
            return UNKNOWN, said.confidence
        if _fits(said.label, sighting):
            return said.label, said.confidence
        return (CARRIER, 0.4) if _is_line(burst) else (UNKNOWN, 1.0 - said.confidence)
    return _by_rule(sighting)


def _fits(label: str, sighting: Sighting) -> bool:
    """Whether a record has packets as wide and long in this band.

    Of drones the band is enough: they are told by clock and grid, not by their pieces.
    """
    if label in DRONES:
        return permits(BY_LABEL[label], sighting.burst, tuning_known=sighting.tuning_known)
    return fits(label, sighting.burst, slice_rate_hz=sighting.slice_rate_hz, tuning_known=sighting.tuning_known)


def _is_line(burst: Burst) -> bool:
    """Whether a burst is narrow and goes on at both ends."""
    return burst.bandwidth_hz < CARRIER_WIDEST_HZ and burst.cut_start and burst.cut_end


def by_rule(sighting: Sighting) -> bool:
    """Whether nothing but the little that energy, two tones or pulses say speaks for a burst's label."""
    return sighting.classification is None and isinstance(
        sighting.burst.finding, (EnergyFinding, KeyingFinding, PulseFinding)
    )


def _by_rule(sighting: Sighting) -> tuple[str, float]:
    """Without a classifier: the little that the finding alone says."""
    burst, tuning_known = sighting.burst, sighting.tuning_known
    finding = burst.finding
    if isinstance(finding, PulseFinding):
        label, score = _pulse_label(burst, finding) if tuning_known else (PULSES, 0.3)
        return (label, score) if _fits(label, sighting) else (PULSES, 0.3)
    if isinstance(finding, KeyingFinding):
        keyed = finding.symbol_rate_hz is not None and finding.score > KEYED_LEAST_SCORE
        return ("ism-fsk" if keyed and _fits("ism-fsk", sighting) else UNKNOWN), 0.3
    if isinstance(finding, EnergyFinding):
        if tuning_known and _inside("adsb", burst.centre_hz) and burst.duration_s < REPLIES_LONGEST_S:
            return "adsb", 0.3
        if _is_line(burst):
            return CARRIER, 0.4
    return UNKNOWN, 0.3


def _pulse_label(burst: Burst, finding: PulseFinding) -> tuple[str, float]:
    """Pulses by the band they are in and their length: nothing else is known of them."""
    pair = finding.pulse_s > PAIR_LEAST_S and finding.pulses < ADSB_LEAST_PULSES
    if _inside("adsb", burst.centre_hz) and finding.pulse_s < ADSB_LONGEST_PULSE_S and not pair:
        return "adsb", 0.6
    if _inside("dme", burst.centre_hz) and DME_PULSE_S[0] < finding.pulse_s < DME_PULSE_S[1]:
        return "dme", 0.5
    if _inside("pulsed-radar", burst.centre_hz):
        return "pulsed-radar", 0.4
    return PULSES, 0.3


def _inside(label: str, centre_hz: float) -> bool:
    return any(in_band(band, centre_hz) for band in BY_LABEL[label].bands)
