"""The plainest scene: one emitter at a known signal-to-noise ratio."""

from __future__ import annotations

from dsp.protocols import BY_LABEL
from dsp.protocols.record import Band, Mode
from sim.impairments import Impairments
from sim.scene import Emitter, Receiver, Scene, Telemetry, Transmitter


def single_link_scene(
    label: str,
    mode: str | Mode,
    band: str | Band | None = None,
    snr_db: float = 10.0,
    centre_hz: float | None = None,
    sample_rate_hz: float = 2_400_000.0,
    duration_s: float | None = 5.0,
    seed: int = 0,
    *,
    frequency_hz: float | None = None,
    period_s: float | None = None,
    on_s: tuple[tuple[float, float], ...] = (),
    telemetry_ratio: int | None = None,
    telemetry_snr_db: float | None = None,
    ppm: float = 0.0,
    gain_db: float = 40.2,
    impairments: Impairments | None = None,
) -> Scene:
    """One emitter for tests and evaluation.

    Parameters
    ----------
    label, mode, band
        Names in the protocol's record, or the records themselves (a mode of one's own, say).
    snr_db
        As in ``Transmitter``.
    centre_hz
        Middle of the slice. None: beside the sync channel, the middle channel, the fixed frequency or the middle of
        the band, 0.3 MHz off so that the signal does not sit on the direct-current spike.
    sample_rate_hz, duration_s, seed, gain_db, impairments
        Of the receiver and the scene; the seed is the hop seed too.
    frequency_hz
        A carrier instead of a band.
    period_s, on_s
        As in ``Emitter``.
    telemetry_ratio, telemetry_snr_db
        Slots of the answering end and its level (None: that of the link).
    ppm
        Crystal error of the transmitter.

    Raises
    ------
    ValueError
        If there is no such label, mode or band, or neither band nor frequency.
    """
    record = BY_LABEL.get(label)
    if record is None:
        raise ValueError(f"no such protocol: {label}")
    the_mode = mode if isinstance(mode, Mode) else next((each for each in record.modes if each.name == mode), None)
    if the_mode is None:
        raise ValueError(f"{label} has no mode {mode}; it has {', '.join(each.name for each in record.modes)}")
    the_band = band if isinstance(band, Band) else next((each for each in record.bands if each.name == band), None)
    if frequency_hz is None and the_band is None:
        raise ValueError(
            f"{label}: give frequency_hz or one of the bands {', '.join(each.name for each in record.bands)}"
        )
    if frequency_hz is None and the_band is not None and not the_band.channels_hz:
        # Without a grid the carrier could be anywhere in the band: it is put into the middle, where the slice is.
        frequency_hz = (the_band.low_hz + the_band.high_hz) / 2.0
    channel = _home_channel(the_band) if frequency_hz is None else None
    telemetry = None
    if telemetry_ratio is not None:
        level_db = snr_db if telemetry_snr_db is None else telemetry_snr_db
        telemetry = Telemetry(telemetry_ratio, Transmitter(snr_db=level_db))
    if centre_hz is None:
        centre_hz = 0.3e6 + _middle_hz(the_band, channel, frequency_hz)
    return Scene(
        name=f"{label}-{the_mode.name}",
        receiver=Receiver(
            centre_hz,
            sample_rate_hz,
            gain_db,
            impairments=Impairments() if impairments is None else impairments,
        ),
        emitters=(
            Emitter(
                name="link",
                label=label,
                mode=the_mode,
                transmitter=Transmitter(snr_db=snr_db, ppm=ppm),
                band=None if frequency_hz is not None else the_band,
                frequency_hz=frequency_hz,
                channel=channel,
                on_s=on_s,
                period_s=period_s,
                seed=seed,
                telemetry=telemetry,
            ),
        ),
        seed=seed,
        duration_s=duration_s,
    )


def _home_channel(band: Band | None) -> int | None:
    """Channel of an emitter that does not hop, and the one a hopping link is awaited on."""
    if band is None or not band.channels_hz:
        return None
    return len(band.channels_hz) // 2 if band.sync_channel is None else band.sync_channel


def _middle_hz(band: Band | None, channel: int | None, frequency_hz: float | None) -> float:
    """Where an emitter is found first."""
    if frequency_hz is not None:
        return frequency_hz
    assert band is not None
    return (band.low_hz + band.high_hz) / 2.0 if channel is None else band.channels_hz[channel]
