"""Where the chain's time goes, by stage, from one run under the profiler."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from typing import Any

STAGES: dict[str, tuple[str, ...]] = {
    "convert": ("dsp/iq.py:u8_to_complex64",),
    "spectrogram": ("dsp/spectrogram.py:run",),
    "noise": ("dsp/noise.py:observe",),
    "regions": ("dsp/energy.py:energy_mask", "dsp/regions.py:find_regions", "dsp/extents.py:measure"),
    "baseband": ("dsp/analysis.py:baseband", "dsp/edges.py:refine_time", "dsp/pulses.py:find_pulses"),
    "chirps": ("dsp/chirps.py:find_chirp",),
    "weak chirps": ("dsp/weak_chirps.py:feed",),
    "narrow": ("dsp/narrow.py:feed", "dsp/narrow.py:add"),
    "keying": ("dsp/keying.py:measure_keying", "dsp/keying.py:measure_steadiness"),
    "looks": ("dsp/video.py:look", "dsp/ofdm.py:find_prefix", "dsp/looks.py:_look_lines"),
    "patches": ("dsp/analysis.py:patch",),
    "classifier": ("models/onnx.py:classify",),
    "tracker": ("node/tracking/tracker.py:observe",),
}
"""Functions of each stage, with their files."""


def stage_shares(work: Callable[[], object]) -> dict[str, float]:
    """Share of the time of some work by stage; what one stage calls of another counts for the caller.

    The deterministic profiler adds a little to every call, so stages of many short calls look larger than they are.
    """
    profile = cProfile.Profile()
    profile.runcall(work)
    rows: dict[tuple[str, int, str], Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = max(sum(row[2] for row in rows.values()), 1e-9)
    stage_of: dict[tuple[str, int, str], str] = {}
    for key in rows:
        for stage, functions in STAGES.items():
            if any(f"{key[0]}:{key[2]}".endswith(f"/{function}") for function in functions):
                stage_of[key] = stage
    shares = dict.fromkeys(STAGES, 0.0)
    for key, stage in stage_of.items():
        for caller, (_, _, _, spent_s) in rows[key][4].items():
            if caller not in stage_of:
                shares[stage] += spent_s / total
    shares["rest"] = max(0.0, 1.0 - sum(shares.values()))
    return {stage: round(share, 4) for stage, share in shares.items()}
