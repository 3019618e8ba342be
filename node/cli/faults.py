"""Faults an operator can do something about: one line with the cure instead of a trace."""

from __future__ import annotations

from node.logs import one_line

FAILED, BAD_INPUT = 1, 2
KNOWN = {
    "node.config_faults.ConfigError": BAD_INPUT,
    "sim.scene.SceneError": BAD_INPUT,
    "node.fusion.friends.FriendlyListError": BAD_INPUT,
    "dsp.iq.SourceError": FAILED,
    "models.classifier.ModelError": FAILED,
    "node.sinks.SinkError": FAILED,
    "node.sinks.mqtt_connection.MqttUnavailable": FAILED,
    "node.sources.recording_files.RecorderError": FAILED,
}
"""Exit codes of our own exceptions, whose texts name what is wrong and the cure; by name, so that nothing is loaded."""
EXTRAS = {"matplotlib": "report", "torch": "train", "onnx": "train"}
"""Optional packages and what brings them."""


def explain(fault: Exception) -> tuple[int, str] | None:
    """Exit code and text of a fault we know, or None.

    A configuration or scene lists all its faults, one a line; everything else is one line.
    """
    for kind in type(fault).__mro__:
        code = KNOWN.get(f"{kind.__module__}.{kind.__name__}")
        if code is not None:
            return code, str(fault) if code == BAD_INPUT else one_line(str(fault))
    if isinstance(fault, MemoryError):
        return FAILED, "out of memory"
    if isinstance(fault, ImportError) and fault.name:
        package = fault.name.split(".", maxsplit=1)[0]
        extra = EXTRAS.get(package)
        cure = f"pip install 'skypicket[{extra}]'" if extra else "install skypicket anew: make install"
        return FAILED, f"the Python package {package} is missing or broken ({one_line(str(fault))}); {cure}"
    if isinstance(fault, OSError) and (fault.filename or fault.errno or fault.args):
        where = f"{fault.filename}: " if fault.filename else ""
        return FAILED, f"{where}{fault.strerror or one_line(str(fault))}"
    return None
