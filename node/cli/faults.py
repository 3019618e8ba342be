"""Faults an operator can do something about: one line with the cure instead of a trace."""

from __future__ import annotations

from node.logs import one_line

FAILED, BAD_INPUT = 1, 2


def explain(fault: Exception) -> tuple[int, str] | None:
    """Exit code and text of a fault we know, or None.

    A configuration or scene lists all its faults, one a line; everything else is one line.
    """
    from dsp.iq import SourceError
    from models.classifier import ModelError
    from node.config import ConfigError
    from sim.scene import SceneError

    if isinstance(fault, (ConfigError, SceneError)):
        return BAD_INPUT, str(fault)
    if isinstance(fault, (SourceError, ModelError)):
        return FAILED, one_line(str(fault))
    if isinstance(fault, MemoryError):
        return FAILED, "out of memory"
    if isinstance(fault, ImportError) and fault.name:
        package = fault.name.split(".", maxsplit=1)[0]
        extra = {"matplotlib": "report", "torch": "train", "onnx": "train"}.get(package)
        cure = f"pip install 'skypicket[{extra}]'" if extra else "install skypicket anew: make install"
        return FAILED, f"the Python package {package} is missing or broken ({one_line(str(fault))}); {cure}"
    if isinstance(fault, OSError) and (fault.strerror or fault.filename):
        where = f"{fault.filename}: " if fault.filename else ""
        return FAILED, f"{where}{fault.strerror or one_line(str(fault))}"
    return None
