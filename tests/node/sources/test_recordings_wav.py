"""WAV files of I and Q."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.iq import IqBlock, SourceUnavailable
from node.sources import RecordingOptions, open_recording
from node.sources.recording_source import RecordingSource

Wav = Callable[..., bytes]


def read(path: Path, content: bytes) -> tuple[IqBlock, RecordingSource]:
    path.write_bytes(content)
    source = open_recording(path)
    (block,) = source.blocks()
    return block, source


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def auxi(centre_hz: int, *, when: tuple[int, ...] = (2016, 1, 5, 1, 23, 19, 14, 250)) -> bytes:
    return chunk(b"auxi", struct.pack("<8H8H5I", *when, *when, centre_hz, 0, 0, 0, 0) + bytes(100))


VALUES = np.array([[-0.5, 0.25], [0.125, -1.0], [0.5, 0.0]])


@pytest.mark.parametrize(
    ("tag", "bits", "data"),
    [
        (1, 16, (VALUES * 2**15).astype("<i2").tobytes()),
        (1, 32, (VALUES * 2**31).astype("<i4").tobytes()),
        (1, 24, b"".join(int(v * 2**23).to_bytes(3, "little", signed=True) for v in VALUES.ravel())),
        (3, 32, VALUES.astype("<f4").tobytes()),
        (3, 64, VALUES.astype("<f8").tobytes()),
    ],
)
def test_formats(tmp_path: Path, wav: Wav, tag: int, bits: int, data: bytes) -> None:
    block, source = read(tmp_path / "x.wav", wav(data, tag=tag, bits=bits))
    np.testing.assert_array_equal(block.samples, VALUES[:, 0] + 1j * VALUES[:, 1])
    assert block.sample_rate_hz == 2.4e6
    assert not block.centre_known
    assert source.notes == ()


def test_eight_bits_are_those_of_a_dongle(tmp_path: Path, wav: Wav) -> None:
    block, _ = read(tmp_path / "x.wav", wav(bytes([0, 255, 127, 128]), bits=8))
    np.testing.assert_allclose(block.samples, [(-127.4 + 127.6j) / 127.5, (-0.4 + 0.6j) / 127.5], atol=1e-6)


def test_extensible(tmp_path: Path, wav: Wav) -> None:
    content = wav(VALUES.astype("<f4").tobytes(), tag=0xFFFE, bits=32)
    at = content.index(b"fmt ")
    extended = content[at + 8 : at + 24] + struct.pack("<HHIH", 22, 32, 3, 3) + bytes(14)
    block, _ = read(tmp_path / "x.wav", content[:at] + chunk(b"fmt ", extended) + content[at + 24 :])
    assert block.samples[0] == np.complex64(-0.5 + 0.25j)


def test_auxi_gives_frequency_and_time(tmp_path: Path, wav: Wav) -> None:
    before = chunk(b"LIST", b"abc") + auxi(868_300_000)
    block, _ = read(tmp_path / "HDSDR_20200101_000000Z_7100kHz_RF.wav", wav(bytes(400), before=before))
    assert (block.centre_hz, block.centre_known) == (868.3e6, True)
    assert block.start_ns == 1_451_690_354_250_000_000
    assert len(block.samples) == 100


def test_auxi_of_sdr_console(tmp_path: Path, wav: Wav) -> None:
    text = '<?xml version="1.0"?><SDR-XML-Root><Definition RadioCenterFreq="868300000" SampleRate="1"/></SDR-XML-Root>'
    block, _ = read(tmp_path / "x.wav", wav(bytes(400), before=chunk(b"auxi", text.encode("utf-16-le"))))
    assert block.centre_hz == 868.3e6


def test_auxi_without_sense_is_left_out(tmp_path: Path, wav: Wav) -> None:
    before = auxi(0, when=(0, 0, 0, 0, 99, 0, 0, 0)) + chunk(b"auxi", b"short")
    block, source = read(tmp_path / "SDRSharp_20160105_231914Z_12kHz_IQ.wav", wav(bytes(400), before=before))
    assert (block.centre_hz, block.start_ns) == (12e3, 1_452_035_954_000_000_000)
    assert any("from the name: frequency 12 kHz" in note for note in source.notes)


def test_options_override(tmp_path: Path, wav: Wav) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav(bytes(400), before=auxi(868_300_000)))
    options = RecordingOptions(centre_hz=915e6, sample_rate_hz=1e6, start_ns=7, datatype="cu8")
    (block,) = open_recording(path, options).blocks()
    assert (block.centre_hz, block.sample_rate_hz, block.start_ns, len(block.samples)) == (915e6, 1e6, 7, 200)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_header_that_was_not_finished(tmp_path: Path, wav: Wav, size: int) -> None:
    block, source = read(tmp_path / "x.wav", wav(bytes(402), data_size=size))
    assert len(block.samples) == 100
    notes = " ".join(source.notes)
    assert "does not say how many" in notes
    assert "last 2 bytes are no whole" in notes


def test_a_cut_file(tmp_path: Path, wav: Wav) -> None:
    block, source = read(tmp_path / "x.wav", wav(bytes(400), data_size=4000))
    assert len(block.samples) == 100
    assert any("400 of the 4000 bytes" in note for note in source.notes)


def test_chunks_after_the_samples_are_no_samples(tmp_path: Path, wav: Wav) -> None:
    block, source = read(tmp_path / "x.wav", wav(bytes(400) + chunk(b"LIST", bytes(99)), data_size=400))
    assert len(block.samples) == 100
    assert source.notes == ()


def test_beyond_four_gigabytes(tmp_path: Path, wav: Wav) -> None:
    path = tmp_path / "x.wav"
    content = wav(b"", data_size=4096)
    with path.open("wb") as file:
        file.write(content)
        file.truncate(len(content) + 2**32 + 4096)
    source = open_recording(path)
    assert source.layout.samples == (2**32 + 4096) // 4
    assert any("beyond its 32 bits" in note for note in source.notes)
    source.close()


def test_rf64(tmp_path: Path, wav: Wav) -> None:
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 5000, 400, 100, 0))
    content = wav(bytes(400) + chunk(b"LIST", bytes(50)), before=ds64, data_size=0xFFFFFFFF, riff=b"RF64")
    block, source = read(tmp_path / "x.wav", content)
    assert len(block.samples) == 100
    assert source.notes == ()


def test_wave64(tmp_path: Path) -> None:
    tail = bytes.fromhex("f3acd3118cd100c04f8edb8a")

    def guid(name: bytes, content: bytes) -> bytes:
        return name + tail + struct.pack("<Q", len(content) + 24) + content + bytes(-len(content) % 8)

    fmt = struct.pack("<HHIIHH", 1, 2, 2_400_000, 9_600_000, 4, 16)
    body = b"wave" + tail + guid(b"fact", bytes(5)) + guid(b"fmt ", fmt) + guid(b"data", bytes(396))
    riff = bytes.fromhex("726966662e91cf11a5d628db04c10000")
    block, _ = read(tmp_path / "x.w64", riff + struct.pack("<Q", len(body) + 24) + body)
    assert len(block.samples) == 99


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ({"channels": 1}, "1 channels"),
        ({"channels": 4}, "4 channels"),
        ({"tag": 2, "bits": 4}, "WAV format 2 with 4 bits"),
        ({"rate": 0}, "sample rate of 0"),
        ({"rate": 4000}, "sample rate of 4000"),
    ],
)
def test_what_is_no_iq(tmp_path: Path, wav: Wav, content: dict[str, int], match: str) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav(bytes(400), **content))
    with pytest.raises(SourceUnavailable, match=match):
        open_recording(path)


def test_cut_within_the_header(tmp_path: Path, wav: Wav) -> None:
    whole = wav(bytes(4), before=auxi(868_300_000))
    path = tmp_path / "x.wav"
    for length in range(len(whole) - 3):
        path.write_bytes(whole[:length])
        with pytest.raises(SourceUnavailable, match=r"x\.wav"):
            open_recording(path)
    path.write_bytes(whole)
    assert isinstance(open_recording(path), RecordingSource)


def test_an_endless_header(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 5000)
    with pytest.raises(SourceUnavailable, match="has no end"):
        open_recording(path)


def test_independent_writers(tmp_path: Path) -> None:
    wavfile = pytest.importorskip("scipy.io.wavfile")
    stored: NDArray[np.int16] = np.random.default_rng(1).integers(-30000, 30000, (1000, 2)).astype(np.int16)
    wavfile.write(tmp_path / "x.wav", 1_000_000, stored)
    (block,) = open_recording(tmp_path / "x.wav").blocks()
    np.testing.assert_array_equal(block.samples.view(np.float32).reshape(-1, 2), stored / np.float32(32768))
