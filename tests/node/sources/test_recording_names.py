"""What names say."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.sources.recording_names import NamedFacts, read_name


@pytest.mark.parametrize(
    ("name", "centre_hz", "rate_hz"),
    [
        ("NAME_868.3M_2400k.cu8", 868.3e6, 2.4e6),
        ("g001_433.92M_250k.cu8", 433.92e6, 250e3),
        ("868300kHz_2.4Msps.cs16", 868.3e6, 2.4e6),
        ("868300000Hz-2400000sps.cs16", 868.3e6, 2.4e6),
        ("0.915Ghz 1024KSPS.cf32", 915e6, 1.024e6),
        ("x_868m_1000K.cu8", 868e6, 1e6),
        ("rtlwmbus_868.950M_1M6_samples2.cu8", 868.95e6, 1.6e6),
        ("868M3_2M4.cu8", 868.3e6, 2.4e6),
        ("one_868M_two_915M_250k_1000k.cu8", 915e6, 1e6),
        ("433.92M250k.cu8", 433.92e6, 250e3),
        ("gfile001.cu8", None, None),
        ("868.M_x.cu8", None, None),
        ("0M_0k.cu8", None, None),
        ("", None, None),
    ],
)
def test_frequency_and_rate(name: str, centre_hz: float | None, rate_hz: float | None) -> None:
    facts = read_name(name)
    assert (facts.centre_hz, facts.sample_rate_hz) == (centre_hz, rate_hz)


@given(
    centre_khz=st.integers(1_000, 6_000_000),
    rate_khz=st.integers(10, 100_000),
    word=st.text(string.ascii_letters, min_size=1, max_size=8),
    swapped=st.booleans(),
)
def test_what_rtl_433_writes_comes_back(centre_khz: int, rate_khz: int, word: str, swapped: bool) -> None:
    parts = [f"{centre_khz / 1000:.10g}M", f"{rate_khz}k"]
    parts = parts[::-1] if swapped else parts
    facts = read_name("_".join([word, *parts]) + ".cu8")
    assert facts.centre_hz == centre_khz * 1e3
    assert facts.sample_rate_hz == rate_khz * 1e3
    assert facts.datatype == "cu8"


@given(st.text(max_size=40))
def test_any_name_is_read(name: str) -> None:
    facts = read_name(name)
    assert facts.centre_hz is None or facts.centre_hz > 0
    assert facts.sample_rate_hz is None or facts.sample_rate_hz > 0


def test_the_name_of_sdr_sharp() -> None:
    assert read_name("SDRSharp_20160101_231914Z_12kHz_IQ.wav") == NamedFacts(12e3, None, 1_451_690_354_000_000_000)
    assert read_name("SDRSharp_20161301_231914Z_12kHz_IQ.wav").start_ns is None
    assert read_name("SDRSharp_20160101_231914_12kHz_IQ.wav").start_ns is None, "without Z it is local time"


def test_the_name_of_gqrx() -> None:
    facts = read_name("gqrx_20180311_120000_868300000_2400000_fc.raw")
    assert facts == NamedFacts(868.3e6, 2.4e6, 1_520_769_600_000_000_000, "cf32_le")
