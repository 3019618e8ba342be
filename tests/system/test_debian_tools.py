"""Debian's rtl-sdr and rtl_433 on the simulated server and on the fake librtlsdr: independent judges of both."""

# Longer than 300 lines: independent programs as judges, all on the same two doubles.

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from dsp.iq import complex64_to_u8, u8_to_complex64
from node.sources import BackOff, ReopeningSource, RtlTcpSettings, open_radio
from sim.librtlsdr import COMPILERS, build, environment
from sim.radio import SimRadio
from sim.rtl_tcp import RtlTcpServer
from sim.rtl_tcp_session import HEADER
from sim.scene import load_scene
from sim.truth import TrueBurst

pytestmark = pytest.mark.system

TIMEOUT_S = 60.0
CENTRE_HZ = 433_920_000.0
TOY_DECODER = "n=toy,m=OOK_PWM,s=500,l=1000,r=4000,g=2000"
TOY_BITS = "1010110011110000"
needs_rtl_sdr = pytest.mark.skipif(shutil.which("rtl_test") is None, reason="no rtl_test: sudo apt install rtl-sdr")
needs_rtl_433 = pytest.mark.skipif(shutil.which("rtl_433") is None, reason="no rtl_433: sudo apt install rtl-433")


class ToyRadio:
    """An OOK sensor: PWM bits (a short pulse is 1) four times a second, 20 kHz above its nominal frequency, and noise.

    A function of the sample number alone; like a tuner it shows the sensor only where the sensor is in its slice.
    """

    PULSE_S: ClassVar = {"1": 500e-6, "0": 1000e-6}
    GAP_S = 500e-6
    PERIOD_S = 0.25
    OFFSET_HZ = 20_000.0

    def __init__(self) -> None:
        self.position = 0
        self.sample_rate_hz = self.centre_hz = 0.0

    def configure(
        self,
        centre_hz: float | None = None,
        sample_rate_hz: float | None = None,
        gain_db: float | None = None,
        agc: bool | None = None,
        ppm: float | None = None,
    ) -> None:
        self.centre_hz = centre_hz or self.centre_hz
        self.sample_rate_hz = sample_rate_hz or self.sample_rate_hz

    def read_u8(self, n_samples: int) -> bytes:
        time_s = (self.position + np.arange(n_samples)) / self.sample_rate_hz
        self.position += n_samples
        edges_s = [0.01]
        for bit in TOY_BITS:
            edges_s += [edges_s[-1] + self.PULSE_S[bit], edges_s[-1] + self.PULSE_S[bit] + self.GAP_S]
        on = np.searchsorted(edges_s[:-1], time_s % self.PERIOD_S) % 2 == 1
        offset_hz = CENTRE_HZ + self.OFFSET_HZ - self.centre_hz
        visible = abs(offset_hz) < self.sample_rate_hz / 2
        noise = np.random.default_rng(self.position).normal(0, 0.01, (2, n_samples))
        samples = 0.5 * on * visible * np.exp(2j * np.pi * offset_hz * time_s) + noise[0] + 1j * noise[1]
        return complex64_to_u8(samples.astype(np.complex64)).tobytes()


class CountingRadio(ToyRadio):
    """Every sample says which one it is: I and Q are the low bytes of its index."""

    def read_u8(self, n_samples: int) -> bytes:
        start, self.position = self.position, self.position + n_samples
        return indexes(start, self.position)


def indexes(start: int, end: int) -> bytes:
    return (np.arange(start, end) & 0xFFFF).astype("<u2").tobytes()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not any(map(shutil.which, COMPILERS)):
        pytest.skip("no C compiler: sudo apt install gcc libc6-dev")
    return build(tmp_path_factory.mktemp("librtlsdr"))


def run_on_fake(command: list[str], library: Path, server: RtlTcpServer) -> subprocess.CompletedProcess[str]:
    """Run a program to its end with one device, SKY00001."""
    return subprocess.run(
        command,
        env={**os.environ, **environment(library, {"SKY00001": server.address})},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@needs_rtl_sdr
def test_rtl_test_loses_nothing(library: Path) -> None:
    """2 s at 2.4 MS/s, at the true rate."""
    with RtlTcpServer(CountingRadio) as server:
        done = run_on_fake(["timeout", "-s", "INT", "2", "rtl_test", "-s", "2400000"], library, server)
        assert "Realtek, RTL2838UHIDIR, SN: SKY00001" in done.stderr
        assert "Supported gain values (29): 0.0 0.9" in done.stderr
        assert "Samples per million lost (minimum): 0\n" in done.stderr
        assert "lost at least" not in done.stdout
        assert server.stats.samples_sent > 1_000_000


@needs_rtl_sdr
def test_rtl_test_sees_a_loss(library: Path) -> None:
    with RtlTcpServer(CountingRadio, paced=False) as server:
        server.faults.lose(10, at_sample=1_000_000)
        server.faults.drop(at_sample=2_000_000)
        done = run_on_fake(["rtl_test"], library, server)
    assert re.findall(r"lost at least (\d+) bytes", done.stdout) == ["20"]
    assert "Library error 0" in done.stderr


@needs_rtl_sdr
def test_rtl_sdr_records_exactly_what_was_served(library: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.cu8"
    with RtlTcpServer(CountingRadio, paced=False) as server:
        command = ["rtl_sdr", "-d", "SKY00001", "-s", "1024000", "-f", "868300000", "-g", "29.7", "-n", "300000"]
        done = run_on_fake([*command, str(out)], library, server)
        values = {each.name: each.value for each in server.commands}
    assert done.returncode == 0
    assert out.read_bytes() == indexes(0, 300_000)
    assert (values["sample_rate_hz"], values["centre_hz"], values["gain_tenths_db"]) == (1_024_000, 868_300_000, 297)


@needs_rtl_sdr
def test_rtl_sdr_stops_when_the_dongle_is_pulled_out(library: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.cu8"
    with RtlTcpServer(CountingRadio, paced=False) as server:
        server.faults.drop(at_sample=200_000)
        done = run_on_fake(["rtl_sdr", str(out)], library, server)
    assert "Library error 0" in done.stderr
    assert out.read_bytes() == indexes(0, 131_072)  # one whole buffer


@needs_rtl_sdr
def test_rtl_eeprom_reads_the_serial_number(library: Path) -> None:
    with RtlTcpServer(CountingRadio, paced=False) as server:
        done = run_on_fake(["rtl_eeprom"], library, server)
    assert re.search(r"Serial number:\s+SKY00001\n", done.stderr)
    assert re.search(r"Vendor ID:\s+0x0bda\n", done.stderr)


@needs_rtl_sdr
def test_rtl_power_finds_the_tone_of_the_sensor(library: Path, tmp_path: Path) -> None:
    out = tmp_path / "power.csv"
    with RtlTcpServer(ToyRadio, paced=False) as server:
        done = run_on_fake(["rtl_power", "-f", "433M:434.8M:10k", "-1", "-i", "1", str(out)], library, server)
    assert done.returncode == 0, done.stderr
    powers_db: dict[float, float] = {}
    for line in out.read_text().splitlines():
        _, _, low, _, step, _, *row = line.split(",")
        powers_db |= {float(low) + number * float(step): float(power_db) for number, power_db in enumerate(row)}
    strongest_hz = max(powers_db, key=powers_db.__getitem__)
    assert strongest_hz == pytest.approx(CENTRE_HZ + ToyRadio.OFFSET_HZ, abs=15_000)


# The real rtl_tcp between the fake and a client.


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def real_rtl_tcp(library: Path, server: RtlTcpServer) -> Iterator[int]:
    """Port of Debian's rtl_tcp on the fake device."""
    port = free_port()
    program = subprocess.Popen(
        ["timeout", str(TIMEOUT_S), "rtl_tcp", "-a", "127.0.0.1", "-p", str(port)],
        env={**os.environ, **environment(library, {"SKY00001": server.address})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    with program, program.stderr as said:
        try:
            assert any("Tuned to" in line for line in said)  # it opens its port next
            yield port
        finally:
            program.kill()


def connected(port: int) -> socket.socket:
    deadline_s = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline_s, f"nobody listens on port {port}"


@needs_rtl_sdr
def test_the_real_rtl_tcp_serves_the_fake_device(library: Path) -> None:
    with (
        RtlTcpServer(CountingRadio) as server,
        real_rtl_tcp(library, server) as port,
        connected(port) as connection,
        connection.makefile("rb") as stream,
    ):
        assert stream.read(12) == HEADER
        assert stream.read(400_000) == indexes(0, 200_000)
        connection.sendall(b"\x01" + (868_950_000).to_bytes(4, "big"))
        assert server.wait_until(lambda server: 868_950_000 in {each.value for each in server.commands}, TIMEOUT_S)


# rtl_433 decodes the sensor.


def rtl_433(device: list[str]) -> list[str]:
    """Command that ends after the first decoded packet, or after a while."""
    decoder = ["-R", "0", "-X", TOY_DECODER, "-F", "json", "-f", str(int(CENTRE_HZ))]
    return ["rtl_433", *device, *decoder, "-E", "quit", "-T", str(int(TIMEOUT_S) - 5)]


def decoded(done: subprocess.CompletedProcess[str]) -> str:
    """Bits of the first packet in the output of rtl_433."""
    packets = [json.loads(line) for line in done.stdout.splitlines()]
    assert packets, done.stderr
    assert packets[0]["model"] == "toy"
    length, data = re.fullmatch(r"\{(\d+)\}([0-9a-f]+)", packets[0]["codes"][0]).groups()  # type: ignore[union-attr]
    return f"{int(data, 16):0{4 * len(data)}b}"[: int(length)]


@needs_rtl_433
def test_rtl_433_decodes_over_rtl_tcp() -> None:
    with RtlTcpServer(ToyRadio) as server:
        done = subprocess.run(
            rtl_433(["-d", f"rtl_tcp:{server.address}"]), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    assert decoded(done) == TOY_BITS


@needs_rtl_433
def test_rtl_433_decodes_on_the_fake_device(library: Path) -> None:
    with RtlTcpServer(ToyRadio) as server:
        done = run_on_fake(rtl_433(["-d", ":SKY00001"]), library, server)
    assert decoded(done) == TOY_BITS


@needs_rtl_433
def test_rtl_433_hears_nothing_beside_the_sensor(library: Path) -> None:
    """The judge can say no: 5 MHz away there is only noise."""
    with RtlTcpServer(ToyRadio, paced=False) as server:
        server.faults.drop(at_sample=500_000)
        command = rtl_433(["-d", ":SKY00001"])
        command[command.index(str(int(CENTRE_HZ)))] = str(int(CENTRE_HZ + 5e6))
        done = run_on_fake(command, library, server)
    assert done.stdout == ""


def test_the_toy_radio_does_not_depend_on_how_it_is_read() -> None:
    """Its noise aside: every block has its own."""
    radios = ToyRadio(), ToyRadio()
    for radio in radios:
        radio.configure(centre_hz=CENTRE_HZ, sample_rate_hz=250_000)
    whole = np.frombuffer(radios[0].read_u8(20_000), np.uint8)
    cut = np.frombuffer(b"".join(itertools.starmap(radios[1].read_u8, [(7_000,), (13_000,)])), np.uint8)
    assert np.abs(whole.astype(int) - cut).max() < 20
    assert whole.max() > 180


# Shipped scenes.


@needs_rtl_sdr
def test_rtl_sdr_records_the_scene(library: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.cu8"
    scene = load_scene("demo")
    receiver = scene.receiver
    with RtlTcpServer(lambda: SimRadio(scene), paced=False) as server:
        tuning = [
            "-f",
            str(int(receiver.centre_hz)),
            "-s",
            str(int(receiver.sample_rate_hz)),
            "-g",
            str(receiver.gain_db),
        ]
        done = run_on_fake(["rtl_sdr", *tuning, "-n", "1000000", str(out)], library, server)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == SimRadio(scene).read_u8(1_000_000)


@needs_rtl_sdr
def test_our_client_on_the_real_rtl_tcp(library: Path) -> None:
    """Client and server of different makes: every setting arrives at the dongle, every sample in its place.

    Paced, because rtl_tcp throws away what a client takes too slowly.
    """
    with RtlTcpServer(CountingRadio) as server, real_rtl_tcp(library, server) as port:
        settings = RtlTcpSettings(
            name="mast", host="127.0.0.1", port=port, centre_hz=868.3e6, sample_rate_hz=1.024e6, gain=30.0, ppm=7,
            bias_tee=True, digital_agc=True,
        )  # fmt: skip
        source = ReopeningSource(lambda: open_radio(settings), back_off=BackOff(0.01, 0.01))  # until it listens
        blocks = list(itertools.islice(source.blocks(), 20))
        values = {each.name: each.signed_value for each in server.commands}
    assert {
        "sample_rate_hz": 1_024_000, "centre_hz": 868_300_000, "manual_gain": 1, "gain_tenths_db": 297, "ppm": 7,
        "bias_tee": 1, "digital_agc": 1,
    }.items() <= values.items()  # fmt: skip
    samples = np.concatenate([block.samples for block in blocks])
    every = u8_to_complex64(indexes(0, 65_536 + len(samples)))
    first = next(index for index in np.flatnonzero(every[:65_536] == samples[0]) if every[index + 1] == samples[1])
    assert np.array_equal(samples, every[first : first + len(samples)])


@needs_rtl_433
@pytest.mark.parametrize("way", ["rtl_tcp", "librtlsdr"])
def test_rtl_433_decodes_the_sensor_scene(library: Path, way: str) -> None:
    """Every message of the truth: its number of repeats and of bits."""
    scene = load_scene("ook_sensor")
    truth: list[TrueBurst] = []
    with RtlTcpServer(lambda: SimRadio(scene, truth=truth.append), paced=False) as server:
        command = rtl_433(["-d", f"rtl_tcp:{server.address}" if way == "rtl_tcp" else ":SKY00001"])
        command = [part for part in command if part not in {"-E", "quit"}]  # until the scene ends
        done = run_on_fake(command, library, server)
    heard = [json.loads(line) for line in done.stdout.splitlines()]
    rows = [row["len"] for message in heard for row in message["rows"]]
    sent = [round(burst.duration_s / 1.5e-3) for burst in truth]  # a bit of 500 and 1000 us
    assert len(heard) >= 4, done.stderr
    assert rows == sent[: len(rows)]  # the last message may be cut by the end of the scene
    for message in heard:
        assert len({row["data"] for row in message["rows"]}) == 1
