"""Schedules: the packet clock, hop sequences, telemetry slots, sporadic messages, on and off."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.protocols import BY_LABEL
from dsp.protocols.elrs_hops import hop_sequence as elrs_sequence
from dsp.protocols.record import Band, ChirpPhy, HopTiming, Mode, SporadicTiming
from sim.hopping import hop_sequence
from sim.scene import ANY_CHANNEL, Emitter, Telemetry, Transmitter
from sim.schedule import carrier_hz, on_air_between, schedule_of

ELRS = BY_LABEL["expresslrs"]
FCC915 = next(band for band in ELRS.bands if band.name == "FCC915")
SENDER = Transmitter(snr_db=10.0)
EVERYWHERE = (0.0, 1e12)
BURSTS = Mode("m", ChirpPhy(7, 125e3), SporadicTiming((0.02, 0.05), (2.0, 4.0), (2, 3)))


def elrs(mode: str | Mode = "200Hz", **more: object) -> Emitter:
    the_mode = mode if isinstance(mode, Mode) else next(each for each in ELRS.modes if each.name == mode)
    return replace(Emitter("link", "expresslrs", the_mode, SENDER, band=FCC915, seed=99), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["200Hz", "25Hz", "D50", "K1000Full"])
def test_packet_clock_and_hop_sequence_are_those_of_the_record(mode: str) -> None:
    emitter = elrs(mode)
    timing = emitter.mode.timing
    assert isinstance(timing, HopTiming)
    schedule = schedule_of(emitter)
    assert schedule is not None
    packets = list(schedule.emissions(0.0, 12.0, *EVERYWHERE))
    starts_s = [packet.start_s for packet in packets]
    assert all(late - early == pytest.approx(timing.interval_s) for early, late in itertools.pairwise(starts_s))
    sequence = elrs_sequence(99, 40, 20)
    for slot, packet in enumerate(packets):
        assert packet.frequency_hz == FCC915.channels_hz[sequence[slot // timing.packets_per_hop % len(sequence)]]
        assert packet.packet == slot // timing.copies


def test_the_sync_channel_comes_once_in_every_round() -> None:
    sequence = hop_sequence(FCC915, 5)
    assert [index for index, channel in enumerate(sequence) if channel == 20] == list(range(0, 240, 40))


def test_a_band_without_sync_channel_is_visited_in_one_shuffled_order() -> None:
    sequence = hop_sequence(replace(FCC915, sync_channel=None), 5)
    assert sorted(sequence) == list(range(40))
    assert sequence != hop_sequence(replace(FCC915, sync_channel=None), 6)


def test_telemetry_takes_every_nth_slot_from_its_own_transmitter() -> None:
    answering = Transmitter(snr_db=-3.0, ppm=7.0)
    schedule = schedule_of(elrs(telemetry=Telemetry(8, answering)))
    assert schedule is not None
    packets = list(schedule.emissions(0.0, 2.0, *EVERYWHERE))
    assert [slot for slot, packet in enumerate(packets) if packet.telemetry] == list(range(7, len(packets), 8))
    assert all(packet.transmitter is (answering if packet.telemetry else SENDER) for packet in packets)


def test_the_crystal_of_the_transmitter_runs_the_packet_clock() -> None:
    schedule = schedule_of(elrs(transmitter=Transmitter(snr_db=0.0, ppm=40.0)))
    assert schedule is not None
    packets = list(schedule.emissions(0.0, 10.0, *EVERYWHERE))
    assert packets[1999].start_s - packets[0].start_s == pytest.approx(1999 * 0.005 * (1 - 40e-6), rel=1e-9)


@given(cuts=st.lists(st.floats(0.0, 6.0), max_size=8), mode=st.sampled_from([elrs().mode, BURSTS]))
def test_however_time_is_cut_the_packets_are_the_same(cuts: list[float], mode: Mode) -> None:
    emitter = elrs(mode=mode, on_s=((0.5, 3.0),), repeat_s=4.0)
    schedule = schedule_of(emitter)
    assert schedule is not None
    edges = [0.0, *sorted(cuts), 6.0]
    pieces = [
        packet for early, late in itertools.pairwise(edges) for packet in schedule.emissions(early, late, *EVERYWHERE)
    ]
    assert pieces == list(schedule.emissions(0.0, 6.0, *EVERYWHERE))


def test_only_the_wanted_part_of_the_spectrum_is_given() -> None:
    schedule = schedule_of(elrs())
    assert schedule is not None
    packets = list(schedule.emissions(0.0, 5.0, 915e6, 916.2e6))
    assert {round(packet.frequency_hz / 1e3) for packet in packets} == {915_500, 916_100}


def test_sporadic_messages_keep_their_period_and_repeat() -> None:
    emitter = elrs(mode=BURSTS, period_s=2.0)
    schedule = schedule_of(emitter)
    assert schedule is not None
    packets = list(schedule.emissions(0.0, 100.0, *EVERYWHERE))
    firsts = [packet for packet in packets if packet.repeat == 0]
    assert len(firsts) == 50
    assert all(number * 2.0 <= packet.start_s < number * 2.0 + 0.2 for number, packet in enumerate(firsts))
    counts = {sum(packet.packet == first.packet for packet in packets) for first in firsts}
    assert counts == {2, 3}


def test_a_device_stays_on_its_channel_unless_told_to_take_any() -> None:
    staying = schedule_of(elrs(mode=BURSTS, period_s=0.5))
    roaming = schedule_of(elrs(mode=BURSTS, period_s=0.5, channel=ANY_CHANNEL))
    fixed = schedule_of(elrs(mode=BURSTS, period_s=0.5, channel=3))
    assert staying is not None
    assert roaming is not None
    assert fixed is not None
    assert len({packet.frequency_hz for packet in staying.emissions(0.0, 30.0, *EVERYWHERE)}) == 1
    assert len({packet.frequency_hz for packet in roaming.emissions(0.0, 30.0, *EVERYWHERE)}) > 10
    assert {packet.frequency_hz for packet in fixed.emissions(0.0, 30.0, *EVERYWHERE)} == {FCC915.channels_hz[3]}


def test_without_a_grid_the_carrier_lies_in_the_band_with_its_whole_width() -> None:
    band = Band("b", 433.05e6, 434.79e6)
    carriers_hz = [carrier_hz(elrs(mode=BURSTS, band=band, seed=seed)) for seed in range(50)]
    assert min(carriers_hz) >= 433.05e6 + 62.5e3
    assert max(carriers_hz) <= 434.79e6 - 62.5e3
    assert len(set(carriers_hz)) == 50


def test_intervals_and_their_repetition() -> None:
    emitter = elrs(on_s=((1.0, 2.0), (3.0, 5.0)), repeat_s=6.0)
    assert on_air_between(emitter, 0.0, 10.0) == [(1.0, 2.0), (3.0, 5.0), (7.0, 8.0), (9.0, 10.0)]
    assert on_air_between(replace(emitter, on_s=()), 0.5, 0.7) == [(0.5, 0.7)]
    assert on_air_between(replace(emitter, repeat_s=None), 4.0, 100.0) == [(4.0, 5.0)]


def test_a_hopping_mode_needs_channels() -> None:
    with pytest.raises(ValueError, match="give a band with channels"):
        schedule_of(elrs(band=Band("b", 902e6, 928e6)))
