"""Simulated links, one at a time, through the whole chain: found, named, the right mode, the right channel."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

from dsp.protocols import PROTOCOLS
from dsp.protocols.record import Band, ContinuousTiming, HopTiming, Mode, RfProtocol, TdmTiming
from models.classifier import Classifier
from node.evaluate import Outcome, Row, make_row, run_chain
from sim.hopping import net_channels_hz
from sim.radio import SimRadio
from sim.single_link import single_link_scene

CENTRE_TOLERANCE_HZ = 20e3
"""A link's centre is a channel of its band this closely: half of it is receiver and transmitter being 10 ppm apart."""
PPM = 4.0
"""Crystal error of the simulated transmitters; the receiver has its own."""
TELEMETRY_RATIO = 32


@dataclass(frozen=True, slots=True)
class LinkCase:
    """One simulated link."""

    label: str
    mode: str
    band: str
    snr_db: float
    seconds: float
    seed: int
    telemetry: bool = False

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.label} {self.mode} {self.band} {self.snr_db:+.0f} dB{' telemetry' if self.telemetry else ''}"


def link_cases(snr_db: float, seconds: float, seed: int, *, telemetry: bool = False) -> list[LinkCase]:
    """Every hopping or continuous mode of every drone protocol in each of its bands."""
    return [
        LinkCase(
            protocol.label, mode.name, band.name, snr_db, seconds, seed + number, telemetry=telemetry and _hops(mode)
        )
        for protocol in PROTOCOLS
        if protocol.family.startswith("drone")
        for mode in protocol.modes
        for number, band in enumerate(protocol.bands_of(mode))
        if isinstance(mode.timing, HopTiming | TdmTiming | ContinuousTiming)
    ]


def _hops(mode: Mode) -> bool:
    return isinstance(mode.timing, HopTiming)


def evaluate_links(cases: list[LinkCase], *, with_model: bool, jobs: int = 1) -> list[Row]:
    """Run every case and judge it; several at a time in processes of their own where ``jobs`` is above 1."""
    if jobs <= 1 or len(cases) <= 1:
        _prepare(with_model=with_model)
        return [_evaluate(case) for case in cases]
    context = get_context("spawn")  # a forked ONNX Runtime or BLAS hangs
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare_worker, initargs=(with_model,)) as pool:
        return list(pool.map(_evaluate, cases))


_classifier: Classifier | None = None
"""Of this process: a model cannot be sent from one to another."""


def _prepare_worker(with_model: bool) -> None:
    _prepare(with_model=with_model)


def _prepare(*, with_model: bool) -> None:
    global _classifier  # noqa: PLW0603  # see its docstring
    _classifier = None
    if with_model:
        from models.onnx import load_classifier

        _classifier = load_classifier()


def _evaluate(case: LinkCase) -> Row:
    protocol = next(p for p in PROTOCOLS if p.label == case.label)
    band = next(b for b in protocol.bands if b.name == case.band)
    scene = single_link_scene(
        case.label,
        case.mode,
        band,
        snr_db=case.snr_db,
        duration_s=case.seconds,
        seed=case.seed,
        ppm=PPM,
        telemetry_ratio=TELEMETRY_RATIO if case.telemetry else None,
    )
    outcome = run_chain(SimRadio(scene).blocks(), _classifier)
    row = make_row(case.name, case.label, outcome, drone_link=True)
    of_net = replace(band, channels_hz=net_channels_hz(band, case.seed)) if band.channels_hz else band
    return replace(row, verdict=judge_link(outcome, protocol, case.mode, of_net))


def judge_link(outcome: Outcome, protocol: RfProtocol, mode: str, band: Band) -> str:
    """``ok``, or the first thing that is wrong with what was made of one link.

    Exactly one drone track, of the right protocol and mode, its centre on a channel of the band; no hopper beside it.
    """
    drones = outcome.drones
    if not drones:
        return "MISSED"
    track = max(drones, key=lambda each: each.bursts)
    if track.label != protocol.label:
        return "WRONG LABEL"
    if track.mode != mode:
        return "WRONG MODE"
    if len(drones) > 1:
        return "TWO TRACKS"
    if any(each.label == "unknown-hopper" for each in outcome.tracks):
        return "HOPPER TOO"
    continuous = any(m.name == mode and isinstance(m.timing, ContinuousTiming) for m in protocol.modes)
    if not continuous and band.channels_hz and track.centre_hz is not None:
        error_hz = min(abs(track.centre_hz - channel_hz) for channel_hz in band.channels_hz)
        if error_hz > CENTRE_TOLERANCE_HZ:
            return "WRONG CENTRE"
    return "ok"
