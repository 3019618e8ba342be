"""Tests of which records chirp as a burst does."""

from __future__ import annotations

from math import inf, nextafter

import numpy as np
import pytest

from dsp.bursts import ChirpFinding
from dsp.protocols.match import BAND_MARGIN_HZ, in_band
from node.chirp_records import chirp_names, protocols_that_chirp


def _chirp(factor: int, bandwidth_hz: float, *, down: bool) -> ChirpFinding:
    symbol_s = 2**factor / bandwidth_hz
    return ChirpFinding(factor, bandwidth_hz, symbol_s, (-1.0 if down else 1.0) * bandwidth_hz / symbol_s, 9.0)


@pytest.mark.parametrize("factor", range(5, 13))
@pytest.mark.parametrize("bandwidth_hz", [125e3, 250e3, 500e3, 812.5e3])
@pytest.mark.parametrize("down", [False, True])
def test_a_chirp_may_be_what_the_bands_of_the_records_say(factor: int, bandwidth_hz: float, down: bool) -> None:
    finding = _chirp(factor, bandwidth_hz, down=down)
    found = protocols_that_chirp(factor, bandwidth_hz, finding.slope_hz_per_s)
    edges_hz = [
        edge_hz
        for _, bands in found
        for band in bands
        for edge_hz in (band.low_hz - BAND_MARGIN_HZ, band.high_hz + BAND_MARGIN_HZ)
    ]
    drawn_hz = np.random.default_rng(factor).uniform(100e6, 2.6e9, 300).tolist()
    around_hz = [near_hz for hz in edges_hz for near_hz in (nextafter(hz, 0.0), hz, nextafter(hz, inf))]
    for centre_hz in drawn_hz + around_hz:
        there = [protocol for protocol, bands in found if any(in_band(band, centre_hz) for band in bands)]
        names = chirp_names(finding, centre_hz)
        assert names.labels == tuple(protocol.label for protocol in there)
        assert names.open == any(not protocol.family.startswith("drone") for protocol in there)
        assert (names.likeliest in names.labels) if there else names.likeliest is None


def test_where_the_frequency_is_not_known_all_bands_count() -> None:
    finding = _chirp(7, 125e3, down=False)
    names = chirp_names(finding, None)
    assert names.labels == tuple(p.label for p, _ in protocols_that_chirp(7, 125e3, finding.slope_hz_per_s))
    assert "lorawan" in names.labels


def test_what_does_not_hop_is_likelier() -> None:
    assert chirp_names(_chirp(7, 500e3, down=False), None).likeliest == "meshtastic"
