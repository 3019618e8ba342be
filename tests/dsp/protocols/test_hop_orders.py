"""Hop orders against the firmware's rules, worked out again here."""

from __future__ import annotations

import pytest

from dsp.protocols import BY_LABEL
from dsp.protocols.elrs_hops import hop_sequence, sequence_length
from dsp.protocols.record import Band
from dsp.protocols.sik_hops import base_offset_hz, hop_order


@pytest.mark.parametrize("band", BY_LABEL["expresslrs"].bands, ids=lambda band: band.name)
def test_expresslrs_meets_the_sync_channel_once_in_each_round(band: Band) -> None:
    assert band.sync_channel is not None
    channels = len(band.channels_hz)
    sequence = hop_sequence(0xC0FFEE, channels, band.sync_channel)
    assert len(sequence) == sequence_length(channels) == 256 // channels * channels
    rounds = [sequence[start : start + channels] for start in range(0, len(sequence), channels)]
    assert all(each[0] == band.sync_channel for each in rounds)
    assert all(sorted(each) == list(range(channels)) for each in rounds)
    assert len(set(rounds)) > 1 or channels == 3


def test_sik_shuffles_as_the_firmware_does() -> None:
    # The first draws of the generator for NETID 25, by hand: s1 = 25 a + c, s2 = s1 a + c (mod 2^32).
    first = (25 * 1103515245 + 12345) % 2**32
    second = (first * 1103515245 + 12345) % 2**32
    order = list(range(50))
    for index, state in enumerate((first, second)):
        other = (state >> 16 & 0xFF) % 50
        order[index], order[other] = order[other], order[index]
    result = hop_order(25, 50)
    assert sorted(result) == list(range(50))
    assert result != hop_order(26, 50)
    # Later swaps may move what the first two placed, but only by drawing those places; replay the rest.
    state = second
    for index in range(2, 49):
        state = (state * 1103515245 + 12345) % 2**32
        other = (state >> 16 & 0xFF) % 50
        order[index], order[other] = order[other], order[index]
    assert result == tuple(order)


def test_sik_moves_its_grid_by_less_than_a_channel() -> None:
    offsets = [base_offset_hz(network, 250e3) for network in range(500)]
    assert min(offsets) >= 0
    assert max(offsets) < 250e3
    assert len(set(offsets)) > 400


def test_sik_refuses_impossible_numbers_of_channels() -> None:
    with pytest.raises(ValueError, match="1 to 256 channels"):
        hop_order(25, 0)
