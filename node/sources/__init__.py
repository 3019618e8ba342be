"""Sources of IQ samples: recordings and radios, all of them ``IqSource``."""

from __future__ import annotations

from node.sources.recording_options import RecordingOptions
from node.sources.recordings import open_recording

__all__ = [
    "RecordingOptions",
    "open_recording",
]
