"""Every record: sources, bands, air times, and the figures that firmware and standards give."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import dsp.protocols
from dsp.protocols import BY_LABEL, PROTOCOLS
from dsp.protocols.fsk_airtime import airtime_s as fsk_airtime_s
from dsp.protocols.lora_airtime import airtime_s as lora_airtime_s
from dsp.protocols.record import (
    Band,
    ChirpPhy,
    ContinuousTiming,
    FskPhy,
    HopTiming,
    Mode,
    RfProtocol,
    SporadicTiming,
    TdmTiming,
)

FAMILIES = {
    "drone-control": "expresslrs crossfire mlrs frsky-r9 openlrsng",
    "drone-telemetry": "sik",
    "drone-video": "analog-video",
    "drone-datalink": "ofdm-datalink dji-droneid",
    "non-drone": (
        "lorawan meshtastic wmbus sigfox zwave ism-ook ism-fsk rfid gsm lte dvbt dab tetra pocsag adsb pulsed-radar "
        "dme gnss radiosonde fm-voice cw interference"
    ),
}
MODES = [pytest.param(p, m, id=f"{p.label}-{m.name}") for p in PROTOCOLS for m in p.modes]
HOPPING = [
    pytest.param(p, m, m.timing, id=f"{p.label}-{m.name}")
    for p in PROTOCOLS
    for m in p.modes
    if isinstance(m.timing, HopTiming)
]


def mode_of(label: str, name: str) -> Mode:
    return next(mode for mode in BY_LABEL[label].modes if mode.name == name)


def band_of(label: str, name: str) -> Band:
    return next(band for band in BY_LABEL[label].bands if band.name == name)


def test_every_label_has_its_record_and_family() -> None:
    wanted = {label: family for family, labels in FAMILIES.items() for label in labels.split()}
    assert {p.label: p.family for p in PROTOCOLS} == wanted


def test_drones_come_first() -> None:
    drone = [p.family.startswith("drone") for p in PROTOCOLS]
    assert drone == sorted(drone, reverse=True)


def test_every_file_with_a_record_is_registered() -> None:
    names = [module.name for module in pkgutil.iter_modules(dsp.protocols.__path__)]
    modules = [importlib.import_module(f"dsp.protocols.{name}") for name in names]
    records = [module.PROTOCOL for module in modules if hasattr(module, "PROTOCOL")]
    assert {id(record) for record in records} == {id(record) for record in PROTOCOLS}
    assert len(PROTOCOLS) == len(BY_LABEL)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: p.label)
def test_a_record_names_sources_and_sane_bands(protocol: RfProtocol) -> None:
    assert all(len(source) > 8 for source in protocol.sources)
    assert len(protocol.summary) > 20
    assert len({mode.name for mode in protocol.modes}) == len(protocol.modes)
    assert len({band.name for band in protocol.bands}) == len(protocol.bands)
    for band in protocol.bands:
        assert 1e6 <= band.low_hz < band.high_hz <= 6e9
        assert all(band.low_hz <= channel_hz <= band.high_hz for channel_hz in band.channels_hz)
        assert len(set(band.channels_hz)) == len(band.channels_hz)


@pytest.mark.parametrize(("protocol", "mode"), MODES)
def test_a_mode_is_on_air_somewhere_and_not_more_than_always(protocol: RfProtocol, mode: Mode) -> None:
    assert protocol.bands_of(mode)
    timing = mode.timing
    if isinstance(timing, SporadicTiming):
        assert 0 < timing.airtime_s[0] <= timing.airtime_s[1]
        assert 0 < timing.period_s[0] <= timing.period_s[1]
    elif not isinstance(timing, ContinuousTiming):
        assert 0 < timing.duty < 1


@pytest.mark.parametrize("protocol", [p for p in PROTOCOLS if p.family.startswith("drone")], ids=lambda p: p.label)
def test_a_drone_record_says_what_is_uncertain(protocol: RfProtocol) -> None:
    assert protocol.caveat
    real = {"analog-video", "dji-droneid"}
    assert protocol.rests_on_simulation == (protocol.label not in real)


@pytest.mark.parametrize(("protocol", "mode", "timing"), HOPPING)
def test_the_packets_of_a_hop_fit_into_it(protocol: RfProtocol, mode: Mode, timing: HopTiming) -> None:
    assert all(len(band.channels_hz) >= 2 for band in protocol.bands_of(mode))
    assert timing.airtime_s < timing.interval_s
    if timing.answer is not None:
        assert timing.answer.delay_s > timing.airtime_s
        assert timing.answer.delay_s + timing.answer.airtime_s < timing.interval_s


@pytest.mark.parametrize(("protocol", "mode", "timing"), HOPPING)
def test_air_times_follow_from_the_modulation(protocol: RfProtocol, mode: Mode, timing: HopTiming) -> None:
    if isinstance(mode.phy, ChirpPhy):
        # X150 and X100Full: the firmware's table and the formula disagree by 9 %.
        assert timing.airtime_s == pytest.approx(lora_airtime_s(mode.phy, mode.payload_bytes), rel=0.11)
        if timing.answer is not None:
            down_s = lora_airtime_s(mode.phy, timing.answer.payload_bytes)
            assert timing.answer.airtime_s == pytest.approx(down_s, rel=1e-6)
    else:
        assert isinstance(mode.phy, FskPhy)
        least_s = fsk_airtime_s(mode.phy, mode.payload_bytes)
        # Headers and checks come on top of the payload; K1000Full also has the time its power ramps.
        assert least_s <= timing.airtime_s < 1.5 * least_s + 64.0 / mode.phy.bit_rate_bps


@pytest.mark.parametrize(
    ("label", "mode", "packet_ms", "frame_ms"),
    [
        ("mlrs", "19Hz", 22.56, 53.0),
        ("mlrs", "19Hz7x", 22.3, 53.0),
        ("mlrs", "31Hz", 13.2, 32.0),
        ("mlrs", "50HzFSK", 7.6, 20.0),
        ("frsky-r9", "26B", 7.84, 20.0),
        ("frsky-r9", "14B-LBT", 5.28, 20.0),
        ("expresslrs", "200Hz", 4.38, 5.0),
        ("expresslrs", "100Hz", 8.77, 10.0),
        ("expresslrs", "50Hz", 18.56, 20.0),
        ("openlrsng", "19k2", 10.4, 25.0),
    ],
)
def test_documented_air_times(label: str, mode: str, packet_ms: float, frame_ms: float) -> None:
    timing = mode_of(label, mode).timing
    assert isinstance(timing, HopTiming)
    assert timing.airtime_s * 1e3 == pytest.approx(packet_ms, rel=0.005)
    assert timing.interval_s * 1e3 == pytest.approx(frame_ms)


@pytest.mark.parametrize(
    ("mode", "hops_per_s"),
    [
        ("4k", 5.5),
        ("16k", 7.0),
        ("32k", 7.3),
        ("64k", 8.4),
        ("96k", 12.6),
        ("128k", 15.1),
        ("192k", 18.8),
        ("250k", 24.9),
    ],
)
def test_documented_turns_of_sik(mode: str, hops_per_s: float) -> None:
    timing = mode_of("sik", mode).timing
    assert isinstance(timing, TdmTiming)
    assert timing.hop_rate_hz == pytest.approx(hops_per_s, rel=0.01)
    assert timing.idle_duty < timing.duty


@pytest.mark.parametrize(
    ("label", "band", "channels", "first_mhz", "last_mhz", "used"),
    [
        ("crossfire", "868", 50, 860.167, 872.907, None),
        ("crossfire", "915", 100, 902.13, 927.871, None),
        ("sik", "915", 50, 915.125, 927.375, None),
        ("sik", "433", 10, 433.1225, 434.4275, None),
        ("mlrs", "868", 10, 863.275, 868.0, 6),
        ("mlrs", "915", 43, 902.4, 927.6, 25),
        ("mlrs", "70cm", 33, 430.4, 449.6, 18),
        ("frsky-r9", "868-flex", 29, 860.0, 874.0, None),
        ("frsky-r9", "FCC", 43, 904.0, 925.0, None),
        ("frsky-r9", "EU", 19, 863.25, 867.75, None),
        ("openlrsng", "433", 50, 435.05, 437.5, 6),
        ("lorawan", "US915-down", 8, 923.3, 927.5, None),
    ],
)
def test_documented_channels(
    label: str, band: str, channels: int, first_mhz: float, last_mhz: float, used: int | None
) -> None:
    record = band_of(label, band)
    assert len(record.channels_hz) == channels
    assert record.channels_hz[0] / 1e6 == pytest.approx(first_mhz, abs=2e-3)
    assert max(record.channels_hz) / 1e6 == pytest.approx(last_mhz, abs=2e-3)
    assert record.used_channels == used


def test_a_band_cannot_use_more_channels_than_it_has() -> None:
    with pytest.raises(ValueError, match="used_channels must be 1 to 2"):
        Band("b", 868e6, 869e6, (868.1e6, 868.3e6), used_channels=3)
