"""Scene files: TOML, checked whole, every fault reported with its key."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import Literal

from dsp.protocols import BY_LABEL
from dsp.protocols.record import HopTiming, Mode, RfProtocol, TdmTiming
from dsp.units import NS_PER_S
from sim.checked_table import CheckedTable, Faults
from sim.crowd import CROWD_LABELS, Crowd, crowd_emitters
from sim.impairments import LONGEST_SETTLE_S, NO_IMPAIRMENTS, Drop, GainStep, Impairments
from sim.propagation import Propagation
from sim.scene import ANY_CHANNEL, EPOCH_2026_NS, Emitter, Receiver, Scene, SceneError, Telemetry, Transmitter
from sim.scene_things import read_route, read_things

LOWEST_HZ, HIGHEST_HZ = 1e6, 6e9
"""Carriers that make sense; a value in MHz falls below."""
SLOWEST_HZ, FASTEST_HZ = 200e3, 61.44e6
"""Sample rates."""
LARGEST_GAIN_DB = 49.6
DEFAULT_SCENE_GAIN_DB = 40.2


def parse_scene(text: str, *, source: str, name: str) -> Scene:
    """A scene from the text of its file.

    Parameters
    ----------
    text
        TOML.
    source
        Name of the file, for messages.
    name
        Name of the scene.

    Raises
    ------
    SceneError
        With every fault found.
    """
    try:
        root = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SceneError(source, (("", f"is not TOML: {error}"),)) from error
    faults = Faults()
    table = CheckedTable(root, "", faults)
    seed = table.whole("seed", 0) or 0
    title = table.text("title", "") or ""
    duration_s = table.number("duration_s", low=1e-3, high=1e6, unit="s")
    start_ns = _start_ns(table)
    if not table.has("receiver"):
        faults.add("receiver", "is missing; a scene needs a [receiver] with centre_hz")
    receiver = _receiver(table.table("receiver")) if table.has("receiver") else None
    propagation = _propagation(table.table("propagation"))
    emitters = [_emitter(entry, seed, index) for index, entry in enumerate(table.tables("emitter"))]
    for index, entry in enumerate(table.tables("crowd")):
        crowd = _crowd(entry, seed + index, receiver)
        emitters += crowd_emitters(crowd) if crowd is not None else []
    things = read_things(table, receiver)
    table.close()
    scene = None
    if receiver is not None and None not in emitters:
        present = tuple(emitter for emitter in emitters if emitter is not None)
        scene = faults.build(
            "emitter",
            lambda: Scene(
                name, receiver, present, seed, duration_s, start_ns, propagation, title,
                things.targets, things.broadcasts, things.modules, things.origin,
            ),
        )  # fmt: skip
    if faults.found or scene is None:
        raise SceneError(source, tuple(faults.found))
    return scene


def _start_ns(table: CheckedTable) -> int:
    """Time of the first sample."""
    value = table.get("start")
    if value is None:
        return EPOCH_2026_NS
    if not isinstance(value, datetime) or value.tzinfo is None:
        table.faults.add("start", f"must be a date and time with offset such as 2026-05-01T12:00:00Z, not {value!r}")
        return EPOCH_2026_NS
    whole = value.astimezone(UTC)
    return int(whole.replace(microsecond=0).timestamp()) * NS_PER_S + whole.microsecond * 1000


def _receiver(table: CheckedTable) -> Receiver | None:
    centre_hz = table.required_number("centre_hz", low=LOWEST_HZ, high=HIGHEST_HZ, unit="Hz")
    sample_rate_hz = table.number("sample_rate_hz", 2.4e6, low=SLOWEST_HZ, high=FASTEST_HZ, unit="Hz") or 2.4e6
    gain_db = table.number("gain_db", DEFAULT_SCENE_GAIN_DB, low=0.0, high=LARGEST_GAIN_DB, unit="dB")
    noise_figure_db = table.number("noise_figure_db", 6.0, low=0.0, high=40.0, unit="dB")
    antenna_gain_db = table.number("antenna_gain_db", 0.0, low=-60.0, high=40.0, unit="dB")
    agc = table.flag("agc", default=False)
    route = read_route(table)
    impairments = _impairments(table.table("impairments"))
    table.close()
    if impairments is None or gain_db is None or noise_figure_db is None or antenna_gain_db is None:
        return None
    return Receiver(centre_hz, sample_rate_hz, gain_db, agc, noise_figure_db, antenna_gain_db, route, impairments)


def _impairments(table: CheckedTable) -> Impairments | None:
    base = Impairments() if table.flag("realistic", default=True) else NO_IMPAIRMENTS
    ppm = table.number("ppm", base.ppm, low=-200.0, high=200.0, unit="parts per million")
    drift_ppm = table.number("drift_ppm", base.drift_ppm, low=-50.0, high=50.0, unit="parts per million")
    drift_time_s = table.number("drift_time_s", base.drift_time_s, low=0.1, high=1e5, unit="s")
    thermal_noise = table.flag("thermal_noise", base.thermal_noise)
    back_end_noise = table.flag("back_end_noise", base.back_end_noise)
    dc_dbfs = table.number("dc_dbfs", low=-120.0, high=-6.0, unit="dBFS")
    has_dc = table.flag("dc", base.dc_offset != 0)
    filter_edges = table.flag("filter_edges", base.filter_edges)
    spur_dbm = table.number("spur_dbm", base.spur_dbm, low=-200.0, high=0.0, unit="dBm")
    has_spurs = table.flag("spurs", base.spur_dbm is not None or table.has("spur_dbm"))
    quantise = table.flag("quantise", base.quantise)
    settle_s = table.number("settle_s", base.settle_s, low=0.0, high=LONGEST_SETTLE_S, unit="s")
    drops_per_s = table.number("drops_per_s", 0.0, low=0.0, high=100.0, unit="1/s")
    silent_drops_per_s = table.number("silent_drops_per_s", 0.0, low=0.0, high=100.0, unit="1/s")
    steps = tuple(_gain_step(entry) for entry in table.tables("gain_step"))
    drops = tuple(_drop(entry) for entry in table.tables("drop"))
    table.close()
    dc = base.dc_offset if dc_dbfs is None else 10.0 ** (dc_dbfs / 20.0)
    return table.faults.build(
        table.key,
        lambda: Impairments(
            ppm=ppm or 0.0,
            drift_ppm=drift_ppm or 0.0,
            drift_time_s=drift_time_s or base.drift_time_s,
            thermal_noise=thermal_noise,
            back_end_noise=back_end_noise,
            dc_offset=dc if has_dc else 0.0,
            filter_edges=filter_edges,
            spur_dbm=spur_dbm if has_spurs else None,
            quantise=quantise,
            settle_s=settle_s or 0.0,
            gain_steps=steps,
            drops=drops,
            drops_per_s=drops_per_s or 0.0,
            silent_drops_per_s=silent_drops_per_s or 0.0,
        ),
    )


def _gain_step(table: CheckedTable) -> GainStep:
    time_s = table.required_number("time_s", low=0.0, high=1e6, unit="s")
    change_db = table.required_number("change_db", low=-60.0, high=60.0, unit="dB")
    table.close()
    return GainStep(time_s, change_db)


def _drop(table: CheckedTable) -> Drop:
    time_s = table.required_number("time_s", low=0.0, high=1e6, unit="s")
    samples = table.whole("samples", 128, low=1, high=10**8) or 128
    silent = table.flag("silent", default=False)
    table.close()
    return Drop(time_s, samples, silent)


def _propagation(table: CheckedTable) -> Propagation:
    exponent = table.number("exponent", 2.0, low=1.0, high=6.0)
    rician_k_db = table.number("rician_k_db", low=-200.0, high=60.0, unit="dB")
    fading_hz = table.number("fading_hz", 1.0, low=0.0, high=200.0, unit="Hz")
    delay_spread_s = table.number("delay_spread_s", 1e-6, low=0.0, high=1e-4, unit="s")
    table.close()
    return Propagation(exponent or 2.0, rician_k_db, fading_hz or 0.0, delay_spread_s or 0.0)


def _transmitter(table: CheckedTable) -> Transmitter | None:
    """The keys that emitter and telemetry share."""
    power_dbm = table.number("power_dbm", low=-120.0, high=60.0, unit="dBm")
    snr_db = table.number("snr_db", low=-60.0, high=100.0, unit="dB")
    ppm = table.number("ppm", 0.0, low=-100.0, high=100.0, unit="parts per million") or 0.0
    drift = table.number("drift_ppm_per_s", 0.0, low=-10.0, high=10.0, unit="parts per million a second") or 0.0
    route = read_route(table)
    if power_dbm is not None and not (table.has("position_m") or table.has("path")):
        table.faults.add(table.path("power_dbm"), "needs a position_m or a path; or give snr_db instead")
    if table.has("power_dbm") == table.has("snr_db"):
        table.faults.add(table.key, "needs either power_dbm (with a position_m or path) or snr_db")
        return None
    if power_dbm is None and snr_db is None:
        return None  # the value was faulty and has been reported
    return Transmitter(power_dbm, snr_db, route, ppm, drift)


def _telemetry(table: CheckedTable) -> Telemetry | None:
    ratio = table.whole("ratio", 64, low=2, high=128) or 64
    transmitter = _transmitter(table)
    table.close()
    return None if transmitter is None else Telemetry(ratio, transmitter)


def _mode(table: CheckedTable, record: RfProtocol | None) -> Mode | None:
    names = tuple(mode.name for mode in record.modes) if record else ()
    name = table.text("mode", names[0] if len(names) == 1 else None, choices=names)
    if record is None:
        return None
    if name is None:
        if not table.has("mode"):
            table.faults.add(table.path("mode"), f"is missing; {record.label} has {', '.join(names)}")
        return None
    return next(mode for mode in record.modes if mode.name == name)


def _emitter(table: CheckedTable, scene_seed: int, index: int) -> Emitter | None:
    label = table.text("label", choices=tuple(BY_LABEL))
    if label is None and not table.has("label"):
        table.faults.add(table.path("label"), f"is missing; one of {', '.join(BY_LABEL)}")
    record = BY_LABEL[label] if label else None
    mode = _mode(table, record)
    name = table.text("name", f"{label}-{index}") or ""
    bands = record.bands_of(mode) if record and mode else ()
    frequency_hz = table.number("frequency_hz", low=LOWEST_HZ, high=HIGHEST_HZ, unit="Hz")
    band_name = table.text("band", choices=tuple(band.name for band in bands))
    if table.has("frequency_hz") and table.has("band"):
        table.faults.add(table.path("band"), "and frequency_hz exclude each other; keep one")
    if not table.has("frequency_hz") and not table.has("band"):
        table.faults.add(table.path("band"), f"is missing; frequency_hz or one of {', '.join(b.name for b in bands)}")
    if mode is not None and isinstance(mode.timing, HopTiming | TdmTiming) and table.has("frequency_hz"):
        table.faults.add(table.path("frequency_hz"), f"does not go with {label}, which hops; give its band")
    band = next((band for band in bands if band.name == band_name), None)
    channel = _channel(table, len(band.channels_hz) if band else 0)
    seed = table.whole("seed", scene_seed * 1000 + index, high=2**63) or 0
    on_s = table.intervals("on_s")
    repeat_s = table.number("repeat_s", low=0.01, high=1e6, unit="s")
    period_s = table.number("period_s", low=1e-3, high=1e6, unit="s")
    arrivals = table.text("arrivals", "periodic", choices=("periodic", "random"))
    transmitter = _transmitter(table)
    telemetry = _telemetry(table.table("telemetry")) if table.has("telemetry") else None
    table.close()
    if label is None or mode is None or transmitter is None or (band is None and frequency_hz is None):
        return None
    return table.faults.build(
        table.key,
        lambda: Emitter(
            name=name,
            label=label,
            mode=mode,
            transmitter=transmitter,
            band=band,
            frequency_hz=frequency_hz,
            channel=channel,
            on_s=on_s,
            repeat_s=repeat_s,
            period_s=period_s,
            arrivals="random" if arrivals == "random" else "periodic",
            seed=seed,
            telemetry=telemetry,
        ),
    )


def _channel(table: CheckedTable, channels: int) -> int | Literal["any"] | None:
    if isinstance(table.get("channel"), str):
        return ANY_CHANNEL if table.text("channel", choices=(ANY_CHANNEL,)) else None
    return table.whole("channel", high=max(channels - 1, 0))


def _crowd(table: CheckedTable, default_seed: int, receiver: Receiver | None) -> Crowd | None:
    centre_hz, half_hz = (receiver.centre_hz, receiver.sample_rate_hz / 2.0) if receiver else (LOWEST_HZ * 2, LOWEST_HZ)
    count = table.whole("count", 10, low=0, high=1000)
    seed = table.whole("seed", default_seed)
    low_hz = table.number("low_hz", centre_hz - half_hz, low=LOWEST_HZ, high=HIGHEST_HZ, unit="Hz")
    high_hz = table.number("high_hz", centre_hz + half_hz, low=LOWEST_HZ, high=HIGHEST_HZ, unit="Hz")
    snr_db = table.numbers("snr_db", 2, (3.0, 30.0))
    period_s = table.numbers("period_s", 2, (1.0, 15.0))
    ppm = table.numbers("ppm", 2, (-20.0, 20.0))
    usual = [label for label in CROWD_LABELS if label in BY_LABEL]
    labels = table.get("labels") if table.has("labels") else usual
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        table.faults.add(table.path("labels"), "must be a list of protocol labels")
        labels = []
    table.close()
    if count is None or seed is None or low_hz is None or high_hz is None or None in (snr_db, period_s, ppm):
        return None
    return table.faults.build(
        table.key,
        lambda: Crowd(count, seed, low_hz, high_hz, tuple(labels), _pair(snr_db), _pair(period_s), _pair(ppm)),
    )


def _pair(values: tuple[float, ...] | None) -> tuple[float, float]:
    """(Lowest, highest) in this order."""
    assert values is not None
    return min(values), max(values)
