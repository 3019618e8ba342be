"""`skypicket replay` over the real recordings, all in one go."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from node.messages import track_schema

pytestmark = pytest.mark.recordings

Run = Callable[..., Any]
SHARED = Path(os.environ.get("SKYPICKET_SHARED", "../shared"))


def test_every_recording_is_worked_through_and_every_message_is_valid(skypicket: Run) -> None:
    recordings = sorted((SHARED / "recordings").glob("*.sigmf-meta"))
    if not recordings:
        pytest.skip(f"no recordings in {SHARED.resolve()}; name their folder in SKYPICKET_SHARED")
    done = skypicket("replay", "-q", "--no-model", *recordings)
    assert (done.code, done.err) == (0, "")
    messages = [json.loads(line) for line in done.out.splitlines()]
    validator = jsonschema.Draft202012Validator(track_schema())
    for message in messages:
        validator.validate(message)
    open_tracks = set[str]()
    for message in messages:
        (open_tracks.discard if message["event"] == "end" else open_tracks.add)(message["track_id"])
    assert messages
    assert open_tracks == set()
