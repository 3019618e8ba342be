"""The public Remote ID vectors, where the folder of real recordings is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Vectors = list[dict[str, Any]]


@pytest.fixture(scope="session")
def remote_id_vectors() -> Callable[[str], Vectors]:
    folder = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "vectors" / "remoteid"
    if not folder.is_dir():
        pytest.skip(f"no Remote ID vectors: {folder} is not a folder (set SKYPICKET_SHARED)")

    def read(name: str) -> Vectors:
        return [json.loads(line) for line in (folder / name).read_text().splitlines()]

    return read
