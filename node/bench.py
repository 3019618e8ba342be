"""`skypicket bench`: what the chain costs, as ratios measured in one run on one core.

Cost of each stage on the busy scene, in bare passes (the yardstick below, 17.1 ms a second of 2.4 MS/s on a two-core
AMD EPYC), from the shares that a run prints; docstrings of the stages say what they are made of:

=============================  =====
conversion of bytes             0.07
transform and power             0.73
noise floor                     0.17
energy mask, regions, extents   0.64
baseband, edges, pulses         0.28
chirps of regions               0.31
chirps below the noise          0.67
narrow signals below the mask   0.15
keying                          0.10
video, prefix, lines            0.26
picture, features               0.17
classifier                      0.07
tracker                         0.31
blocks, segments, budgets       0.51
all                             4.45
=============================  =====

69 bursts and 14 patches a second, four links and a crowd.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.iq import IqBlock, u8_to_complex64
from models.classifier import Classifier
from node.bench_compare import NoYardstick, find_program, rtl_433_cpu_s
from node.bench_stages import stage_shares
from node.heap import keep_for_good
from node.pipeline import Pipeline, PipelineSettings
from node.tracking.tracker import Tracker, TrackerSettings

BARE_POINTS = 1024
"""The yardstick of design section 7: 1024 points, half overlap, Hann window, complex64, power."""
BLOCK_SAMPLES = 65_536
YARDSTICK_RUNS = 3


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Figures of one run.

    Parameters
    ----------
    real_time_factor
        Seconds of signal worked through in a second of processor time.
    bare_fft_ratio
        Processor time of the chain over that of the bare pass over the same samples.
    rss_mib
        Largest resident memory of a process that does nothing but work through the scene.
    patches_per_second
        Patches classified a second of signal.
    stage_share
        Share of the chain's processor time by stage.
    rtl_433_s_per_s
        Processor time of rtl_433 a second of the same samples; None where it was not asked for.
    """

    scene: str
    signal_s: float
    real_time_factor: float
    bare_fft_ratio: float
    bare_fft_s_per_s: float
    chain_s_per_s: float
    rss_mib: float
    patches_per_second: float
    bursts_per_second: float
    tracks: int
    stage_share: dict[str, float]
    cpu: str
    rtl_433_s_per_s: float | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--scene", default="busy", help="scene to work through (default: busy)")
    parser.add_argument("--seconds", type=float, default=6.0, help="seconds of signal measured (default: 6)")
    parser.add_argument("--repeat", type=int, default=3, help="times the signal is worked through; the median counts")
    parser.add_argument("--compare", action="store_true", help="time rtl_433 on the same samples too")
    parser.add_argument("--no-model", action="store_true", help="leave the classifier out")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if args.seconds < 1 or args.repeat < 1:
        print("skypicket bench: --seconds and --repeat must be 1 or more", file=sys.stderr)  # noqa: T201  # a command
        return 2
    classifier: Classifier | None = None
    if not args.no_model:
        from models.onnx import load_classifier

        classifier = load_classifier()
    try:
        program = find_program() if args.compare else None
        raw, rate_hz, centre_hz = _render(args.scene, args.seconds)
        result = measure(raw, rate_hz, centre_hz, classifier, args.scene, args.repeat)
        if program is not None:
            spent_s = _yardstick_s(program, raw, rate_hz, centre_hz)
            result = replace(result, rtl_433_s_per_s=round(spent_s / result.signal_s, 4))
    except NoYardstick as fault:
        print(f"skypicket bench: {fault}", file=sys.stderr)  # noqa: T201  # a command
        return 1
    sys.stdout.write(json.dumps(asdict(result), indent=2) + "\n" if args.json else _table(result))
    return 0


def _yardstick_s(program: str, raw: bytes, rate_hz: float, centre_hz: float) -> float:
    with tempfile.NamedTemporaryFile(suffix=".cu8") as file:
        file.write(raw)
        file.flush()
        return min(rtl_433_cpu_s(program, Path(file.name), rate_hz, centre_hz) for _ in range(YARDSTICK_RUNS))


def _render(scene_name: str, seconds: float) -> tuple[bytes, float, float]:
    """Bytes of a scene as a dongle gives them, rendered before anything is timed."""
    from sim.radio import SimRadio
    from sim.scene import load_scene

    scene = load_scene(scene_name)
    radio = SimRadio(scene)
    rate_hz, centre_hz = scene.receiver.sample_rate_hz, scene.receiver.centre_hz
    parts = []
    left = int(seconds * rate_hz)
    while left > 0:
        count = min(left, BLOCK_SAMPLES)
        parts.append(radio.read_u8(count))
        left -= count
    return b"".join(parts), rate_hz, centre_hz


def measure(
    raw: bytes, rate_hz: float, centre_hz: float, classifier: Classifier | None, name: str, repeat: int
) -> BenchResult:
    """Work through the bytes ``repeat`` times after a warm-up, the bare pass beside each, and take the medians."""
    pin_to_one_core()
    # The whole signal once: every kind of burst has been seen, every transform planned, as in a node that runs.
    _chain(io.BytesIO(raw), rate_hz, centre_hz, classifier)
    _bare_pass(raw)
    keep_for_good()
    chain_s, bare_s = [], []
    patches = bursts = tracks = 0
    for _ in range(repeat):
        bare_s.append(_bare_pass(raw))
        begin = time.process_time()
        patches, bursts, tracks = _chain(io.BytesIO(raw), rate_hz, centre_hz, classifier)
        chain_s.append(time.process_time() - begin)
    signal_s = len(raw) / 2 / rate_hz
    chain, bare = float(np.median(chain_s)), float(np.median(bare_s))
    ratio = float(np.median([c / b for c, b in zip(chain_s, bare_s, strict=True)]))
    return BenchResult(
        scene=name,
        signal_s=round(signal_s, 3),
        real_time_factor=round(signal_s / chain, 2),
        bare_fft_ratio=round(ratio, 2),
        bare_fft_s_per_s=round(bare / signal_s, 4),
        chain_s_per_s=round(chain / signal_s, 4),
        rss_mib=round(_resident(raw, rate_hz, centre_hz, classify=classifier is not None), 1),
        patches_per_second=round(patches / signal_s, 1),
        bursts_per_second=round(bursts / signal_s, 1),
        tracks=tracks,
        stage_share=stage_shares(lambda: _chain(io.BytesIO(raw[: int(8 * rate_hz)]), rate_hz, centre_hz, classifier)),
        cpu=_cpu_name(),
    )


def pin_to_one_core() -> None:
    """Keep this process on the core it is on, where the system allows it."""
    try:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    except (AttributeError, OSError):
        return


def _bare_pass(raw: bytes) -> float:
    """Processor time of the yardstick: windowed transform and power of every block, conversion not counted."""
    window = np.hanning(BARE_POINTS).astype(np.float32)
    spent_s = 0.0
    step = 2 * BLOCK_SAMPLES
    for first in range(0, len(raw) - 4 * BARE_POINTS, step):
        samples = u8_to_complex64(raw[first : first + step])
        begin = time.process_time()
        _bare_transform(samples, window)
        spent_s += time.process_time() - begin
    return spent_s


def _bare_transform(samples: NDArray[np.complex64], window: NDArray[np.float32]) -> NDArray[np.float32]:
    view = np.lib.stride_tricks.sliding_window_view(samples, BARE_POINTS)[:: BARE_POINTS // 2]
    spectrum = fft.fft(view * window, axis=1, overwrite_x=True)
    power: NDArray[np.float32] = spectrum.real**2 + spectrum.imag**2
    return power


def _chain(raw: BinaryIO, rate_hz: float, centre_hz: float, classifier: Classifier | None) -> tuple[int, int, int]:
    """The whole chain, from bytes to changes of tracks; patches, bursts and tracks it made."""
    pipeline = Pipeline(PipelineSettings(), classifier, "bench")
    tracker = Tracker(TrackerSettings(), "bench")
    tracks = first_sample = 0
    while data := raw.read(2 * BLOCK_SAMPLES):
        samples = u8_to_complex64(data)
        start_ns = round(first_sample / rate_hz * 1e9)
        block = IqBlock(samples, rate_hz, centre_hz, first_sample, 0, start_ns, "bench")
        first_sample += len(samples)
        result = pipeline.process(block)
        tracks += sum(change.kind == "new" for change in tracker.observe(result))
    counters = pipeline.flush().counters
    return counters.patches, counters.bursts, tracks


def _resident(raw: bytes, rate_hz: float, centre_hz: float, *, classify: bool) -> float:
    with tempfile.NamedTemporaryFile(suffix=".cu8") as file:
        file.write(raw)
        file.flush()
        return _resident_mib(file.name, rate_hz, centre_hz, classify=classify)


def _resident_mib(recording: str, rate_hz: float, centre_hz: float, *, classify: bool) -> float:
    """Largest resident memory of a fresh process that works through a file as the node would: block by block."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_work_alone, (recording, rate_hz, centre_hz, classify))


def _work_alone(recording: str, rate_hz: float, centre_hz: float, classify: bool) -> float:  # by apply
    classifier: Classifier | None = None
    if classify:
        from models.onnx import load_classifier

        classifier = load_classifier()
    with Path(recording).open("rb") as file:
        _chain(file, rate_hz, centre_hz, classifier)
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return next(int(line.split()[1]) / 1024.0 for line in status.splitlines() if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:  # noqa: PTH123  # a pseudo-file
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return "unknown"


def _table(result: BenchResult) -> str:
    lines = [
        f"scene {result.scene}, {result.signal_s} s of signal, one core of {result.cpu}",
        f"  real-time factor   {result.real_time_factor:8.2f}",
        f"  bare FFT ratio     {result.bare_fft_ratio:8.2f}   "
        f"(bare pass {result.bare_fft_s_per_s * 1e3:.1f} ms, chain {result.chain_s_per_s * 1e3:.1f} ms a second)",
        f"  resident memory    {result.rss_mib:8.1f} MiB",
        f"  bursts, patches    {result.bursts_per_second:8.1f} {result.patches_per_second:.1f} a second of signal",
        f"  tracks             {result.tracks:8d}",
        "  share by stage     " + ", ".join(f"{name} {share:.1%}" for name, share in result.stage_share.items()),
    ]
    if result.rtl_433_s_per_s:
        times = result.chain_s_per_s / result.rtl_433_s_per_s
        lines.append(
            f"  rtl_433            {result.rtl_433_s_per_s * 1e3:8.1f} ms a second; this chain needs "
            f"{result.chain_s_per_s * 1e3:.1f} ms, {times:.1f} times as much"
        )
    return "\n".join(lines) + "\n"
