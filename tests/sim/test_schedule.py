"""Schedules: the packet clock, hop sequences, telemetry slots, sporadic messages, on and off."""

from __future__ import annotations

import itertools
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.protocols import BY_LABEL
from dsp.protocols.elrs_hops import hop_sequence as elrs_sequence
from dsp.protocols.record import Band, ChirpPhy, HopTiming, Mode, SporadicTiming, TdmTiming
from sim.hopping import hop_sequence
from sim.scene import ANY_CHANNEL, Emitter, Telemetry, Transmitter
from sim.schedule import Emission, carrier_hz, on_air_between, schedule_of
from sim.turns import PACKETS_PER_TURN

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


def link(label: str, mode: str, band: str, **more: object) -> Emitter:
    record = BY_LABEL[label]
    the_mode = next(each for each in record.modes if each.name == mode)
    the_band = next(each for each in record.bands if each.name == band)
    return replace(Emitter("link", label, the_mode, SENDER, band=the_band, seed=7), **more)  # type: ignore[arg-type]


def packets_of(emitter: Emitter, until_s: float) -> list[Emission]:
    schedule = schedule_of(emitter)
    assert schedule is not None
    return list(schedule.emissions(0.0, until_s, *EVERYWHERE))


@pytest.mark.parametrize(
    ("label", "mode", "band", "rate_hz", "channels"),
    [
        ("crossfire", "150Hz", "868", 150.0, 50),
        ("crossfire", "150Hz", "915", 150.0, 100),
        ("mlrs", "31Hz", "915", 31.25, 25),
        ("mlrs", "50HzFSK", "868", 50.0, 6),
        ("frsky-r9", "26B", "FCC", 50.0, 43),
        ("openlrsng", "19k2", "433", 40.0, 6),
    ],
)
def test_both_ends_of_a_link_send_in_every_frame_on_its_channels(
    label: str, mode: str, band: str, rate_hz: float, channels: int
) -> None:
    answering = Transmitter(snr_db=-3.0)
    emitter = link(label, mode, band, telemetry=Telemetry(2, answering))
    packets = packets_of(emitter, 10.0)
    up = [packet for packet in packets if not packet.telemetry]
    down = [packet for packet in packets if packet.telemetry]
    assert len(up) == pytest.approx(10.0 * rate_hz, abs=1)
    assert len(down) == pytest.approx(len(up), abs=1)
    assert all(packet.transmitter is answering for packet in down)
    assert emitter.band is not None
    assert {packet.frequency_hz for packet in packets} <= set(emitter.band.channels_hz)
    assert len({packet.frequency_hz for packet in up}) == channels
    # A hop at every frame; where a cycle is made of several rounds the last of one may be the first of the next.
    same = sum(early.frequency_hz == late.frequency_hz for early, late in pairwise(up))
    assert same < 0.03 * len(up)


@pytest.mark.parametrize(
    ("label", "mode", "band", "own"),
    [("crossfire", "150Hz", "868", True), ("frsky-r9", "26B", "FCC", False), ("mlrs", "19Hz", "868", False)],
)
def test_the_answer_comes_after_its_delay_on_its_channel(label: str, mode: str, band: str, own: bool) -> None:
    emitter = link(label, mode, band)
    packets = packets_of(emitter, 3.0)
    timing = emitter.mode.timing
    assert isinstance(timing, HopTiming)
    assert timing.answer is not None
    pairs = list(zip(packets[::2], packets[1::2], strict=False))
    assert all(not up.telemetry and down.telemetry for up, down in pairs)
    assert all(down.start_s - up.start_s == pytest.approx(timing.answer.delay_s) for up, down in pairs)
    equal = sum(up.frequency_hz == down.frequency_hz for up, down in pairs)
    assert equal < 0.1 * len(pairs) if own else equal == len(pairs)


def test_crossfire_repeats_its_hops_after_150_frames() -> None:
    up = [packet.frequency_hz for packet in packets_of(link("crossfire", "150Hz", "868"), 3.0) if not packet.telemetry]
    assert up[:150] == up[150:300]
    assert up[:50] != up[50:100]


def test_r9_goes_on_by_the_same_number_of_channels() -> None:
    emitter = link("frsky-r9", "26B", "FCC")
    assert emitter.band is not None
    up = [packet for packet in packets_of(emitter, 2.0) if not packet.telemetry]
    places = [emitter.band.channels_hz.index(packet.frequency_hz) for packet in up]
    assert len({(late - early) % 43 for early, late in pairwise(places)}) == 1


def test_the_ends_of_a_sik_link_take_turns_and_hop_at_each() -> None:
    answering = Transmitter(snr_db=-3.0)
    emitter = link("sik", "64k", "915", telemetry=Telemetry(2, answering))
    timing = emitter.mode.timing
    assert isinstance(timing, TdmTiming)
    packets = packets_of(emitter, 30.0)
    first_s = packets[0].start_s
    turns: dict[int, list[Emission]] = {}
    for packet in packets:
        turns.setdefault(packet.packet // PACKETS_PER_TURN, []).append(packet)
    assert len(turns) == pytest.approx(30.0 * timing.hop_rate_hz, abs=1)
    assert len({packet.frequency_hz for packet in packets}) == 50
    for turn, sent in turns.items():
        start_s = first_s + turn * timing.dwell_s
        assert len({packet.frequency_hz for packet in sent}) == 1
        assert all((packet.transmitter is answering) == (turn % 2 == 1) for packet in sent)
        assert sent[0].start_s == pytest.approx(start_s)
        for packet in sent:
            assert packet.mode is not None
            assert isinstance(packet.mode.timing, SporadicTiming)
            assert packet.start_s + packet.mode.timing.airtime_s[1] <= start_s + timing.window_s + 1e-9
    assert max(len(sent) for sent in turns.values()) > 1
    assert emitter.band is not None
    offsets_hz = {round(packet.frequency_hz - emitter.band.channels_hz[0]) % 250_000 for packet in packets}
    assert len(offsets_hz) == 1


@pytest.mark.parametrize(("label", "mode", "band"), [("sik", "64k", "433"), ("crossfire", "150Hz", "868")])
def test_links_of_two_ends_are_the_same_however_time_is_cut(label: str, mode: str, band: str) -> None:
    emitter = link(label, mode, band)
    schedule = schedule_of(emitter)
    assert schedule is not None
    edges = [0.0, 0.013, 0.1, 0.1041, 1.7, 2.0]
    pieces = [packet for early, late in pairwise(edges) for packet in schedule.emissions(early, late, *EVERYWHERE)]
    assert pieces == packets_of(emitter, 2.0)


def test_a_telephone_keeps_its_slot_and_may_hop() -> None:
    staying = packets_of(link("gsm", "traffic", "GSM900-up"), 1.0)
    hopping = packets_of(link("gsm", "traffic-hopping", "GSM900-up"), 1.0)
    assert len(staying) == pytest.approx(1.0 / (120e-3 / 26), abs=1)
    assert len({packet.frequency_hz for packet in staying}) == 1
    assert 4 <= len({packet.frequency_hz for packet in hopping}) <= 16


def test_radars_keep_time_and_beacons_do_not() -> None:
    radar = packets_of(link("pulsed-radar", "medium", "L", period_s=1e-3), 0.5)
    beacon = packets_of(link("dme", "beacon-x", "962-1213", period_s=1e-3), 0.5)
    assert {round((late.start_s - early.start_s) * 1e6) for early, late in pairwise(radar)} == {1000}
    assert len({round((late.start_s - early.start_s) * 1e6) for early, late in pairwise(beacon)}) > 100
