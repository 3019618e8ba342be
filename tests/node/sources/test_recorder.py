"""Recordings we write: complete or not there, and read back as they were."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sigmf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsp.iq import IqBlock, SourceLost, SourceUnavailable, u8_to_complex64
from node.sources import RecordingOptions, open_recording
from node.sources.recorder import Datatype, RecordedInfo, RecorderError, SigmfRecorder, record_blocks

RATE_HZ = 1e6
START_NS = 1_795_702_814_123_456_789


def block(
    first_sample: int,
    samples: int = 1000,
    lost_before: int = 0,
    centre_hz: float = 868e6,
    kind: Datatype = "cu8",
    rate_hz: float = RATE_HZ,
) -> IqBlock:
    rng = np.random.default_rng(first_sample)
    if kind == "cu8":
        values = u8_to_complex64(rng.integers(0, 256, 2 * samples).astype(np.uint8).tobytes())
    elif kind == "ci16_le":
        counts = rng.integers(-32768, 32768, 2 * samples)
        values = (counts.astype(np.float32) / np.float32(32768)).view(np.complex64)
    else:
        values = (rng.standard_normal(2 * samples) * 1e-7).astype(np.float32).view(np.complex64)
    start_ns = START_NS + round(first_sample * 1e9 / rate_hz)
    return IqBlock(values, rate_hz, centre_hz, first_sample, lost_before, start_ns, "left", centre_hz > 0)


def record(blocks: list[IqBlock] | Iterator[IqBlock], base: Path, seconds: float | None = None) -> RecordedInfo:
    return record_blocks(blocks, base, seconds=seconds, description="a test")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    data=st.data(),
    kind=st.sampled_from(["cu8", "ci16_le", "cf32_le"]),
    count=st.integers(1, 6),
    read=st.integers(1, 999),
)
def test_what_is_recorded_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kind: Datatype, count: int, read: int
) -> None:
    blocks: list[IqBlock] = []
    position = 0
    for _ in range(count):
        lost = data.draw(st.sampled_from([0, 0, 1, 12_345])) if blocks else 0
        centre_hz = data.draw(st.sampled_from([868e6, 868e6, 915e6 + 0.5, 0.0]))
        blocks.append(block(position + lost, data.draw(st.integers(1, 700)), lost, centre_hz, kind))
        position = blocks[-1].first_sample + len(blocks[-1].samples)
    base = tmp_path_factory.mktemp("r") / "x"
    info = record(blocks, base)
    assert (info.datatype, info.inexact_samples) == (kind, 0)
    back = list(open_recording(base, RecordingOptions(block_samples=read)).blocks())
    np.testing.assert_array_equal(
        np.concatenate([b.samples for b in back]), np.concatenate([b.samples for b in blocks])
    )
    assert sum(b.lost_before for b in back) == sum(b.lost_before for b in blocks) == info.lost_samples
    by_sample = {b.first_sample: b for b in back}
    for before, recorded in zip([None, *blocks], blocks, strict=False):
        found = by_sample.get(recorded.first_sample)
        if before is None or recorded.lost_before or before.centre_hz != recorded.centre_hz:
            assert found is not None
        if found is not None:
            assert (found.centre_hz, found.centre_known) == (recorded.centre_hz, recorded.centre_known)
            assert found.start_ns == recorded.start_ns
            assert found.lost_before == recorded.lost_before


def test_another_implementation_reads_it(tmp_path: Path) -> None:
    blocks = [block(0), block(1500, 500, 500, 915e6)]
    info = record(blocks, tmp_path / "x")
    file = sigmf.fromfile(str(info.metadata))
    file.validate()
    assert len(file) == 1500
    assert file.get_captures()[1]["core:frequency"] == 915e6
    assert file.get_captures()[1]["core:global_index"] == 1500
    assert file.get_captures()[0]["core:datetime"] == "2026-11-26T14:20:14.123456789Z"
    assert file.get_global_field("core:description") == "a test"
    assert file.get_global_field("core:sha512") == hashlib.sha512(info.data.read_bytes()).hexdigest()
    assert info.data.stat().st_size == 3000
    np.testing.assert_allclose(file[:1000], blocks[0].samples, atol=0.015)  # its zero is 128, ours 127.4


def test_a_recording_may_begin_in_the_middle_of_a_stream(tmp_path: Path) -> None:
    record([block(5000), block(6000)], tmp_path / "x")
    (back,) = open_recording(tmp_path / "x").blocks()
    assert (back.first_sample, back.start_ns, len(back.samples)) == (0, block(5000).start_ns, 2000)


@pytest.mark.parametrize(("seconds", "samples"), [(0.0015, 1500), (0.001, 1000), (0.0045, 3000), (1e-9, 1)])
def test_seconds_are_those_on_air(tmp_path: Path, seconds: float, samples: int) -> None:
    blocks = [block(0), block(1000), block(4000, 1000, 2000), block(5000)]
    info = record(blocks, tmp_path / "x", seconds)
    expected = samples if samples < 3000 else 2500
    assert (info.samples, info.ended) == (expected, "time")
    assert len(next(open_recording(tmp_path / "x").blocks()).samples) == min(expected, 2000)


def test_a_gap_over_the_end_ends_it(tmp_path: Path) -> None:
    info = record([block(0), block(5500, 1000, 4500)], tmp_path / "x", 0.005)
    assert (info.samples, info.lost_samples, info.ended) == (1000, 0, "time")


def test_clipping_and_rounding_are_counted(tmp_path: Path) -> None:
    exact = u8_to_complex64(bytes([7, 200]))[0]
    samples = np.array([1.2 + 0j, 0.1234567, exact], np.complex64)
    one = IqBlock(samples, RATE_HZ, 868e6, 0, 0, START_NS)
    with SigmfRecorder(tmp_path / "x", "cu8") as recorder:
        recorder.write(one)
        info = recorder.finish()
    assert (info.clipped_samples, info.inexact_samples) == (1, 2)


def test_annotations(tmp_path: Path) -> None:
    with SigmfRecorder(tmp_path / "x.sigmf-meta", hardware="dongle") as recorder:
        recorder.write(block(0))
        recorder.annotate(500, 10, 867e6, 868e6, "lorawan")
        recorder.annotate(100, 10, 867e6, 868e6, "expresslrs")
    text = json.loads((tmp_path / "x.sigmf-meta").read_text())
    assert [entry["core:label"] for entry in text["annotations"]] == ["expresslrs", "lorawan"]
    assert text["global"]["core:hw"] == "dongle"


def test_nothing_is_seen_until_it_is_finished(tmp_path: Path) -> None:
    with SigmfRecorder(tmp_path / "x") as recorder:
        recorder.write(block(0))
        assert names(tmp_path) == [".x.sigmf-data.part"]
        with pytest.raises(RecorderError, match="being recorded by another program"):
            SigmfRecorder(tmp_path / "x")
    assert names(tmp_path) == ["x.sigmf-data", "x.sigmf-meta"]


def test_an_exception_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with SigmfRecorder(tmp_path / "x") as recorder:
            recorder.write(block(0))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(tmp_path) == []


def test_what_a_killed_recorder_left_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".x.sigmf-data.part").write_bytes(bytes(10**6))
    assert record([block(0)], tmp_path / "x").data.stat().st_size == 2000
    assert names(tmp_path) == ["x.sigmf-data", "x.sigmf-meta"]


@pytest.mark.parametrize("ending", ["sigmf-meta", "sigmf-data"])
def test_an_existing_recording_is_not_overwritten(tmp_path: Path, ending: str) -> None:
    there = tmp_path / f"x.{ending}"
    there.write_text("precious")
    with pytest.raises(RecorderError, match="is there already; choose another name"):
        record([block(0)], tmp_path / "x")
    assert there.read_text() == "precious"
    assert names(tmp_path) == [there.name]


def test_one_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    recorder = SigmfRecorder(tmp_path / "x")
    recorder.write(block(0))
    (tmp_path / "x.sigmf-meta").write_text("precious")
    with pytest.raises(RecorderError, match="is there already"):
        recorder.finish()
    assert names(tmp_path) == ["x.sigmf-meta"]


@pytest.mark.parametrize("base", ["none/x", "file/x", "", ".sigmf-meta"])
def test_places_that_cannot_be(tmp_path: Path, base: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((RecorderError, ValueError)):
        record([block(0)], Path(base) if not base else tmp_path / base)
    assert names(tmp_path) == ["file"]


def test_a_disk_that_refuses_leaves_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
    try:
        with pytest.raises(RecorderError, match="nothing of this recording is kept") as fault:
            record([block(0), block(1000)], tmp_path / "x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert fault.value.errno == errno.EFBIG
    assert str(fault.value).startswith(f"{tmp_path / 'x'}: File too large; ")
    assert names(tmp_path) == []


def test_a_disk_that_is_nearly_full_is_refused_before(tmp_path: Path) -> None:
    with pytest.raises(
        RecorderError, match=r"has no room: .* must stay free; record less, or to another disk"
    ) as fault:
        record_blocks([block(0)], tmp_path / "x", seconds=1e12, description="")
    assert fault.value.errno == errno.ENOSPC
    assert names(tmp_path) == []


def test_a_disk_that_fills_ends_the_recording_and_keeps_it(tmp_path: Path) -> None:
    recorder = SigmfRecorder(tmp_path / "x")
    recorder.write(block(0))
    state = os.statvfs(tmp_path)
    recorder._files._least_free_bytes = state.f_blocks * state.f_frsize
    with pytest.raises(RecorderError, match=r"disk is full.*ended after 0\.001 s and is kept"):
        recorder.write(block(1000))
    (back,) = open_recording(tmp_path / "x").blocks()
    assert len(back.samples) == 1000


def test_a_changed_rate_ends_the_recording_and_keeps_it(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match=r"rate changed from 1000000 to 2000000.*is kept"):
        record([block(0), block(1000, rate_hz=2e6)], tmp_path / "x")
    assert names(tmp_path) == ["x.sigmf-data", "x.sigmf-meta"]


def test_a_lost_source_keeps_what_came(tmp_path: Path) -> None:
    def failing() -> Iterator[IqBlock]:
        yield block(0)
        raise SourceLost("radio left: unplugged")

    with pytest.raises(SourceLost, match=r"unplugged; the 0\.001 s before it are kept: .*x\.sigmf-meta"):
        record(failing(), tmp_path / "x")
    assert len(next(open_recording(tmp_path / "x").blocks()).samples) == 1000


def test_an_interrupt_keeps_what_came(tmp_path: Path) -> None:
    def interrupted() -> Iterator[IqBlock]:
        yield block(0)
        raise KeyboardInterrupt

    info = record(interrupted(), tmp_path / "x")
    assert (info.samples, info.ended) == (1000, "interrupted")
    assert len(next(open_recording(tmp_path / "x").blocks()).samples) == 1000


def test_a_source_without_samples(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="nothing was recorded"):
        record([], tmp_path / "x")
    with pytest.raises(ValueError, match="seconds"):
        record([block(0)], tmp_path / "x", 0.0)
    assert names(tmp_path) == []


def test_an_interrupt_while_writing_leaves_whole_blocks(tmp_path: Path) -> None:
    recorder = SigmfRecorder(tmp_path / "x")
    recorder.write(block(0))
    recorder._files.write(b"part of a block")
    recorder._captures.append({"core:sample_start": 1000})
    info = recorder.finish()
    assert info.data.stat().st_size == 2000
    source = open_recording(info.metadata)
    assert [len(b.samples) for b in source.blocks()] == [1000]
    assert source.notes == ()
