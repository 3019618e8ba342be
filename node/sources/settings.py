"""What a radio of the configuration may say; each kind is a frozen record that checks itself.

``type`` tells the kinds apart in a file. Frequencies are those on air: with a converter before the dongle, the dongle
is tuned to ``centre_hz - converter_offset_hz``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from node.sources.recording_options import RecordingOptions
from node.sources.rtl2832u import (
    CRYSTAL_HZ,
    CRYSTAL_TOLERANCE_HZ,
    HIGHEST_HZ,
    LARGEST_PPM,
    LOWEST_HZ,
    exact_sample_rate_hz,
)

AUTO: Literal["auto"] = "auto"
DEFAULT_RATE_HZ = 2_400_000.0
"""Highest rate dongles hold without losing samples."""
DEFAULT_SILENCE_S = 5.0
"""A radio that gives nothing for so long has stalled: 180 blocks are due in that time."""
LOWEST_GAIN_DB, HIGHEST_GAIN_DB = -10.0, 60.0
"""Gains of all tuners lie between."""
LARGEST_PORT = 65_535


def _check_name(name: str) -> None:
    if not name:
        raise ValueError("name must not be empty: it tells the radios apart in messages and health")


def _check_above_zero(key: str, value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{key} must be above 0, not {value}")


def _check_pace(pace: float) -> None:
    if not (pace >= 0 and math.isfinite(pace)):
        raise ValueError(f"pace must be 0 (as fast as it goes) or above, not {pace}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What all RTL2832U dongles are set to, however they are connected.

    Parameters
    ----------
    centre_hz
        Middle of the slice, on air.
    sample_rate_hz
        Width of the slice: above 225 kHz up to 300 kHz, or above 900 kHz up to 3.2 MHz.
    gain
        Gain of the tuner in dB, the nearest it has is taken; or ``auto``, which changes levels in the middle of a
        signal: detection works better with a fixed gain.
    ppm
        Error of the dongle's crystal in parts per million, which the driver then corrects.
    bias_tee
        Feed 4.5 V into the antenna cable for an amplifier. Harms what is a short circuit at direct current.
    converter_offset_hz
        On-air frequency less tuned frequency: -125e6 for an up-converter of 125 MHz, positive for a down-converter.
    digital_agc
        The level control of the RTL2832U after its converter.
    direct_sampling
        Feed an input of the converter without tuner: ``i`` or ``q``; ``off``.
    silence_s
        Without a block for so long the radio counts as stalled and is opened anew.
    """

    centre_hz: float
    sample_rate_hz: float = DEFAULT_RATE_HZ
    gain: float | Literal["auto"] = AUTO
    ppm: int = 0
    bias_tee: bool = False
    converter_offset_hz: float = 0.0
    digital_agc: bool = False
    direct_sampling: Literal["off", "i", "q"] = "off"
    silence_s: float = DEFAULT_SILENCE_S

    def __post_init__(self) -> None:
        """Check the ranges."""
        _check_above_zero("centre_hz", self.centre_hz)
        _check_above_zero("silence_s", self.silence_s)
        try:
            exact_sample_rate_hz(self.sample_rate_hz)
        except ValueError as error:
            raise ValueError(f"sample_rate_hz: {error}") from None
        if self.gain != AUTO and not LOWEST_GAIN_DB <= self.gain <= HIGHEST_GAIN_DB:
            raise ValueError(f'gain must be "auto" or from {LOWEST_GAIN_DB} to {HIGHEST_GAIN_DB} dB, not {self.gain}')
        if abs(self.ppm) > LARGEST_PPM:
            raise ValueError(f"ppm must be from -{LARGEST_PPM} to {LARGEST_PPM}, not {self.ppm}")
        if self.direct_sampling not in {"off", "i", "q"}:
            raise ValueError(f'direct_sampling must be "off", "i" or "q", not {self.direct_sampling!r}')
        if not math.isfinite(self.converter_offset_hz):
            raise ValueError(f"converter_offset_hz must be a number, not {self.converter_offset_hz}")
        self.tuned_hz(self.centre_hz)

    @property
    def exact_rate_hz(self) -> float:
        """Sample rate the dongle really gives."""
        return exact_sample_rate_hz(self.sample_rate_hz)

    def tuned_hz(self, centre_hz: float) -> int:
        """Frequency to tune the dongle to for a frequency on air.

        Raises
        ------
        ValueError
            If no dongle can be tuned to it.
        """
        tuned_hz = centre_hz - self.converter_offset_hz
        lowest_hz, highest_hz = (LOWEST_HZ, HIGHEST_HZ) if self.direct_sampling == "off" else (0.0, CRYSTAL_HZ)
        if not lowest_hz <= tuned_hz <= highest_hz:
            raise ValueError(
                f"centre_hz {centre_hz / 1e6:.3f} MHz less converter_offset_hz is {tuned_hz / 1e6:.3f} MHz, where an "
                f"RTL-SDR cannot be tuned ({lowest_hz / 1e6:.1f} to {highest_hz / 1e6:.0f} MHz); other bands need a "
                "converter before the dongle, and its converter_offset_hz here"
            )
        return round(tuned_hz)


@dataclass(frozen=True, slots=True, kw_only=True)
class RtlSdrSettings(Tuning):
    """An RTL-SDR in a USB port of this machine.

    Parameters
    ----------
    name
        Of the radio, in messages and health.
    serial
        Serial number of the dongle, written with ``rtl_eeprom -s``; None takes the first.
    """

    name: str
    serial: str | None = None
    type: Literal["rtl-sdr"] = "rtl-sdr"

    def __post_init__(self) -> None:
        """Check the ranges."""
        Tuning.__post_init__(self)
        _check_name(self.name)
        if self.serial is not None and not self.serial:
            raise ValueError("serial must not be empty: leave it out to take the first dongle")


@dataclass(frozen=True, slots=True, kw_only=True)
class RtlTcpSettings(Tuning):
    """A dongle, or anything else, behind an ``rtl_tcp`` server.

    Parameters
    ----------
    name
        Of the radio, in messages and health.
    host, port
        The server.
    gain_index
        Index in the tuner's list of gains, in place of ``gain``.
    offset_tuning
        Tune beside the middle and shift back; for tuners without intermediate frequency (E4000).
    if_gains_db
        Gains of the intermediate-frequency stages of an E4000, stage 1 first.
    rtl_crystal_hz, tuner_crystal_hz
        Crystals that differ from 28.8 MHz; None keeps the server's.
    connect_timeout_s
        Longest wait for the connection, and for the server's greeting.
    """

    name: str
    host: str
    port: int = 1234
    gain_index: int | None = None
    offset_tuning: bool = False
    if_gains_db: tuple[float, ...] = ()
    rtl_crystal_hz: int | None = None
    tuner_crystal_hz: int | None = None
    connect_timeout_s: float = 5.0
    type: Literal["rtl-tcp"] = "rtl-tcp"

    def __post_init__(self) -> None:
        """Check the ranges."""
        Tuning.__post_init__(self)
        _check_name(self.name)
        _check_above_zero("connect_timeout_s", self.connect_timeout_s)
        if not self.host:
            raise ValueError("host must name the machine of the rtl_tcp server")
        if not 1 <= self.port <= LARGEST_PORT:
            raise ValueError(f"port must be from 1 to {LARGEST_PORT}, not {self.port}")
        if self.gain_index is not None and self.gain_index < 0:
            raise ValueError(f"gain_index must be 0 or more, not {self.gain_index}")
        if self.gain_index is not None and self.gain != AUTO:
            raise ValueError("gain and gain_index exclude each other; keep one")
        for key, crystal_hz in (("rtl_crystal_hz", self.rtl_crystal_hz), ("tuner_crystal_hz", self.tuner_crystal_hz)):
            if crystal_hz is not None and abs(crystal_hz - CRYSTAL_HZ) > CRYSTAL_TOLERANCE_HZ:
                raise ValueError(
                    f"{key} must be within {CRYSTAL_TOLERANCE_HZ} Hz of {CRYSTAL_HZ}, not {crystal_hz}; "
                    "a wider error is corrected by ppm"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """A simulated dongle in a scene, in place of a radio.

    Parameters
    ----------
    name
        Of the radio, in messages and health.
    scene
        Name of a scene that comes with skypicket, or the path of a scene file.
    pace
        Seconds of the scene in one real second; 0: as fast as it goes.
    centre_hz, sample_rate_hz, gain
        In place of what the scene says of its receiver; ``gain`` in dB or ``auto``.
    seed
        In place of the scene's.
    duration_s
        In place of the scene's; ``inf`` plays for ever.
    """

    name: str
    scene: str
    pace: float = 1.0
    centre_hz: float | None = None
    sample_rate_hz: float | None = None
    gain: float | Literal["auto"] | None = None
    seed: int | None = None
    duration_s: float | None = None
    type: Literal["simulator"] = "simulator"

    def __post_init__(self) -> None:
        """Check the ranges."""
        _check_name(self.name)
        if not self.scene:
            raise ValueError("scene must be the name of a scene or the path of a scene file")
        _check_pace(self.pace)
        for key, value in (("centre_hz", self.centre_hz), ("sample_rate_hz", self.sample_rate_hz)):
            if value is not None:
                _check_above_zero(key, value)
        if self.duration_s is not None and not self.duration_s > 0:
            raise ValueError(f"duration_s must be above 0, not {self.duration_s}")
        if self.gain not in {None, AUTO} and not LOWEST_GAIN_DB <= float(self.gain or 0.0) <= HIGHEST_GAIN_DB:
            raise ValueError(f'gain must be "auto" or from {LOWEST_GAIN_DB} to {HIGHEST_GAIN_DB} dB, not {self.gain}')
        if self.seed is not None and self.seed < 0:
            raise ValueError(f"seed must be 0 or more, not {self.seed}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSettings:
    """A recording in place of a radio.

    Parameters
    ----------
    name
        Of the radio, in messages and health.
    path
        The recording.
    pace
        Seconds of the recording in one real second; 0: as fast as it goes.
    sample_rate_hz, centre_hz, datatype, start_ns
        In place of what the recording says; see ``RecordingOptions``.
    """

    name: str
    path: str
    pace: float = 1.0
    sample_rate_hz: float | None = None
    centre_hz: float | None = None
    datatype: str | None = None
    start_ns: int | None = None
    type: Literal["recording"] = "recording"

    def __post_init__(self) -> None:
        """Check the ranges."""
        _check_name(self.name)
        _check_pace(self.pace)
        if not self.path:
            raise ValueError("path must name a recording")
        self.options()

    def options(self) -> RecordingOptions:
        """How to read it."""
        return RecordingOptions(
            sample_rate_hz=self.sample_rate_hz,
            centre_hz=self.centre_hz,
            datatype=self.datatype,
            start_ns=self.start_ns,
            pace=self.pace or None,
            radio=self.name,
        )


LiveSettings = RtlSdrSettings | RtlTcpSettings | SimulatorSettings
"""Every radio that is not a recording."""
RadioSettings = LiveSettings | RecordingSettings
"""Every kind of radio a configuration may name, told apart by ``type``."""
