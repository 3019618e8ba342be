"""Simulated modules as another program shows them, the whole node, mosquitto, and mosquitto_sub at the other end.

The modules are those of ``skypicket sim serial``: the node opens their ports as it would those of real ones.
"""

from __future__ import annotations

import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system

Start = Callable[..., Any]
TYPES = {"radar": "ti-mmwave", "camera": "sscma", "remote-id": "remote-id"}
MORE = {"camera": 'hfov_deg = 12.0\nlabels = ["drone", "bird", "person", "vehicle"]\n'}
SCENE_MOUNT = "[serial.mount]\nheading_deg = 72.0\ntilt_deg = 8.0\nup_m = 6.0\nreach_m = 200.0\n"
ORIGIN = "lat = 56.9496\nlon = 24.1052\nalt_m = 30.0\n"


def write_config(folder: Path, mqtt_port: int, serials: str) -> Path:
    path = folder / "node.toml"
    path.write_text(
        f"""
[node]
site = "hill"
name = "mast"
[node.position]
{ORIGIN}
{serials}
[mqtt]
host = "127.0.0.1"
port = {mqtt_port}
will_delay_s = 0
[live]
health_interval_s = 0.5
"""
    )
    return path


def serial(name: str, port: str | Path) -> str:
    kind = TYPES[name]
    return f'[[serial]]\nname = "{name}"\ntype = "{kind}"\nport = "{port}"\n{MORE.get(name, "")}{SCENE_MOUNT}'


@pytest.fixture
def modules(tmp_path: Path, skypicket: Start) -> Iterator[Any]:
    """The modules of the scene `demo` below ``ports``, faults typed in."""
    with skypicket("sim", "serial", "demo", "--link", tmp_path / "ports", typed=True) as program:
        for name, kind in TYPES.items():
            line = program.next_line()
            assert line.split()[:2] == [name, kind]
            assert line.endswith(str(tmp_path / "ports" / name))
        yield program


def all_of(folder: Path) -> str:
    return "".join(serial(name, folder / "ports" / name) for name in TYPES)


def module_health(listener: Any, name: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next health in which a module is as wanted."""

    def found(topic: str, message: dict[str, Any]) -> bool:
        return topic == "health" and any(one["name"] == name and wanted(one) for one in message["modules"])

    message: dict[str, Any] = listener.wait_for(found)
    one: dict[str, Any] = next(one for one in message["modules"] if one["name"] == name)
    return one


def test_radar_camera_and_remote_id_become_tracks_of_one_picture(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start, modules: Any
) -> None:
    assert modules.process.poll() is None
    with mosquitto(port), subscriber(port) as listener:
        with skypicket("run", "-c", write_config(tmp_path, port, all_of(tmp_path))) as node:
            listener.wait_for_status("online")
            heard = listener.wait_for(lambda topic, message: topic == "remoteid" and message["uas_id"] is not None)
            assert heard["schema"] == "skypicket.remote_id/1"
            assert heard["sensor"] == "remote-id"
            assert heard["node"]["lat"] == 56.9496
            assert heard["latency_ms"] >= 0
            seen = listener.wait_for(
                lambda topic, message: topic == "event" and {"radar", "camera"} <= set(message["sensors"])
            )
            assert seen["kind"] == "fused"
            assert {source["kind"] for source in seen["sources"]} == {"radar", "camera"}
            assert 50 < seen["range_m"] < 300
            assert abs(seen["bearing_deg"] - 74) < 10  # where the scene says it comes from
            assert seen["rf"] is None
            assert seen["identity"]["affiliation"] == "unknown"
            health = listener.wait_for(lambda topic, message: topic == "health" and message["picture"]["tracks"] >= 1)
            assert health["picture"]["unusable"] == 0
            assert {one["name"]: one["connected"] for one in health["modules"]} == dict.fromkeys(TYPES, True)
            assert all(one["bytes"] > 0 and one["frames"] > 0 for one in health["modules"])
            assert [queue["dropped"] for queue in health["queues"]] == [0] * len(health["queues"])
            assert node.end(signal.SIGTERM) == 0
        listener.wait_for_status("stopped")
        assert node.lines == []
    events = [message for topic, message in listener.messages if topic.endswith("/event") and message is not None]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    born = {event["track_id"] for event in events if event["event"] == "new"}
    died = {event["track_id"] for event in events if event["event"] == "end"}
    assert born == died
    observed = [message for topic, message in listener.messages if topic.endswith("/remoteid") and message]
    assert [message["seq"] for message in observed] == list(range(1, len(observed) + 1))


def test_a_module_that_is_pulled_out_is_said_and_comes_back(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start, modules: Any
) -> None:
    config = write_config(tmp_path, port, all_of(tmp_path))
    with mosquitto(port), subscriber(port) as listener, skypicket("run", "-c", config) as node:
        listener.wait_for_status("online")
        modules.type("unplug radar")
        degraded = listener.wait_for_status("degraded")
        assert degraded["reason"].startswith("radar: ")
        away = module_health(listener, "radar", lambda one: not one["connected"])
        assert away["losses"] == 1
        assert away["last_error"]
        module_health(listener, "remote-id", lambda one: one["connected"])  # the others go on
        modules.type("replug radar")
        listener.wait_for_status("online")
        back = module_health(listener, "radar", lambda one: one["connected"] and one["frames"] > away["frames"])
        assert back["reopenings"] == 1
        assert node.end() == 0


def test_garbage_and_damage_are_counted_and_go_by(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start, modules: Any
) -> None:
    with mosquitto(port), subscriber(port) as listener:
        config = write_config(tmp_path, port, serial("radar", tmp_path / "ports" / "radar"))
        with skypicket("run", "-c", config) as node:
            before = module_health(listener, "radar", lambda one: one["frames"] > 5)
            modules.type("garbage radar 3000")
            modules.type("errors radar 0.02")
            damaged = module_health(listener, "radar", lambda one: one["resyncs"] > before["resyncs"])
            modules.type("errors radar 0")
            module_health(listener, "radar", lambda one: one["frames"] > damaged["frames"] + 20)
            modules.type("stall radar")
            degraded = listener.wait_for_status("degraded")
            assert "nothing came for 5 s" in degraded["reason"]
            modules.type("resume radar")
            listener.wait_for_status("online")
            assert module_health(listener, "radar", lambda one: one["connected"])["stalls"] >= 1
            assert node.end() == 0


def test_a_line_read_at_the_wrong_rate_is_named(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start, modules: Any
) -> None:
    with mosquitto(port), subscriber(port) as listener:
        modules.type("wrong-baud radar 460800")
        config = write_config(tmp_path, port, serial("radar", tmp_path / "ports" / "radar"))
        with skypicket("run", "-c", config) as node:
            garbled = listener.wait_for(
                lambda topic, message: topic == "status" and "baud" in (message["reason"] or "")
            )
            assert "wrong baud rate (921600)" in garbled["reason"]
            modules.type("wrong-baud radar 0")
            listener.wait_for_status("online")
            assert node.end() == 0


def test_a_simulated_port_is_the_same_path_without_a_second_program(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start
) -> None:
    serials = "".join(f'[[serial]]\nname = "{name}"\ntype = "{kind}"\nport = "sim:demo"\n{MORE.get(name, "")}'
                      for name, kind in TYPES.items())  # fmt: skip
    config = write_config(tmp_path, port, serials)
    with mosquitto(port), subscriber(port) as listener, skypicket("run", "-c", config) as node:
        listener.wait_for_status("online")
        listener.wait_for(lambda topic, _: topic == "remoteid")
        seen = listener.wait_for(lambda topic, message: topic == "event" and "radar" in message["sensors"])
        assert seen["node"]["time_source"] == "simulated"
        assert abs(seen["bearing_deg"] - 74) < 10
        assert node.end(signal.SIGINT) == 0


def sentence(text: str) -> str:
    total = 0
    for letter in text:
        total ^= ord(letter)
    return f"${text}*{total:02X}\r\n"


@contextmanager
def receiver(gpsfake: Any) -> Iterator[None]:
    """Ends its gpsd too, which a kill would leave behind."""
    with gpsfake:
        try:
            yield
        finally:
            gpsfake.end()


def test_the_place_of_the_node_follows_a_real_gpsd(
    tmp_path: Path, port: int, mosquitto: Start, subscriber: Start, skypicket: Start, program: Start
) -> None:
    if shutil.which("gpsfake") is None:
        pytest.skip("no gpsfake: sudo apt install gpsd-clients")
    log = tmp_path / "receiver.nmea"
    log.write_text(
        "".join(
            sentence(f"GPRMC,1200{second:02d}.00,A,5657.00000,N,02406.60000,E,000.5,054.7,271126,,")
            + sentence(f"GPGGA,1200{second:02d}.00,5657.00000,N,02406.60000,E,1,08,0.9,20.4,M,20.0,M,,")
            + sentence("GPGSA,A,3,04,05,09,12,24,25,29,31,,,,,2.5,1.3,2.1")
            for second in range(60)
        )
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        gps_port = probe.getsockname()[1]
    serials = f'[[serial]]\nname = "gnss"\ntype = "gpsd"\nport = "socket://127.0.0.1:{gps_port}"\n'
    config = write_config(tmp_path, port, serials)
    with mosquitto(port), subscriber(port) as listener, skypicket("run", "-c", config) as node:
        static = listener.wait_for(lambda topic, _: topic == "info")
        assert (static["node"]["lat"], static["node"]["alt_m"]) == (56.9496, 30.0)
        with receiver(program("gpsfake", "-q", "-c", "0.05", "-P", str(gps_port), str(log))):
            moved = listener.wait_for(
                lambda topic, message: topic == "info" and message["node"]["lat"] == pytest.approx(56.95, abs=1e-6)
            )
            assert moved["node"]["lon"] == pytest.approx(24.11, abs=1e-6)
            health = listener.wait_for(
                lambda topic, message: topic == "health" and message["position"]["source"] == "gnss"
            )
            assert health["position"]["age_s"] < 10
        back = listener.wait_for(lambda topic, message: topic == "info" and message["node"]["lat"] == 56.9496)
        assert back["boot_id"] == moved["boot_id"]
        degraded = listener.wait_for_status("degraded")
        assert "gnss" in degraded["reason"]
        assert node.end() == 0
