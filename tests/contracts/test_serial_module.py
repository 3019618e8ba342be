"""The contract of ``SerialModule``, for every registered device: any bytes, any cuts, bounded, counted."""

# Longer than 300 lines: one suite over every driver, with intact bytes and every kind of damage of each.

from __future__ import annotations

import dataclasses
import os
import pkgutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import firmware_bridge
from dsp.units import NS_PER_S
from firmware_bridge.camera import maix
from firmware_bridge.camera.maixpy.main import COMMAND, Found, pack
from firmware_bridge.contacts import (
    AircraftContact,
    CameraContact,
    Contact,
    PositionFix,
    RadarContact,
    RemoteIdContact,
)
from firmware_bridge.devices import BY_NAME, DEVICES
from firmware_bridge.mcu.frames import Frame, encode
from firmware_bridge.mcu.payloads import RADAR, FrameType
from firmware_bridge.module import Device, ModuleSettings, SerialModule
from firmware_bridge.radar import k_ld7
from firmware_bridge.remote_id.receiver import RemoteIdSettings
from sim.serial_devices.hilink import ld2450_frame, ld2451_frame
from sim.serial_devices.sensor import Detection
from sim.serial_devices.ti_mmwave import oob_packet, people_packet

NOW_NS = 1_767_225_600_000_000_000
FUZZ_BYTES = int(os.environ.get("SKYPICKET_FUZZ_BYTES", "1_000_000"))
"""Bytes a device is fed with by the fuzz tests, over all kinds of damage."""
MOST_HELD = 2**20
"""Bytes a module may hold: twice the largest frame of any (a camera's picture) and its bookkeeping."""
CHECKED = {"skypicket-mcu", "maix", "beast", "remote-id over MAVLink"}
"""Whose protocol has a checksum."""
FALSE_CONTACTS_PER_BYTE = 1e-6


def _seen(range_m: float, azimuth_deg: float, speed_mps: float) -> Detection:
    x_m, y_m = range_m * np.sin(np.radians(azimuth_deg)), range_m * np.cos(np.radians(azimuth_deg))
    return Detection(float(x_m), float(y_m), 0.2, range_m, azimuth_deg, 3.0, speed_mps, 17.0, None)


SEEN = [_seen(4.0, -20.0, -1.5), _seen(5.5, 12.0, 0.8)]
SAMPLES: dict[str, bytes] = {
    "ti-mmwave": oob_packet(7, 1_000_000, SEEN) + oob_packet(8, 21_000_000, []) + people_packet(9, SEEN, {}),
    "ti-mmwave-config": b"mmwDemo:/>sensorStop\r\nDone\r\n\r\nmmwDemo:/>flushCfg\r\nError -1\r\n",
    "ops243": b'{"time" : "105.122", "unit" : "mps", "magnitude" : "23", "speed" : "1.0"}\r\n"m",2.1\n023F0125\r\n'
    b'{"PowerMode" : "Idle or Pulse"}\n{"magnitude":[606.71,352.58],"speed":[-10.90,-12.26]}\n',
    "ld2450": ld2450_frame([(-0.782, 1.713, -0.16), None, (1.2, 3.4, 2.0)]) + ld2450_frame([None, None, None]),
    "ld2451": ld2451_frame(SEEN) + ld2451_frame([]),
    "k-ld7": k_ld7.packet(b"RESP", b"\0")
    + k_ld7.packet(b"PDAT", k_ld7.ROW.pack(1234, -550, 1500, 900) * 2)
    + k_ld7.packet(b"TDAT")
    + k_ld7.packet(b"DONE", b"\x07\0\0\0"),
    "sscma": b'\r{"type":1,"name":"INVOKE","code":0,"data":{"count":8,"perf":[8,365,0],"resolution":[240,240],'
    b'"boxes":[[87,83,77,65,70,0]]}}\nSENSORDPLIB_STATUS 22\n',
    "maix": maix.encode(COMMAND, pack([Found(100.0, 80.0, 20.0, 10.0, 0.8, 3)], 320, 240, 40)),
    "json-lines": b'{"width":320,"height":240,"boxes":[{"x":100,"y":80,"w":20,"h":10,"score":0.8,"label":"drone"}]}\n',
    "remote-id": b'{"mac":"90:3a:e6:5b:c8:a8","rssi":-61,"drone_lat":47.198710,"drone_long":8.730237,'
    b'"drone_altitude":431,"pilot_lat":0.0,"pilot_long":0.0,"basic_id":"1588E040445AC004418"}\r\n',
    "gpsd": b'{"class":"TPV","device":"/dev/gps0","mode":3,"time":"2026-01-01T00:00:00.000Z","lat":47.1987,'
    b'"lon":8.7302,"altHAE":431.5,"eph":4.0}\r\n',
    "beast": bytes.fromhex(
        "1a33000000000000648d4d1a1a235841825556288997559b1a330000000003e8648d4d1a1a23584185d4141b61ecf7e0"
        "1a330000000007d0648d4d1a1a2358418255ac28891a1a9bd7"
    ),
    "sbs": 2
    * (
        b"MSG,3,1,1,4D2023,1,2026/01/01,00:00:00.000,2026/01/01,00:00:00.000,EZY85MH ,22425,385,158,37.07950,13.79596,"
        b"-1920,0112,0,0,0,0\r\n"
    ),
    "skypicket-mcu": encode(Frame(FrameType.HELLO, 1, 1000, b"\x01\0\0\0\x03abc"))
    + encode(Frame(FrameType.RADAR, 2, 2000, RADAR.pack(1, 12000, -1050, 250, -420, 153, 0xFFFF))),
}
"""Intact bytes of each device; a new device needs an entry."""
WITHOUT_CONTACTS = {"ti-mmwave-config"}

every_device = pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)


def read(module: SerialModule, pieces: Iterator[bytes] | list[bytes], time_ns: int = NOW_NS) -> list[Contact]:
    contacts: list[Contact] = []
    for piece in pieces:
        contacts += module.feed(piece, time_ns)
        module.requests(time_ns)
    return contacts + module.finish(time_ns)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


class TestRegistry:
    def test_every_record_in_a_device_folder_is_registered(self) -> None:
        found = []
        for module in pkgutil.walk_packages(firmware_bridge.__path__, "firmware_bridge."):
            if "maixpy" not in module.name:  # a program for the camera, not for the node
                found += [vars(import_module(module.name)).get("DEVICE")]
        assert {one.name for one in found if isinstance(one, Device)} == set(BY_NAME)

    def test_names_are_unique(self) -> None:
        assert len(BY_NAME) == len(DEVICES)

    def test_every_device_has_a_sample_here(self) -> None:
        assert set(SAMPLES) == set(BY_NAME)

    @every_device
    def test_the_record_makes_the_driver_with_its_name(self, device: Device) -> None:
        assert device.settings().name == device.name
        contacts = read(device.settings(name="north").make(), [SAMPLES[device.name]])
        assert {contact.device for contact in contacts} <= {"north"}
        assert device.port.baud > 0


class TestReading:
    @every_device
    def test_the_sample_gives_contacts_and_is_counted_to_the_byte(self, device: Device) -> None:
        module = device.settings().make()
        sample = SAMPLES[device.name]
        contacts = read(module, [sample])
        counters = module.counters
        assert bool(contacts) != (device.name in WITHOUT_CONTACTS)
        assert counters.bytes == len(sample)
        assert counters.contacts == len(contacts)
        assert counters.frames > 0

    @every_device
    def test_counters_are_a_snapshot(self, device: Device) -> None:
        module = device.settings().make()
        before = module.counters
        read(module, [SAMPLES[device.name]])
        assert before.bytes == 0

    @every_device
    def test_contacts_are_what_the_contract_says(self, device: Device) -> None:
        kinds = (RadarContact, CameraContact, RemoteIdContact, AircraftContact, PositionFix)
        for contact in read(device.settings().make(), [SAMPLES[device.name]]):
            assert isinstance(contact, kinds)
            assert contact.time_ns <= NOW_NS
            for value in dataclasses.asdict(contact).values():
                assert not isinstance(value, float) or np.isfinite(value)

    @every_device
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
    def test_pieces_of_one_size_change_nothing(self, device: Device, size: int) -> None:
        data = SAMPLES[device.name] * 3
        whole, pieces = device.settings().make(), device.settings().make()
        assert read(whole, [data]) == read(pieces, cut(data, size))
        assert whole.counters == pieces.counters

    @every_device
    def test_half_a_sample_then_a_new_opening_loses_no_more_than_the_half(self, device: Device) -> None:
        module = device.settings().make()
        sample = SAMPLES[device.name]
        alone = read(device.settings().make(), [sample])
        module.feed(sample[: len(sample) // 3], NOW_NS)
        assert isinstance(module.greeting(), bytes)
        again = read(module, [sample])
        assert [type(contact) for contact in again] == [type(contact) for contact in alone]

    @every_device
    def test_no_bytes_give_nothing(self, device: Device) -> None:
        module = device.settings().make()
        assert read(module, [b"", b""]) == []
        assert module.counters.frames == 0


@every_device
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cuts_never_matter_even_in_damage(device: Device, data: st.DataObject) -> None:
    sample = SAMPLES[device.name]
    parts = data.draw(
        st.lists(
            st.one_of(
                st.binary(max_size=40),
                st.just(sample),
                st.integers(0, len(sample)).map(lambda end: sample[:end]),
                st.integers(0, len(sample)).map(lambda start: sample[start:]),
                st.just(sample[:8]),
            ),
            max_size=6,
        )
    )
    stream = b"".join(parts)
    places = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    edges = [0, *places, len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    whole, cut_up = device.settings().make(), device.settings().make()
    assert read(whole, [stream]) == read(cut_up, pieces)
    assert whole.counters == cut_up.counters


def _random(rng: np.random.Generator, sample: bytes, count: int) -> bytes:
    return rng.bytes(count)


def _without_ends(rng: np.random.Generator, sample: bytes, count: int) -> bytes:
    """Bytes that never end a line or a COBS frame."""
    allowed = np.array([value for value in range(256) if value not in {0, 10, 13}], dtype=np.uint8)
    return bytes(rng.choice(allowed, count)) + sample[: len(sample) // 2]


def _storm(rng: np.random.Generator, sample: bytes, count: int) -> bytes:
    """The beginning of a frame over and over, cut at random places."""
    parts = [sample[: int(end)] for end in rng.integers(1, len(sample) + 1, count // (len(sample) // 2 + 1) + 1)]
    return b"".join(parts)[:count]


def _damaged(rng: np.random.Generator, sample: bytes, count: int) -> bytes:
    """Frames with a share of 0.5 % of the bytes changed and 0.5 % lost."""
    values = np.frombuffer(sample * (count // len(sample) + 1), dtype=np.uint8)[:count].copy()
    hit = rng.random(count) < 0.005
    values[hit] ^= rng.integers(1, 256, int(hit.sum()), dtype=np.uint8)
    return values[rng.random(count) >= 0.005].tobytes()


def held_bytes(thing: object, seen: set[int] | None = None) -> int:
    """Bytes in the buffers below an object of ours."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return 0
    seen.add(id(thing))
    if isinstance(thing, bytes | bytearray | str):
        return len(thing)
    if isinstance(thing, dict):
        return 64 * len(thing) + sum(held_bytes(one, seen) for one in [*thing.keys(), *thing.values()])
    if isinstance(thing, list | tuple | set | frozenset | deque):
        return 8 * len(thing) + sum(held_bytes(one, seen) for one in thing)
    if type(thing).__module__.startswith("firmware_bridge"):
        slots = [getattr(thing, slot, None) for slot in getattr(type(thing), "__slots__", ())]
        return held_bytes(getattr(thing, "__dict__", {}), seen) + sum(held_bytes(one, seen) for one in slots)
    return 0


MAVLINK = bytes.fromhex(
    "fd4900000501ec7332000000903ae65bc8a80000000000000000000000000000190202125041434b53455249414c30303030"
    "30310000000000000012245a2103c0bf1e1b20708305c0081b0948084b3339300260f0"
)
"""An OPEN_DRONE_ID_MESSAGE_PACK of two messages."""
DRIVERS: list[tuple[str, Callable[[], ModuleSettings], bytes]] = [
    *((device.name, device.settings, SAMPLES[device.name]) for device in DEVICES),
    ("remote-id over MAVLink", RemoteIdSettings, MAVLINK * 2),  # found out by itself
]


@pytest.mark.parametrize(("name", "settings", "sample"), DRIVERS, ids=[name for name, *_ in DRIVERS])
@pytest.mark.parametrize("damage", [_random, _without_ends, _storm, _damaged], ids=lambda one: one.__name__.strip("_"))
def test_any_bytes_are_read_without_fault_or_growth(
    name: str,
    settings: Callable[[], ModuleSettings],
    sample: bytes,
    damage: Callable[[np.random.Generator, bytes, int], bytes],
) -> None:
    rng = np.random.default_rng(2026)
    module = settings().make()
    alone = read(settings().make(), [sample])
    intact = {_bare(contact) for contact in alone}
    fed, false, largest = 0, 0, 0
    while fed < FUZZ_BYTES // 4:
        data = damage(rng, sample, min(50_000, FUZZ_BYTES))
        fed += len(data)
        for piece in cut(data, int(rng.integers(1, 5000))):
            for contact in module.feed(piece, NOW_NS):
                false += _bare(contact) not in intact
            module.requests(NOW_NS)
            largest = max(largest, held_bytes(module)) if rng.random() < 0.02 else largest
    module.finish(NOW_NS)
    assert largest < MOST_HELD
    assert module.counters.bytes == fed
    if name in CHECKED or damage is _random:
        assert false <= FALSE_CONTACTS_PER_BYTE * max(fed, 1_000_000)
    # Whatever came before, the next intact frames are read: the first of three may still belong to the damage.
    assert len(read(module, [sample * 3], NOW_NS + 60 * NS_PER_S)) >= 2 * len(alone)


def _bare(contact: Contact) -> Contact:
    """Without its time, and with places to a kilometre: the aircraft of the sample moves by less."""
    if isinstance(contact, AircraftContact) and contact.lat_deg is not None and contact.lon_deg is not None:
        contact = dataclasses.replace(contact, lat_deg=round(contact.lat_deg, 2), lon_deg=round(contact.lon_deg, 2))
    return dataclasses.replace(contact, time_ns=0)


@every_device
def test_the_cost_grows_with_the_bytes_and_no_faster(
    device: Device, record_property: Callable[[str, object], None]
) -> None:
    def taken_s(count: int) -> float:
        data = SAMPLES[device.name] * (count // len(SAMPLES[device.name]))
        module = device.settings().make()
        started_s = time.process_time()
        for piece in cut(data, 4096):
            module.feed(piece, NOW_NS)
        return time.process_time() - started_s

    short_s = min(taken_s(50_000) for _ in range(3))
    long_s = taken_s(500_000)
    record_property("megabytes_per_second", 0.5 / long_s)
    assert long_s < 40 * short_s


def test_the_whole_folder_is_covered() -> None:
    """A device folder without any registered device is a forgotten line."""
    root = Path(firmware_bridge.__file__).parent
    folders = {type(device.settings()).__module__.split(".")[1] for device in DEVICES}
    assert {"radar", "camera", "remote_id", "mcu"} <= folders
    assert folders <= {path.name for path in root.iterdir()}
