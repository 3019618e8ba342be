"""TI mmWave radars (IWR/AWR 1443, 1642, 1843, 6843): data port of the demos, points and tracks.

921600 baud 8N1, binary, one way; ``ti_layouts`` has the packets, ``ti_payloads`` the contents, ``ti_config`` the other
port, which must start the radar. Payloads have no checksum: packets must hang together and values be plausible.

Contacts carry the time their packet was built, where its header tells (``ti_clock``), else that of its arrival.

All demos share the magic word, and the same TLV number means different things in each, so the firmware should be named
(``firmware``). ``auto`` tells apart what can be told safely: the people-counting labs by the checksum of their header,
the out-of-box demos by the SDK version in theirs.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from firmware_bridge.contacts import RadarContact
from firmware_bridge.drivers import FramedDriver
from firmware_bridge.framing import IMPOSSIBLE, NEED_MORE
from firmware_bridge.geometry import polar_from_xy, polar_from_xyz
from firmware_bridge.module import Device, PortDefaults
from firmware_bridge.radar import ti_layouts as layouts
from firmware_bridge.radar import ti_payloads as payloads
from firmware_bridge.radar.ti_clock import CycleClock
from firmware_bridge.radar.ti_layouts import MAGIC, Layout

POINTS, SIDE_INFORMATION, PEOPLE_POINTS, PEOPLE_TRACKS = 1, 7, 6, 7
CARRIAGE_RETURN, NEW_LINE = 0x0D, 0x0A
"""A frame number that ends with the second where the first is due was read through a port that replaces it."""
MOST_MISSED = 1000
"""Frame numbers that may be missing between two packets; a bigger step is a damaged number or a reboot."""


@dataclass(frozen=True, slots=True)
class TiMmwaveSettings:
    """Settings of a TI mmWave radar.

    Parameters
    ----------
    name
        Name of the radar.
    firmware
        ``auto``, ``oob-sdk3``, ``oob-sdk2``, ``oob-sdk1``, ``area-scanner``, ``people-3d`` or ``people-2d``.
    doppler_step_mps
        Metres a second of one Doppler bin; SDK 1 and 2 send bins alone, so without it speed is unknown.
    min_snr_db
        Points weaker are refused; None takes all, also those without a figure.
    max_range_m, max_speed_mps
        Contacts beyond are refused. The chips measure up to 300 m with the longest configuration.
    """

    name: str = "ti-mmwave"
    firmware: str = "auto"
    doppler_step_mps: float | None = None
    min_snr_db: float | None = None
    max_range_m: float = 300.0
    max_speed_mps: float = 100.0

    def __post_init__(self) -> None:
        """Check the gates."""
        if self.firmware not in {"auto", *layouts.LAYOUTS}:
            raise ValueError(f"firmware must be auto, {', '.join(layouts.LAYOUTS)}, not {self.firmware!r}")
        if self.doppler_step_mps is not None and not self.doppler_step_mps > 0:
            raise ValueError(f"doppler_step_mps must be above 0, not {self.doppler_step_mps}")
        for key in ("max_range_m", "max_speed_mps"):
            if not getattr(self, key) > 0:
                raise ValueError(f"{key} must be above 0, not {getattr(self, key)}")

    def make(self) -> TiMmwave:
        """Build the driver."""
        return TiMmwave(self)


class TiMmwave(FramedDriver):
    """Driver of the data port."""

    def __init__(self, settings: TiMmwaveSettings) -> None:
        self._settings = settings
        self._fixed = None if settings.firmware == "auto" else layouts.LAYOUTS[settings.firmware]
        super().__init__(re.compile(re.escape(MAGIC)), len(MAGIC), layouts.LONGEST_PACKET, self._measure)
        self._frame: int | None = None
        self._odd_frame: int | None = None
        self._clock = CycleClock()
        self._stamp_ns = 0

    def greeting(self) -> bytes:
        """Nothing: the data port does not listen."""
        self._framer.reset()
        self._clock.reset()
        return b""

    def _measure(self, buffer: bytearray, start: int) -> int:
        length = self._declared(buffer, start)
        if length <= 0:
            return length
        # The next packet ends this one, whatever its header declares: a damaged length must not make it wait for more.
        at = buffer.find(MAGIC, start + len(MAGIC), start + length + len(MAGIC) - 1)
        while at >= 0:
            inner = self._declared(buffer, at)
            if inner != IMPOSSIBLE and layouts.same_version(buffer, start, at):
                return at - start if inner > 0 else NEED_MORE
            at = buffer.find(MAGIC, at + 1, start + length + len(MAGIC) - 1)
        return length if length > len(buffer) - start or not layouts.may_be_cut(buffer, start + length) else NEED_MORE

    def _declared(self, buffer: bytearray, start: int) -> int:
        if self._fixed is not None:
            return layouts.declared_length(buffer, start, self._fixed)
        if len(buffer) - start < layouts.SHORTEST_HEADER:
            return NEED_MORE
        length = layouts.declared_length(buffer, start, layouts.OOB_SDK1)
        return length if length != IMPOSSIBLE else layouts.declared_length(buffer, start, layouts.PEOPLE_2D)

    def _accept(self, packet: bytes) -> int:
        for layout in self._candidates(packet):
            declared = layouts.declared_length(packet, 0, layout)
            if declared < len(packet):
                continue
            if not layouts.header_checks(packet, layout):
                self._counters.crc_errors += layout.checksum and layout is self._fixed
                continue
            found = layouts.walk(packet, layout, declared)
            if found is None:
                continue
            tlvs, end = found
            used = layouts.cut_short(packet, end)
            if used == 0 or not self._read(packet, layout, tlvs):
                continue
            self._counters.resyncs += used < declared
            self._count_frame(layouts.frame_number(packet, layout))
            self._counters.frames += 1
            return used
        return 0

    def _candidates(self, packet: bytes) -> tuple[Layout, ...]:
        if self._fixed is not None:
            return (self._fixed,)
        if len(packet) < layouts.SHORTEST_HEADER:
            return ()
        major = packet[11]
        if major >= 3:
            oob: tuple[Layout, ...] = (layouts.OOB_SDK3,)
        elif int.from_bytes(packet[16:20], "little") == layouts.XWR14 and major == 1:
            oob = (layouts.OOB_SDK1, layouts.OOB_SDK2)
        else:
            oob = (layouts.OOB_SDK2, layouts.OOB_SDK1)
        return (layouts.PEOPLE_3D, layouts.PEOPLE_2D, *oob)

    def _count_frame(self, number: int) -> None:
        last = self._frame
        if (
            last is not None
            and (last + 1) & 0xFF == CARRIAGE_RETURN
            and number == last + 1 - CARRIAGE_RETURN + NEW_LINE
        ):
            self._counters.translated += 1
            number = last + 1
        if last is None or last <= number <= last + MOST_MISSED:
            self._counters.gaps += 0 if last is None else max(0, number - last - 1)
            self._frame, self._odd_frame = number, None
        elif self._odd_frame is not None and number == self._odd_frame + 1:
            self._counters.reboots += 1
            self._frame, self._odd_frame = number, None
        else:
            self._odd_frame = number

    def _read(self, packet: bytes, layout: Layout, tlvs: layouts.Tlvs) -> bool:
        """Read all TLVs; false when one cannot be what its number says."""
        view = memoryview(packet)
        found: list[payloads.Found] = []
        ratios_db: list[float] = []
        for kind, start, length in tlvs:
            payload = view[start : start + length]
            rows: list[payloads.Found] | None = []
            if kind in payloads.READERS_3D:
                rows = payloads.READERS_3D[kind](payload)
            elif layout is layouts.PEOPLE_3D and kind in {PEOPLE_POINTS, PEOPLE_TRACKS}:
                rows = payloads.spherical_points(payload) if kind == PEOPLE_POINTS else payloads.tracks_3d(payload)
            elif layout is layouts.PEOPLE_2D and kind in {PEOPLE_POINTS, PEOPLE_TRACKS}:
                rows = payloads.polar_points(payload) if kind == PEOPLE_POINTS else payloads.tracks_2d(payload)
            elif layout in {layouts.OOB_SDK1, layouts.OOB_SDK2} and kind == POINTS:
                rows = payloads.q_points(payload, self._settings.doppler_step_mps)
            elif layout in {layouts.OOB_SDK3, layouts.AREA_SCANNER} and kind == POINTS:
                rows = list(payloads.points(payload)) if length % payloads.POINT.size == 0 else None
            elif layout in {layouts.OOB_SDK3, layouts.AREA_SCANNER} and kind == SIDE_INFORMATION:
                if length % payloads.SIDE.size:
                    return False
                ratios_db = payloads.side_information_db(payload)
            if rows is None:
                return False
            found += rows
        if len(ratios_db) == len(found):
            found = [replace(one, snr_db=snr_db) for one, snr_db in zip(found, ratios_db, strict=True)]
        cycles = layouts.cycle_count(packet, layout)
        self._stamp_ns = self._time_ns if cycles is None else self._clock.observe(cycles, self._time_ns)
        for one in found:
            self._report(one)
        return True

    def _report(self, found: payloads.Found) -> None:
        settings = self._settings
        x_m, y_m, z_m, speed_mps = found.x_m, found.y_m, found.z_m, found.radial_speed_mps
        velocity_mps = found.velocity_mps or (None, None, None)
        values = [value for value in (x_m, y_m, z_m, speed_mps, *velocity_mps) if value is not None]
        plausible = all(map(math.isfinite, values))
        if plausible:
            elevation_deg: float | None = None
            if z_m is None:
                range_m, azimuth_deg = polar_from_xy(x_m, y_m)
            else:
                range_m, azimuth_deg, elevation_deg = polar_from_xyz(x_m, y_m, z_m)
            fastest_mps = max((abs(v) for v in (speed_mps, *velocity_mps) if v is not None), default=0.0)
            weak = settings.min_snr_db is not None and found.snr_db is not None and found.snr_db < settings.min_snr_db
            plausible = 0 < range_m <= settings.max_range_m and fastest_mps <= settings.max_speed_mps and not weak
        if not plausible:
            self._counters.refused += 1
            return
        vx_mps, vy_mps, vz_mps = velocity_mps
        self._contacts.append(
            RadarContact(
                time_ns=self._stamp_ns,
                device=settings.name,
                range_m=range_m,
                azimuth_deg=azimuth_deg,
                elevation_deg=elevation_deg,
                radial_speed_mps=speed_mps,
                x_m=x_m,
                y_m=y_m,
                z_m=z_m,
                vx_mps=vx_mps,
                vy_mps=vy_mps,
                vz_mps=vz_mps,
                snr_db=found.snr_db,
                magnitude=found.magnitude,
                track_no=found.track_no,
                confidence=found.confidence,
                covariance=found.covariance,
            )
        )


DEVICE = Device("ti-mmwave", "TI mmWave, data port", TiMmwaveSettings, PortDefaults(baud=921600, silence_s=5.0))
