"""What the main thread makes of contacts, over real ports: Remote ID messages, place and time, one picture, health."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node.config import parse_config
from node.fusion.fusion import Fusion
from node.fusion.picture import FusedChange
from node.fusion.settings import FusionSettings
from node.health import HealthMeter, node_state
from node.messages import InfoMessage, Message, MessageMaker, NodeIdentity, RemoteIdMessage, TrackMessage, to_json
from node.modules import ModuleRunner
from node.serial_desk import ContactDesk
from sim.serial_devices.port import PtyPort

IDENTITY = NodeIdentity("hill", "mast", lat=56.95, lon=24.1, alt_m=30.0, time_source="system")
BOOT_ID = "00000000-0000-4000-8000-000000000001"
NODE = '[node]\nsite = "hill"\nname = "mast"\n'
PATIENCE_S = 30.0
HEARD = (
    b'{"mac":"60:60:1f:00:00:01","rssi":-70,"drone_lat":56.951000,"drone_long":24.101000,"drone_altitude":90,'
    b'"pilot_lat":0.000000,"pilot_long":0.000000,"basic_id":"1581F45TB21CP0000XYZ"}\r\n'
)


def tpv(lat: float, lon: float) -> bytes:
    report = {"class": "TPV", "device": "/dev/x", "mode": 3, "lat": lat, "lon": lon, "altHAE": 50.0, "eph": 5.0}
    return json.dumps(report).encode() + b"\r\n"


class Breakable(Fusion):
    """A picture that can be given a bug."""

    broken = False

    def advance(self, time_ns: int) -> list[FusedChange]:
        if self.broken:
            raise IndexError("a bug")
        return super().advance(time_ns)


class Bench:
    """A desk with one module on a port of the test's own."""

    def __init__(self, device: str, *, fused: bool = False) -> None:
        self.port = PtyPort()
        text = NODE + f'[[serial]]\nname = "it"\ntype = "{device}"\nport = "{self.port.path}"\n'
        self.woken = threading.Event()
        self.module = ModuleRunner(parse_config(text, Path("node.toml")).serials[0], self.woken.set)
        self.maker = MessageMaker(IDENTITY, BOOT_ID)
        self.infos = 0
        self.pictures: list[Breakable] = []
        self.desk = ContactDesk([self.module], self.maker, self.info, self.make_fusion if fused else None)
        self.desk.start()
        self.messages: list[Message] = []

    def make_fusion(self) -> Fusion:
        self.pictures.append(Breakable(FusionSettings(), (56.95, 24.1, 30.0), "mast"))
        return self.pictures[-1]

    def info(self) -> InfoMessage:
        self.infos += 1
        return InfoMessage(
            node_id=self.maker.node.uuid, boot_id=BOOT_ID, ts="2026-01-01T00:00:00.000Z", sw="test",
            node=self.maker.node.info(), sensors=(), labels=(), model=None, schemas=(),
        )  # fmt: skip

    def until(self, wanted: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not wanted():
            assert time.monotonic() < deadline_s
            self.woken.wait(0.05)
            self.woken.clear()
            self.messages += self.desk.messages()

    def said(self, data: bytes, wanted: Callable[[], bool]) -> None:
        """Write to the port once it is open, until something has come of it."""
        self.until(lambda: self.module.status.connected)
        self.port.write(data)
        self.until(wanted)

    def close(self) -> None:
        assert self.desk.stop() == []
        self.port.close()


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(device: str, **options: bool) -> Bench:
        made.append(Bench(device, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_remote_id_becomes_a_message_with_what_was_heard(bench: Callable[..., Bench]) -> None:
    one = bench("remote-id")
    one.said(HEARD * 3, lambda: sum(isinstance(message, RemoteIdMessage) for message in one.messages) == 3)
    heard = [message for message in one.messages if isinstance(message, RemoteIdMessage)]
    assert [message.seq for message in heard] == [1, 2, 3]
    first = json.loads(to_json(heard[0]))
    assert (first["schema"], first["sensor"], first["uas_id"]) == (
        "skypicket.remote_id/1",
        "it",
        "1581F45TB21CP0000XYZ",
    )
    assert (first["claimed"]["lat"], first["claimed"]["lon"], first["claimed"]["alt_m"]) == (56.951, 24.101, 90.0)
    assert (first["operator"]["lat"], first["claimed"]["speed_mps"]) == (None, None)  # never 0.0
    assert first["latency_ms"] >= 0.0
    assert not any(isinstance(message, TrackMessage) for message in one.messages)  # there is no picture here


def test_what_tells_of_nothing_newer_has_no_latency(bench: Callable[..., Bench]) -> None:
    one = bench("remote-id", fused=True)

    def tracks() -> list[TrackMessage]:
        return [message for message in one.messages if isinstance(message, TrackMessage)]

    one.said(HEARD * 3, lambda: bool(tracks()))
    (new,) = tracks()
    assert new.latency_ms is not None
    for affiliation in ("suspect", "neutral"):  # by the second everything that was heard has been told
        assert one.desk.set_affiliation(new.track_id, affiliation, "Anna", "")
        one.until(lambda wanted=affiliation: tracks()[-1].identity.affiliation == wanted)  # type: ignore[misc]
    assert [(track.event, track.last_seen) for track in tracks()[-2:]] == [("update", tracks()[-1].last_seen)] * 2
    assert tracks()[-1].latency_ms is None


def test_with_a_picture_the_same_becomes_a_track_and_ends_in_good_order(bench: Callable[..., Bench]) -> None:
    one = bench("remote-id", fused=True)

    def tracks() -> list[TrackMessage]:
        return [message for message in one.messages if isinstance(message, TrackMessage)]

    one.said(HEARD * 3, lambda: bool(tracks()))
    new = tracks()[0]
    assert (new.event, new.kind, new.sensors, new.rf) == ("new", "remote_id", ("it",), None)
    assert new.object is not None
    assert new.object.claimed
    assert new.identity.remote_id == "1581F45TB21CP0000XYZ"
    assert new.position is not None
    assert new.position.lat == pytest.approx(56.951, abs=1e-5)
    assert new.position.lon == pytest.approx(24.101, abs=1e-5)
    assert [source.kind for source in new.sources] == ["remote_id"]
    assert one.desk.status().tracks == 1
    one.messages += one.desk.close()
    assert (tracks()[-1].event, tracks()[-1].end_reason, tracks()[-1].track_id) == ("end", "shutdown", new.track_id)
    assert one.desk.status().tracks == 0


def test_a_bug_in_the_picture_ends_its_tracks_and_not_the_node(
    bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    one = bench("remote-id", fused=True)

    def said(event: str) -> list[TrackMessage]:
        return [message for message in one.messages if isinstance(message, TrackMessage) and message.event == event]

    one.said(HEARD * 3, lambda: bool(said("new")))
    one.pictures[0].broken = True
    one.until(lambda: bool(said("end")))
    assert {message.track_id for message in said("end")} == {said("new")[0].track_id}
    assert "please report it" in caplog.text
    assert one.desk.status().tracks == 0
    state, reason = node_state([], one.desk.status())
    assert (state, reason) == ("degraded", "the picture failed and was started anew")
    one.said(HEARD * 3, lambda: len(said("new")) == 2)  # and the new one sees the same again
    assert len(one.pictures) == 2


def test_the_place_follows_the_fix_and_is_said_again_when_it_is_another(bench: Callable[..., Bench]) -> None:
    one = bench("gpsd")
    one.said(tpv(56.9501, 24.1001), lambda: one.maker.node.lat == 56.9501)
    assert (one.maker.node.lon, one.maker.node.alt_m) == (24.1001, 50.0)
    assert one.infos == 1  # it was as configured, now it is measured
    one.said(tpv(56.95011, 24.1001), lambda: one.maker.node.lat == 56.95011)
    assert one.infos == 1
    one.said(tpv(56.97, 24.1001), lambda: one.maker.node.lat == 56.97)
    assert one.infos == 2
    status = one.desk.status()
    assert status.place is not None
    assert status.place.source == "gnss"
    assert "m from the configured position" in status.faults[0]
    assert node_state([], status)[0] == "degraded"


def test_health_has_what_a_port_has_seen(bench: Callable[..., Bench]) -> None:
    one = bench("remote-id")
    one.said(HEARD + b"not a line\r\n" + HEARD, lambda: one.module.status.link.module.contacts == 2)
    one.until(lambda: one.desk.status().slowest_ms is not None)  # counted by the port's thread, and taken by the desk
    one.port.unplug()
    one.until(lambda: not one.module.status.connected)
    status = one.desk.status(forget=True)
    one.port.plug()  # the link may be there again at any time from now on
    meter = HealthMeter(IDENTITY, BOOT_ID, "skypicket test", 10.0, Path.cwd())
    health = meter.health(IDENTITY, [], [], status, results_waiting=0, tracks=0, latency_ms=None)
    (module,) = health.modules
    assert (module.name, module.connected, module.contacts, module.losses) == ("it", False, 2, 1)
    assert module.bytes == 2 * len(HEARD) + len(b"not a line\r\n")
    assert module.last_bytes is not None
    assert module.last_error is not None
    assert health.state == "degraded"
    assert next((queue.name, queue.dropped) for queue in health.queues) == ("contacts it", 0)
    assert health.contact_latency_ms is not None
    assert one.desk.status().slowest_ms is None  # since the last message
    assert replace(status, modules=()).faults == ()


def test_an_operators_word_makes_a_message_and_again_tells_everything_once_more(bench: Callable[..., Bench]) -> None:
    one = bench("remote-id", fused=True)

    def tracks() -> list[TrackMessage]:
        return [message for message in one.messages if isinstance(message, TrackMessage)]

    one.said(HEARD * 3, lambda: bool(tracks()))
    track_id = tracks()[0].track_id
    assert one.desk.set_affiliation(track_id, "hostile", "Anna", "crossed the fence")
    one.until(lambda: tracks()[-1].identity.affiliation == "hostile")
    assert tracks()[-1].identity.basis[0] == "said by Anna: crossed the fence"
    assert tracks()[-1].severity.level == "critical"
    assert not one.desk.set_affiliation("01K5SAMPME0000000000000000", "friend", "Anna", "")
    (again,) = one.desk.again()
    assert isinstance(again, TrackMessage)
    assert (again.event, again.track_id, again.identity.affiliation) == ("update", track_id, "hostile")
    assert again.seq == tracks()[-1].seq + 1
