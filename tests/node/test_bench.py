from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
import pytest

from dsp.fourier import aligned
from dsp.iq import complex64_to_u8
from dsp.spectrogram import FRAMES_PER_ROW, ShortTimeTransform, StftSettings, rows_in
from node.bench import add_arguments, measure, run
from node.bench_compare import NoYardstick, find_program, rtl_433_cpu_s
from node.bench_stages import STAGES, stage_shares

ROOT = Path(__file__).parent.parent.parent


def test_the_bench_gives_ratios_of_one_run() -> None:
    rng = np.random.default_rng(1)
    count = 1_200_000
    samples = rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64) * np.float32(0.05)
    time_s = np.arange(count) / 2.4e6
    keyed = np.exp(2j * np.pi * np.cumsum(np.sign(np.sin(2e5 * time_s)) * 5e4 + 3e5) / 2.4e6)
    samples[300_000:340_000] += keyed[300_000:340_000].astype(np.complex64)
    result = measure(complex64_to_u8(samples).tobytes(), 2.4e6, 868e6, None, "made", 1)
    assert result.signal_s == 0.5
    assert result.bursts_per_second > 0
    assert result.patches_per_second == 0
    assert result.bare_fft_ratio > 1
    assert result.real_time_factor > 0
    assert 20 < result.rss_mib < 400
    assert 0.9 < sum(result.stage_share.values()) < 1.1


def test_what_a_stage_calls_of_another_counts_once() -> None:
    samples = np.random.default_rng(2).standard_normal(400_000, dtype=np.float32).view(np.complex64)
    points = StftSettings().points(2.4e6)
    spectrum = aligned((FRAMES_PER_ROW * rows_in(len(samples), points), points))
    shares = stage_shares(lambda: ShortTimeTransform(points).run(samples, spectrum))
    assert set(shares) == {*STAGES, "rest"}
    assert shares["spectrogram"] > 0.5
    assert sum(shares.values()) == pytest.approx(1.0, abs=0.01)


def test_every_stage_names_functions_that_there_are() -> None:
    for functions in STAGES.values():
        for function in functions:
            path, _, name = function.partition(":")
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_without_the_yardstick_the_cure_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert run(parser.parse_args(["--compare", "--no-model"])) == 1
    assert "rtl-433" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("rtl_433") is None, reason="rtl_433 is not installed")
def test_the_yardstick_is_timed(tmp_path: Path) -> None:
    recording = tmp_path / "noise.cu8"
    recording.write_bytes(np.random.default_rng(3).integers(120, 136, 4_800_000, dtype=np.uint8).tobytes())
    assert rtl_433_cpu_s(find_program(), recording, 2.4e6, 915e6) > 0.0


def test_a_yardstick_that_fails_is_no_figure(tmp_path: Path) -> None:
    for program in (shutil.which("false") or "false", str(tmp_path / "nothing")):
        with pytest.raises(NoYardstick, match="rtl_433"):
            rtl_433_cpu_s(program, tmp_path / "noise.cu8", 2.4e6, 915e6)
