"""Simulated drone-mesh-mapper: an ESP32 that prints one JSON line for each Remote ID message it hears [1]_.

It behaves as its program does: a message of one kind changes its fields only, the line tells all; fields not heard yet
are zero; altitudes are cut to whole metres; the id is printed without escapes into a buffer of 256 bytes.

References
----------
.. [1] colonelpanichacks/drone-mesh-mapper ``remoteid-mesh-dualcore/src/main.cpp``.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

from sim.serial_devices.host import SimulatedModule
from sim.serial_devices.targets import Mount, Target, degrees_of

LINE_BUFFER = 256
"""Bytes its line may have, with the end mark."""
SLOTS = 32
"""Transmitters it remembers; more of them share the first slot."""
IDLE_S = 60.0
IDLE_LINE = b'{"   [+] Device is active and scanning..."}\r\n'
QUARTER_S = 0.25
SCHEDULE = ("location", "basic", "system", None, "location", "operator", None, None, "location", None, None, None)
"""Messages in the quarters of three seconds: a position a second, the rest once (F3411-22a 5.4.4)."""
FADING_DB = 4.0
"""Standard deviation of the level from message to message, on the ground and with one antenna."""
SERIAL_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters of a serial number: no I and no O."""


@dataclass(frozen=True, slots=True)
class Broadcaster:
    """A drone that broadcasts Remote ID.

    Parameters
    ----------
    target
        Where it flies.
    address
        Its hardware address, lower case with colons.
    uas_id
        Its serial number.
    pilot_m
        Where the pilot stands, x east, y north; None tells no place.
    power_dbm
        Radiated.
    sender_m
        Where the transmitter really is, of one who only claims to fly; None: where the target is.
    on_s
        When it sends, in the time of the target's route; empty: always.
    """

    target: Target
    address: str = "60:60:1f:00:00:01"
    uas_id: str = "1581F45TB21CP0000XYZ"
    pilot_m: tuple[float, float] | None = (0.0, 0.0)
    power_dbm: float = 14.0
    sender_m: tuple[float, float, float] | None = None
    on_s: tuple[tuple[float, float], ...] = ()

    def is_on(self, time_s: float) -> bool:
        """Whether it sends."""
        local_s = time_s % self.target.repeat_s if self.target.repeat_s else time_s
        return not self.on_s or any(start_s <= local_s < end_s for start_s, end_s in self.on_s)

    def sender_at(self, time_s: float) -> tuple[float, float, float]:
        """Where the transmitter is."""
        return self.target.at(time_s) if self.sender_m is None else self.sender_m


@dataclass(frozen=True, slots=True)
class RemoteIdView:
    """A receiver in a scene.

    Parameters
    ----------
    broadcasters
        Who sends.
    lat_deg, lon_deg, altitude_m
        Where the middle of the scene is; altitude above the ellipsoid.
    mount
        Where the receiver stands.
    sensitivity_dbm
        Weakest level it hears half of the time; an ESP32 on Bluetooth 4 or Wi-Fi at 1 Mbit/s about -97.
    frequency_hz
        For the path loss in free space.
    seed
        Of the fading.
    """

    broadcasters: tuple[Broadcaster, ...]
    lat_deg: float = 45.5
    lon_deg: float = 9.25
    altitude_m: float = 120.0
    mount: Mount = field(default_factory=Mount)
    sensitivity_dbm: float = -97.0
    frequency_hz: float = 2.437e9
    seed: int = 0

    def level_dbm(self, broadcaster: Broadcaster, time_s: float) -> float:
        """Level without fading."""
        x_m, y_m, z_m = self.mount.to_module(broadcaster.sender_at(time_s))
        range_m = max(1.0, math.sqrt(x_m**2 + y_m**2 + z_m**2))
        return broadcaster.power_dbm - 20 * math.log10(4 * math.pi * range_m * self.frequency_hz / 299_792_458.0)

    def degrees(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Latitude and longitude of a place in the scene."""
        return degrees_of(self.lat_deg, self.lon_deg, x_m, y_m)


def broadcasters(targets: tuple[Target, ...]) -> tuple[Broadcaster, ...]:
    """Let every drone among some targets broadcast, with an address and a serial number made of its name.

    The serial number is one of ANSI/CTA-2063-A: four characters for the maker, one for the length (``F``: 15), the
    number itself.
    """
    return tuple(Broadcaster(target, *invented(target.name)) for target in targets if target.kind == "drone")


def invented(name: str) -> tuple[str, str]:
    """Give an address and a serial number made of a name."""
    digest = hashlib.sha256(name.encode()).digest()
    tail = "".join(SERIAL_LETTERS[byte % len(SERIAL_LETTERS)] for byte in digest[3:18])
    return ":".join(f"{byte:02x}" for byte in (0x02, 0, 0, *digest[:3])), f"1581F{tail}"


@dataclass(slots=True)
class _Slot:
    address: str
    rssi_dbm: int = 0
    uas_id: str = ""
    lat_deg: float = 0.0
    lon_deg: float = 0.0
    altitude_m: int = 0
    pilot_lat_deg: float = 0.0
    pilot_lon_deg: float = 0.0

    def line(self) -> bytes:
        """As its program formats it."""
        text = (
            f'{{"mac":"{self.address}","rssi":{self.rssi_dbm},"drone_lat":{self.lat_deg:.6f},'
            f'"drone_long":{self.lon_deg:.6f},"drone_altitude":{self.altitude_m},'
            f'"pilot_lat":{self.pilot_lat_deg:.6f},"pilot_long":{self.pilot_lon_deg:.6f},"basic_id":"{self.uas_id}"}}'
        )
        return text.encode("latin-1", "replace")[: LINE_BUFFER - 1] + b"\r\n"


class MeshMapperTwin(SimulatedModule):
    """drone-mesh-mapper on one channel.

    Parameters
    ----------
    view
        What it hears.
    """

    baud = 115_200
    period_s = QUARTER_S

    def __init__(self, view: RemoteIdView) -> None:
        self._view = view
        self._slots: list[_Slot] = []
        self._idle_s = 0.0

    def boot(self) -> bytes:
        """What the chip prints at reset; all forgotten."""
        self._slots = []
        self._idle_s = 0.0
        return b"ESP-ROM:esp32s3-20210327\r\n"

    def report(self, scene_s: float, uptime_s: float) -> bytes:
        """A line for each message of this quarter that is heard."""
        lines = b""
        if uptime_s - self._idle_s >= IDLE_S:
            self._idle_s = uptime_s
            lines += IDLE_LINE
        quarter = round(scene_s / QUARTER_S)
        rng = np.random.default_rng((self._view.seed, quarter))
        for number, broadcaster in enumerate(self._view.broadcasters):
            fading_db = FADING_DB * rng.standard_normal()
            kind = SCHEDULE[(quarter + 5 * number) % len(SCHEDULE)]
            level_dbm = self._view.level_dbm(broadcaster, scene_s) + fading_db
            if kind is not None and broadcaster.is_on(scene_s) and level_dbm >= self._view.sensitivity_dbm:
                lines += self._heard(broadcaster, kind, round(level_dbm), scene_s)
        return lines

    def command(self, data: bytes, uptime_s: float) -> bytes:  # noqa: ARG002 - it takes no commands
        """Nothing: it reads no commands."""
        return b""

    def _heard(self, broadcaster: Broadcaster, kind: str, rssi_dbm: int, scene_s: float) -> bytes:
        slot = next((slot for slot in self._slots if slot.address == broadcaster.address), None)
        if slot is None and len(self._slots) < SLOTS:
            slot = _Slot(broadcaster.address)
            self._slots.append(slot)
        elif slot is None:
            slot = self._slots[0]
            slot.address = broadcaster.address
        slot.rssi_dbm = rssi_dbm
        if kind == "basic":
            slot.uas_id = broadcaster.uas_id[:20]
        elif kind == "location":
            x_m, y_m, z_m = broadcaster.target.at(scene_s)
            slot.lat_deg, slot.lon_deg = self._view.degrees(x_m, y_m)
            slot.altitude_m = int(self._view.altitude_m + z_m)
        elif kind == "system" and broadcaster.pilot_m is not None:
            slot.pilot_lat_deg, slot.pilot_lon_deg = self._view.degrees(*broadcaster.pilot_m)
        return slot.line()
