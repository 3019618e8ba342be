"""What a radio of the configuration may say; each kind is a frozen record that checks itself.

``type`` tells the kinds apart in a file. Frequencies are those on air: with a converter before the dongle, the dongle
is tuned to ``centre_hz - converter_offset_hz``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from node.sources.recording_options import RecordingOptions
from node.sources.rtl2832u import CRYSTAL_HZ, CRYSTAL_TOLERANCE_HZ
from node.sources.tuning import (
    AUTO,
    HIGHEST_GAIN_DB,
    LOWEST_GAIN_DB,
    Tuning,
    check_above_zero,
    check_name,
    check_pace,
)

LARGEST_PORT = 65_535


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
        check_name(self.name)
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
        check_name(self.name)
        check_above_zero("connect_timeout_s", self.connect_timeout_s)
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
        check_name(self.name)
        if not self.scene:
            raise ValueError("scene must be the name of a scene or the path of a scene file")
        check_pace(self.pace)
        for key, value in (("centre_hz", self.centre_hz), ("sample_rate_hz", self.sample_rate_hz)):
            if value is not None:
                check_above_zero(key, value)
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
        check_name(self.name)
        check_pace(self.pace)
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
