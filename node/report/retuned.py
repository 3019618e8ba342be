"""A simulated radio that is retuned as it plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from dsp.iq import IqBlock
from sim.impairments import LONGEST_SETTLE_S
from sim.radio import SimRadio


def retuned_blocks(radio: SimRadio, wanted_hz: Callable[[int], float], start_ns: int) -> Iterator[IqBlock]:
    """Blocks of a radio that follows ``wanted_hz(time of the next block)``; samples of the settling are dropped."""
    next_ns, discard, discarded = start_ns, 0, 0
    blocks = radio.blocks()
    while True:
        centre_hz = wanted_hz(next_ns)
        if centre_hz != radio.settings.centre_hz:
            radio.configure(centre_hz=centre_hz)
            discard = round(LONGEST_SETTLE_S * radio.settings.sample_rate_hz)
        block = next(blocks, None)
        if block is None:
            return
        next_ns = block.end_ns
        gone = len(block.samples) + block.lost_before
        if discard > 0:
            discard -= gone
            discarded += gone
        else:
            yield replace(block, lost_before=block.lost_before + discarded)
            discarded = 0
