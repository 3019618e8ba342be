"""Bare samples: every type, options, pipes, bad files."""

# Longer than 300 lines: one kind of file without a header, and everything that must be asked or refused.

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.iq import IqBlock, SourceError, SourceUnavailable
from node.sources import RecordingOptions, open_recording

Counted = Callable[[int], NDArray[np.int16]]


def read(path: Path | str, **options: object) -> list[IqBlock]:
    return list(open_recording(path, RecordingOptions(**options)).blocks())  # type: ignore[arg-type]


def outcome(path: Path) -> tuple[list[IqBlock], SourceError | None]:
    try:
        return list(open_recording(path).blocks()), None
    except SourceError as fault:
        return [], fault


def joined(blocks: list[IqBlock]) -> NDArray[np.complex64]:
    return np.concatenate([block.samples for block in blocks])


@pytest.mark.parametrize(
    ("extension", "dtype", "zero", "full_scale"),
    [
        ("cu8", "u1", 127.4, 127.5),
        ("complex16u", "u1", 127.4, 127.5),
        ("cs8", "i1", 0, 128),
        ("complex16s", "i1", 0, 128),
        ("cs16", "<i2", 0, 32768),
        ("CS16", "<i2", 0, 32768),
        ("cs32", "<i4", 0, 2**31),
        ("complex32u", "<u2", 32767.5, 32768),
    ],
)
def test_integers_are_scaled_to_one(tmp_path: Path, extension: str, dtype: str, zero: float, full_scale: float) -> None:
    info = np.iinfo(dtype)
    stored = np.array([[info.min, info.max], [0, 1], [info.max, info.min], [3, 100]], dtype)
    path = tmp_path / f"a_868.3M_2400k.{extension}"
    path.write_bytes(stored.tobytes())
    (block,) = read(path)
    expected = (stored.astype(np.float64) - zero) / full_scale
    np.testing.assert_allclose(block.samples, expected[:, 0] + 1j * expected[:, 1], atol=1e-6)
    assert (block.centre_hz, block.sample_rate_hz, block.centre_known) == (868.3e6, 2.4e6, True)
    assert (block.first_sample, block.lost_before, block.start_ns) == (0, 0, 0)


@pytest.mark.parametrize(
    ("extension", "dtype"), [("cf32", "<c8"), ("cfile", "<c8"), ("complex", "<c8"), ("cf64", "<c16")]
)
def test_floats_scaled_to_one_are_left_alone(tmp_path: Path, extension: str, dtype: str) -> None:
    stored = np.array([0.5 - 0.25j, 1 + 0j, -1j, 0.001], dtype)
    path = tmp_path / f"a_1000k.{extension}"
    path.write_bytes(stored.tobytes())
    (block,) = read(path)
    np.testing.assert_array_equal(block.samples, stored.astype(np.complex64))
    assert not block.centre_known
    assert block.centre_hz == 0.0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(samples=st.integers(1, 5000), block=st.integers(1, 6000), kind=st.sampled_from(["cs16", "cf32"]))
def test_the_samples_do_not_depend_on_the_block_size(tmp_path: Path, samples: int, block: int, kind: str) -> None:
    rng = np.random.default_rng(samples)
    path = tmp_path / f"a_1000k.{kind}"
    values = rng.integers(-2000, 2000, 2 * samples)
    path.write_bytes(values.astype("<i2" if kind == "cs16" else "<f4").tobytes())
    blocks = read(path, block_samples=block)
    assert [len(b.samples) for b in blocks[:-1]] == [block] * (len(blocks) - 1)
    np.testing.assert_array_equal(joined(blocks), joined(read(path)))
    assert len(joined(blocks)) == samples


def test_options_override_the_name(tmp_path: Path, counted: Counted) -> None:
    path = tmp_path / "a_868M_2400k.cu8"
    path.write_bytes(counted(100).tobytes())
    source = open_recording(
        path, RecordingOptions(sample_rate_hz=1e6, centre_hz=915e6, datatype="cs16", start_ns=5, radio="left")
    )
    (block,) = source.blocks()
    assert (block.sample_rate_hz, block.centre_hz, block.start_ns, block.radio) == (1e6, 915e6, 5, "left")
    assert len(block.samples) == 100
    assert not any("name" in note for note in source.notes)


def test_a_plain_extension_needs_the_type(tmp_path: Path, counted: Counted) -> None:
    path = tmp_path / "capture_868M_2400k.bin"
    path.write_bytes(counted(10).tobytes())
    with pytest.raises(SourceUnavailable, match=r"capture_868M_2400k\.bin.*--datatype"):
        open_recording(path)
    assert len(joined(read(path, datatype="ci16_le"))) == 10


def test_an_unknown_rate_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "capture.cu8"
    path.write_bytes(bytes(10))
    with pytest.raises(SourceUnavailable, match=r"sample rate is unknown.*--rate.*NAME_868\.3M_2400k\.cu8"):
        open_recording(path)


def test_real_valued_samples_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x_250k.s16"
    path.write_bytes(bytes(10))
    with pytest.raises(SourceUnavailable, match="real-valued"):
        open_recording(path)


@pytest.mark.parametrize("rate", ["5k", "200000k"])
def test_impossible_rates_are_refused(tmp_path: Path, rate: str) -> None:
    path = tmp_path / f"x_{rate}.cu8"
    path.write_bytes(bytes(10))
    with pytest.raises(SourceUnavailable, match="cannot be used, only 10 kS/s to 100 MS/s"):
        open_recording(path)


@pytest.mark.parametrize("rate_hz", [200e3, 61.44e6])
def test_the_usual_rates_are_taken(tmp_path: Path, rate_hz: float) -> None:
    path = tmp_path / "x.cu8"
    path.write_bytes(bytes(2000))
    (block,) = read(path, sample_rate_hz=rate_hz)
    assert block.sample_rate_hz == rate_hz


def test_a_narrow_recording_says_what_it_cannot_show(tmp_path: Path) -> None:
    path = tmp_path / "x_100k.cu8"
    path.write_bytes(bytes(10))
    notes = " ".join(open_recording(path).notes)
    assert "100 kS/s cannot show drone links" in notes
    assert "expresslrs (500 kHz)" in notes


def test_an_odd_tail_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "x_250k.cs16"
    path.write_bytes(bytes(4 * 100 + 3))
    source = open_recording(path)
    assert sum(len(block.samples) for block in source.blocks()) == 100
    assert any("last 3 bytes are no whole ci16_le sample" in note for note in source.notes)


@pytest.mark.parametrize(("content", "match"), [(b"", "is empty"), (b"abc", "3 bytes hold no ci16_le sample")])
def test_files_without_samples(tmp_path: Path, content: bytes, match: str) -> None:
    path = tmp_path / "x_250k.cs16"
    path.write_bytes(content)
    with pytest.raises(SourceUnavailable, match=match):
        open_recording(path)


def test_no_such_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"none_250k\.cu8: no such file"):
        open_recording(tmp_path / "none_250k.cu8")
    folder = tmp_path / "x_250k.cu8"
    folder.mkdir()
    with pytest.raises(SourceUnavailable, match="is a directory"):
        open_recording(folder)
    with pytest.raises(SourceUnavailable, match="is a directory"):
        open_recording(tmp_path)
    with pytest.raises(SourceUnavailable, match="File name too long"):
        open_recording("x" * 5000)
    for name in ("", "a\0b"):
        with pytest.raises(SourceUnavailable, match="no name of a recording"):
            open_recording(name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission_denied(tmp_path: Path) -> None:
    path = tmp_path / "x_250k.cu8"
    path.write_bytes(bytes(10))
    path.chmod(0)
    with pytest.raises(SourceUnavailable, match="permission denied; make it readable"):
        open_recording(path)


def test_a_file_that_shrinks_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x_250k.cu8"
    path.write_bytes(bytes(400_000))
    source = open_recording(path, RecordingOptions(block_samples=1000))
    blocks = source.blocks()
    next(blocks)
    os.truncate(path, 140_001)
    assert sum(len(block.samples) for block in blocks) == 69_000
    notes = " ".join(source.notes)
    assert "last 1 byte is no whole" in notes
    assert "130000 samples it should hold are missing" in notes


def test_a_huge_file_costs_no_memory(tmp_path: Path, grown_kib: Callable[[Path, int], int]) -> None:
    path = tmp_path / "x_868M_2400k.cs16"
    with path.open("wb") as file:
        file.truncate(60 * 10**9)
    assert path.stat().st_blocks * 512 < 10**6, "the file system makes no sparse files"
    source = open_recording(path)
    assert source.layout.samples == 15 * 10**9
    source.close()
    few, many = grown_kib(path, 10), grown_kib(path, 500)
    assert many < 16 * 1024
    assert many - few < 2 * 1024


def test_a_pipe_gives_blocks_while_it_is_open(tmp_path: Path, counted: Counted) -> None:
    path = tmp_path / "pipe_1000k.cs16"
    os.mkfifo(path)
    source = open_recording(path, RecordingOptions(block_samples=1000))
    data = counted(2500).tobytes()
    writer = os.open(path, os.O_WRONLY)
    blocks = source.blocks()
    os.write(writer, data[:7001])
    first = next(blocks)
    assert len(first.samples) == 1000
    os.write(writer, data[7001:])
    os.write(writer, b"\1")
    os.close(writer)
    rest = list(blocks)
    assert [len(block.samples) for block in rest] == [1000, 500]
    expected = np.frombuffer(data, "<i2").astype(np.float32).view(np.complex64) / np.float32(32768)
    np.testing.assert_array_equal(joined([first, *rest]), expected)
    assert any("last 1 byte is no whole" in note for note in source.notes)


def test_stop_ends_the_wait_for_a_silent_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe_1000k.cs16"
    os.mkfifo(path)
    source = open_recording(path)
    got: list[IqBlock] = []
    reader = threading.Thread(target=lambda: got.extend(source.blocks()))
    reader.start()
    source.stop()
    reader.join(20.0)
    assert not reader.is_alive()
    assert got == []


def test_standard_input(tmp_path: Path, counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    kept = os.dup(0)
    try:
        os.dup2(reading, 0)
        os.write(writing, counted(500).tobytes())
        os.close(writing)
        blocks = read("-", datatype="cs16", sample_rate_hz=1e6, centre_hz=868e6, block_samples=300)
        assert [len(block.samples) for block in blocks] == [300, 200]
        assert blocks[1].start_ns == 300_000
        with pytest.raises(SourceUnavailable, match="standard input: holds no samples"):
            read("-", datatype="cs16", sample_rate_hz=1e6)
        with pytest.raises(SourceUnavailable, match="standard input: nothing says how samples are stored"):
            open_recording("-", RecordingOptions(sample_rate_hz=1e6))
        with pytest.raises(SourceUnavailable, match="standard input: the sample rate is unknown"):
            open_recording("-", RecordingOptions(datatype="cu8"))
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(reading)


def test_standard_input_may_be_a_file(tmp_path: Path, counted: Counted) -> None:
    path = tmp_path / "x"
    path.write_bytes(counted(500).tobytes())
    kept = os.dup(0)
    file = os.open(path, os.O_RDONLY)
    try:
        os.dup2(file, 0)
        assert len(joined(read("-", datatype="cs16", sample_rate_hz=1e6))) == 500
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(file)


def test_pace_lets_blocks_come_when_due(tmp_path: Path) -> None:
    path = tmp_path / "x_100k.cu8"
    path.write_bytes(bytes(2 * 2500))
    now_s = [50.0]

    def wait(seconds: float) -> bool:
        now_s[0] += seconds
        return False

    options = RecordingOptions(pace=2.0, block_samples=1000)
    source = open_recording(path, options, wait=wait, clock=lambda: now_s[0])
    times = [now_s[0] for _ in source.blocks()]
    assert times == pytest.approx([50.005, 50.010, 50.0125])


def test_stop_ends_a_paced_recording(tmp_path: Path) -> None:
    path = tmp_path / "x_100k.cu8"
    path.write_bytes(bytes(2 * 100_000_0))
    source = open_recording(path, RecordingOptions(pace=1e-3, block_samples=1000))
    reader = threading.Thread(target=lambda: list(source.blocks()))
    reader.start()
    source.stop()
    reader.join(20.0)
    assert not reader.is_alive()


def test_the_file_is_closed_whether_read_or_not(tmp_path: Path) -> None:
    path = tmp_path / "x_100k.cu8"
    path.write_bytes(bytes(2000))

    def open_files() -> int:
        return sum(os.path.realpath(link) == str(path) for link in Path("/proc/self/fd").iterdir())

    for _ in range(3):
        read(path)
        blocks = open_recording(path, RecordingOptions(block_samples=10)).blocks()
        next(blocks)
        del blocks
        open_recording(path).close()
        open_recording(path)
    assert open_files() == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sample_rate_hz", 0.0), ("sample_rate_hz", float("nan")), ("sample_rate_hz", 1e9),
        ("centre_hz", -1.0), ("centre_hz", float("inf")),
        ("datatype", "cu7"), ("datatype", "rf32_le"), ("start_ns", -1), ("start_ns", 2**63),
        ("block_samples", 0), ("block_samples", 1 << 30), ("pace", 0.0), ("pace", float("nan")),
    ],
)  # fmt: skip
def test_options_that_cannot_be(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        RecordingOptions(**{name: value})  # type: ignore[arg-type]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    content=st.binary(max_size=300),
    name=st.sampled_from(
        ["a.wav", "a_1000k.cf32", "a_1000k.cf64", "a_1000k.cu8.zst", "a.sigmf-meta", "a.sigmf", "a_1000k.cs16", "a.w64"]
    ),
)
def test_any_bytes_give_blocks_or_a_source_error(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    blocks, fault = outcome(tmp_path / name)
    assert (fault is None) == bool(blocks)
    if fault is None:
        assert np.isfinite(joined(blocks)).all()
    else:
        assert str(fault).startswith(str(tmp_path))
