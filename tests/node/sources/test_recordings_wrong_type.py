"""Recordings whose datatype is not what it is said to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.iq import SourceUnavailable
from node.sources import RecordingOptions, open_recording


def noise(rms: float, samples: int = 50_000) -> NDArray[np.float64]:
    values: NDArray[np.float64] = np.random.default_rng(1).standard_normal(2 * samples) * rms
    return values


def bursts(rms: float, samples: int = 50_000) -> NDArray[np.float64]:
    """Noise 40 dB down, with a carrier a tenth of the time."""
    carrier = np.exp(0.1j * np.arange(samples)) * (np.arange(samples) % 10_000 < 1000) * rms
    values: NDArray[np.float64] = carrier.view(np.float64) + noise(rms / 100, samples)
    return values


def stored(values: NDArray[np.float64], datatype: str) -> bytes:
    """``values`` in units of full scale."""
    match datatype:
        case "cu8":
            return np.clip(np.rint(values * 127.5 + 127.4), 0, 255).astype(np.uint8).tobytes()
        case "cs8":
            return np.clip(np.rint(values * 128), -128, 127).astype(np.int8).tobytes()
        case "cs16":
            return np.clip(np.rint(values * 32768), -32768, 32767).astype("<i2").tobytes()
        case _:
            return values.astype("<f4").tobytes()


def read(path: Path, datatype: str) -> int:
    options = RecordingOptions(sample_rate_hz=1e6, datatype=datatype, block_samples=500)
    return sum(len(block.samples) for block in open_recording(path, options).blocks())


KINDS = [noise(0.2), noise(0.03), bursts(0.5)]
NAMES = ["loud", "quiet", "bursts"]


@pytest.mark.parametrize("values", KINDS, ids=NAMES)
@pytest.mark.parametrize(
    ("true", "said"),
    [("cf32", "cu8"), ("cf32", "cs8"), ("cf32", "cs16"), ("cs16", "cu8"), ("cs16", "cs8"), ("cu8", "cs16"),
     ("cu8", "cf32"), ("cs16", "cf32")],
)  # fmt: skip
def test_a_wrong_type_is_said(tmp_path: Path, values: NDArray[np.float64], true: str, said: str) -> None:
    if (true, said) in {("cs16", "cu8"), ("cs16", "cs8")} and values is KINDS[0]:
        values = values / 4  # louder ones use all of their bits and cannot be told from bytes
    path = tmp_path / "x.bin"
    path.write_bytes(stored(values, true))
    with pytest.raises(SourceUnavailable, match="is the datatype right"):
        read(path, said)


@pytest.mark.parametrize(
    "values", [*KINDS, noise(0.004), noise(1.5), noise(0.0)], ids=[*NAMES, "faint", "clipped", "none"]
)
@pytest.mark.parametrize("datatype", ["cu8", "cs8", "cs16", "cf32"])
def test_the_right_type_is_taken(tmp_path: Path, values: NDArray[np.float64], datatype: str) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(stored(values, datatype))
    assert read(path, datatype) == 50_000


@pytest.mark.parametrize("datatype", ["cu8", "cs8", "cs16", "cf32"])
@pytest.mark.parametrize("amplitude", [0.1, 0.45, -0.5, 0.95])
@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_a_carrier_is_taken(tmp_path: Path, datatype: str, amplitude: float, turn: float) -> None:
    carrier = amplitude * np.exp(1j * (0.25 * np.pi + turn * np.arange(50_000))) * 2**0.5
    path = tmp_path / "x.bin"
    path.write_bytes(stored(carrier.view(np.float64) + noise(0.01), datatype))
    assert read(path, datatype) == 50_000


@pytest.mark.parametrize("datatype", ["cu8", "cs8", "cs16"])
def test_random_bytes_may_be_any_integers(tmp_path: Path, datatype: str) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(np.random.default_rng(1).integers(0, 256, 200_000, dtype=np.uint8).tobytes())
    assert read(path, datatype) == 200_000 // (4 if datatype == "cs16" else 2)
