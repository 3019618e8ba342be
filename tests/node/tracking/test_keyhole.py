"""Links of which the slice shows one channel, or one and a piece of the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.bursts import Burst, ChirpFinding, KeyingFinding
from dsp.protocols import BY_LABEL
from node.pipeline import BlockResult, PipelineCounters, Sighting, Step
from node.tracking.keyhole import LEAST_DECADES, Round, decades_in_step
from node.tracking.track import TrackChange
from node.tracking.tracker import Tracker, TrackerSettings

Names = Callable[..., set[tuple[str, str | None]]]
SECONDS = 6.0
EU433_HZ = (433.1e6, 433.775e6, 434.45e6)
SYMBOL_S = 64 / 500e3


def chirp(at_s: float, centre_hz: float, *, cut: bool = False) -> Burst:
    finding = ChirpFinding(6, 500e3, SYMBOL_S, 500e3 / SYMBOL_S, 0.8)
    burst = Burst(round(at_s * 1e9), 4.38e-3, centre_hz, 500e3, 10.0, -20.0, finding)
    return replace(burst, cut_high=True, bandwidth_hz=230e3, centre_hz=centre_hz - 135e3) if cut else burst


@pytest.fixture
def names(track: Callable[..., list[TrackChange]]) -> Names:
    return lambda bursts, centre_hz=432.6e6: {
        (c.track.label, c.track.mode) for c in track(bursts, SECONDS, centre_hz) if c.track.family.startswith("drone")
    }


def hopping(rng: np.random.Generator, *, piece: bool, heard: float = 0.95) -> list[Burst]:
    bursts, channel = [], 0
    for slot in range(int(SECONDS / 0.005)):
        if slot % 4 == 0:
            channel = (channel + int(rng.integers(1, 3))) % 3
        late_s = float(rng.normal(0, 15e-6))
        if channel == 0 and rng.random() < heard:
            bursts.append(chirp(0.004 + slot * 0.005 + late_s, EU433_HZ[0] + 3e3))
        if channel == 1 and piece and rng.random() < 0.2:
            bursts.append(chirp(0.004 + slot * 0.005 + late_s, EU433_HZ[1] + 3e3, cut=True))
    return bursts


@pytest.mark.parametrize("piece", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_link_heard_on_one_channel_is_known_by_its_stays(names: Names, seed: int, piece: bool) -> None:
    assert names(hopping(np.random.default_rng(seed), piece=piece)) == {("expresslrs", "200Hz")}


def stream(rng: np.random.Generator) -> list[Burst]:
    """Packets without end, some missed: it does not hop."""
    return [chirp(0.004 + slot * 0.005, 433.1e6) for slot in range(int(SECONDS / 0.005)) if rng.random() < 0.9]


def messages(rng: np.random.Generator) -> list[Burst]:
    """Messages of four packets on the same clock, at any slot."""
    slots = np.cumsum(rng.integers(9, 40, 200))
    return [chirp(0.004 + (slot + k) * 0.005, 433.1e6) for slot in slots.tolist() for k in range(4)]


def seldom(rng: np.random.Generator) -> list[Burst]:
    """Two links' worth of lone packets on one clock."""
    return [chirp(0.004 + slot * 0.005, 433.1e6) for slot in range(int(SECONDS / 0.005)) if rng.random() < 0.3]


@pytest.mark.parametrize("made", [stream, messages, seldom])
@pytest.mark.parametrize("seed", range(3))
def test_one_channel_without_stays_in_step_is_no_link(
    names: Names, made: Callable[..., list[Burst]], seed: int
) -> None:
    assert names(made(np.random.default_rng(seed))) == set()


def both_ends(slots: list[int], *, answers: bool = True) -> list[Burst]:
    """GFSK at 100 kb/s on one channel of 915 MHz: packets of both ends, half a slot apart."""
    late_s = (0.0, 0.010) if answers else (0.0,)
    finding = KeyingFinding(42e3, 100e3, 4.0)
    return [
        Burst(round((0.004 + slot * 0.020 + late) * 1e9), 7.6e-3, 915.603e6, 180e3, 6.0, -20.0, finding)
        for slot in slots
        for late in late_s
    ]


@pytest.mark.parametrize("first", range(3))
def test_a_link_that_comes_again_every_round_is_known_by_that(names: Names, first: int) -> None:
    heard = [first + 25 * number for number in range(11) if number != 4]
    assert names(both_ends(heard), 915.2e6) == {("mlrs", "50HzFSK")}


@pytest.mark.parametrize("seed", range(3))
def test_pairs_on_one_channel_that_come_at_any_slot_are_no_link(names: Names, seed: int) -> None:
    slots = np.cumsum(np.random.default_rng(seed).integers(2, 12, 40)).tolist()
    assert names(both_ends([slot for slot in slots if slot < 280]), 915.2e6) == set()


def test_without_answers_a_beacon_is_no_link(names: Names) -> None:
    assert names(both_ends([25 * number for number in range(11)], answers=False), 915.2e6) == set()


def test_a_link_whose_only_channel_the_edge_cuts_is_known(names: Names) -> None:
    """Every second hop of two is on the channel at the edge; half of the signal, and of its deviation, is heard."""
    finding = KeyingFinding(25e3, None, 4.0)
    bursts = [
        Burst(
            round((0.004 + slot * 0.020 + late_s) * 1e9),
            7.6e-3,
            433.344e6,
            150e3,
            4.5,
            -20.0,
            finding,
            cut_high=True,
        )
        for slot in range(0, 280, 2)
        for late_s in (0.0, 0.010)
    ]
    assert names(bursts, 432.2e6) == {("mlrs", "50HzFSK")}


def test_the_message_says_that_one_channel_was_heard() -> None:
    tracker = Tracker(TrackerSettings(), "test")
    changes = []
    for burst in sorted(both_ends([25 * number for number in range(11)]), key=lambda each: each.end_ns):
        sighting = Sighting(burst, None, "r", tuning_known=True, slice_centre_hz=915.2e6, slice_rate_hz=2.4e6)
        step = Step(burst.end_ns, (sighting,))
        changes += tracker.observe(BlockResult((step,), burst.end_ns, "r", PipelineCounters()))
    track = next(change.track for change in changes if change.track.label == "mlrs")
    assert any("on 1 channel keep one clock" in line for line in track.evidence)
    assert any("one of its channels is in the slice" in line for line in track.evidence)


def band(name: str) -> Round:
    channels_hz = {"edge": 433.1e6, "sync": 433.775e6}
    eu433 = next(each for each in BY_LABEL["expresslrs"].bands if each.name == "EU433")
    return Round.of(eu433, channels_hz[name])


def test_rounds_begin_with_the_sync_channel() -> None:
    assert band("sync") == Round(3, 0, 1)
    assert band("edge") == Round(3, 1, 3)


def heard(sent: list[int], share: float, rng: np.random.Generator) -> NDArray[np.int_]:
    return np.array([slot for slot in sent if rng.random() < share])


def stays(rng: np.random.Generator, per_hop: int, rounds: int) -> list[int]:
    """Of a round of three hops the second or third is to the channel."""
    firsts = [(3 * number + int(rng.integers(1, 3))) * per_hop for number in range(rounds)]
    return [first + number for first in firsts for number in range(per_hop)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("per_hop", "rounds", "share"), [(4, 100, 0.4), (4, 50, 0.5), (4, 25, 0.75), (2, 200, 0.45)])
def test_stays_are_known_though_packets_are_missed(per_hop: int, rounds: int, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    slots = heard(stays(rng, per_hop, rounds), share, rng)
    assert decades_in_step(slots, per_hop, band("edge")) >= LEAST_DECADES


def test_the_sync_channel_comes_after_the_same_time() -> None:
    rng = np.random.default_rng(5)
    slots = heard([12 * number + k for number in range(60) for k in range(4)], 0.6, rng)
    assert decades_in_step(slots, 4, band("sync")) >= LEAST_DECADES
    assert decades_in_step(slots, 4, band("edge")) < LEAST_DECADES


def without_end(rng: np.random.Generator) -> list[int]:
    return list(range(600))


def now_and_then(rng: np.random.Generator) -> list[int]:
    """There for some slots, away for some."""
    spells = np.cumsum(rng.integers(2, 14, 80)).tolist()
    return [slot for first, end in zip(spells[::2], spells[1::2], strict=True) for slot in range(first, end)]


def lone(rng: np.random.Generator) -> list[int]:
    """As often as the hops come round, at any slot."""
    return sorted(12 * number + int(rng.integers(12)) for number in range(60))


def of_a_stay(rng: np.random.Generator) -> list[int]:
    """Messages as long as a stay, as often, that begin at any slot."""
    return [12 * number + first + k for number in range(60) for first in [int(rng.integers(9))] for k in range(4)]


def beacon(rng: np.random.Generator) -> list[int]:
    period = int(rng.integers(2, 40))
    return list(range(0, 600, period))


def beacons(rng: np.random.Generator) -> list[int]:
    several = [(int(rng.integers(8)), int(rng.integers(5, 30))) for _ in range(3)]
    return sorted({slot for first, period in several for slot in range(first, 600, period)})


def by_schedule(rng: np.random.Generator) -> list[int]:
    """The same number of packets, whole hops apart."""
    period = 4 * int(rng.integers(3, 9))
    return [first + k for first in range(0, 600, period) for k in range(4)]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("sent", [without_end, now_and_then, lone, of_a_stay, beacon, beacons, by_schedule])
def test_what_comes_and_goes_for_other_reasons_is_not_in_step(
    sent: Callable[[np.random.Generator], list[int]], share: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    slots = heard(sent(rng), share, rng)
    assert decades_in_step(slots, 4, band("edge")) < LEAST_DECADES


def weak(slots: list[int], share: float, rng: np.random.Generator) -> list[Burst]:
    """Packets of 200 Hz 4 dB below the floor: half of them missed, now and then a symbol late and far off."""
    finding = ChirpFinding(6, 500e3, SYMBOL_S, 500e3 / SYMBOL_S, 0.2)
    bursts = []
    for slot in slots:
        if rng.random() < share:
            late_s = SYMBOL_S * (rng.random() < 0.15) + float(rng.normal(0, 15e-6))
            off_hz = float(rng.normal(0, 75e3 if rng.random() < 0.1 else 6e3))
            length_s = 4.38e-3 * float(rng.uniform(0.4, 1.05))
            start_ns = round((0.004 + slot * 0.005 + late_s) * 1e9)
            bursts.append(Burst(start_ns, length_s, EU433_HZ[0] + off_hz, 500e3, -9.0, -60.0, finding))
    return bursts


@pytest.mark.parametrize("seed", range(3))
def test_a_weak_link_heard_on_one_channel_is_known_by_its_stays(names: Names, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sent = stays(rng, 4, int(SECONDS / 0.060))
    assert {label for label, _ in names(weak(sent, 0.5, rng))} == {"expresslrs"}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sent", [without_end, now_and_then, of_a_stay, beacons])
def test_weak_packets_whose_centres_stray_are_on_one_channel(
    names: Names, sent: Callable[[np.random.Generator], list[int]], seed: int
) -> None:
    """Those far off are not another channel of a link that hops with every packet."""
    rng = np.random.default_rng(seed)
    assert names(weak(sent(rng), 0.6, rng)) == set()
