"""Recordings made byte by byte, without the code under test."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Samples = NDArray[np.complex64]


@pytest.fixture
def counted() -> Callable[[int], NDArray[np.int16]]:
    """I and Q that tell where they are: sample n is (n mod 30011, n mod 29989)."""

    def make(samples: int) -> NDArray[np.int16]:
        index = np.arange(samples)
        return np.stack((index % 30011, index % 29989), axis=1).astype("<i2")

    return make


@pytest.fixture
def write_sigmf(tmp_path: Path) -> Callable[..., Path]:
    """Write a pair of files; the path of the metadata."""

    def write(
        data: bytes,
        captures: list[dict[str, Any]] | None = None,
        name: str = "x",
        annotations: list[dict[str, Any]] | None = None,
        **fields: Any,
    ) -> Path:
        whole = {"core:datatype": "ci16_le", "core:sample_rate": 1e6, "core:version": "1.2.0"}
        whole |= {f"core:{key}": value for key, value in fields.items()}
        text = {
            "global": {key: value for key, value in whole.items() if value is not None},
            "captures": [{"core:sample_start": 0, "core:frequency": 868e6}] if captures is None else captures,
            "annotations": annotations or [],
        }
        meta = tmp_path / f"{name}.sigmf-meta"
        meta.write_text(json.dumps(text))
        (tmp_path / f"{name}.sigmf-data").write_bytes(data)
        return meta

    return write


@pytest.fixture
def grown_kib() -> Callable[[Path, int], int]:
    """Memory that reading some blocks of a recording adds to a fresh process, at its peak."""
    script = (
        "import itertools, resource, sys\n"
        "from node.sources import open_recording\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "blocks = open_recording(sys.argv[1]).blocks()\n"
        "assert sum(1 for _ in itertools.islice(blocks, int(sys.argv[2]))) == int(sys.argv[2])\n"
        "print(peak() - before)\n"
    )

    def measure(path: Path, blocks: int) -> int:
        ran = subprocess.run(
            [sys.executable, "-c", script, str(path), str(blocks)], check=True, capture_output=True, text=True
        )
        return int(ran.stdout)

    return measure


@pytest.fixture
def wav() -> Callable[..., bytes]:
    """A WAV file: chunks one by one."""

    def make(
        data: bytes,
        *,
        tag: int = 1,
        bits: int = 16,
        channels: int = 2,
        rate: int = 2_400_000,
        before: bytes = b"",
        data_size: int | None = None,
        riff: bytes = b"RIFF",
    ) -> bytes:
        align = channels * bits // 8
        fmt = struct.pack("<HHIIHH", tag, channels, rate, min(rate * align, 0xFFFFFFFF), align, bits)
        size = len(data) if data_size is None else data_size
        body = b"WAVE" + before + b"fmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", size) + data
        return riff + struct.pack("<I", min(len(body), 0xFFFFFFFF)) + body

    return make
