"""Messages to an MQTT broker, through breaks of the connection and restarts of either side."""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from contextlib import suppress
from random import SystemRandom

from node.commands import CommandInbox, CommandReader, Speaker
from node.messages import Message, NodeIdentity, StatusMessage, to_json
from node.sinks import SinkClosed, SinkStatus
from node.sinks.mqtt_commands import CommandIntake
from node.sinks.mqtt_connection import Connected, Lost, MqttConnection, MqttUnavailable, Publication
from node.sinks.mqtt_faults import describe_no_greeting
from node.sinks.mqtt_outbox import Outbox
from node.sinks.mqtt_session import FAREWELL_S, MqttSession, Refusals
from node.sinks.mqtt_settings import MqttSettings
from node.sinks.mqtt_topics import STATUS, Topics

log = logging.getLogger(__name__)

STEP_S = 1.0
"""Longest wait for traffic: keep-alive needs a look now and then."""
CLOSING_STEP_S = 0.1
STEADY_S = 10.0
"""A connection that lived so long was a good one: the next break begins with the shortest wait again."""
SUSPICIOUS_BREAKS = 3
"""Short-lived connections in a row that are no accident: brokers cut one of two clients with one identifier."""
LAST_ATTEMPTS = 2
"""Attempts to connect while closing."""


class MqttSink:
    """Publishes messages with quality of service 1 and keeps them while the broker is away.

    Topics below ``{base}/{site}/{name}/``: ``event`` has every track message, not retained; ``track/{id}`` the latest
    state of a live track, retained, cleared when it ends; ``alert/{id}`` that of an active alert, its end not retained;
    ``status`` (with last will), ``info`` and ``health`` are retained. After every connect status, info and the states
    of live tracks and active alerts are published anew and what the broker still retains of those that are over is
    cleared; events that waited follow in their order, flagged ``backfill``. An event may arrive twice: de-duplicate by
    ``(node_id, boot_id, seq)``. ``cmd/{verb}`` is answered at ``rsp/{verb}``.

    Parameters
    ----------
    settings
        The broker.
    node
        Who speaks; part of the topics.
    last_will
        What the broker says when the node is gone without a word; its state is ``offline``.
    commands
        Takes what clients ask for at ``cmd/{verb}``, as far as the settings allow it; None: they cannot ask.
    """

    def __init__(
        self,
        settings: MqttSettings,
        node: NodeIdentity,
        last_will: StatusMessage,
        commands: CommandInbox | None = None,
    ) -> None:
        self._settings = settings
        self._topics = Topics(settings.base, node.site, node.name)
        self._client_id = settings.client_id or f"skypicket-{node.site}-{node.name}"
        self._last_will = last_will
        self._outbox = Outbox(settings)
        self._refusals = Refusals()
        self._intake: CommandIntake | None = None
        if commands is not None and settings.commands:
            speaker = Speaker(last_will.node_id, last_will.boot_id)
            reader = CommandReader(speaker, settings.commands, commands)
            self._intake = CommandIntake(self._topics, reader, self._outbox, self._wake)
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.settimeout(0.0)
        self._lock = threading.Lock()
        self._connected = False
        self._error: str | None = None
        self._logged: str | None = None
        self._failures = 0
        self._short = 0
        self._close_by_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._thread.start()

    @property
    def status(self) -> SinkStatus:
        """How it is doing; ``queued`` and ``dropped`` count events."""
        return SinkStatus(
            f"mqtt {self._settings.address}",
            self._connected,
            self._outbox.waiting,
            self._outbox.dropped + self._refusals.given_up,
            self._error or self._refusals.text or self._outbox.spool.error,
        )

    def publish(self, message: Message) -> None:
        """Take a message; returns at once.

        Raises
        ------
        SinkClosed
            After ``close``.
        """
        if self._closing:
            raise SinkClosed("the MQTT sink was closed")
        self._outbox.put(message)
        self._wake()

    def close(self) -> None:
        """Deliver what waits for at most ``drain_s``, say ``stopped``, and disconnect."""
        settings = self._settings
        with self._lock:
            if self._close_by_s is not None:
                return
            self._close_by_s = time.monotonic() + settings.drain_s
        self._wake()
        self._thread.join(settings.drain_s + settings.connect_timeout_s + 2 * FAREWELL_S)
        left = self._outbox.waiting
        if left and self._outbox.spool.on_disk:
            log.warning("%s: %d events wait in %s for the next start", settings.address, left, settings.spool)
        elif left:
            log.error("%s: %d events are lost with the process; set mqtt.spool to keep them", settings.address, left)

    @property
    def _closing(self) -> bool:
        return self._close_by_s is not None

    def _wake(self) -> None:
        with suppress(OSError):  # full: the thread is awake anyway; closed: it has ended
            self._wake_in.send(b"w")

    # --- the sender's thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        attempts = 0
        try:
            while attempts < LAST_ATTEMPTS:
                attempts += self._closing
                if self._connect_and_serve():
                    break
                self._connected = False
                self._rest()
        finally:
            self._connected = False
            self._outbox.take_in()
            self._outbox.spool.close()
            self._wake_out.close()
            self._wake_in.close()

    def _connect_and_serve(self) -> bool:
        """One connection from its attempt to its end; whether goodbye was said."""
        session: MqttSession | None = None
        try:
            session = self._connect()
            done = session is not None and self._serve(session)
        except Exception:
            log.exception("%s: an error of ours; connecting anew", self._settings.address)
            done = False
            if session is not None:
                session.lose()
        if session is not None and time.monotonic() - session.since_s >= STEADY_S:
            self._failures = 0
        return done

    def _rest(self) -> None:
        """Wait for the next attempt: doubled each time, half of it by chance, and ended by ``close``."""
        settings = self._settings
        longest_s = min(settings.reconnect_max_s, settings.reconnect_min_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        until_s = time.monotonic() + longest_s * SystemRandom().uniform(0.5, 1.0)
        while not self._closing and (left_s := until_s - time.monotonic()) > 0:
            self._outbox.take_in()
            if select.select([self._wake_out], [], [], left_s)[0]:
                self._wake_out.recv(4096)

    def _connect(self) -> MqttSession | None:
        """Connect and wait for the broker's answer; None if there is none."""
        settings = self._settings
        will = Publication(
            self._topics.full(STATUS), to_json(self._last_will), self._last_will.schema_name, qos=1, retain=True
        )
        try:
            connection = MqttConnection(settings, self._client_id, will)
            connection.open()
        except MqttUnavailable as error:
            self._fail(str(error))
            return None
        give_up_s = time.monotonic() + settings.connect_timeout_s
        while (left_s := give_up_s - time.monotonic()) > 0:
            for event in connection.step(min(left_s, STEP_S), self._wake_out):
                if isinstance(event, Connected):
                    self._error, self._logged = None, None
                    session = MqttSession(
                        connection,
                        event,
                        settings,
                        self._topics,
                        self._outbox,
                        self._refusals,
                        self._intake,
                    )
                    self._connected = True
                    log.info("%s: connected, %d events wait", settings.address, self._outbox.waiting)
                    return session
                if isinstance(event, Lost):
                    self._fail(event.text)
                    connection.abort()
                    return None
            self._outbox.take_in()
        connection.abort()
        self._fail(describe_no_greeting(settings))
        return None

    def _serve(self, session: MqttSession) -> bool:
        """Send and listen until the connection is lost, or until goodbye is said, which gives True."""
        while True:
            for event in session.connection.step(CLOSING_STEP_S if self._closing else STEP_S, self._wake_out):
                if isinstance(event, Lost):
                    session.lose()
                    self._fail(event.text + self._suspicion(session))
                    return False
                session.hear(event)
            self._outbox.take_in()
            session.send()
            close_by_s = self._close_by_s
            if close_by_s is not None and session.say_goodbye(self._last_will, at_once=time.monotonic() >= close_by_s):
                return True

    def _suspicion(self, session: MqttSession) -> str:
        """What a connection that was lost soon after it was made, again and again, points to."""
        self._short = self._short + 1 if time.monotonic() - session.since_s < STEADY_S else 0
        if self._short < SUSPICIOUS_BREAKS:
            return ""
        return f", again soon after connecting; does another client use the same client identifier {self._client_id}?"

    def _fail(self, text: str) -> None:
        """Say why there is no connection, once for each reason."""
        self._error = text
        if text != self._logged:
            self._logged = text
            log.error("%s; %d events wait, it is tried again", text, self._outbox.waiting)
