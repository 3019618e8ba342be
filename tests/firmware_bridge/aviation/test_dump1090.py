"""A real aircraft through Debian's dump1090, by both feeds."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from firmware_bridge.aviation.beast import BeastSettings
from firmware_bridge.aviation.sbs import SbsSettings
from firmware_bridge.contacts import AircraftContact
from firmware_bridge.module import SerialModule
from firmware_bridge.position.node_position import distance_m

NOW_NS = 1_795_780_800_000_000_000


def read(module: SerialModule, data: bytes, time_ns: int = NOW_NS) -> list[AircraftContact]:
    return [contact for contact in module.feed(data, time_ns) if isinstance(contact, AircraftContact)]


def recording() -> Path:
    path = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "recordings" / "dump1090_modes1_1090_2M.sigmf-data"
    if not path.is_file():
        pytest.skip(f"no recording: {path} is missing (set SKYPICKET_SHARED)")
    return path


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def dump1090(beast_port: int, sbs_port: int) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("dump1090-mutability")
    if program is None:
        pytest.skip("dump1090-mutability is not installed (Debian package of that name)")
    command = [program, "--ifile", "-", "--quiet", "--net", "--net-bind-address", "127.0.0.1"]
    command += ["--net-ri-port", "0", "--net-ro-port", "0", "--net-bi-port", "0"]
    command += ["--net-bo-port", str(beast_port), "--net-sbs-port", str(sbs_port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def connected(port: int, limit_s: float = 20.0) -> socket.socket:
    until_s = time.monotonic() + limit_s
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            if time.monotonic() > until_s:
                raise


def everything(connection: socket.socket) -> bytes:
    connection.settimeout(20)
    data = b""
    while piece := connection.recv(65_536):
        data += piece
    return data


@pytest.mark.system
@pytest.mark.recordings
def test_a_real_aircraft_through_debians_dump1090() -> None:
    """The recording is at 2 MS/s and dump1090-mutability decodes 2.4 MS/s, so it is resampled by 6/5."""
    raw = np.fromfile(recording(), np.uint8).astype(np.float32) - 127.4
    resampled = resample_poly(raw[::2] + 1j * raw[1::2], 6, 5)
    samples = np.empty(2 * len(resampled), np.uint8)
    samples[::2] = np.clip(np.round(resampled.real + 127.4), 0, 255)
    samples[1::2] = np.clip(np.round(resampled.imag + 127.4), 0, 255)
    beast_port, sbs_port = free_ports(2)
    with dump1090(beast_port, sbs_port) as process, connected(beast_port) as binary, connected(sbs_port) as text:
        process.communicate(samples.tobytes() + bytes([127]) * 2_000_000, timeout=60)
        streams = everything(binary), everything(text)
    by_beast = BeastSettings().make()
    by_sbs = SbsSettings().make()
    binary_contacts = read(by_beast, streams[0])
    text_contacts = read(by_sbs, streams[1])
    for module, contacts in ((by_beast, binary_contacts), (by_sbs, text_contacts)):
        assert module.counters.frames > 150
        assert (module.counters.malformed, module.counters.skipped_bytes) == (0, 0)
        assert {contact.icao_address for contact in contacts} == {0x4D2023}
    theirs = [
        (contact.lat_deg or 0.0, contact.lon_deg or 0.0) for contact in text_contacts if contact.lat_deg is not None
    ]
    away_m = [
        min(distance_m(contact.lat_deg, contact.lon_deg or 0.0, *place) for place in theirs)
        for contact in binary_contacts
        if contact.lat_deg is not None
    ]
    assert len(away_m) > 20
    assert sum(distance < 20 for distance in away_m) > 0.8 * len(away_m)
    assert max(away_m) < 1_000  # between two of theirs: dump1090 leaves a few out
    last = binary_contacts[-1]
    assert last.speed_mps == pytest.approx(385 * 1852 / 3600, rel=0.05)
    assert last.altitude_is_pressure is True
