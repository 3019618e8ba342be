"""The RTL-SDR source: pyrtlsdr on the fake librtlsdr, and on its own library without a dongle."""

# Longer than 300 lines: one dongle through its own library, and every fault that it has.

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from dsp.iq import IqBlock, SourceLost, SourceStalled, SourceUnavailable, u8_to_complex64
from node.sources import RtlSdrSettings
from node.sources.rtl_sdr import RtlSdrSource
from node.sources.rtl_sdr_device import CURE_INSTALL, choose
from sim.librtlsdr import COMPILERS, build, load_fake
from sim.rtl_tcp import RtlTcpServer

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="no C compiler: sudo apt install gcc libc6-dev"),
]

TIMEOUT_S = 60.0
RATE_HZ = 250_000.0
BLOCK = 4096


class CountingRadio:
    """Every sample says which one it is: I and Q are the low bytes of its index."""

    def __init__(self) -> None:
        self.index = 0

    def configure(
        self,
        centre_hz: float | None = None,
        sample_rate_hz: float | None = None,
        gain_db: float | None = None,
        agc: bool | None = None,
        ppm: float | None = None,
    ) -> None:
        pass

    def read_u8(self, n_samples: int) -> bytes:
        start, self.index = self.index, self.index + n_samples
        return indexes(start, self.index)


class TunedRadio(CountingRadio):
    """Every byte says where the radio is tuned to, in MHz less 800."""

    def __init__(self) -> None:
        super().__init__()
        self.centre_hz = 0.0

    def configure(
        self,
        centre_hz: float | None = None,
        sample_rate_hz: float | None = None,
        gain_db: float | None = None,
        agc: bool | None = None,
        ppm: float | None = None,
    ) -> None:
        self.centre_hz = centre_hz or self.centre_hz

    def read_u8(self, n_samples: int) -> bytes:
        return bytes([round(self.centre_hz / 1e6 - 800) % 256]) * (2 * n_samples)


def indexes(start: int, end: int) -> bytes:
    return (np.arange(start, end) & 0xFFFF).astype("<u2").tobytes()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("librtlsdr"))


@contextmanager
def dongle(library: Path, *, loss_code: int = 0, paced: bool = False, tuned: bool = False) -> Iterator[RtlTcpServer]:
    """Two dongles of which the second is there, as SKY00002."""
    with RtlTcpServer(TunedRadio if tuned else CountingRadio, paced=paced) as server:
        devices = {"SKY00001": "127.0.0.1:9", "SKY00002": server.address}
        with load_fake(library, devices, loss_code):
            yield server


def settings(**changes: object) -> RtlSdrSettings:
    usual: dict[str, object] = {
        "name": "roof", "serial": "SKY00002", "centre_hz": 868.2e6, "sample_rate_hz": RATE_HZ,
    }  # fmt: skip
    return RtlSdrSettings(**(usual | changes))  # type: ignore[arg-type]


def ended_by(source: RtlSdrSource) -> tuple[list[IqBlock], Exception | None]:
    """All blocks, and what ended them."""
    given: list[IqBlock] = []
    try:
        given.extend(source.blocks())
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return given, error
    return given, None


def first_blocks(source: RtlSdrSource, count: int) -> list[IqBlock]:
    given: list[IqBlock] = []
    for block in source.blocks():
        given.append(block)
        if len(given) == count:
            source.stop()
    return given


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("rtl-sdr")]


def test_sets_the_dongle_and_counts_the_samples(library: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "node.sources")
    with dongle(library) as server:
        source = RtlSdrSource(
            settings(gain=30.0, ppm=-12, bias_tee=True, digital_agc=True, converter_offset_hz=-125e6), start_ns=1_000,
            inbox_s=TIMEOUT_S,
        )  # fmt: skip
        blocks = first_blocks(source, 6)
        values: dict[str, int] = {}
        for each in server.commands:  # the last of each while reading
            values[each.name] = each.signed_value
            if each.name == "go":
                break
        assert server.wait_until(lambda server: not server.stats.connected, TIMEOUT_S)
        bias = [each.value for each in server.commands if each.name == "bias_tee"]
    values = {name: value for name, value in values.items() if name not in {"hold", "go", "test_mode"}}
    assert values == {
        "sample_rate_hz": 250_000, "ppm": -12, "centre_hz": 993_200_000, "manual_gain": 1, "gain_tenths_db": 297,
        "digital_agc": 1, "bias_tee": 1,
    }  # fmt: skip
    assert bias == [1, 0]  # off at the end
    assert source.notes == ("gain 29.7 dB, the tuner's nearest to 30 dB",)
    assert "radio roof: rtl-sdr: dongle SKY00002, R820T tuner" in caplog.messages
    assert "radio roof: rtl-sdr: gain 29.7 dB, the tuner's nearest to 30 dB" in caplog.messages
    assert {(block.centre_hz, block.radio) for block in blocks} == {(868.2e6, "roof")}
    assert [block.first_sample for block in blocks] == [number * BLOCK for number in range(6)]
    samples = np.concatenate([block.samples for block in blocks])
    assert np.array_equal(samples, u8_to_complex64(indexes(0, 6 * BLOCK)))
    assert blocks[0].start_ns == 1_000
    assert readers() == []


def test_automatic_gain_and_no_correction(library: Path) -> None:
    """The same correction twice, 0 at first, is an error of librtlsdr."""
    with dongle(library) as server:
        first_blocks(RtlSdrSource(settings()), 1)
        names = [each.name for each in server.commands]
        assert "ppm" not in names
        assert [each.value for each in server.commands if each.name == "manual_gain"] == [0, 0]


def test_a_serial_number_that_is_not_there(library: Path) -> None:
    with dongle(library):
        _, error = ended_by(RtlSdrSource(settings(serial="SKY00009")))
    assert isinstance(error, SourceUnavailable)
    assert "no dongle has the serial number SKY00009; present: SKY00001, SKY00002" in str(error)


def test_which_dongle() -> None:
    assert choose(["A", "B"], "B", "radio") == 1
    assert choose(["A", "B"], None, "radio") == 0
    with pytest.raises(SourceUnavailable, match="2 dongles have the serial number 00000001"):
        choose(["00000001", "00000001"], "00000001", "radio")


def test_a_dongle_that_does_not_open(library: Path) -> None:
    """SKY00001 is listed, but nobody is there."""
    with dongle(library):
        _, error = ended_by(RtlSdrSource(settings(serial=None)))
    assert isinstance(error, SourceUnavailable)
    assert "dongle SKY00001 cannot be opened: it does not answer; plug it in anew (code -1)" in str(error)


def test_a_dongle_that_is_in_use(library: Path) -> None:
    with dongle(library) as server:
        first = RtlSdrSource(settings()).blocks()
        next(first)
        _, error = ended_by(RtlSdrSource(settings()))
        assert isinstance(error, SourceUnavailable)
        assert "another program or the television driver uses it" in str(error)
        next(first)
        assert server.stats.connected


def test_a_frequency_that_the_tuner_refuses(library: Path) -> None:
    """And the half-open device is closed: it opens again at once."""
    with dongle(library):
        for _ in range(3):
            _, error = ended_by(RtlSdrSource(settings(centre_hz=1.9e9)))
            assert isinstance(error, SourceUnavailable)
            assert "cannot be opened" in str(error)
        assert len(first_blocks(RtlSdrSource(settings()), 1)) == 1


@pytest.mark.parametrize("code", [0, -5])
def test_a_lost_dongle(library: Path, code: int) -> None:
    """librtlsdr says that all is well, or something else: both mean that it is gone."""
    with dongle(library, loss_code=code) as server:
        server.faults.drop(at_sample=3 * BLOCK + 100)
        given, error = ended_by(RtlSdrSource(settings(), inbox_s=TIMEOUT_S))
        assert isinstance(error, SourceLost)
        assert "dongle SKY00002 is gone" in str(error)
        assert sum(len(block.samples) for block in given) == 3 * BLOCK
        assert len(first_blocks(RtlSdrSource(settings()), 1)) == 1  # plugged in again
    assert readers() == []


def test_a_silent_dongle_has_stalled(library: Path) -> None:
    with dongle(library) as server:
        server.faults.stall(at_sample=2 * BLOCK)
        given, error = ended_by(RtlSdrSource(settings(silence_s=0.3), inbox_s=TIMEOUT_S))
    assert isinstance(error, SourceStalled)
    assert "nothing came in 0.3 s" in str(error)
    assert len(given) == 2
    assert readers() == []


def test_stop_ends_a_silent_wait(library: Path) -> None:
    with dongle(library) as server:
        server.faults.stall()
        source = RtlSdrSource(settings(silence_s=TIMEOUT_S))
        given: list[IqBlock] = []
        thread = threading.Thread(target=lambda: given.extend(source.blocks()))
        thread.start()
        assert server.wait_until(lambda server: any(each.name == "go" for each in server.commands), TIMEOUT_S)
        source.stop()
        thread.join(TIMEOUT_S)
        assert given == []
        assert server.wait_until(lambda server: not server.stats.connected, TIMEOUT_S)
    assert readers() == []


def test_leaving_at_once(library: Path) -> None:
    """Reading has hardly begun when it is cancelled."""
    with dongle(library) as server:
        server.faults.stall()
        for _ in range(20):
            source = RtlSdrSource(settings())
            stopper = threading.Thread(target=source.stop)
            stopper.start()
            assert list(source.blocks()) == []
            stopper.join(TIMEOUT_S)
        assert server.wait_until(lambda server: not server.stats.connected, TIMEOUT_S)
    assert readers() == []


def test_blocks_that_nobody_takes_are_dropped_and_counted(library: Path) -> None:
    """The reader never waits; the samples that do arrive are in their places."""
    with dongle(library) as server:
        source = RtlSdrSource(settings(), inbox_s=8 * BLOCK / RATE_HZ, start_ns=0)
        blocks = source.blocks()
        given = [next(blocks)]
        server.wait_until(lambda server: server.stats.samples_sent > 100 * BLOCK, TIMEOUT_S)
        server.faults.stall()
        given += [next(blocks) for _ in range(8)]
        server.faults.resume()
        given += [next(blocks) for _ in range(20)]
        source.stop()
        list(blocks)
    lost = [block.lost_before for block in given]
    assert max(lost) >= BLOCK
    assert all(each % BLOCK == 0 for each in lost)
    position = 0
    for block in given:
        position += block.lost_before
        assert block.first_sample == position
        assert np.array_equal(block.samples, u8_to_complex64(indexes(position, position + BLOCK)))
        position += len(block.samples)
    assert source.counters.lost_samples == sum(lost)


def test_retunes_give_nothing_of_the_old_frequency(library: Path) -> None:
    plan = [868e6, 868e6, 915e6, 915e6, 869e6, 869e6]
    asked: list[int] = []

    def wanted(next_ns: int) -> float:
        asked.append(next_ns)
        return plan[min(len(asked), len(plan)) - 1]

    with dongle(library, paced=True, tuned=True):
        blocks = first_blocks(RtlSdrSource(settings(centre_hz=868e6), retune=wanted, start_ns=0), len(plan))
    assert [block.centre_hz for block in blocks] == plan
    for block in blocks:
        raw = round(block.centre_hz / 1e6 - 800)
        assert set(block.samples) == set(u8_to_complex64(bytes([raw, raw])))
    assert [block.lost_before > 0 for block in blocks[2:]] == [True, False, True, False]
    position = 0
    for block in blocks:
        assert block.first_sample == position + block.lost_before
        position = block.first_sample + len(block.samples)


def test_a_retune_that_the_tuner_refuses(library: Path) -> None:
    """It would close the device under the running read if pyrtlsdr had its way."""
    plan = iter([868.2e6, 868.2e6, 1.9e9])
    with dongle(library):
        given, error = ended_by(RtlSdrSource(settings(), retune=lambda _: next(plan), inbox_s=TIMEOUT_S))
        assert isinstance(error, SourceLost)
        assert "cannot be tuned to 1900000000 Hz" in str(error)
        assert len(given) == 2
        assert len(first_blocks(RtlSdrSource(settings()), 1)) == 1
    assert readers() == []


def test_a_hundred_openings_leave_nothing_behind(library: Path) -> None:
    def descriptors() -> int:
        return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))

    with dongle(library) as server:
        first_blocks(RtlSdrSource(settings()), 1)
        assert server.wait_until(lambda server: not server.stats.connected, TIMEOUT_S)
        before, threads = descriptors(), threading.active_count()
        for number in range(100):
            server.faults.drop(at_sample=BLOCK * (number % 2) + number + 1)
            _, error = ended_by(RtlSdrSource(settings()))
            assert isinstance(error, SourceLost)
            assert server.wait_until(lambda server: not server.stats.connected, TIMEOUT_S)
        assert descriptors() <= before
        assert threading.active_count() <= threads


def test_the_bundled_library_without_a_dongle() -> None:
    """The real pyrtlsdr with the real librtlsdr of pyrtlsdrlib: nothing is plugged in where tests run."""
    pytest.importorskip("pyrtlsdrlib", reason="pyrtlsdr[lib] is not installed")
    _, error = ended_by(RtlSdrSource(settings(serial=None)))
    if error is None:
        pytest.skip("an RTL-SDR is plugged in")
    assert isinstance(error, SourceUnavailable)
    assert str(error).startswith("radio roof: rtl-sdr: no RTL-SDR found; plug one in")


def test_without_pyrtlsdr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtlsdr", None)
    monkeypatch.setitem(sys.modules, "rtlsdr.librtlsdr", None)
    _, error = ended_by(RtlSdrSource(settings()))
    assert isinstance(error, SourceUnavailable)
    assert CURE_INSTALL in str(error)
