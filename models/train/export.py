"""Export of a trained network to ONNX, node by node: no tracer, no surprises, batch normalisation folded in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.card import ModelCard
from models.novelty import Spread

OPSET = 17
IR_VERSION = 9
"""Read by ONNX Runtime 1.16 and later."""


def export_onnx(network: Any, card: ModelCard, path: Path, spread: Spread) -> None:
    """Write a network and its card as one ONNX file.

    Parameters
    ----------
    network
        From ``build_network``, trained.
    card
        Facts for the metadata.
    path
        The file; replaced whole.
    spread
        Where the training patches lie: becomes the output ``distances``, the squared distance to each label's mean.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []
    weights: list[Any] = []

    def constant(name: str, value: NDArray[np.float32]) -> str:
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32), name))
        return name

    current = "image"
    parts = ["features"]
    layers = list(zip(network.convolutions, network.normalisations, strict=True))
    for index, (convolution, normalisation) in enumerate(layers):
        scale = _array(normalisation.weight) / np.sqrt(_array(normalisation.running_var) + normalisation.eps)
        kernel = _array(convolution.weight) * scale[:, np.newaxis, np.newaxis, np.newaxis]
        bias = (_array(convolution.bias) - _array(normalisation.running_mean)) * scale + _array(normalisation.bias)
        inputs = [current, constant(f"kernel{index}", kernel), constant(f"bias{index}", bias)]
        nodes.append(
            helper.make_node("Conv", inputs, [f"sum{index}"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        )
        nodes.append(helper.make_node("Relu", [f"sum{index}"], [f"map{index}"]))
        current = f"map{index}"
    if layers:
        nodes.append(helper.make_node("ReduceMean", [current], ["mean"], axes=[2, 3], keepdims=0))
        nodes.append(helper.make_node("ReduceMax", [current], ["peak"], axes=[2, 3], keepdims=0))
        parts += ["mean", "peak"]
    nodes.append(helper.make_node("Concat", parts, ["joined"], axis=1))
    for name, layer, source, target in (
        ("first", network.first, "joined", "dense"),
        ("second", network.second, "hidden", "logits"),
    ):
        inputs = [
            source,
            constant(f"{name}_weight", _array(layer.weight)),
            constant(f"{name}_bias", _array(layer.bias)),
        ]
        nodes.append(helper.make_node("Gemm", inputs, [target], transB=1))
        if name == "first":
            nodes.append(helper.make_node("Relu", ["dense"], ["hidden"]))
    # |w - c|^2 = |w|^2 - 2 w c + |c|^2, with w the whitened vector and c each label's mean.
    centres = spread.centres
    nodes += [
        helper.make_node("MatMul", ["joined", constant("whitening", spread.whitening)], ["white"]),
        helper.make_node("ReduceSumSquare", ["white"], ["white_square"], axes=[1], keepdims=1),
        helper.make_node(
            "Gemm",
            ["white", constant("centres", centres), constant("centres_square", (centres**2).sum(axis=1))],
            ["nearness"],
            alpha=-2.0,
            transB=1,
        ),
        helper.make_node("Add", ["white_square", "nearness"], ["distances"]),
    ]
    graph = helper.make_graph(
        nodes,
        card.name,
        [
            helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", *card.image_shape]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", card.feature_count]),
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", len(card.labels)])
            for name in ("logits", "distances")
        ],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(model, card.to_metadata())
    onnx.checker.check_model(model)
    temporary = path.with_suffix(".tmp")
    onnx.save(model, str(temporary))
    temporary.replace(path)


def _array(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(tensor.detach().cpu().numpy(), dtype=np.float32)
