"""Whether the network is cheaper with eight-bit whole numbers, and what that costs in accuracy."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.train.fit import Patches

REPEATS = 200
BATCHES = (1, 3, 16)
"""Patches a call: a segment of signal has one to three."""


@dataclass(frozen=True, slots=True)
class Precision:
    """One way to run the network."""

    name: str
    cost_us: tuple[float, ...]
    """Microseconds a patch in calls of ``BATCHES`` patches, the least of ``REPEATS`` calls on one thread."""
    accuracy: float
    """Share of the patches whose most likely label is right."""
    bytes: int
    """Size of the file."""


class _Calibration:
    """Patches one at a time, as ``onnxruntime.quantization`` wants them, for the ranges of the values."""

    def __init__(self, data: Patches) -> None:
        self._rows: Iterator[int] = iter(range(len(data.label)))
        self._data = data

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        row = next(self._rows, None)
        if row is None:
            return None
        return _inputs(self._data, slice(row, row + 1))


def _inputs(data: Patches, rows: slice) -> dict[str, NDArray[np.float32]]:
    """What the network wants; pictures are kept in bytes."""
    image = data.image[rows, np.newaxis].astype(np.float32) / np.float32(255.0)
    return {"image": image, "features": data.features[rows]}


def compare_precisions(model: Path, calibration: Patches, test: Patches) -> tuple[Precision, ...]:
    """Run a network as it is and quantised: weights and activations (static), and weights alone (dynamic).

    Parameters
    ----------
    model
        An ONNX file.
    calibration
        Patches that the ranges of the activations are taken from.
    test
        Patches that the accuracy is measured on.
    """
    from onnxruntime.quantization import QuantFormat, quantize_dynamic, quantize_static

    with tempfile.TemporaryDirectory() as folder:
        static, dynamic = Path(folder) / "static.onnx", Path(folder) / "dynamic.onnx"
        quantize_static(model, static, _Calibration(calibration), quant_format=QuantFormat.QDQ, per_channel=True)
        quantize_dynamic(model, dynamic)
        named = (("float32", model), ("int8", static), ("int8 weights only", dynamic))
        return tuple(_measure(name, path, test) for name, path in named)


def _measure(name: str, path: Path, test: Patches) -> Precision:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], _inputs(test, slice(None)))
    right = float(np.mean(np.argmax(logits, axis=1) == test.label))
    costs = []
    for count in BATCHES:
        inputs = _inputs(test, slice(count))
        least_s = float("inf")
        for _ in range(REPEATS):
            begin = time.perf_counter()
            session.run(["logits"], inputs)
            least_s = min(least_s, time.perf_counter() - begin)
        costs.append(round(1e6 * least_s / count, 1))
    return Precision(name, tuple(costs), right, path.stat().st_size)
