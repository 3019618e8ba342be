"""The pilots of the radios that scan, from the configuration."""

from __future__ import annotations

from node.config import NodeConfig
from node.config_faults import ConfigError, Fault
from node.scan import make_plan, share_out
from node.scan_pilot import ScanPilot
from node.sources import RecordingSettings, SimulatorSettings


def make_pilots(config: NodeConfig) -> dict[str, ScanPilot]:
    """A pilot for every radio that scans, by its name; they share the stops of one plan.

    Raises
    ------
    ConfigError
        If a radio that shall scan is not there or cannot, if they differ in what they can be tuned to, or if no stop
        is left.
    """
    radios = {radio.name: radio for radio in config.radios}
    faults = []
    shapes = set()
    for name in config.scan.radios:
        radio = radios.get(name)
        if radio is None:
            faults.append(f"no radio is called {name!r}; there are {', '.join(radios) or 'none'}")
        elif isinstance(radio, RecordingSettings):
            faults.append(f"{name!r} is a recording and stays where it was tuned; leave it out")
        elif isinstance(radio, SimulatorSettings):
            shapes.add((radio.sample_rate_hz or _scene_rate_hz(radio), 0.0))
        else:
            shapes.add((radio.sample_rate_hz, radio.converter_offset_hz))
    if len(shapes) > 1:
        faults.append("radios that share a plan must have the same sample_rate_hz and converter_offset_hz")
    if faults:
        raise _error(config, "scan.radios", faults)
    if not shapes:
        return {}
    rate_hz, offset_hz = shapes.pop()
    plan = make_plan(config.scan, rate_hz, offset_hz, with_odds=False)
    shares = share_out(plan, len(config.scan.radios))
    if len(shares) < len(config.scan.radios):
        text = f"the plan has {len(shares)} stops for {len(config.scan.radios)} radios; allow more regions, skip less"
        raise _error(config, "scan", [text])
    return {name: ScanPilot(share, config.scan.hold_s) for name, share in zip(config.scan.radios, shares, strict=True)}


def _scene_rate_hz(radio: SimulatorSettings) -> float:
    from sim.scene import load_scene

    return load_scene(radio.scene).receiver.sample_rate_hz


def _error(config: NodeConfig, key: str, faults: list[str]) -> ConfigError:
    return ConfigError([Fault(str(config.source), None, key, text) for text in faults])
