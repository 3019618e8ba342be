"""SigMF: captures, gaps, archives, and metadata that lie."""

# Longer than 300 lines: one format, and everything that its metadata may say or get wrong.

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.iq import IqBlock, SourceError, SourceUnavailable
from node.sources import RecordingOptions, open_recording
from node.sources.sigmf_metadata import parse_time

Write = Callable[..., Path]
Counted = Callable[[int], NDArray[np.int16]]


def read(path: Path, **options: object) -> tuple[list[IqBlock], str]:
    source = open_recording(path, RecordingOptions(**options))  # type: ignore[arg-type]
    return list(source.blocks()), " ".join(source.notes)


def joined(blocks: list[IqBlock]) -> NDArray[np.int16]:
    """The samples as the counts they were."""
    samples = np.concatenate([block.samples for block in blocks])
    return np.rint(samples.view(np.float32).reshape(-1, 2) * 32768).astype(np.int16)


def test_every_name_of_a_recording_opens_it(write_sigmf: Write, counted: Counted) -> None:
    meta = write_sigmf(counted(1000).tobytes(), name="a_868.950M_1M6_samples2")
    for path in (meta, meta.with_suffix(".sigmf-data"), meta.with_suffix("")):
        blocks, notes = read(path)
        np.testing.assert_array_equal(joined(blocks), counted(1000))
        assert (blocks[0].centre_hz, blocks[0].sample_rate_hz, blocks[0].start_ns) == (868e6, 1e6, 0)
        assert notes == ""


def test_frequencies_change_where_the_captures_say(write_sigmf: Write, counted: Counted) -> None:
    captures = [
        {"core:sample_start": 0, "core:frequency": 868e6, "core:datetime": "2026-01-02T03:04:05.5Z"},
        {"core:sample_start": 300, "core:frequency": 915e6},
        {"core:sample_start": 700},
    ]
    blocks, _ = read(write_sigmf(counted(1000).tobytes(), captures), block_samples=250)
    assert [(b.first_sample, len(b.samples), b.centre_hz, b.centre_known, b.lost_before) for b in blocks] == [
        (0, 250, 868e6, True, 0),
        (250, 50, 868e6, True, 0),
        (300, 250, 915e6, True, 0),
        (550, 150, 915e6, True, 0),
        (700, 250, 0.0, False, 0),
        (950, 50, 0.0, False, 0),
    ]
    np.testing.assert_array_equal(joined(blocks), counted(1000))
    start_ns = 1_767_323_045_500_000_000
    assert [b.start_ns for b in blocks] == [start_ns + 1000 * b.first_sample for b in blocks]


def test_a_frequency_of_zero_is_unknown(write_sigmf: Write) -> None:
    (block,), _ = read(write_sigmf(bytes(400), [{"core:sample_start": 0, "core:frequency": 0}]))
    assert not block.centre_known


def test_options_override(write_sigmf: Write) -> None:
    meta = write_sigmf(bytes(400))
    (block,), _ = read(meta, sample_rate_hz=2e6, centre_hz=1e9, datatype="cu8", start_ns=9)
    assert (block.sample_rate_hz, block.centre_hz, len(block.samples), block.start_ns) == (2e6, 1e9, 200, 9)


def test_a_gap_by_global_index(write_sigmf: Write, counted: Counted) -> None:
    captures = [
        {"core:sample_start": 0, "core:global_index": 5000},
        {"core:sample_start": 100, "core:global_index": 5100},
        {"core:sample_start": 200, "core:global_index": 5700},
    ]
    blocks, notes = read(write_sigmf(counted(300).tobytes(), captures))
    assert [(b.first_sample, b.lost_before, b.start_ns) for b in blocks] == [
        (0, 0, 0), (100, 0, 100_000), (700, 500, 700_000)
    ]  # fmt: skip
    assert "1 gap: 500 samples (0.0005 s) missing" in notes


def test_a_gap_by_time(write_sigmf: Write, counted: Counted) -> None:
    captures = [
        {"core:sample_start": 0, "core:datetime": "2026-01-02T03:04:05.000000Z"},
        {"core:sample_start": 100, "core:datetime": "2026-01-02T03:04:05.000100Z"},
        {"core:sample_start": 200, "core:datetime": "2026-01-02T03:04:06.000200Z"},
        {"core:sample_start": 250},
    ]
    blocks, notes = read(write_sigmf(counted(300).tobytes(), captures))
    assert [b.lost_before for b in blocks] == [0, 0, 1_000_000, 0]
    assert [b.start_ns - blocks[0].start_ns for b in blocks] == [0, 100_000, 1_000_200_000, 1_000_250_000]
    assert "1 gap" in notes


def test_what_the_digits_of_a_time_do_not_say_is_no_gap(write_sigmf: Write) -> None:
    captures = [
        {"core:sample_start": 0, "core:datetime": "2026-01-02T03:04:05.000Z"},
        {"core:sample_start": 1500, "core:datetime": "2026-01-02T03:04:05.002Z"},
        {"core:sample_start": 4000, "core:datetime": "2026-01-02T03:04:05.003Z"},
    ]
    blocks, notes = read(write_sigmf(bytes(4 * 5000), captures))
    assert [b.lost_before for b in blocks] == [0, 0, 0]
    assert notes == ""


def test_time_that_goes_back_is_said_and_not_followed(write_sigmf: Write) -> None:
    captures = [
        {"core:sample_start": 0, "core:datetime": "2026-01-02T03:04:05Z"},
        {"core:sample_start": 100, "core:datetime": "2026-01-02T02:04:05Z"},
        {"core:sample_start": 200, "core:datetime": "2026-01-02T02:04:05Z"},
    ]
    blocks, notes = read(write_sigmf(bytes(1200), captures))
    assert [b.first_sample for b in blocks] == [0, 100, 200]
    assert "began 3600000100 samples before the one before it ended (and 1 more)" in notes


def test_samples_before_the_first_capture(write_sigmf: Write, counted: Counted) -> None:
    blocks, notes = read(write_sigmf(counted(300).tobytes(), [{"core:sample_start": 100}]))
    np.testing.assert_array_equal(joined(blocks), counted(300)[100:])
    assert (blocks[0].first_sample, blocks[0].lost_before) == (0, 0)
    assert "100 samples before the first capture are left out" in notes


def test_offset(write_sigmf: Write, counted: Counted) -> None:
    captures = [{"core:sample_start": 1000, "core:frequency": 1e9}, {"core:sample_start": 1100, "core:frequency": 2e9}]
    blocks, _ = read(write_sigmf(counted(300).tobytes(), captures, offset=1000))
    assert [(b.first_sample, len(b.samples)) for b in blocks] == [(0, 100), (100, 200)]


def test_header_bytes_and_another_dataset(write_sigmf: Write, counted: Counted) -> None:
    data = counted(300).tobytes()
    captures = [
        {"core:sample_start": 0, "core:header_bytes": 4},
        {"core:sample_start": 100, "core:header_bytes": 7, "core:frequency": 1e9},
    ]
    meta = write_sigmf(b"", captures, dataset="other.raw", trailing_bytes=5)
    meta.with_name("other.raw").write_bytes(b"head" + data[:400] + b"1234567" + data[400:] + b"tail!")
    meta.with_suffix(".sigmf-data").unlink()
    blocks, notes = read(meta)
    np.testing.assert_array_equal(joined(blocks), counted(300))
    assert notes == "samples come from other.raw (core:dataset)"


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", ".."])
def test_a_dataset_elsewhere_is_refused(write_sigmf: Write, name: str) -> None:
    with pytest.raises(SourceUnavailable, match="must be a file beside it"):
        open_recording(write_sigmf(bytes(4), dataset=name))


def test_a_missing_dataset(write_sigmf: Write) -> None:
    with pytest.raises(SourceUnavailable, match=r"other\.raw, is missing"):
        open_recording(write_sigmf(bytes(4), dataset="other.raw"))


def archive(path: Path, *members: tuple[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def test_an_archive(write_sigmf: Write, counted: Counted, tmp_path: Path) -> None:
    meta = write_sigmf(counted(300).tobytes())
    files = [("y/x.sigmf-data", counted(300).tobytes()), ("y/x.sigmf-meta", meta.read_bytes())]
    path = archive(tmp_path / "y.sigmf", ("y/notes.txt", b"hello"), *files)
    blocks, notes = read(path)
    np.testing.assert_array_equal(joined(blocks), counted(300))
    assert notes == ""
    with pytest.raises(SourceUnavailable, match="holds 2 recordings; unpack it"):
        open_recording(archive(tmp_path / "two.sigmf", *files, ("z.sigmf-meta", b"{}")))
    with pytest.raises(SourceUnavailable, match=r"y/x\.sigmf-data cannot be read in it"):
        open_recording(archive(tmp_path / "half.sigmf", files[1]))
    with pytest.raises(SourceUnavailable, match="not compressed"):
        open_recording(archive(tmp_path / "gz.sigmf", *files, mode="w:gz"))
    with pytest.raises(SourceUnavailable, match="no such file"):
        open_recording(tmp_path / "none.sigmf")


def test_missing_halves(write_sigmf: Write, tmp_path: Path) -> None:
    meta = write_sigmf(bytes(4))
    meta.with_suffix(".sigmf-data").unlink()
    with pytest.raises(SourceUnavailable, match=r"samples x\.sigmf-data are missing"):
        open_recording(meta)
    (tmp_path / "lone.sigmf-data").write_bytes(bytes(400))
    with pytest.raises(SourceUnavailable, match=r"lone\.sigmf-meta is missing.*say --datatype and --rate"):
        open_recording(tmp_path / "lone.sigmf-data")
    (block,), _ = read(tmp_path / "lone.sigmf-data", datatype="cs16", sample_rate_hz=1e6)
    assert len(block.samples) == 100
    with pytest.raises(SourceUnavailable, match="no such file"):
        open_recording(tmp_path / "none.sigmf-meta")
    with pytest.raises(SourceUnavailable, match="is a collection"):
        open_recording(tmp_path / "x.sigmf-collection")


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"sample_rate": 0}, "sample rate of 0 S/s cannot be used"),
        ({"sample_rate": -1e6}, "sample rate of -1000000 S/s cannot be used"),
        ({"sample_rate": "1e6"}, 'core:sample_rate of global must be a number, not "1e6"'),
        ({"sample_rate": float("nan")}, "core:sample_rate of global must be a finite number"),
        ({"sample_rate": float("inf")}, "finite number"),
        ({"sample_rate": 10**400}, "finite number"),
        ({"sample_rate": True}, "must be a number"),
        ({"sample_rate": None}, "no core:sample_rate; say it with --rate"),
        ({"datatype": "rf32_le"}, "real-valued"),
        ({"datatype": "ci12"}, "no type of samples we read"),
        ({"datatype": 5}, "core:datatype of global must be a string"),
        ({"datatype": None}, "no core:datatype"),
        ({"num_channels": 2}, "only recordings of one channel"),
        ({"metadata_only": True}, "metadata only"),
        ({"offset": -1}, "core:offset"),
        ({"offset": 50}, "below core:offset"),
        ({"trailing_bytes": 4000}, "hold no ci16_le sample"),
    ],
)
def test_globals_that_cannot_be(write_sigmf: Write, fields: dict[str, Any], match: str) -> None:
    meta = write_sigmf(bytes(4000), **fields)
    with pytest.raises(SourceUnavailable, match=match) as fault:
        open_recording(meta)
    assert str(fault.value).startswith(str(meta.with_suffix("")))


@pytest.mark.parametrize(
    ("captures", "match"),
    [
        ([{"core:sample_start": 1000}], "begins at sample 1000, but there are only 1000"),
        ([{"core:sample_start": -1}], r"core:sample_start of captures\[0\] must be a whole number"),
        ([{"core:sample_start": 1.5}], "whole number"),
        ([{"core:sample_start": "0"}], "whole number"),
        ([{}], r"captures\[0\] has no core:sample_start"),
        ([3], '"captures" must be a list of objects'),
        ([{"core:sample_start": 0, "core:frequency": -1e6}], r"core:frequency of captures\[0\] must be 0 to"),
        ([{"core:sample_start": 0, "core:frequency": float("nan")}], "finite"),
        ([{"core:sample_start": 0, "core:frequency": "868M"}], "must be a number"),
        ([{"core:sample_start": 0, "core:header_bytes": 4000}], "hold no ci16_le sample"),
        (
            [{"core:sample_start": 0, "core:global_index": 0}, {"core:sample_start": 1, "core:global_index": 2**62}],
            "the capture at sample 1 would be in the year",
        ),
    ],
)
def test_captures_that_cannot_be(write_sigmf: Write, captures: list[dict[str, Any]], match: str) -> None:
    with pytest.raises(SourceUnavailable, match=match):
        open_recording(write_sigmf(bytes(4000), captures))


@pytest.mark.parametrize(
    ("captures", "samples", "match"),
    [
        ([], [1000], "no captures: frequency and time are unknown"),
        ([{"core:sample_start": 0}, {"core:sample_start": 2000}], [1000], "1 of 2 captures begin beyond"),
        ([{"core:sample_start": 300}, {"core:sample_start": 0}], [300, 700], "out of order"),
        ([{"core:sample_start": 0}, {"core:sample_start": 0}], [1000], "1 captures hold no samples"),
        ([{"core:sample_start": 0, "core:datetime": "yesterday"}], [1000], "no time that can be used"),
        ([{"core:sample_start": 0, "core:datetime": "1955-11-05T14:00:00Z"}], [1000], "no time that can be used"),
        ([{"core:sample_start": 0, "core:datetime": 5}], [1000], "no time that can be used"),
        ([{"core:sample_start": 0, "core:datetime": "2026-01-02T03:04:05"}], [1000], "has no Z"),
    ],
)
def test_captures_that_are_odd_are_said(
    write_sigmf: Write, captures: list[dict[str, Any]], samples: list[int], match: str
) -> None:
    blocks, notes = read(write_sigmf(bytes(4000), captures))
    assert [len(block.samples) for block in blocks] == samples
    assert match in notes


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"global": 5}', "[" * 100_000, "\x00", '{"captures": []}', '{"global": {}}']
)
def test_what_is_no_metadata(write_sigmf: Write, text: str) -> None:
    meta = write_sigmf(bytes(4))
    meta.write_text(text)
    with pytest.raises(SourceUnavailable, match=r"x\.sigmf-meta: (is no|has no)"):
        open_recording(meta)


def test_metadata_that_is_not_text(write_sigmf: Write) -> None:
    meta = write_sigmf(bytes(4))
    meta.write_bytes(bytes(range(128, 256)))
    with pytest.raises(SourceUnavailable, match="is no JSON"):
        open_recording(meta)


def test_checksum(write_sigmf: Write) -> None:
    data = bytes(4000)
    good = hashlib.sha512(data).hexdigest()
    assert read(write_sigmf(data, sha512=good))[1] == ""
    assert read(write_sigmf(data, sha512=good.upper()))[1] == ""
    assert "checksum of core:sha512" in read(write_sigmf(data, sha512="0" * 128))[1]


def test_annotations_beyond_the_data(write_sigmf: Write) -> None:
    annotations = [{"core:sample_start": 900, "core:sample_count": 600}, {"core:sample_start": 1}]
    assert "annotations reach 500 samples beyond the data" in read(write_sigmf(bytes(4000), annotations=annotations))[1]


def test_what_does_not_follow_the_schema_is_said(write_sigmf: Write) -> None:
    blocks, notes = read(
        write_sigmf(bytes(4000), author=5, extensions=[{"name": "x", "version": "1", "optional": False}])
    )
    assert len(blocks[0].samples) == 1000
    assert "does not follow SigMF" in notes
    assert "needs the extension 'x'" in notes


def test_the_full_scale_may_be_stated(write_sigmf: Write) -> None:
    stored = np.array([100, -200j, 5], "<c8")
    meta = write_sigmf(stored.tobytes(), datatype="cf32_le")
    text = json.loads(meta.read_text())
    text["global"]["skypicket:full_scale"] = 1000.0
    meta.write_text(json.dumps(text))
    (block,), notes = read(meta)
    np.testing.assert_allclose(block.samples, stored / 1000)
    assert "full scale" not in notes


@pytest.mark.parametrize(
    ("datatype", "dtype"), [("ci16_be", ">i2"), ("ci16", "<i2"), ("ci8", "i1"), ("ci32_be", ">i4"), ("cf32_be", ">f4")]
)
def test_types(write_sigmf: Write, datatype: str, dtype: str) -> None:
    values = np.array([[1, -2], [3, 4]], dtype)
    (block,), _ = read(write_sigmf(values.tobytes(), datatype=datatype))
    scale = {"i2": 2**15, "i1": 2**7, "i4": 2**31, "f4": 128}[dtype[-2:]]
    np.testing.assert_array_equal(block.samples, [(1 - 2j) / scale, (3 + 4j) / scale])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", (0, 10**9, True)),
        ("2026-11-26T14:20:14.123456789123Z", (1_795_702_814_123_456_789, 1, True)),
        ("2026-11-26t14:20:14.5z", (1_795_702_814_500_000_000, 10**8, True)),
        ("2026-11-26T16:20:14+02:00", (1_795_702_814_000_000_000, 10**9, True)),
        ("2016-12-31T23:59:60Z", (1_483_228_800_000_000_000, 10**9, True)),
        ("2026-11-26 14:20:14", (1_795_702_814_000_000_000, 10**9, False)),
        ("2026-13-26T14:20:14Z", None),
        ("9999-01-01T00:00:00Z", None),
        ("2026-11-26", None),
        ("٢٠٢٦-11-26T14:20:14Z", None),
    ],
)
def test_times(text: str, expected: tuple[int, int, bool] | None) -> None:
    assert parse_time(text) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(data=st.data(), samples=st.integers(1, 400), block=st.integers(1, 500))
def test_captures_cover_the_data_once(
    write_sigmf: Write, counted: Counted, data: st.DataObject, samples: int, block: int
) -> None:
    starts = sorted({0, *data.draw(st.lists(st.integers(0, samples - 1), max_size=6))})
    index = 0
    captures = []
    lost = []
    for number, start in enumerate(starts):
        gap = data.draw(st.integers(0, 10**9)) if number else 0
        index += gap
        lost.append(gap)
        captures.append({"core:sample_start": start, "core:global_index": start + index, "core:frequency": number + 1})
    blocks, _ = read(write_sigmf(counted(samples).tobytes(), captures), block_samples=block)
    np.testing.assert_array_equal(joined(blocks), counted(samples))
    ends = [*starts[1:], samples]
    place = 0
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        mine = [b for b in blocks if b.centre_hz == number + 1]
        assert sum(len(b.samples) for b in mine) == end - start
        assert mine[0].lost_before == lost[number]
        place += lost[number]
        assert mine[0].first_sample == start + place
        assert all(b.lost_before == 0 for b in mine[1:])
    for one, two in pairwise(blocks):
        assert two.first_sample == one.first_sample + len(one.samples) + two.lost_before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = [
    "sample_rate", "datatype", "num_channels", "offset", "trailing_bytes", "dataset", "sha512", "extensions",
    "metadata_only", "version",
]  # fmt: skip
CAPTURE_KEYS = ["sample_start", "frequency", "datetime", "global_index", "header_bytes"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)
@given(
    fields=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=3),
    captures=st.lists(st.dictionaries(st.sampled_from(CAPTURE_KEYS), JSON, max_size=3) | JSON, max_size=3) | JSON,
    annotations=JSON,
)
def test_any_metadata_give_blocks_or_a_source_error(
    write_sigmf: Write, fields: dict[str, Any], captures: Any, annotations: Any
) -> None:
    if isinstance(captures, list):
        named = [{f"core:{k}": v for k, v in c.items()} if isinstance(c, dict) else c for c in captures]
        captures = [{"core:sample_start": 0} | c if isinstance(c, dict) else c for c in named]
    meta = write_sigmf(bytes(400), captures, annotations=annotations, **fields)
    try:
        source = open_recording(meta)
        blocks = list(source.blocks())
    except SourceError:
        return
    assert sum(len(block.samples) for block in blocks) == source.layout.samples
