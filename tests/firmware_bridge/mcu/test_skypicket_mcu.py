"""The skypicket microcontroller link: frames, damage, time, and the reference encoder in C."""

from __future__ import annotations

import binascii
import os
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

import firmware_bridge.mcu
from firmware_bridge.contacts import CameraContact, Contact, PositionFix, RadarContact
from firmware_bridge.mcu.frames import LONGEST_PAYLOAD, CobsFramer, Frame, encode
from firmware_bridge.mcu.payloads import CAMERA, HEALTH, POSITION, RADAR, FrameType
from firmware_bridge.mcu.skypicket_mcu import SkypicketMcu, SkypicketMcuSettings
from firmware_bridge.module import ModuleCounters

NOW_NS = 1_700_000_000_000_000_000
ROW = RADAR.pack(7, 12_500, -1050, 300, -420, 153, 0xFFFF)
COMPILERS = ("cc", "gcc", "clang")


def read(data: bytes) -> tuple[list[Contact], SkypicketMcu]:
    module = SkypicketMcuSettings().make()
    return [*module.feed(data, NOW_NS), *module.finish(NOW_NS)], module


class TestFrames:
    def test_the_bytes_on_the_wire(self) -> None:
        wire = encode(Frame(0x10, 0x0201, 0x04030201, b"\0\xff"))
        assert (wire[0], wire[-1], wire[1:-1].count(0)) == (0, 0, 0)
        body = cobs.decode(wire[1:-1])
        assert body[:-2] == bytes.fromhex("01100102010203 0400ff".replace(" ", ""))
        assert struct.unpack("<H", body[-2:])[0] == binascii.crc_hqx(body[:-2], 0xFFFF)

    def test_the_checksum_is_the_one_written_down(self) -> None:
        assert binascii.crc_hqx(b"123456789", 0xFFFF) == 0x29B1

    @given(
        st.builds(
            Frame,
            st.integers(0, 255),
            st.integers(0, 0xFFFF),
            st.integers(0, 0xFFFFFFFF),
            st.binary(max_size=LONGEST_PAYLOAD),
        )
    )
    def test_there_and_back(self, frame: Frame) -> None:
        counters = ModuleCounters()
        assert list(CobsFramer(counters).feed(encode(frame) * 2)) == [frame, frame]
        assert (counters.frames, counters.skipped_bytes) == (2, 0)

    def test_a_payload_too_long_is_refused(self) -> None:
        with pytest.raises(ValueError, match="1000"):
            encode(Frame(1, 0, 0, bytes(1001)))

    def test_intact_frames_survive_any_damage_between_them(self) -> None:
        rng = np.random.default_rng(1)
        good = [encode(Frame(FrameType.LOG, number, 0, rng.bytes(20))) for number in range(200)]
        stream = b"".join(one + rng.bytes(int(rng.integers(0, 40))) for one in good)
        counters = ModuleCounters()
        found = list(CobsFramer(counters).feed(stream))
        assert [frame.sequence for frame in found] == list(range(200))

    def test_another_version_is_counted(self) -> None:
        body = struct.pack("<BBHI", 2, 0x10, 1, 1) + ROW
        body += struct.pack("<H", binascii.crc_hqx(body, 0xFFFF))
        _, module = read(b"\0" + cobs.encode(body) + b"\0")
        assert (module.counters.frames, module.counters.malformed) == (0, 1)

    def test_every_flipped_bit_is_noticed(self) -> None:
        wire = encode(Frame(FrameType.RADAR, 1, 1, ROW))
        for bit in range(8, 8 * (len(wire) - 1)):
            spoilt = bytearray(wire)
            spoilt[bit // 8] ^= 1 << bit % 8
            contacts, module = read(bytes(spoilt))
            assert contacts == []
            assert module.counters.crc_errors + module.counters.malformed >= 1


class TestContacts:
    def test_radar(self) -> None:
        ((contact,), _) = read(encode(Frame(FrameType.RADAR, 1, 1, ROW)))
        assert isinstance(contact, RadarContact)
        assert (contact.track_no, contact.range_m, contact.azimuth_deg, contact.elevation_deg) == (7, 12.5, -10.5, 3.0)
        assert (contact.radial_speed_mps, contact.magnitude) == (-4.2, None)
        assert contact.snr_db == pytest.approx(15.3)
        assert contact.x_m is not None
        assert contact.y_m is not None
        assert contact.z_m is not None
        assert contact.x_m**2 + contact.y_m**2 + contact.z_m**2 == pytest.approx(12.5**2)
        assert contact.x_m < 0 < contact.z_m

    def test_unknown_is_none(self) -> None:
        row = RADAR.pack(0xFFFF, 0xFFFFFFFF, -0x8000, -0x8000, -0x8000, -0x8000, 0)
        ((contact,), _) = read(encode(Frame(FrameType.RADAR, 1, 1, row)))
        assert contact == RadarContact(time_ns=NOW_NS, device="skypicket-mcu", magnitude=0.0)

    def test_camera_and_position(self) -> None:
        camera = CAMERA.pack(32767, 65534, 6553, 0xFFFF, 80, 3, 0xFFFF)
        position = POSITION.pack(471_987_100, -87_302_370, -0x80000000, 250, 0xFFFF, 12)
        contacts, _ = read(
            encode(Frame(FrameType.CAMERA, 1, 1, camera)) + encode(Frame(FrameType.POSITION, 2, 1, position))
        )
        seen, fix = contacts
        assert isinstance(seen, CameraContact)
        assert (seen.x, seen.y, seen.height, seen.class_no, seen.track_no) == (0.5, 1.0, None, 3, None)
        assert seen.confidence == pytest.approx(0.8)
        assert isinstance(fix, PositionFix)
        assert fix.lat_deg == pytest.approx(47.19871)
        assert fix.lon_deg == pytest.approx(-8.730237)
        assert (fix.altitude_m, fix.horizontal_accuracy_m, fix.heading_deg, fix.satellites) == (None, 2.5, None, 12)

    def test_implausible_values_are_refused(self) -> None:
        far = RADAR.pack(1, 4_000_000_000, 0, 0, 0, 0, 0)
        aside = RADAR.pack(1, 1000, 18_100, 0, 0, 0, 0)
        contacts, module = read(encode(Frame(FrameType.RADAR, 1, 1, far + aside + ROW)))
        assert (len(contacts), module.counters.refused) == (1, 2)

    def test_rows_that_do_not_fit_are_malformed(self) -> None:
        contacts, module = read(encode(Frame(FrameType.RADAR, 1, 1, ROW[:-1])))
        assert (contacts, module.counters.malformed) == ([], 1)

    def test_health_and_name(self) -> None:
        hello = Frame(FrameType.HELLO, 1, 1, struct.pack("<IB", 3, 7) + b"fw 1.02")
        health = Frame(FrameType.HEALTH, 2, 1, HEALTH.pack(77, 2, 451))
        _, module = read(encode(hello) + encode(health))
        assert (module.health.firmware, module.health.boots, module.health.uptime_s) == ("fw 1.02", 3, 77)
        assert module.health.dropped_frames == 2
        assert module.health.temperature_c == pytest.approx(45.1)


class TestSequence:
    def test_gaps_over_the_wrap(self) -> None:
        _, module = read(b"".join(encode(Frame(FrameType.LOG, n, 0, b"")) for n in (65533, 65534, 1, 2)))
        assert module.counters.gaps == 2

    def test_a_reboot_is_no_gap(self) -> None:
        def hello(boots: int, sequence: int) -> bytes:
            return encode(Frame(FrameType.HELLO, sequence, 0, struct.pack("<IB", boots, 0)))

        _, module = read(hello(1, 500) + encode(Frame(FrameType.LOG, 501, 0, b"")) + hello(2, 0))
        assert (module.counters.gaps, module.counters.reboots) == (0, 1)

    def test_time_is_the_boards_own(self) -> None:
        module = SkypicketMcuSettings().make()
        stamps = []
        for number in range(30):
            wire = encode(Frame(FrameType.RADAR, number, 4_294_900_000 + number * 20_000, ROW))
            late_ns = 12_000_000 * (number % 3)
            stamps += [one.time_ns for one in module.feed(wire, NOW_NS + number * 20_000_000 + late_ns)]
        assert [stamp - NOW_NS for stamp in stamps] == [number * 20_000_000 for number in range(30)]

    def test_greeting_asks_who_it_is(self) -> None:
        (frame,) = CobsFramer(ModuleCounters()).feed(SkypicketMcuSettings().make().greeting())
        assert frame.type == FrameType.ASK_HELLO


@pytest.mark.system
@pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="no C compiler: sudo apt install gcc libc6-dev")
def test_the_reference_encoder_speaks_the_same(tmp_path: Path) -> None:
    compiler = next(name for name in COMPILERS if shutil.which(name))
    source = Path(firmware_bridge.mcu.__path__[0]) / "reference"
    program = tmp_path / "example"
    files = [str(source / "example.c"), str(source / "skypicket_link.c")]
    subprocess.run(
        [compiler, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", str(program), *files],
        check=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    wire = subprocess.run([str(program), "25"], check=True, capture_output=True).stdout
    contacts, module = read(wire)
    counters = module.counters
    assert (counters.frames, counters.crc_errors, counters.malformed) == (1 + 25 + LONGEST_PAYLOAD + 1, 0, 0)
    assert (counters.gaps, counters.skipped_bytes, module.health.firmware) == (0, 0, "example 1.0")
    radar = [contact for contact in contacts if isinstance(contact, RadarContact)]
    assert len(radar) == 50
    assert [one.range_m for one in radar[::2]] == pytest.approx([12.0 + 0.1 * number for number in range(25)])
    assert {(one.azimuth_deg, one.radial_speed_mps, one.track_no) for one in radar[::2]} == {(-10.5, -4.2, 1)}
    assert {(one.azimuth_deg, one.snr_db, one.magnitude, one.track_no) for one in radar[1::2]} == {
        (None, None, 77.0, None)
    }
    # Byte for byte what this package's own encoder makes.
    frames = list(CobsFramer(ModuleCounters()).feed(wire))
    assert b"".join(map(encode, frames)) == wire
