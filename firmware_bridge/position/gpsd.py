r"""gpsd: JSON lines over TCP port 2947, one object a line, its kind in ``class`` [1]_.

``?WATCH={"enable":true,"json":true,"pps":true};`` starts reports: ``TPV`` position, ``SKY`` satellites, ``TOFF`` and
``PPS`` the receiver's time against gpsd's clock. A gpsd without a receiver answers and then says nothing, so it is
polled: what answers is alive.

The port is ``socket://HOST:2947``; connecting, time limits and coming back are the link's.

References
----------
.. [1] gpsd, ``gpsd_json(5)``, protocol 3.14.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from firmware_bridge.contacts import Contact, PositionFix
from firmware_bridge.drivers import LineDriver
from firmware_bridge.json_text import Implausible, JsonObject, as_object, number, parse, position, text, within
from firmware_bridge.module import Device, PortDefaults
from firmware_bridge.position.clock_offset import OffsetEstimate, plausible

LONGEST_LINE = 65_536
"""Bytes; a SKY of 140 satellites has about 16 kB."""
WATCH = b'?WATCH={"enable":true,"json":true,"pps":true};\n'
POLL = b"?POLL;\n"
POLL_AFTER_NS = 5_000_000_000
"""Silence after which gpsd is asked whether it is alive."""
SILENCE_S = 20.0
"""Silence after which the connection is opened again: three polls without an answer."""
DEVICE_LOST_NS = 5_000_000_000
"""Silence of the receiver in use after which another one's positions are taken."""
SIGMA_PER_EPH = 1 / 2.448
"""``eph`` bounds the horizontal error with 95 % (gpsd, ``GPSD_CONFIDENCE``): 2.448 standard deviations of one axis of a
circular normal error."""
NO_RECEIVER = "gpsd has no receiver: plug it in, and name it in /etc/default/gpsd"
NO_FIX = "the receiver has no fix: check its antenna and its view of the sky"
_FIXES = {1: "none", 2: "2d", 3: "3d"}


@dataclass(frozen=True, slots=True)
class GpsdSettings:
    """Settings of a receiver behind gpsd.

    Parameters
    ----------
    name
        Name of the receiver in the configuration.
    receiver
        gpsd's path of the receiver to use (``/dev/ttyACM0``) where it has several. None: the one with the best fix.
    """

    name: str = "gpsd"
    receiver: str | None = None

    def make(self) -> Gpsd:
        """Build the driver."""
        return Gpsd(self)


def parse_time_ns(value: object) -> int | None:
    """Return Unix nanoseconds of an ISO 8601 time in UTC, or of a number of seconds; None for anything else."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value[:40])
            since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        except (ValueError, OverflowError, TypeError):  # TypeError: without a zone
            return None
        return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
    seconds = number(value)
    return round(seconds * 1e9) if seconds is not None and abs(seconds) < 1e11 else None


class Gpsd(LineDriver):
    """Reads a receiver through gpsd; ``fault`` is for health.

    Parameters
    ----------
    settings
        Which receiver.
    """

    def __init__(self, settings: GpsdSettings) -> None:
        super().__init__(LONGEST_LINE)
        self._settings = settings
        self._heard_ns: int | None = None
        self._receiver: str | None = None
        self._receiver_ns = 0
        self._receiver_mode = 0
        self._satellites: int | None = None
        self._offset = OffsetEstimate()
        self.fault: str | None = None

    def greeting(self) -> bytes:
        """Ask for reports; forgets half a line."""
        self._lines.reset()
        self._heard_ns = None
        self._receiver = None
        self._satellites = None
        return WATCH

    def feed(self, data: bytes, time_ns: int) -> list[Contact]:
        """Read bytes."""
        self._heard_ns = time_ns
        return super().feed(data, time_ns)

    def requests(self, time_ns: int) -> bytes:
        """Ask for a sign of life after silence."""
        if self._heard_ns is None:
            self._heard_ns = time_ns
        if time_ns - self._heard_ns < POLL_AFTER_NS:
            return b""
        self._heard_ns = time_ns
        return POLL

    def _read(self, line: bytes, time_ns: int) -> list[Contact]:
        report = as_object(parse(line))
        if report is None or not isinstance(kind := report.get("class"), str):
            self._lines.refused(line)
            return []
        self._lines.accepted()
        if (kind == "DEVICES" and report.get("devices") == []) or (kind == "POLL" and report.get("active") == 0):
            self.fault = NO_RECEIVER
        elif kind == "SKY" and self._concerns(report):
            self._read_sky(report)
        elif kind in {"TOFF", "PPS"} and self._concerns(report):
            self._read_clocks(report, by_pulse=kind == "PPS")
        elif kind == "TPV" and self._choose(report, time_ns):
            try:
                fix = self._fix(report, time_ns)
            except Implausible:
                self._counters.refused += 1
                return []
            self._counters.contacts += 1
            self.fault = NO_FIX if fix.fix == "none" else None
            return [fix]
        return []

    def _concerns(self, report: JsonObject) -> bool:
        receiver = text(report.get("device"))
        wanted = self._settings.receiver or self._receiver
        return receiver is None or wanted is None or receiver == wanted

    def _choose(self, report: JsonObject, time_ns: int) -> bool:
        """Whether a position is that of the receiver to use."""
        receiver = text(report.get("device"))
        if self._settings.receiver is not None:
            return receiver == self._settings.receiver
        mode = int(within(report.get("mode"), 0, 3) or 0)
        in_use = receiver == self._receiver or self._receiver is None
        if not in_use and mode <= self._receiver_mode and abs(time_ns - self._receiver_ns) < DEVICE_LOST_NS:
            return False
        if not in_use:
            self._satellites = None
            self._offset.clear()
        self._receiver, self._receiver_ns, self._receiver_mode = receiver, time_ns, mode
        return True

    def _read_sky(self, report: JsonObject) -> None:
        used = within(report.get("uSat"), 0, 200)
        satellites = report.get("satellites")
        if used is None and isinstance(satellites, list):
            used = sum(1 for item in satellites[:200] if (as_object(item) or {}).get("used") is True)
        if used is not None:
            self._satellites = int(used)

    def _read_clocks(self, report: JsonObject, *, by_pulse: bool) -> None:
        times = [number(report.get(f"{clock}_{unit}")) for clock in ("real", "clock") for unit in ("sec", "nsec")]
        real_s, real_ns, clock_s, clock_ns = times
        if real_s is None or real_ns is None or clock_s is None or clock_ns is None:
            return
        if not plausible(round(real_s) * 1_000_000_000):
            self._counters.refused += 1
            return
        self._offset.take(clock_s - real_s + (clock_ns - real_ns) * 1e-9, by_pulse=by_pulse)

    def _fix(self, report: JsonObject, time_ns: int) -> PositionFix:
        mode = int(within(report.get("mode"), 0, 3) or 0)
        gnss_ns = parse_time_ns(report.get("time"))
        if gnss_ns is not None and not plausible(gnss_ns):
            self._counters.refused += 1
            gnss_ns = None
        name = self._settings.name
        if mode < 2:
            return PositionFix(time_ns, name, satellites=self._satellites, fix="none")
        if gnss_ns is not None:
            self._offset.take((time_ns - gnss_ns) * 1e-9, by_pulse=False)
        latitude_deg, longitude_deg = position(report.get("lat"), report.get("lon"))
        altitude_m = within(report.get("altHAE", report.get("alt")), -1_000.0, 100_000.0) if mode == 3 else None
        error_m = within(report.get("eph"), 0.0, 1e7)
        if error_m is None:
            sides = [within(report.get(key), 0.0, 1e7) for key in ("epx", "epy")]
            known = [side for side in sides if side is not None]
            error_m = max(known) * 2**0.5 if known else None
        offset = self._offset.value
        return PositionFix(
            time_ns,
            name,
            latitude_deg,
            longitude_deg,
            altitude_m,
            error_m * SIGMA_PER_EPH if error_m is not None else None,
            satellites=self._satellites,
            fix=_FIXES[mode] if latitude_deg is not None else "none",
            gnss_time_ns=gnss_ns,
            clock_offset_s=offset.offset_s if offset else None,
            clock_offset_error_s=offset.error_s if offset else None,
        )


DEVICE = Device(
    "gpsd",
    "GNSS receiver through gpsd (socket://localhost:2947)",
    GpsdSettings,
    PortDefaults(115_200, paced=False, silence_s=SILENCE_S),
)
