from __future__ import annotations

import hashlib
from collections import Counter
from itertools import pairwise

import pytest

from dsp.protocols import BY_LABEL, PROTOCOLS
from node.report.backgrounds import BACKGROUNDS
from node.report.runs import (
    STRONG_DB,
    TIMED,
    Run,
    background_runs,
    belongs,
    confuser_runs,
    levels_of,
    link_modes,
    link_runs,
    planned,
)


def mode_levels(label: str, name: str) -> tuple[float, float, bool]:
    mode = next(mode for mode in BY_LABEL[label].modes if mode.name == name)
    levels = levels_of(BY_LABEL[label], mode)
    return levels.detect_db, levels.name_db, levels.budgeted


@pytest.mark.parametrize(
    ("label", "mode", "detect_db", "name_db", "budgeted"),
    [
        ("expresslrs", "250Hz", -7.5, -2.5, True),
        ("expresslrs", "200Hz", -10.0, -5.0, True),
        ("expresslrs", "100Hz", -12.5, -7.5, True),
        ("expresslrs", "50Hz", -15.0, -10.0, True),
        ("expresslrs", "25Hz", -17.5, -12.5, True),
        ("sik", "64k", 0.0, 5.0, True),
        ("crossfire", "150Hz", 0.0, 5.0, True),
        ("mlrs", "50HzFSK", 0.0, 5.0, True),
        ("analog-video", "pal", 0.0, 5.0, True),
        ("expresslrs", "K1000Full", 0.0, 5.0, False),
        ("frsky-r9", "26B", -10.0, -5.0, False),
        ("openlrsng", "19k2", 0.0, 5.0, False),
        ("ofdm-datalink", "halow-1MHz", 0.0, 5.0, False),
    ],
)
def test_levels_are_those_of_the_design(
    label: str, mode: str, detect_db: float, name_db: float, *, budgeted: bool
) -> None:
    assert mode_levels(label, mode) == (detect_db, name_db, budgeted)


def test_every_drone_mode_is_run_at_its_levels_and_strong() -> None:
    wanted = {(p.label, m.name) for p in PROTOCOLS if p.family.startswith("drone") for m in p.modes}
    assert {(p.label, m.name) for p, m, _ in link_modes()} == wanted - {("dji-droneid", "burst")}
    runs = link_runs(0, fast=False)
    for protocol, mode, _ in link_modes():
        levels = levels_of(protocol, mode)
        at = {run.snr_db for run in runs if (run.label, run.mode) == (protocol.label, mode.name)}
        assert {levels.detect_db - 5.0, levels.detect_db, levels.name_db, 10.0} <= at


def test_every_harmless_label_is_run() -> None:
    labels = {p.label for p in PROTOCOLS if not p.family.startswith("drone")}
    assert {run.label for run in confuser_runs(0, fast=False)} == labels
    assert {run.label for run in confuser_runs(0, fast=True)} == labels


def test_bands_go_round() -> None:
    bands = {run.band for trial in range(9) for run in link_runs(trial, fast=False) if run.label == "expresslrs"}
    assert bands == {band.name for band in BY_LABEL["expresslrs"].bands}


def test_keys_and_seeds_are_all_different() -> None:
    runs = planned(20, 6.0)
    assert len({run.key for run in runs}) == len(runs)
    # 31 bits for some thousand runs: a collision or two would be chance, many would be a fault.
    assert len({run.seed for run in runs}) > len(runs) - 5


def test_a_seed_follows_from_the_key_alone() -> None:
    run = Run("link", "expresslrs", "200Hz", "FCC915", -10.0, 3, 8.0)
    assert run.key == "link|expresslrs|200Hz|FCC915|-10dB|8s|3"
    digest = hashlib.sha256(b"skypicket-evaluation-1|link|expresslrs|200Hz|FCC915|-10dB|8s|3").hexdigest()
    assert run.seed == int(digest[:8], 16) // 2


def test_background_is_as_long_as_asked_and_even() -> None:
    runs = background_runs(6.0)
    assert 6.0 * 3600 <= sum(run.seconds for run in runs) < 6.0 * 3600 + 4 * 120
    assert len(set(Counter(run.label for run in runs).values())) == 1
    assert {run.label for run in runs} == {background.name for background in BACKGROUNDS}
    assert background_runs(0.0) == []


def test_more_hours_keep_those_that_are_done() -> None:
    assert {run.key for run in planned(0, 1.0)} < {run.key for run in planned(0, 2.0)}
    assert {run.key for run in planned(3, 0.0)} < {run.key for run in planned(4, 0.0)}


def test_a_first_part_has_something_of_everything() -> None:
    runs = planned(20, 6.0)
    first = runs[: len(runs) // 12]
    assert {(run.label, run.mode) for run in first if run.part == "link"} == {
        (p.label, m.name) for p, m, _ in link_modes()
    }
    assert len({run.label for run in runs[:60]}) > 12
    assert {run.label for run in first if run.part == "background"} == {each.name for each in BACKGROUNDS}


def test_every_round_has_one_scene_of_everything_and_its_part_of_the_background() -> None:
    trials, hours = 6, 3.0
    runs = planned(trials, hours)
    links = [run for run in runs if run.part == "link"]
    assert [run.trial for run in links] == sorted(run.trial for run in links)
    begun = [next(place for place, run in enumerate(runs) if run.trial == k and run.part == "link") for k in range(6)]
    shares = []
    for first, end in zip(begun, [*begun[1:], len(runs)], strict=True):
        of_round = [run for run in runs[first:end] if run.part == "link"]
        assert {(r.label, r.mode, r.snr_db) for r in of_round} == {
            (r.label, r.mode, r.snr_db) for r in link_runs(0, fast=False)
        }
        shares.append(sum(run.part == "background" for run in runs[first:end]))
    assert sum(shares) == 92
    assert max(shares) - min(shares) <= 2
    # Within a round the background is not at one end.
    places = [place for place, run in enumerate(runs[: begun[1]]) if run.part == "background"]
    gaps = [later - sooner for sooner, later in pairwise(places)]
    assert max(gaps) - min(gaps) <= 2


def test_links_with_an_alert_time_in_the_design_are_in_every_round() -> None:
    for trial in range(4):
        strong = {(r.label, r.mode, r.band) for r in link_runs(trial, fast=False) if r.snr_db == STRONG_DB}
        assert set(TIMED) <= strong


def test_harmless_emitters_take_turns() -> None:
    runs = [run for run in planned(4, 0.0) if run.part == "confuser"]
    assert sorted(run.key for run in runs) == sorted(run.key for run in confuser_runs(0, fast=False))


def test_only_picks_by_key() -> None:
    runs = planned(2, 1.0, only="sik|64k")
    assert runs
    assert all(run.label == "sik" and run.mode == "64k" for run in runs)


def test_fast_is_short() -> None:
    runs = planned(1, 40.0 / 3600.0, fast=True)
    assert sum(run.seconds for run in runs) < 400
    assert {run.part for run in runs} == {"link", "confuser", "background"}
    assert not {run.key for run in runs if run.part != "link"} & {run.key for run in planned(1, 1.0)}


def test_what_was_run_before_belongs_whatever_is_asked_for_now() -> None:
    full, fast = planned(4, 1.0), planned(1, 0.02, fast=True)
    assert all(belongs(run, fast=False) for run in full)
    assert all(belongs(run, fast=True) for run in fast)
    # A turn-taking link needs its time in a first look too: those scenes are the same.
    assert {run.label for run in fast if belongs(run, fast=False)} == {"sik"}
    assert not belongs(Run("link", "no-such-label", "m", "b", 0.0, 0, 8.0), fast=False)
    assert [run.mode for run in full if belongs(run, fast=False, only="|200Hz|AU915|-10dB")] == ["200Hz"]
