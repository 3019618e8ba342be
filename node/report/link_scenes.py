"""Scenes of one emitter under the conditions of the protocol: offset, drift, fading, edges, overload, others on air."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dsp.protocols import BY_LABEL
from dsp.protocols.record import Band, ContinuousTiming, HopTiming, Mode, RfProtocol, SporadicTiming
from node.report.runs import Run
from sim.bandwidth import bandwidth_hz
from sim.crowd import Crowd, crowd_emitters
from sim.front_end import FULL_SCALE_DBM, nearest_gain_db
from sim.impairments import Impairments
from sim.propagation import Propagation
from sim.scene import Emitter, Scene, Telemetry, Transmitter
from sim.shared import Shared
from sim.single_link import single_link_scene

RATES_HZ = (2.4e6, 2.4e6, 2.56e6)
"""Two thirds at the working rate, a third at one that training never saw."""
PPM = (-30.0, 30.0)
DRIFT_PPM_PER_S = (-0.3, 0.3)
RECEIVER_PPM = (-2.0, 2.0)
GAIN_DB = (25.4, 42.1)
SWITCH_ON_S = (0.8, 1.2)
PARKED_HZ = 0.9e6
"""The home channel lies this far from the middle of the slice at most ..."""
EDGE_SHARE, EDGE_HZ = 0.25, 0.2e6
"""... or, in this share of the scenes, this close to its edge, on either side of it."""
VIDEO_HZ = 3.0e6
FADING_SHARE = 0.5
RICIAN_K_DB = (3.0, 12.0)
FADING_HZ = (0.3, 8.0)
DELAY_SPREAD_S = (0.1e-6, 2e-6)
OVERLOAD_SHARE = 0.25
OVERLOAD_DB = (0.0, 6.0)
OVERLOAD_PERIOD_S = (0.3, 1.0)
NEIGHBOURS = (("zwave", "R2"), ("meshtastic", "ShortFast"), ("lorawan", "SF7BW125-up"), ("ism-ook", "pwm-350us"))
"""What overloads; neither a neighbour in training nor in the held-out set."""
CROWD_SHARE = 0.5
CROWD_COUNT = (3, 12)
CROWD_SNR_DB = (0.0, 25.0)
CROWD_PERIOD_S = (0.6, 6.0)
TELEMETRY_SHARE = 0.5
TELEMETRY_RATIOS = (8, 16, 32, 64, 128)
TELEMETRY_DB = (-6.0, 6.0)
CONFUSER_SNR_DB = (4.0, 26.0)
CONFUSER_PERIOD_S = (0.7, 2.0)
ANYWHERE_HZ = (433.9e6, 868.1e6, 915.6e6, 1280.5e6)
"""Where emitters without a band of their own are put."""


ALL_CHANNELS = "all channels"
"""Said of a scene whose slice has every channel of the link's band inside; not a hardship."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One scene and what was drawn for it."""

    scene: Scene
    on_ns: int
    """When the link is switched on."""
    conditions: tuple[str, ...]


def trial_of(run: Run) -> Trial:
    """Draw the scene of a run; the same run has the same scene on every machine."""
    rng = np.random.default_rng((run.seed, 7))
    protocol = BY_LABEL[run.label]
    mode = next(mode for mode in protocol.modes if mode.name == run.mode)
    band = next(band for band in protocol.bands if band.name == run.band)
    link = run.part == "link"
    rate_hz = RATES_HZ[int(rng.integers(len(RATES_HZ)))]
    on_s = float(rng.uniform(*SWITCH_ON_S)) if link else 0.0
    conditions = []
    offset_hz, at_edge = _offset_hz(mode, band, rate_hz, rng)
    if at_edge:
        conditions.append("edge")
    snr_db = float(rng.uniform(*CONFUSER_SNR_DB)) if run.snr_db is None else run.snr_db
    scene = single_link_scene(
        run.label,
        mode,
        band,
        snr_db=snr_db,
        sample_rate_hz=rate_hz,
        duration_s=on_s + run.seconds,
        seed=run.seed,
        frequency_hz=ANYWHERE_HZ[run.trial % len(ANYWHERE_HZ)] if band.name == "anywhere" else None,
        period_s=_period_s(protocol, mode, rng),
        on_s=((on_s, on_s + run.seconds),) if link else (),
        ppm=float(rng.uniform(*PPM)),
        gain_db=nearest_gain_db(float(rng.uniform(*GAIN_DB))),  # the ratio is that of the gain really set
        impairments=Impairments(ppm=float(rng.uniform(*RECEIVER_PPM)), drift_ppm=float(rng.uniform(-1.0, 1.0))),
    )
    receiver = replace(scene.receiver, centre_hz=scene.receiver.centre_hz - 0.3e6 + offset_hz)
    emitter = scene.emitters[0]
    emitter = replace(
        emitter,
        transmitter=replace(emitter.transmitter, drift_ppm_per_s=float(rng.uniform(*DRIFT_PPM_PER_S))),
        telemetry=_telemetry(mode, snr_db, rng) if link else None,
    )
    scene = replace(scene, receiver=receiver, emitters=(emitter,))
    if rng.uniform() < FADING_SHARE:
        conditions.append("fading")
        scene = faded(scene, _propagation(rng))
    if link and rng.uniform() < OVERLOAD_SHARE:
        conditions.append("overload")
        scene = replace(scene, emitters=(*scene.emitters, _overload(scene, rng)))
    if link and rng.uniform() < CROWD_SHARE:
        others = _crowd(scene, run.seed, rng)
        conditions += ["crowd"] if others else []
        scene = replace(scene, emitters=(*scene.emitters, *others))
    if _all_inside(band, receiver.centre_hz, rate_hz):
        conditions.append(ALL_CHANNELS)
    return Trial(scene, scene.start_ns + round(on_s * 1e9), tuple(conditions))


def _all_inside(band: Band, centre_hz: float, rate_hz: float) -> bool:
    return bool(band.channels_hz) and all(abs(hz - centre_hz) < rate_hz / 2.0 for hz in band.channels_hz)


def faded(scene: Scene, propagation: Propagation) -> Scene:
    """The same scene with fading: every level that was a ratio becomes a power with that ratio as its mean.

    Only powers fade in a scene, so the level at the antenna is worked out from the ratio first.
    """
    shared = Shared.of(scene)

    def powered(index: int, transmitter: Transmitter, *, answering: bool) -> Transmitter:
        if transmitter.snr_db is None:
            return transmitter
        frequency_hz = scene.emitters[index].frequency_hz or scene.receiver.centre_hz
        level_dbm, _ = shared.links[index, answering].at(0.0, frequency_hz)
        way_db = propagation.loss_db(1.0, frequency_hz) - scene.receiver.antenna_gain_db
        return replace(transmitter, snr_db=None, power_dbm=level_dbm + way_db)

    emitters: list[Emitter] = []
    for index, emitter in enumerate(scene.emitters):
        telemetry = emitter.telemetry
        if telemetry is not None:
            telemetry = replace(telemetry, transmitter=powered(index, telemetry.transmitter, answering=True))
        transmitter = powered(index, emitter.transmitter, answering=False)
        emitters.append(replace(emitter, transmitter=transmitter, telemetry=telemetry))
    return replace(scene, emitters=tuple(emitters), propagation=propagation)


def _offset_hz(mode: Mode, band: Band, rate_hz: float, rng: np.random.Generator) -> tuple[float, bool]:
    """Middle of the slice relative to where the emitter is found first, and whether it is at the slice's edge."""
    width_hz, sign = bandwidth_hz(mode.phy), float(rng.choice((-1.0, 1.0)))
    if width_hz > rate_hz:
        return sign * float(rng.uniform(0.0, min(VIDEO_HZ, width_hz / 2.0))), False
    several = len(band.channels_hz) > 1 and not isinstance(mode.timing, SporadicTiming | ContinuousTiming)
    if several and rng.uniform() < EDGE_SHARE:
        return sign * (rate_hz / 2.0 + float(rng.uniform(-EDGE_HZ, EDGE_HZ))), True
    return sign * float(rng.uniform(0.0, min(PARKED_HZ, (rate_hz - width_hz) / 2.0))), False


def _period_s(protocol: RfProtocol, mode: Mode, rng: np.random.Generator) -> float | None:
    """Harmless messages come often enough to be in a short scene; what has a pace of its own keeps it."""
    timing = mode.timing
    if not isinstance(timing, SporadicTiming) or timing.period_s[0] < CONFUSER_PERIOD_S[0]:
        return None
    if protocol.family.startswith("drone"):
        return None
    return max(float(rng.uniform(*CONFUSER_PERIOD_S)), 1.3 * timing.airtime_s[1] * timing.repeats[1])


def _telemetry(mode: Mode, snr_db: float, rng: np.random.Generator) -> Telemetry | None:
    """The other end of a link that leaves it slots, at a level of its own."""
    ratio = int(rng.choice(TELEMETRY_RATIOS))
    level_db = snr_db + float(rng.uniform(*TELEMETRY_DB))
    absent = rng.uniform() >= TELEMETRY_SHARE
    if absent or not isinstance(mode.timing, HopTiming) or mode.timing.answer is not None:
        return None
    return Telemetry(ratio, Transmitter(snr_db=level_db, ppm=float(rng.uniform(*PPM))))


def _propagation(rng: np.random.Generator) -> Propagation:
    return Propagation(
        rician_k_db=float(rng.uniform(*RICIAN_K_DB)),
        fading_hz=float(rng.uniform(*FADING_HZ)),
        delay_spread_s=float(rng.uniform(*DELAY_SPREAD_S)),
    )


def _overload(scene: Scene, rng: np.random.Generator) -> Emitter:
    """Packets of a neighbour that drive the converter beyond its range."""
    label, name = NEIGHBOURS[int(rng.integers(len(NEIGHBOURS)))]
    mode = next(mode for mode in BY_LABEL[label].modes if mode.name == name)
    receiver = scene.receiver
    half_hz = receiver.sample_rate_hz / 2.0 - bandwidth_hz(mode.phy) / 2.0
    frequency_hz = receiver.centre_hz + float(rng.uniform(-half_hz, half_hz))
    power_dbm = FULL_SCALE_DBM - receiver.gain_db + float(rng.uniform(*OVERLOAD_DB))
    return Emitter(
        name="overload",
        label=label,
        mode=mode,
        transmitter=Transmitter(power_dbm=power_dbm + scene.propagation.loss_db(1.0, frequency_hz)),
        frequency_hz=frequency_hz,
        period_s=float(rng.uniform(*OVERLOAD_PERIOD_S)),
        arrivals="random",
        seed=int(rng.integers(2**31)),
    )


def _crowd(scene: Scene, seed: int, rng: np.random.Generator) -> tuple[Emitter, ...]:
    """Others on air, if the band has any."""
    half_hz = scene.receiver.sample_rate_hz / 2.0
    return crowd_emitters(
        Crowd(
            int(rng.integers(*CROWD_COUNT, endpoint=True)),
            seed,
            scene.receiver.centre_hz - half_hz,
            scene.receiver.centre_hz + half_hz,
            snr_db=CROWD_SNR_DB,
            period_s=CROWD_PERIOD_S,
        )
    )
