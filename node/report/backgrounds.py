"""Busy bands without a drone: everything that could be taken for one, drawn anew for every stretch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from dsp.iq import IqBlock
from dsp.protocols import BY_LABEL
from node.report.retuned import retuned_blocks
from sim.bandwidth import bandwidth_hz
from sim.crowd import CROWD_LABELS, Crowd, crowd_emitters
from sim.front_end import FULL_SCALE_DBM, nearest_gain_db
from sim.impairments import GainStep, Impairments
from sim.radio import SimRadio
from sim.scene import Emitter, Receiver, Scene, Transmitter

RATE_HZ = 2.4e6
CROWD_COUNT = (10, 45)
FEW = (1, 8)
"""Where each of the crowd sends hundreds of pulses a second."""
CROWD_SNR_DB = (0.0, 35.0)
CROWD_PERIOD_S = (0.4, 12.0)
STEADY_SNR_DB = (0.0, 30.0)
GAIN_DB = (22.9, 44.5)
GAIN_STEPS_PER_S = 1.0 / 30.0
GAIN_STEP_DB = (-15.0, 15.0)
LOSSES_PER_S = 0.02
AGC_SHARE = 0.2
CLIPPING_SHARE = 0.5
CLIPPING_DB = (0.0, 10.0)
"""Mean power of an emitter that overloads the converter, over full scale."""
CLIPPING_PERIOD_S = (1.0, 6.0)
SCANNING_SHARE = 0.5
DWELL_S = (2.0, 8.0)
"""Of stretches in which the radio goes between two tunings."""
STEP_HZ = (0.4e6, 2.4e6)
OWN_PACE = ("pulsed-radar", "dme", "adsb", "rfid")
ON_S = (0.5, 8.0)
"""Steady emitters come and go: lengths of their times on and off."""
POOL_BYTES = 192 << 20
"""For the packets of so many."""


@dataclass(frozen=True, slots=True)
class Background:
    """One band.

    Parameters
    ----------
    name
        In the report.
    low_hz, high_hz
        Tunings lie between.
    crowd
        Protocols of packets to draw from.
    count
        Fewest and most transmitters of packets.
    steady
        ``(label, mode, share of stretches in which one is there)``: what is on air all the time or in every frame.
    """

    name: str
    low_hz: float
    high_hz: float
    crowd: tuple[str, ...]
    steady: tuple[tuple[str, str, float], ...]
    count: tuple[int, int] = CROWD_COUNT


ANYWHERE: tuple[tuple[str, str, float], ...] = (
    ("cw", "carrier", 0.8),
    ("cw", "carrier", 0.4),
    ("interference", "narrow-noise", 0.3),
    ("interference", "noise", 0.15),
    ("interference", "wide-noise", 0.05),
    ("interference", "impulses", 0.3),
)
BACKGROUNDS: tuple[Background, ...] = (
    Background(
        "EU433",
        430.5e6,
        437.5e6,
        (*CROWD_LABELS, "ism-ook", "ism-fsk", "pocsag", "interference", "radiosonde"),
        (
            *ANYWHERE,
            ("fm-voice", "12.5kHz", 0.4),
            ("fm-voice", "25kHz", 0.4),
            ("pulsed-radar", "swept-100us", 0.1),
            ("pulsed-radar", "medium", 0.1),
            ("tetra", "base", 0.2),
            ("tetra", "mobile", 0.2),
        ),
    ),
    Background(
        "EU868",
        864.0e6,
        869.5e6,
        (*CROWD_LABELS, "rfid", "interference", "ism-fsk", "lorawan"),
        (*ANYWHERE, ("fm-voice", "microphone", 0.3), ("gsm", "traffic", 0.1), ("lte", "3MHz", 0.1)),
    ),
    Background(
        "US915",
        903.5e6,
        926.5e6,
        (*CROWD_LABELS, "lorawan", "meshtastic", "rfid", "rfid", "interference", "pocsag"),
        (
            *ANYWHERE,
            ("fm-voice", "25kHz", 0.3),
            ("gsm", "bcch", 0.2),
            ("gsm", "traffic", 0.2),
            ("gsm", "traffic-hopping", 0.3),
            ("lte", "5MHz", 0.1),
        ),
    ),
    Background(
        "1.2GHz",
        1180e6,
        1360e6,
        ("interference", "adsb", "pulsed-radar", "dme"),
        (
            *ANYWHERE,
            ("pulsed-radar", "short", 0.3),
            ("pulsed-radar", "medium", 0.3),
            ("pulsed-radar", "swept-100us", 0.3),
            ("pulsed-radar", "swept-400us", 0.3),
            ("dme", "beacon-x", 0.3),
            ("dme", "aircraft-y", 0.3),
            ("gnss", "ca", 0.2),
        ),
        FEW,
    ),
)
"""The bands of the report; all their confusers together, whether or not one region has them all."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch of a busy band: the scene and where the radio listens when."""

    scene: Scene
    tunings_hz: tuple[float, ...]
    dwell_s: float
    conditions: tuple[str, ...]

    def blocks(self) -> Iterator[IqBlock]:
        """The signal, with what the radio would discard after a retune left out."""
        start_ns = self.scene.start_ns

        def wanted_hz(time_ns: int) -> float:
            return self.tunings_hz[int((time_ns - start_ns) * 1e-9 / self.dwell_s) % len(self.tunings_hz)]

        return retuned_blocks(SimRadio(self.scene, pool_bytes=POOL_BYTES), wanted_hz, start_ns)


def stretch(name: str, seed: int, seconds: float) -> Stretch:
    """Draw one stretch.

    Raises
    ------
    ValueError
        If there is no such background.
    """
    background = next((each for each in BACKGROUNDS if each.name == name), None)
    if background is None:
        raise ValueError(f"no such background: {name}; there are {', '.join(each.name for each in BACKGROUNDS)}")
    rng = np.random.default_rng((seed, 11))
    conditions = []
    centre_hz = float(rng.uniform(background.low_hz, background.high_hz))
    tunings_hz: tuple[float, ...] = (centre_hz,)
    if rng.uniform() < SCANNING_SHARE:
        conditions.append("retunes")
        tunings_hz = (centre_hz, centre_hz + float(rng.choice((-1.0, 1.0)) * rng.uniform(*STEP_HZ)))
    low_hz, high_hz = min(tunings_hz) - RATE_HZ / 2, max(tunings_hz) + RATE_HZ / 2
    gain_db = nearest_gain_db(float(rng.uniform(*GAIN_DB)))
    impairments = _impairments(rng, seconds)
    if impairments.gain_steps:
        conditions.append("gain steps")
    crowd = Crowd(
        int(rng.integers(*background.count, endpoint=True)),
        seed,
        low_hz,
        high_hz,
        background.crowd,
        CROWD_SNR_DB,
        CROWD_PERIOD_S,
        (-30.0, 30.0),
    )
    emitters = [_own_pace(emitter) for emitter in crowd_emitters(crowd)]
    emitters += _steady(background, (low_hz, high_hz), seconds, rng)
    if rng.uniform() < CLIPPING_SHARE and emitters:
        conditions.append("clipping")
        emitters.append(_overload(emitters, gain_db, rng))
    return Stretch(
        Scene(
            name=f"{name}-{seed}",
            receiver=Receiver(
                centre_hz, RATE_HZ, gain_db, agc=bool(rng.uniform() < AGC_SHARE), impairments=impairments
            ),
            emitters=tuple(emitters),
            seed=seed,
            duration_s=seconds,
        ),
        tunings_hz,
        float(rng.uniform(*DWELL_S)),
        tuple(conditions),
    )


def _impairments(rng: np.random.Generator, seconds: float) -> Impairments:
    times_s = np.sort(rng.uniform(0.0, seconds, int(rng.poisson(GAIN_STEPS_PER_S * seconds))))
    return Impairments(
        ppm=float(rng.uniform(-30.0, 30.0)),
        drift_ppm=float(rng.uniform(-2.0, 2.0)),
        gain_steps=tuple(GainStep(float(time_s), float(rng.uniform(*GAIN_STEP_DB))) for time_s in times_s),
        drops_per_s=LOSSES_PER_S,
        silent_drops_per_s=LOSSES_PER_S,
    )


def _own_pace(emitter: Emitter) -> Emitter:
    """Pulses keep the pace of their record: a radar of one pulse in seconds is none."""
    return replace(emitter, period_s=None) if emitter.label in OWN_PACE else emitter


def _steady(
    background: Background, span_hz: tuple[float, float], seconds: float, rng: np.random.Generator
) -> list[Emitter]:
    """What is there besides packets, some of it coming and going."""
    emitters = []
    for number, (label, name, share) in enumerate(background.steady):
        if rng.uniform() >= share:
            continue
        mode = next(mode for mode in BY_LABEL[label].modes if mode.name == name)
        inside = [band for band in BY_LABEL[label].bands_of(mode) if _channels_in(band.channels_hz, span_hz)]
        band = inside[int(rng.integers(len(inside)))] if inside else None
        reach_hz = bandwidth_hz(mode.phy) / 2.0 if bandwidth_hz(mode.phy) > RATE_HZ else 0.0
        fixed_hz = float(rng.uniform(span_hz[0] - reach_hz, span_hz[1] + reach_hz))
        times, at_s = [], float(rng.uniform(*ON_S)) - ON_S[1]
        while at_s < seconds:
            end_s = at_s + float(rng.uniform(*ON_S))
            times.append((at_s, end_s))
            at_s = end_s + float(rng.uniform(*ON_S))
        emitters.append(
            Emitter(
                name=f"steady{number}-{label}",
                label=label,
                mode=mode,
                transmitter=Transmitter(snr_db=float(rng.uniform(*STEADY_SNR_DB)), ppm=float(rng.uniform(-20, 20))),
                band=band,
                frequency_hz=None if band is not None else fixed_hz,
                on_s=tuple(times) if rng.uniform() < 0.5 else (),
                arrivals="random",
                seed=int(rng.integers(2**31)),
            )
        )
    return emitters


def _channels_in(channels_hz: tuple[float, ...], span_hz: tuple[float, float]) -> bool:
    return any(span_hz[0] < channel_hz < span_hz[1] for channel_hz in channels_hz)


def _overload(emitters: list[Emitter], gain_db: float, rng: np.random.Generator) -> Emitter:
    """One of them once more, on a frequency of its own, beyond full scale."""
    model = emitters[int(rng.integers(len(emitters)))]
    power_dbm = FULL_SCALE_DBM - gain_db + float(rng.uniform(*CLIPPING_DB))
    first_metre_db = Scene("", Receiver(1.0)).propagation.loss_db(1.0, _frequency_hz(model))
    return replace(
        model,
        name="overload",
        transmitter=Transmitter(power_dbm=power_dbm + first_metre_db, ppm=float(rng.uniform(-20.0, 20.0))),
        period_s=float(rng.uniform(*CLIPPING_PERIOD_S)) if model.period_s is not None else None,
        seed=int(rng.integers(2**31)),
    )


def _frequency_hz(emitter: Emitter) -> float:
    if emitter.frequency_hz is not None:
        return emitter.frequency_hz
    assert emitter.band is not None
    return (emitter.band.low_hz + emitter.band.high_hz) / 2.0
