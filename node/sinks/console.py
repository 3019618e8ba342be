"""Messages as rows of a table, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

from node.messages import Message, TrackMessage
from node.sinks import SinkClosed, SinkStatus
from node.sinks.streams import abandon

HEADER_EVERY = 40
"""Rows between two headers: about one screen."""
ROW = (
    "{time:<12}  {state:<8}  {label:<16}  {mode:<10}  {family:<16}  "
    "{mhz:>10}  {snr:>6}  {confidence:>5}  {where:<11}  {level:<8}  {sensors}"
)
TITLES = ROW.format(
    time="time (UTC)",
    state="state",
    label="label",
    mode="mode",
    family="family",
    mhz="MHz",
    snr="SNR dB",
    confidence="conf.",
    where="where",
    level="level",
    sensors="noticed by",
)


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """A table on the screen.

    Parameters
    ----------
    updates
        Whether tracks that only go on have rows too.
    non_drone
        Whether what is no drone has rows.
    """

    updates: bool = True
    non_drone: bool = True


class ConsoleSink:
    """Writes track messages as rows of a table, with its header now and then; other messages have none.

    Parameters
    ----------
    stream
        Where to write; not closed.
    settings
        Which rows to write.
    """

    def __init__(self, stream: TextIO, settings: ConsoleSettings | None = None) -> None:
        self._stream = stream
        self._settings = settings or ConsoleSettings()
        self._rows = 0
        self._dropped = 0
        self._error: str | None = None
        self._closed = False

    @property
    def status(self) -> SinkStatus:
        """How it is doing."""
        return SinkStatus("console", not self._closed and self._error is None, 0, self._dropped, self._error)

    def publish(self, message: Message) -> None:
        """Write the row of a track message.

        Raises
        ------
        SinkClosed
            If the terminal or pipe has gone.
        """
        if self._closed:
            raise SinkClosed("the console was closed")
        if not isinstance(message, TrackMessage) or not self._wanted(message):
            return
        header = f"{TITLES}\n" if self._rows % HEADER_EVERY == 0 else ""
        try:
            self._stream.write(header + row(message) + "\n")
            self._stream.flush()
        except (BrokenPipeError, ConnectionResetError) as error:
            self._closed = True
            abandon(self._stream)
            raise SinkClosed("whoever read the table has gone") from error
        except OSError as error:
            self._dropped += 1
            self._error = f"console: {error.strerror or error}"
        else:
            self._rows += 1
            self._error = None

    def close(self) -> None:
        """Write no more; the stream stays open."""
        self._closed = True

    def _wanted(self, message: TrackMessage) -> bool:
        if message.event == "update" and not self._settings.updates:
            return False
        return self._settings.non_drone or message.classification.family != "non-drone"


def row(message: TrackMessage) -> str:
    """One row: when, what, where and how sure; ``-`` for what is not known, an offset with its sign.

    A track of the picture that no radio heard has its kind of object in place of a label, and its kind of track in
    place of a family; what stands out about its identity is its mode.
    """
    kind, rf = message.classification, message.rf
    mhz = "-"
    if rf is not None and rf.center_hz is not None:
        mhz = f"{rf.center_hz / 1e6:.3f}"
    elif rf is not None and rf.offset_hz is not None:
        mhz = f"{rf.offset_hz / 1e6:+.3f}"
    seen, identity = message.object if rf is None else None, message.identity
    of_identity = standing(identity.affiliation, dark=identity.dark, spoof_suspect=identity.spoof_suspect)
    return ROW.format(
        time=message.ts[11:23],
        state=message.end_reason or message.event,
        label=kind.label if seen is None else seen.type,
        mode=kind.mode or "-" if seen is None else of_identity,
        family=kind.family if seen is None else message.kind,
        mhz=mhz,
        snr="-" if rf is None or rf.snr_db is None else f"{rf.snr_db:.1f}",
        confidence=f"{kind.confidence if seen is None else seen.confidence:.2f}",
        where=where(message.range_m, message.bearing_deg),
        level=message.severity.level,
        sensors=",".join(message.sensors) or "-",
    ).rstrip()


def standing(affiliation: str, *, dark: bool | None, spoof_suspect: bool | None) -> str:
    """What stands out about an identity."""
    if spoof_suspect:
        return "spoof?"
    if affiliation != "unknown":
        return affiliation
    return "dark" if dark else "-"


def where(range_m: float | None, bearing_deg: float | None) -> str:
    """Distance and bearing from the node."""
    distance = "" if range_m is None else f"{range_m:.0f} m"
    bearing = "" if bearing_deg is None else f"{bearing_deg:03.0f}\N{DEGREE SIGN}"
    return f"{distance} {bearing}".strip() or "-"
