"""How much of a link the slice of its scene shows: a link that hops is told by two channels at least."""

from __future__ import annotations

from functools import lru_cache

from dsp.analysis import USABLE_SHARE
from dsp.protocols import BY_LABEL
from dsp.protocols.record import ContinuousTiming
from node.report.link_scenes import trial_of
from node.report.runs import Run
from sim.bandwidth import bandwidth_hz


@lru_cache(maxsize=16_384)
def whole_channels(run: Run) -> int | None:
    """Channels of a link's band that lie within the usable part of its slice; None of links that do not hop."""
    protocol = BY_LABEL[run.label]
    mode = next(mode for mode in protocol.modes if mode.name == run.mode)
    band = next(band for band in protocol.bands if band.name == run.band)
    if len(band.channels_hz) < 2 or isinstance(mode.timing, ContinuousTiming):
        return None
    receiver = trial_of(run).scene.receiver
    room_hz = USABLE_SHARE * receiver.sample_rate_hz - 0.5 * bandwidth_hz(mode.phy)
    return sum(abs(channel_hz - receiver.centre_hz) < room_hz for channel_hz in band.channels_hz)


def shows_hops(run: Run) -> bool:
    """Whether the slice shows two channels of a link, or a link that does not hop."""
    channels = whole_channels(run)
    return channels is None or channels > 1
