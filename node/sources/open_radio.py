"""A radio from its settings."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from dsp.iq import IqSource
from node.sources.live_blocks import Retune
from node.sources.recordings import open_recording
from node.sources.rtl_sdr import RtlSdrSource
from node.sources.rtl_tcp import RtlTcpSource
from node.sources.settings import RadioSettings, RecordingSettings, RtlSdrSettings, RtlTcpSettings, SimulatorSettings


def open_radio(settings: RadioSettings, *, retune: Retune | None = None, start_ns: int | None = None) -> IqSource:
    """The source for the settings of a radio. A live one connects when its blocks are asked for.

    Parameters
    ----------
    settings
        Which radio, and how to tune it.
    retune
        Asked before each block, with its Unix time in nanoseconds, for the wanted on-air centre; not by a recording.
    start_ns
        Unix time of the first sample; None: the host's clock, or what the recording says.

    Raises
    ------
    SourceUnavailable
        If it is a recording that cannot be opened.
    """
    match settings:
        case RtlSdrSettings():
            return RtlSdrSource(settings, retune=retune, start_ns=start_ns)
        case RtlTcpSettings():
            return RtlTcpSource(settings, retune=retune, start_ns=start_ns)
        case SimulatorSettings():
            # The simulator is scipy.signal and more: loaded by those who simulate.
            from node.sources.simulator import SimulatorSource

            return SimulatorSource(settings, retune=retune, start_ns=start_ns)
        case RecordingSettings():
            options = settings.options()
            return open_recording(settings.path, options if start_ns is None else replace(options, start_ns=start_ns))
        case _:
            assert_never(settings)
