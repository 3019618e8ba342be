"""Compressed recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard
from numpy.typing import NDArray

from dsp.iq import IqBlock, SourceLost, SourceUnavailable
from node.sources import RecordingOptions, open_recording


def pack(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def random_bytes(count: int) -> bytes:
    return np.random.default_rng(1).integers(0, 256, count, dtype=np.uint8).tobytes()


def joined(path: Path) -> NDArray[np.complex64]:
    return np.concatenate([block.samples for block in open_recording(path).blocks()])


def test_the_same_samples_as_unpacked(tmp_path: Path) -> None:
    data = random_bytes(1_000_001)
    (tmp_path / "a_868M_1000k.cu8").write_bytes(data)
    (tmp_path / "b_868M_1000k.cu8.zst").write_bytes(pack(data))
    np.testing.assert_array_equal(joined(tmp_path / "a_868M_1000k.cu8"), joined(tmp_path / "b_868M_1000k.cu8.zst"))


def test_several_frames_and_a_skippable_one(tmp_path: Path) -> None:
    data = random_bytes(10_000)
    skippable = bytes.fromhex("502a4d18") + (4).to_bytes(4, "little") + b"abcd"
    path = tmp_path / "a_1000k.cu8.zst"
    path.write_bytes(pack(data[:3001]) + skippable + pack(data[3001:]))
    (tmp_path / "b_1000k.cu8").write_bytes(data)
    np.testing.assert_array_equal(joined(path), joined(tmp_path / "b_1000k.cu8"))


def test_sigmf_data_beside_plain_metadata(write_sigmf: Callable[..., Path]) -> None:
    data = random_bytes(4000)
    meta = write_sigmf(data)
    plain = joined(meta)
    path = meta.with_suffix(".sigmf-data")
    packed = meta.with_name("x.sigmf-data.zst")
    packed.write_bytes(pack(data))
    path.unlink()
    for name in (meta, packed, meta.with_suffix("")):
        np.testing.assert_array_equal(joined(name), plain)


def test_wav(tmp_path: Path, wav: Callable[..., bytes]) -> None:
    path = tmp_path / "x.wav.zst"
    path.write_bytes(pack(wav(random_bytes(4000))))
    assert len(joined(path)) == 1000


def test_a_cut_file_gives_what_it_holds_and_says_so(tmp_path: Path) -> None:
    data = random_bytes(3_000_000)
    path = tmp_path / "x_1000k.cu8.zst"
    packed = pack(data)
    path.write_bytes(packed[: len(packed) // 2])
    source = open_recording(path)
    samples = sum(len(block.samples) for block in source.blocks())
    assert 1_000_000 < 2 * samples < 1_500_000
    assert any("ends within a frame" in note for note in source.notes)


def test_a_damaged_file_gives_what_is_before_and_fails_clearly(tmp_path: Path) -> None:
    packed = bytearray(pack(random_bytes(1_000_000)) + pack(random_bytes(1_000_000)))
    packed[1_400_000:1_400_100] = bytes(100)
    path = tmp_path / "x_1000k.cu8.zst"
    path.write_bytes(packed)
    got: list[IqBlock] = []
    with pytest.raises(SourceLost, match=r"x_1000k\.cu8\.zst: damaged"):
        got.extend(open_recording(path, RecordingOptions(block_samples=10_000)).blocks())
    path.write_bytes(b"this is no zstandard file at all")
    with pytest.raises(SourceLost, match="damaged, cannot be unpacked"):
        joined(path)


def test_no_samples_in_it(tmp_path: Path) -> None:
    path = tmp_path / "x_1000k.cu8.zst"
    path.write_bytes(pack(b""))
    with pytest.raises(SourceUnavailable, match="holds no samples"):
        joined(path)


def test_memory_is_bounded_whatever_comes_out(tmp_path: Path, grown_kib: Callable[[Path, int], int]) -> None:
    path = tmp_path / "x_1000k.cu8.zst"
    compressor = zstandard.ZstdCompressor().compressobj()
    with path.open("wb") as file:
        for _ in range(100):
            file.write(compressor.compress(bytes(10_000_000)))
        file.write(compressor.flush())
    assert path.stat().st_size < 1_000_000
    assert grown_kib(path, 1_000_000_000 // 2 // 65536) < 80 * 1024
