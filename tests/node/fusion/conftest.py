"""A stage for the fusion: contacts made from first principles, not by the simulator's sensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from firmware_bridge.contacts import AircraftContact, CameraContact, RadarContact, RemoteIdContact
from node.fusion.frame import LocalFrame
from node.fusion.friends import FriendlyList
from node.fusion.fusion import Fusion
from node.fusion.picture import FusedChange, FusedTrack
from node.fusion.settings import FusionSettings, SensorMount
from node.tracking.track import Track, TrackChange

START_NS = 1_800_000_000_000_000_000
SECOND_NS = 1_000_000_000
PLACE = (45.5, 9.25, 120.0)
Way = Callable[[float], tuple[float, float, float]]
MOUNTS = (
    SensorMount("radar", reach_m=250.0, azimuth_half_deg=90.0, elevation_half_deg=60.0),
    SensorMount("camera"),
    SensorMount("rid", reach_m=800.0),
)


def at_ns(time_s: float) -> int:
    return START_NS + round(time_s * SECOND_NS)


def line(start: tuple[float, float, float], velocity: tuple[float, float, float]) -> Way:
    return lambda time_s: (
        start[0] + velocity[0] * time_s, start[1] + velocity[1] * time_s, start[2] + velocity[2] * time_s,
    )  # fmt: skip


@dataclass
class Stage:
    """Everything a test puts before the fusion, in steps of a tenth of a second."""

    fusion: Fusion
    seed: int = 1
    changes: list[FusedChange] = field(default_factory=list)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.frame = LocalFrame(*PLACE)

    def healthy(self, device: str, kind: str, *, healthy: bool = True) -> None:
        self.fusion.receiver_health(device, kind, healthy=healthy, time_ns=at_ns(self.now_s))

    def radar(self, way: Way, time_s: float, **changes: float | None) -> RadarContact:
        """Exact polar coordinates with errors, of a radar at the node that looks north."""
        (x, y, z), step = way(time_s), 1e-3
        x2, y2, z2 = way(time_s + step)
        range_m = math.sqrt(x * x + y * y + z * z)
        speed = (math.sqrt(x2 * x2 + y2 * y2 + z2 * z2) - range_m) / step
        noise = self.rng.standard_normal(4)
        told: dict[str, float | None] = {
            "range_m": range_m + 0.2 * noise[0],
            "azimuth_deg": math.degrees(math.atan2(x, y)) + 1.0 * noise[1],
            "elevation_deg": math.degrees(math.atan2(z, math.hypot(x, y))) + 1.5 * noise[2],
            "radial_speed_mps": speed + 0.1 * noise[3],
        }
        told.update(changes)
        return RadarContact(at_ns(time_s), "radar", **told)  # type: ignore[arg-type]

    def camera(self, way: Way, time_s: float, label: str | None = "drone") -> CameraContact:
        x, y, z = way(time_s)
        noise = self.rng.standard_normal(2)
        return CameraContact(
            at_ns(time_s), "camera", label=label, confidence=0.8,
            azimuth_deg=math.degrees(math.atan2(x, y)) + 0.5 * noise[0],
            elevation_deg=math.degrees(math.atan2(z, math.hypot(x, y))) + 0.5 * noise[1],
            azimuth_error_deg=0.7, elevation_error_deg=0.7,
        )  # fmt: skip

    def remote_id(
        self, way: Way, time_s: float, uas_id: str | None = "1581F45TB21CP0000XYZ", **changes: object
    ) -> RemoteIdContact:
        x, y, z = way(time_s)
        lat_deg, lon_deg, altitude_m = self.frame.degrees(x, y, z)
        range_m = max(1.0, math.sqrt(x * x + y * y + z * z))
        told: dict[str, object] = {
            "transmitter": "60:60:1f:00:00:01", "rssi_dbm": -26.0 - 20 * math.log10(range_m), "uas_id": uas_id,
            "id_type": "serial", "lat_deg": lat_deg, "lon_deg": lon_deg, "altitude_m": altitude_m,
        }  # fmt: skip
        told.update(changes)
        return RemoteIdContact(at_ns(time_s), "rid", **told)  # type: ignore[arg-type]

    def aircraft(self, way: Way, time_s: float) -> AircraftContact:
        x, y, z = way(time_s)
        x2, y2, _ = way(time_s + 1.0)
        lat_deg, lon_deg, altitude_m = self.frame.degrees(x, y, z)
        return AircraftContact(
            at_ns(time_s), "adsb", icao_address=0x3C6588, callsign="DEABC", lat_deg=lat_deg, lon_deg=lon_deg,
            altitude_m=altitude_m, altitude_is_pressure=False, speed_mps=math.hypot(x2 - x, y2 - y),
            track_deg=math.degrees(math.atan2(x2 - x, y2 - y)) % 360.0,
        )  # fmt: skip

    def link(
        self,
        kind: str,
        time_s: float,
        *,
        snr_db: float = 20.0,
        family: str = "drone-video",
        name: str = "V",
        first_s: float = 0.0,
    ) -> TrackChange:
        label = {"drone-video": "analog-video", "drone-control": "expresslrs", "non-drone": "lorawan"}[family]
        track = Track(
            track_id=f"01K5SAMP{name:0>18}", state="confirmed", first_ns=at_ns(first_s), last_ns=at_ns(time_s),
            label=label, family=family, mode=None, confidence=0.9, top=((label, 0.9),), centre_hz=1.28e9,  # type: ignore[arg-type]
            offset_hz=0.0, bandwidth_hz=6e6, snr_db=snr_db, peak_dbfs=-30.0, channels_hz=(1.28e9,), hop_rate_hz=None,
            duty=1.0, bursts=50, model=None, radio=("dongle",), evidence=("test",),
        )  # fmt: skip
        reason = "lost" if kind == "end" else None
        return TrackChange(kind, track, at_ns(time_s), reason)  # type: ignore[arg-type]

    def play(self, seconds: float, each: Callable[[float], list[object]]) -> list[FusedChange]:
        """Give what ``each`` makes of every tenth of a second; the changes of this stretch."""
        found: list[FusedChange] = []
        for _ in range(round(10 * seconds)):
            self.now_s = round(self.now_s + 0.1, 6)
            for thing in each(self.now_s):
                if isinstance(thing, TrackChange):
                    self.fusion.observe_rf(thing)
                else:
                    self.fusion.observe_contact(thing)  # type: ignore[arg-type]
            found += self.fusion.advance(at_ns(self.now_s))
        self.changes += found
        return found

    def alive(self) -> list[FusedTrack]:
        """Tracks of the picture as last told, without those that ended and without radio tracks."""
        last: dict[str, FusedChange] = {}
        for change in self.changes:
            if change.track.kind != "rf_emission":
                last[change.track.track_id] = change
        return [change.track for change in last.values() if change.kind != "end"]

    def only(self) -> FusedTrack:
        (track,) = self.alive()
        return track


@pytest.fixture
def stage() -> Stage:
    return Stage(Fusion(FusionSettings(mounts=MOUNTS), PLACE, "test"))


@pytest.fixture
def make_stage() -> Callable[..., Stage]:
    def make(friends: FriendlyList | None = None, seed: int = 1, **settings: float) -> Stage:
        return Stage(Fusion(FusionSettings(mounts=MOUNTS, **settings), PLACE, "test", friends), seed)  # type: ignore[arg-type]

    return make


@pytest.fixture
def straight() -> Callable[[tuple[float, float, float], tuple[float, float, float]], Way]:
    return line


def whole(time_s: float) -> bool:
    """Whether it is a whole second."""
    return abs(time_s - round(time_s)) < 1e-6


@pytest.fixture
def each_second() -> Callable[[float], bool]:
    return whole
