"""Checks of the machine and of the configuration: each says whether it is well, and if not, the cure."""

from __future__ import annotations

import importlib
import os
import platform
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from dsp.iq import SourceError
from firmware_bridge.link_settings import USB_PORT
from firmware_bridge.net_port import place_of
from models.classifier import ModelError
from node.clock import clock_state
from node.config import NodeConfig
from node.host import free_mib, host_state
from node.logs import one_line
from node.messages import NodeIdentity
from node.serial_ports import SIMULATED, is_simulated
from node.sinks.mqtt_settings import MqttSettings
from node.sources import RecordingSettings, RtlSdrSettings, RtlTcpSettings, SimulatorSettings

Level = Literal["OK", "WARN", "FAIL"]
LIBRARIES = {
    "numpy": "numpy", "scipy": "scipy", "onnxruntime": "onnxruntime", "pydantic": "pydantic", "sigmf": "sigmf",
    "zstandard": "zstandard", "paho-mqtt": "paho.mqtt", "pyserial": "serial", "pyrtlsdr": "rtlsdr", "amqtt": "amqtt",
}  # fmt: skip
"""Distributions the node needs, and the module each is imported by."""
PACKAGES = ("node", "sim", "models", "firmware_bridge", "dsp")
LEAST_MIB, FEW_MIB = 100.0, 1000.0
"""Free space below which a spool cannot work, and below which recordings soon cannot."""
EARLIEST_S = 1_767_225_600
"""2026-01-01: a clock that says less was never set (a Raspberry Pi has none of its own)."""
HOT_C = 80.0
"""A Raspberry Pi 4 begins to slow down here [1].

[1] raspberrypi.com documentation, ``frequency management and thermal control``
"""
TV_DRIVER = "dvb_usb_rtl28xxu"
KERNEL_MODULES = Path("/proc/modules")
USB_DEVICES = Path("/sys/bus/usb/devices")
CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """What one check says."""

    name: str
    level: Level
    text: str
    cure: str | None = None


def examine(config: NodeConfig | None) -> Iterator[Check]:
    """All checks, one after the other; without a configuration those of the machine alone."""
    yield _python()
    yield from _libraries()
    yield _packages()
    yield _model(config.model_path if config else None)
    yield from _radios(config)
    if config is not None and config.mqtt is not None:
        yield from _broker(config.mqtt, config.identity)
    yield from _serial_ports(config)
    yield from _machine(config)


def _python() -> Check:
    text = f"{platform.python_version()} on {platform.machine()}"
    if sys.maxsize < 2**32:
        return Check("python", "FAIL", f"{text}, 32 bits", "install a 64-bit system: ONNX Runtime has no 32-bit wheels")
    return Check("python", "OK", text)


def _libraries() -> Iterator[Check]:
    cure = "install skypicket anew: make install"
    for distribution, module in LIBRARIES.items():
        try:
            version = metadata.version(distribution)
            importlib.import_module(module)
        except metadata.PackageNotFoundError:
            yield Check(distribution, "FAIL", "not installed", cure)
        except (ImportError, AttributeError, OSError) as fault:
            yield Check(distribution, "FAIL", f"cannot be loaded: {one_line(str(fault))}", cure)
        else:
            yield Check(distribution, "OK", version)


def _packages() -> Check:
    """Our packages have common names: another distribution may have put its own over one of them."""
    homes = {}
    for package in PACKAGES:
        file = importlib.import_module(package).__file__
        homes[package] = str(Path(file).parent.parent) if file else "nowhere"
    if len(set(homes.values())) == 1:
        return Check("packages", "OK", f"all in {homes['node']}")
    where = ", ".join(f"{package} in {home}" for package, home in homes.items())
    return Check(
        "packages", "FAIL", f"shadowed by another: {where}", "use an environment of skypicket's own: make install"
    )


def _model(path: Path | None) -> Check:
    from models.onnx import load_classifier

    try:
        model = load_classifier(path).model
    except ModelError as fault:
        return Check("model", "FAIL", one_line(str(fault)))
    return Check("model", "OK", f"{model.name} {model.version}, sha256 {model.sha256[:12]}")


def _radios(config: NodeConfig | None) -> Iterator[Check]:
    settings = config.radios if config is not None else ()
    if config is None or any(isinstance(radio, RtlSdrSettings) for radio in settings):
        yield from _dongles([radio for radio in settings if isinstance(radio, RtlSdrSettings)])
    for radio in settings:
        name = f"radio {radio.name}"
        try:
            if isinstance(radio, RtlTcpSettings):
                yield Check(name, "OK", _greeting(radio))
            elif isinstance(radio, SimulatorSettings):
                from sim.scene import load_scene

                yield Check(name, "OK", f"simulated, {load_scene(radio.scene).title or radio.scene}")
            elif isinstance(radio, RecordingSettings):
                from node.sources import open_radio

                open_radio(radio).stop()
                yield Check(name, "OK", f"recording {radio.path}")
        except SourceError as fault:
            yield Check(name, "FAIL", one_line(str(fault)))


def _greeting(radio: RtlTcpSettings) -> str:
    from node.sources.rtl2832u import tuner_name
    from node.sources.rtl_tcp_link import RtlTcpLink

    label = f"rtl_tcp {radio.host}:{radio.port}"
    link = RtlTcpLink((radio.host, radio.port), radio.connect_timeout_s, lambda: False, label)
    try:
        return f"{label}, {tuner_name(link.greeting.tuner)} tuner"
    finally:
        link.close()


def _dongles(wanted: list[RtlSdrSettings]) -> Iterator[Check]:
    from node.sources.rtl_sdr_device import choose, serial_numbers

    try:
        serials = serial_numbers()
    except SourceError as fault:
        yield Check("dongles", "FAIL" if wanted else "WARN", one_line(str(fault)))
        return
    try:
        loaded = TV_DRIVER in KERNEL_MODULES.read_text(encoding="ascii", errors="replace")
    except OSError:
        loaded = False
    if loaded:
        cure = f"sudo modprobe -r {TV_DRIVER}; for good: a line `blacklist {TV_DRIVER}` in /etc/modprobe.d/rtl-sdr.conf"
        yield Check("television driver", "WARN", f"{TV_DRIVER} is loaded and takes dongles away", cure)
    if serials or not wanted:
        text = ", ".join(serials) if serials else "none in this machine"
        yield Check("dongles", "OK" if serials else "WARN", text, None if serials else "plug an RTL-SDR in")
    for radio in wanted:
        try:
            index = choose(serials, radio.serial, f"radio {radio.name}")
        except SourceError as fault:
            yield Check(f"radio {radio.name}", "FAIL", one_line(str(fault)).removeprefix(f"radio {radio.name}: "))
        else:
            yield Check(f"radio {radio.name}", "OK", f"dongle {serials[index]}")


def _broker(settings: MqttSettings, node: NodeIdentity) -> Iterator[Check]:
    from node.sinks.mqtt_check import check_broker, lets_anybody_in

    stages = check_broker(settings, node.site, node.name)
    for stage in stages:
        level: Level = "WARN" if stage.ok is None else "OK" if stage.ok else "FAIL"
        yield Check(f"broker {stage.name}", level, stage.detail)
    if {"affiliation", "ack"} & set(settings.commands) and all(stage.ok for stage in stages):
        if lets_anybody_in(settings):
            text = "the broker lets anybody in, and whoever may write to cmd/ can say friend or hostile"
            yield Check("broker access", "WARN", text, "passwords or certificates and an access list: docs/mqtt.md")
        else:
            yield Check("broker access", "OK", "asks who a client is; its access list must guard cmd/: docs/mqtt.md")


def _serial_ports(config: NodeConfig | None) -> Iterator[Check]:
    for name, port in config.serial_ports if config is not None else ():
        level, text, cure = _port(port)
        yield Check(f"port {name}", level, text, cure)


def _port(port: str) -> tuple[Level, str, str | None]:
    """Whether a port is there and may be used; it is not opened, because a running node may have it."""
    if is_simulated(port):
        return "OK", f"simulated, scene {port.removeprefix(SIMULATED)}", None
    usb = USB_PORT.fullmatch(port)
    if usb is not None:
        wanted = (usb["vid"].lower(), usb["pid"].lower())
        present = sorted(_usb_numbers())
        if wanted in present:
            return "OK", port, None
        numbers = ", ".join(f"usb:{vid}:{pid}" for vid, pid in present) or "none"
        return "FAIL", f"{port} is not there", f"plug it in; USB devices present: {numbers}"
    scheme, _, address = port.partition("://")
    if address:
        if scheme == "udp":
            return "OK", f"{port} (not tried)", None
        try:
            socket.create_connection(place_of(port), CONNECT_S).close()
        except (OSError, ValueError) as fault:
            return "FAIL", f"{port}: {fault}", "start what serves it, check host and port"
        return "OK", port, None
    path = Path(port)
    if not path.exists():
        present_ports = ", ".join(sorted(str(each) for each in Path("/dev/serial/by-id").glob("*"))) or "none"
        return "FAIL", f"{port} is not there", f"plug it in; ports present: {present_ports}"
    if not path.is_char_device():
        return "FAIL", f"{port} is no serial port", "name the device itself, such as /dev/serial/by-id/usb-..."
    if not os.access(path, os.R_OK | os.W_OK):
        return "FAIL", f"{port} may not be used by this user", "sudo usermod -aG dialout USER, then log in anew"
    return "OK", port, None


def _usb_numbers() -> Iterator[tuple[str, str]]:
    """Vendor and product of every USB device."""
    for vendor in USB_DEVICES.glob("*/idVendor"):
        try:
            yield vendor.read_text().strip(), vendor.with_name("idProduct").read_text().strip()
        except OSError:
            continue


def _machine(config: NodeConfig | None) -> Iterator[Check]:
    for folder in config.data_folders if config is not None else (Path.cwd(),):
        free = free_mib(folder)
        if free is None:
            yield Check("disk", "WARN", f"{folder}: cannot be examined")
            continue
        level: Level = "FAIL" if free < LEAST_MIB else "WARN" if free < FEW_MIB else "OK"
        yield Check("disk", level, f"{folder}: {free:.0f} MiB free", None if level == "OK" else "make room")
    host = host_state(Path.cwd())
    if host.temperature_c is not None and (host.temperature_c > HOT_C or host.throttled):
        yield Check(
            "temperature", "WARN", f"{host.temperature_c:.0f} C, slowed down", "cool it, or give it better power"
        )
    yield _clock()


def _clock() -> Check:
    if time.time() < EARLIEST_S:
        return Check(
            "clock", "FAIL", f"says {time.strftime('%Y-%m-%d', time.gmtime())}", "sudo timedatectl set-ntp true"
        )
    state = clock_state()
    if state is None:
        return Check("clock", "WARN", "the kernel does not say how well it is kept")
    if not state.synchronised:
        cure = "start a time service: sudo timedatectl set-ntp true, or install chrony"
        return Check("clock", "WARN", "nothing keeps it right", cure)
    return Check("clock", "OK", f"kept right, at most {state.max_error_ms:.0f} ms off")
