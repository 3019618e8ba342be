"""The fake librtlsdr: as C functions, and under the real pyrtlsdr."""

# Longer than 300 lines: one library, called as pyrtlsdr and as a C program call it.

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim.librtlsdr import COMPILERS, DEVICES_VARIABLE, LOSS_VARIABLE, BuildError, build, environment, load_fake
from sim.rtl_tcp import RtlTcpServer
from sim.rtl_tcp_commands import GAINS_DB

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="no C compiler: sudo apt install gcc libc6-dev"),
]

TIMEOUT_S = 60.0
DEFAULT_BYTES = 262_144
CALLBACK = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_ubyte), ctypes.c_uint32, ctypes.c_void_p)


class CountingRadio:
    """Every sample says which one it is: I and Q are the low bytes of its index."""

    def __init__(self) -> None:
        self.index = 0
        self.settings: dict[str, float | bool] = {}

    def configure(
        self,
        centre_hz: float | None = None,
        sample_rate_hz: float | None = None,
        gain_db: float | None = None,
        agc: bool | None = None,
        ppm: float | None = None,
    ) -> None:
        given = {"centre_hz": centre_hz, "sample_rate_hz": sample_rate_hz, "gain_db": gain_db, "agc": agc, "ppm": ppm}
        self.settings |= {name: value for name, value in given.items() if value is not None}

    def read_u8(self, n_samples: int) -> bytes:
        start, self.index = self.index, self.index + n_samples
        return indexes(start, self.index)


def indexes(start: int, end: int) -> bytes:
    return b"".join(struct.pack("<H", index & 0xFFFF) for index in range(start, end))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("librtlsdr"))


@pytest.fixture
def server() -> Iterator[RtlTcpServer]:
    with RtlTcpServer(CountingRadio, paced=False) as running:
        yield running


@pytest.fixture
def fake(library: Path, server: RtlTcpServer, monkeypatch: pytest.MonkeyPatch) -> ctypes.CDLL:
    """The library with two devices, of which the second is served."""
    monkeypatch.setenv(DEVICES_VARIABLE, f"SKY00001@127.0.0.1:9,SKY00002@{server.address}")
    return ctypes.CDLL(str(library))


@contextmanager
def opened(fake: ctypes.CDLL) -> Iterator[ctypes.c_void_p]:
    device = ctypes.c_void_p()
    assert fake.rtlsdr_open(ctypes.byref(device), 1) == 0
    try:
        yield device
    finally:
        assert fake.rtlsdr_close(device) == 0


def read_async(
    fake: ctypes.CDLL, device: ctypes.c_void_p, use: Callable[[bytes], None], count: int = 0, length: int = 0
) -> int:
    callback = CALLBACK(lambda data, size, _: use(ctypes.string_at(data, size)))
    code: int = fake.rtlsdr_read_async(device, callback, None, count, length)
    return code


def test_a_missing_compiler_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="apt install gcc"):
        build(tmp_path)


def test_soname_and_links(library: Path) -> None:
    assert b"librtlsdr.so.0\x00" in library.read_bytes()
    assert (library.parent / "librtlsdr.so").resolve() == library


def test_wrong_devices_are_refused(library: Path) -> None:
    for devices in ({"": "127.0.0.1:1"}, {"A": "127.0.0.1"}, {"A,B": "127.0.0.1:1"}):
        with pytest.raises(ValueError, match="host:port"):
            environment(library, devices)


def test_devices_and_their_names(fake: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fake.rtlsdr_get_device_count() == 2
    strings = [ctypes.create_string_buffer(256) for _ in range(3)]
    assert fake.rtlsdr_get_device_usb_strings(1, *strings) == 0
    assert [each.value for each in strings] == [b"Realtek", b"RTL2838UHIDIR", b"SKY00002"]
    assert fake.rtlsdr_get_device_usb_strings(2, *strings) == -2
    assert fake.rtlsdr_get_device_usb_strings(0, None, None, None) == 0
    fake.rtlsdr_get_device_name.restype = ctypes.c_char_p
    assert fake.rtlsdr_get_device_name(0) == b"Generic RTL2832U OEM"
    assert fake.rtlsdr_get_device_name(2) == b""
    assert [fake.rtlsdr_get_index_by_serial(each) for each in (b"SKY00002", b"SKY", None)] == [1, -3, -1]
    monkeypatch.delenv(DEVICES_VARIABLE)
    assert fake.rtlsdr_get_device_count() == 0
    assert fake.rtlsdr_get_index_by_serial(b"SKY00002") == -2


def test_devices_that_cannot_be_opened(fake: ctypes.CDLL, server: RtlTcpServer) -> None:
    device = ctypes.c_void_p()
    assert fake.rtlsdr_open(ctypes.byref(device), 2) == -1  # not in the list
    assert fake.rtlsdr_open(ctypes.byref(device), 0) == -1  # nobody listens
    server.faults.greet_with(b"SSH-2.0-12345")
    assert fake.rtlsdr_open(ctypes.byref(device), 1) == -1
    server.faults.greet_with()
    with opened(fake):
        assert fake.rtlsdr_open(ctypes.byref(device), 1) == -6  # busy
    assert fake.rtlsdr_open(None, 2) == -1


def test_sample_rates(fake: ctypes.CDLL, server: RtlTcpServer) -> None:
    with opened(fake) as device:
        for refused in (0, 225_000, 300_001, 900_000, 3_200_001):
            assert fake.rtlsdr_set_sample_rate(device, refused) == -errno.EINVAL
        for asked, real in ((225_001, 225_001), (300_000, 300_000), (900_001, 900_001), (2_400_000, 2_400_000)):
            assert fake.rtlsdr_set_sample_rate(device, asked) == 0
            assert fake.rtlsdr_get_sample_rate(device) == real
        assert server.wait_until(lambda server: len(server.commands) == 5, TIMEOUT_S)
        assert [each.value for each in server.commands[1:]] == [225_001, 300_000, 900_001, 2_400_000]


def test_tuning(fake: ctypes.CDLL) -> None:
    with opened(fake) as device:
        assert fake.rtlsdr_set_center_freq(device, 868_123_456) == 0
        assert fake.rtlsdr_get_center_freq(device) == 868_123_456
        assert fake.rtlsdr_set_center_freq(device, 2_400_000_000) == -1
        assert fake.rtlsdr_get_center_freq(device) == 0
        assert fake.rtlsdr_set_freq_correction(device, 0) == -2
        assert fake.rtlsdr_set_freq_correction(device, -20) == 0
        assert fake.rtlsdr_set_freq_correction(device, -20) == -2
        assert fake.rtlsdr_get_freq_correction(device) == -20
        assert fake.rtlsdr_set_offset_tuning(device, 1) == -2
        assert fake.rtlsdr_set_xtal_freq(device, 28_700_000, 0) == -2


def test_gains(fake: ctypes.CDLL, server: RtlTcpServer) -> None:
    with opened(fake) as device:
        gains = (ctypes.c_int * 50)()
        assert fake.rtlsdr_get_tuner_gains(device, None) == 29
        assert fake.rtlsdr_get_tuner_gains(device, gains) == 29
        assert tuple(gain / 10 for gain in gains[:29]) == GAINS_DB
        assert fake.rtlsdr_set_tuner_gain_mode(device, 1) == 0
        assert fake.rtlsdr_set_tuner_gain(device, 297) == 0
        assert fake.rtlsdr_set_tuner_gain_mode(device, 0) == 0
        assert fake.rtlsdr_get_tuner_gain(device) == 297
        assert server.wait_until(lambda server: len(server.commands) == 4, TIMEOUT_S)
        assert [(each.code, each.value) for each in server.commands[1:]] == [(3, 1), (4, 297), (3, 0)]


def test_pins_and_eeprom(fake: ctypes.CDLL, server: RtlTcpServer) -> None:
    with opened(fake) as device:
        level = ctypes.c_int()
        assert fake.rtlsdr_set_bias_tee(device, 1) == 0
        assert fake.rtlsdr_get_gpio_bit(device, 0, ctypes.byref(level)) == 0
        assert level.value == 1
        assert server.wait_until(lambda server: any(each.code == 0x0E for each in server.commands), TIMEOUT_S)
        eeprom = ctypes.create_string_buffer(256)
        assert fake.rtlsdr_read_eeprom(device, eeprom, 0, 256) > 0
        assert eeprom.raw[:6] == b"\x28\x32\xda\x0b\x38\x28"
        assert "SKY00002".encode("utf-16-le") in eeprom.raw
        assert fake.rtlsdr_read_eeprom(device, eeprom, 1, 256) == -2


def test_no_device_is_an_error_everywhere(fake: ctypes.CDLL) -> None:
    for name in ("set_center_freq", "set_sample_rate", "set_tuner_gain", "set_testmode", "set_agc_mode"):
        assert fake[f"rtlsdr_{name}"](None, 1) == -1
    for name in ("close", "reset_buffer", "cancel_async"):
        assert fake[f"rtlsdr_{name}"](None) == -1


def test_samples_begin_when_reading_begins(fake: ctypes.CDLL) -> None:
    """Nothing that was made before, with other settings, comes first."""
    with opened(fake) as device:
        assert fake.rtlsdr_set_sample_rate(device, 2_400_000) == 0
        buffer, received = ctypes.create_string_buffer(4096), ctypes.c_int()
        for start in (0, 2048):
            assert fake.rtlsdr_read_sync(device, buffer, 4096, ctypes.byref(received)) == 0
            assert received.value == 4096
            assert buffer.raw == indexes(start, start + 2048)
        assert fake.rtlsdr_read_sync(device, buffer, 1000, ctypes.byref(received)) == -8
        assert received.value == 0
        assert fake.rtlsdr_reset_buffer(device) == 0
        assert fake.rtlsdr_read_sync(device, buffer, 4096, ctypes.byref(received)) == 0
        first = int.from_bytes(buffer.raw[:2], "little")
        assert first != 4096  # what was queued is gone
        assert buffer.raw == indexes(first, first + 2048)


def test_test_mode_counts(fake: ctypes.CDLL) -> None:
    with opened(fake) as device:
        assert fake.rtlsdr_set_testmode(device, 1) == 0
        buffer, received = ctypes.create_string_buffer(65_536), ctypes.c_int()
        assert fake.rtlsdr_read_sync(device, buffer, 65_536, ctypes.byref(received)) == 0
        assert buffer.raw == bytes(range(256)) * 256


@pytest.mark.parametrize(("length", "given"), [(0, DEFAULT_BYTES), (1000, DEFAULT_BYTES), (512, 512), (16_384, 16_384)])
def test_async_reading_until_cancelled_in_the_callback(fake: ctypes.CDLL, length: int, given: int) -> None:
    blocks: list[bytes] = []
    cancelled: list[int] = []

    def use(block: bytes) -> None:
        blocks.append(block)
        if len(blocks) == 4:
            cancelled.extend(fake.rtlsdr_cancel_async(device) for _ in range(2))

    with opened(fake) as device:
        assert fake.rtlsdr_cancel_async(device) == -2
        assert read_async(fake, device, use, length=length) == 0
        assert cancelled == [0, -2]
        assert b"".join(blocks) == indexes(0, 4 * given // 2)
        assert {len(block) for block in blocks} == {given}
        assert fake.rtlsdr_cancel_async(device) == -2
        blocks.clear()
        assert read_async(fake, device, use, length=length) == 0  # once more: it starts anew
        assert len(blocks) == 4


def test_cancel_from_another_thread_ends_a_silent_read(fake: ctypes.CDLL, server: RtlTcpServer) -> None:
    server.faults.stall()
    codes: list[int] = []
    with opened(fake) as device:
        reader = threading.Thread(target=lambda: codes.append(read_async(fake, device, lambda _: None)))
        reader.start()
        assert server.wait_until(lambda server: any(each.name == "go" for each in server.commands), TIMEOUT_S)
        assert read_async(fake, device, lambda _: None) == -2  # already reading
        assert fake.rtlsdr_cancel_async(device) == 0
        reader.join(TIMEOUT_S)
        assert codes == [0]


@pytest.mark.parametrize("code", [0, -5])
def test_a_lost_device_ends_reading(
    fake: ctypes.CDLL, server: RtlTcpServer, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOSS_VARIABLE, str(code))
    blocks: list[bytes] = []
    server.faults.cut(at_sample=700)
    with opened(fake) as device:
        assert read_async(fake, device, blocks.append, length=512) == code
        assert b"".join(blocks) == indexes(0, 512)  # the rest does not fill a buffer
        received = ctypes.c_int()
        buffer = ctypes.create_string_buffer(512)
        assert fake.rtlsdr_read_sync(device, buffer, 512, ctypes.byref(received)) == -4
    with opened(fake) as device:  # plugged in again
        assert fake.rtlsdr_set_sample_rate(device, 2_400_000) == 0


def test_buffers_are_used_again(fake: ctypes.CDLL) -> None:
    """A callback that keeps its buffer sees it overwritten: programs must copy."""
    addresses: list[int] = []

    def use(data: ctypes._Pointer[ctypes.c_ubyte], _size: int, _context: object) -> None:
        addresses.append(ctypes.addressof(data.contents))
        if len(addresses) == 7:
            fake.rtlsdr_cancel_async(device)

    with opened(fake) as device:
        callback = CALLBACK(use)
        assert fake.rtlsdr_read_async(device, callback, None, 3, 512) == 0
    assert len(set(addresses)) == 3
    assert addresses[:3] == addresses[3:6]


# pyrtlsdr, in a process of its own.

READ_SOME = """
import json, sys
from rtlsdr import RtlSdr

radio = RtlSdr(serial_number="SKY00002")
radio.set_sample_rate(2_400_000)
radio.set_center_freq(868_300_000)
radio.set_gain(29.7)
blocks = []

def use(block, _):
    blocks.append(bytes(block))
    if len(blocks) == 5:
        radio.cancel_read_async()

radio.read_bytes_async(use, 16384)
said = {
    "serials": RtlSdr.get_device_serial_addresses(),
    "gains": radio.gain_values,
    "gain_db": radio.get_gain(),
    "rate_hz": radio.get_sample_rate(),
    "blocks": [len(block) for block in blocks],
    "bytes": b"".join(blocks).hex(),
}
radio.close()
json.dump(said, sys.stdout)
"""

REFUSALS = """
import json, sys
from rtlsdr import RtlSdr
from rtlsdr.rtlsdr import LibUSBError

said = []
for change in ("sample_rate = 500_000", "freq_correction = 0", "center_freq = 2_400_000_000"):
    radio = RtlSdr(1)
    try:
        exec("radio." + change)
    except LibUSBError as error:
        said.append([error.errno, radio.device_opened])
    radio.close()
try:
    RtlSdr(serial_number="nobody")
except LibUSBError as error:
    said.append([error.errno, False])
json.dump(said, sys.stdout)
"""

UNTIL_LOST = """
import json, sys
from rtlsdr import RtlSdr
from rtlsdr.rtlsdr import LibUSBError

radio = RtlSdr(1)
sizes = []
error = 0
try:
    radio.read_bytes_async(lambda block, _: sizes.append(len(block)), 16384)
except LibUSBError as lost:
    error = lost.errno
radio.close()
json.dump([len(sizes), error], sys.stdout)
"""


def run_python(script: str, library: Path, server: RtlTcpServer, loss_code: int = 0) -> object:
    """Run a script against the fake and give what it wrote as JSON."""
    variables = environment(library, {"SKY00001": "127.0.0.1:9", "SKY00002": server.address}, loss_code)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_pyrtlsdr_reads_bytes(library: Path, server: RtlTcpServer) -> None:
    said = run_python(READ_SOME, library, server)
    assert said == {
        "serials": ["SKY00001", "SKY00002"],
        "gains": [round(10 * gain_db) for gain_db in GAINS_DB],
        "gain_db": 29.7,
        "rate_hz": 2_400_000.0,
        "blocks": [16_384] * 5,
        "bytes": indexes(0, 5 * 8192).hex(),
    }
    values = {each.name: each.value for each in server.commands}
    assert values["sample_rate_hz"] == 2_400_000
    assert values["centre_hz"] == 868_300_000
    assert values["gain_tenths_db"] == 297


def test_pyrtlsdr_meets_the_refusals(library: Path, server: RtlTcpServer) -> None:
    """And closes the device at each, as it does with a dongle."""
    assert run_python(REFUSALS, library, server) == [[-errno.EINVAL, False], [-2, False], [-1, False], [-3, False]]


@pytest.mark.parametrize("code", [0, -5])
def test_pyrtlsdr_loses_its_device(library: Path, server: RtlTcpServer, code: int) -> None:
    server.faults.drop(at_sample=3 * 8192 + 100)
    assert run_python(UNTIL_LOST, library, server, code) == [3, code]


def test_load_fake_in_this_process(library: Path, server: RtlTcpServer) -> None:
    before = {name for name in sys.modules if name.startswith(("rtlsdr", "pyrtlsdrlib"))}
    with load_fake(library, {"IN-PROCESS": server.address}):
        from rtlsdr import RtlSdr

        radio = RtlSdr(serial_number="IN-PROCESS")
        assert bytes(radio.read_bytes(1024)) == indexes(0, 512)
        radio.close()
    assert DEVICES_VARIABLE not in os.environ
    assert {name for name in sys.modules if name.startswith(("rtlsdr", "pyrtlsdrlib"))} == before
