from __future__ import annotations

import pytest

from dsp.bursts import Burst, EnergyFinding
from dsp.protocols import BY_LABEL
from node.tracking.extents import fits

EVERY_LABEL = sorted(BY_LABEL)


def _burst(
    centre_hz: float, width_hz: float, length_s: float, *, cut_band: bool = False, cut_time: bool = False
) -> Burst:
    finding = EnergyFinding(0.2)
    return Burst(
        0, length_s, centre_hz, width_hz, 15.0, -20.0, finding, cut_low=cut_band, cut_start=cut_time, cut_end=cut_time
    )


def _fits(label: str, burst: Burst, *, rate_hz: float = 2.4e6, tuning_known: bool = True) -> bool:
    return fits(label, burst, slice_rate_hz=rate_hz, tuning_known=tuning_known)


@pytest.mark.parametrize(
    ("label", "centre_hz", "width_hz", "length_s"),
    [
        ("wmbus", 868.95e6, 140e3, 7e-3),
        ("zwave", 868.42e6, 78e3, 20e-3),
        ("ism-ook", 433.92e6, 118e3, 170e-3),
        ("ism-ook", 433.92e6, 33e3, 0.47e-3),  # one pulse, where the gaps are long
        ("adsb", 1090e6, 443e3, 1e-3),
        ("fm-voice", 446.1e6, 16e3, 0.16),
        ("gsm", 936.0e6, 190e3, 0.6e-3),
        ("lte", 806e6, 60e3, 1e-3),
        ("rfid", 866.3e6, 5e3, 0.08),
    ],
)
def test_what_a_record_sends_fits(label: str, centre_hz: float, width_hz: float, length_s: float) -> None:
    assert _fits(label, _burst(centre_hz, width_hz, length_s))


@pytest.mark.parametrize(
    ("label", "centre_hz", "width_hz", "length_s"),
    [
        ("wmbus", 868.95e6, 16e3, 0.7e-3),
        ("wmbus", 868.95e6, 140e3, 0.7e-3),
        ("wmbus", 868.95e6, 20e3, 7e-3),
        ("zwave", 868.42e6, 78e3, 0.5e-3),
        ("ism-ook", 433.92e6, 33e3, 0.02e-3),
        ("pulsed-radar", 435e6, 142e3, 0.65e-3),
        ("sigfox", 868.13e6, 24e3, 0.7e-3),
        ("fm-voice", 435e6, 16e3, 2e-3),
        ("fm-voice", 435e6, 4.7e3, 0.08),
        ("tetra", 425e6, 120e3, 0.1),
    ],
)
def test_pieces_of_something_else_do_not_fit(label: str, centre_hz: float, width_hz: float, length_s: float) -> None:
    assert not _fits(label, _burst(centre_hz, width_hz, length_s))


def test_a_mode_counts_only_in_its_own_band() -> None:
    assert _fits("lorawan", _burst(923.3e6, 500e3, 0.05))
    assert not _fits("lorawan", _burst(868.1e6, 500e3, 0.05))
    assert _fits("lorawan", _burst(868.1e6, 500e3, 0.05), tuning_known=False)


def test_a_cut_burst_is_at_least_as_wide_and_as_long_as_seen() -> None:
    assert not _fits("wmbus", _burst(868.95e6, 30e3, 7e-3))
    assert _fits("wmbus", _burst(868.95e6, 30e3, 7e-3, cut_band=True))
    assert not _fits("wmbus", _burst(868.95e6, 140e3, 1e-3))
    assert _fits("wmbus", _burst(868.95e6, 140e3, 1e-3, cut_time=True))
    assert not _fits("wmbus", _burst(868.95e6, 140e3, 0.5, cut_time=True))


def test_what_a_slice_cannot_show_is_not_asked_for() -> None:
    assert _fits("meshtastic", _burst(433.9e6, 130e3, 0.05), rate_hz=250e3)
    assert not _fits("meshtastic", _burst(915e6, 20e3, 0.05))


@pytest.mark.parametrize("label", EVERY_LABEL)
def test_every_record_has_an_extent(label: str) -> None:
    mode = BY_LABEL[label].modes[0]
    band = BY_LABEL[label].bands_of(mode)[0]
    centre_hz = (band.low_hz + band.high_hz) / 2
    lengths_s = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.04, 0.1, 1.0, 5.0)
    widths_hz = (5e3, 20e3, 60e3, 150e3, 300e3, 600e3, 1.2e6, 2.4e6)
    assert any(_fits(label, _burst(centre_hz, w, s)) for w in widths_hz for s in lengths_s)
