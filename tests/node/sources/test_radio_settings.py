"""Settings of radios: what they refuse, and that the messages name the key."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import pytest

from node.sources import RecordingSettings, RtlSdrSettings, RtlTcpSettings, SimulatorSettings
from node.sources.rtl2832u import RATES_HZ, TUNER_GAINS_TENTHS, exact_sample_rate_hz, nearest_gain_tenths
from sim import rtl_tcp_commands as simulated


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("centre_hz", 0.0),
        ("centre_hz", math.nan),
        ("centre_hz", 868.0),
        ("centre_hz", 2.44e9),
        ("sample_rate_hz", 500_000.0),
        ("sample_rate_hz", 3_200_001.0),
        ("sample_rate_hz", 225_000.0),
        ("gain", 61.0),
        ("gain", math.nan),
        ("ppm", 2000),
        ("direct_sampling", "x"),
        ("converter_offset_hz", math.inf),
        ("silence_s", 0.0),
        ("name", ""),
        ("serial", ""),
    ],
)
def test_a_dongle_that_cannot_be(key: str, value: object) -> None:
    right: dict[str, object] = {"name": "roof", "centre_hz": 868e6}
    with pytest.raises(ValueError, match=key):
        RtlSdrSettings(**(right | {key: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host", ""),
        ("port", 0),
        ("port", 70_000),
        ("connect_timeout_s", 0.0),
        ("gain_index", -1),
        ("rtl_crystal_hz", 28_000_000),
        ("tuner_crystal_hz", 28_802_000),
        ("sample_rate_hz", 1.0),
    ],
)
def test_a_server_that_cannot_be(key: str, value: object) -> None:
    right: dict[str, object] = {"name": "roof", "host": "mast.local", "centre_hz": 868e6}
    with pytest.raises(ValueError, match=key):
        RtlTcpSettings(**(right | {key: value}))  # type: ignore[arg-type]


def test_two_gains_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="gain_index exclude"):
        RtlTcpSettings(name="roof", host="h", centre_hz=868e6, gain=20.0, gain_index=3)


@pytest.mark.parametrize(
    ("key", "value"),
    [("scene", ""), ("pace", -1.0), ("pace", math.inf), ("gain", 99.0), ("seed", -1), ("duration_s", 0.0)],
)
def test_a_simulator_that_cannot_be(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        SimulatorSettings(**({"name": "s", "scene": "demo"} | {key: value}))  # type: ignore[arg-type]


def test_a_recording_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="datatype"):
        RecordingSettings(name="r", path="x.bin", datatype="nonsense")
    with pytest.raises(ValueError, match="path"):
        RecordingSettings(name="r", path="")
    options = RecordingSettings(name="r", path="x.cu8", pace=0.0, centre_hz=868e6).options()
    assert (options.radio, options.pace, options.centre_hz) == ("r", None, 868e6)


def test_converters_shift_what_is_tuned() -> None:
    up = RtlSdrSettings(name="hf", centre_hz=7.1e6, converter_offset_hz=-125e6)
    assert up.tuned_hz(up.centre_hz) == 132_100_000
    down = RtlSdrSettings(name="s-band", centre_hz=2.44e9, converter_offset_hz=1.5e9)
    assert down.tuned_hz(down.centre_hz) == 940_000_000
    direct = RtlSdrSettings(name="hf", centre_hz=100e3, direct_sampling="q")
    assert direct.tuned_hz(direct.centre_hz) == 100_000


def test_settings_are_frozen() -> None:
    settings = RtlSdrSettings(name="roof", centre_hz=868e6)
    with pytest.raises(FrozenInstanceError):
        settings.gain = 3.0  # type: ignore[misc]


@pytest.mark.parametrize("rate_hz", [225_001, 250_000, 300_000, 900_001, 1_024_000, 2_048_000, 2_400_000, 3_200_000])
def test_rates_agree_with_the_simulated_dongle(rate_hz: int) -> None:
    """Both were written apart, from the same source of facts."""
    assert exact_sample_rate_hz(rate_hz) == simulated.exact_sample_rate_hz(rate_hz)
    assert exact_sample_rate_hz(rate_hz) == pytest.approx(rate_hz, rel=2e-6)


def test_known_rates_and_gains() -> None:
    assert exact_sample_rate_hz(2_560_000) == 2_560_000.0
    assert exact_sample_rate_hz(1_000_000) == pytest.approx(1_000_000.026491, abs=1e-6)  # librtlsdr prints it so
    assert RATES_HZ == ((225_000, 300_000), (900_000, 3_200_000))
    assert tuple(gain / 10 for gain in TUNER_GAINS_TENTHS[5]) == simulated.GAINS_DB
    assert nearest_gain_tenths(30.0, TUNER_GAINS_TENTHS[5]) == 297
    assert nearest_gain_tenths(30.04, ()) == 300
