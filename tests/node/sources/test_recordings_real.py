"""Every real recording opens and gives all of its samples."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from node.sources import RecordingOptions, open_recording

FOLDER = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "recordings"
RECORDINGS = sorted(FOLDER.glob("*.sigmf-meta"))
BYTES = {"cu8": 2, "ci8": 2, "ci16_le": 4, "cf32_le": 8}

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(not RECORDINGS, reason=f"no recordings in {FOLDER}; set SKYPICKET_SHARED"),
]


@pytest.mark.parametrize("meta", RECORDINGS, ids=lambda meta: meta.name.removesuffix(".sigmf-meta"))
def test_it_gives_all_of_its_samples(meta: Path) -> None:
    text = json.loads(meta.read_text())
    datatype = text["global"]["core:datatype"]
    data = meta.with_name(meta.name.replace(".sigmf-meta", ".sigmf-data"))
    source = open_recording(meta, RecordingOptions(block_samples=100_000))
    blocks = list(source.blocks())
    assert sum(len(block.samples) for block in blocks) == data.stat().st_size // BYTES[datatype]
    frequency_hz = text["captures"][0].get("core:frequency")
    assert {(block.centre_hz, block.centre_known) for block in blocks} == {(frequency_hz or 0.0, bool(frequency_hz))}
    assert {block.sample_rate_hz for block in blocks} == {text["global"]["core:sample_rate"]}
    loudest = max(float(np.abs(block.samples.view(np.float32)).max()) for block in blocks)
    assert 2**-7 < loudest <= 1.1
    assert not any(word in " ".join(source.notes) for word in ("cut", "checksum", "NaN", "follow", "left out"))
