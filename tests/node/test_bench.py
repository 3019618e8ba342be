from __future__ import annotations

import numpy as np

from dsp.iq import complex64_to_u8
from node.bench import measure


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
    assert 0.9 < sum(result.stage_share.values()) < 1.1
