"""What each protocol sounds like: IQ samples made from a mode's record alone."""

from __future__ import annotations

from sim.waveforms.make import Stream, packet, stream

__all__ = ["Stream", "packet", "stream"]
