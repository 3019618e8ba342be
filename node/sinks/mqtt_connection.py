"""One connection to an MQTT broker, driven by one thread. The only file that imports paho."""

from __future__ import annotations

import select
import socket
import ssl
from contextlib import suppress
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, LogLevel
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from node.sinks.mqtt_credentials import encryption, read_password
from node.sinks.mqtt_events import Acknowledged, Arrived, Connected, Event, Lost, Publication, Subscribed
from node.sinks.mqtt_faults import (
    REASONS_311,
    MqttUnavailable,
    describe_error,
    describe_reason,
    describe_refusal,
    describe_silence,
)
from node.sinks.mqtt_settings import MqttSettings

__all__ = [
    "Acknowledged",
    "Arrived",
    "Connected",
    "Event",
    "Lost",
    "MqttConnection",
    "MqttUnavailable",
    "Publication",
    "Subscribed",
]

CONTENT_TYPE = "application/json"
FAILURE = 128
"""Reason codes from here on are refusals (MQTT 5.0, section 2.4)."""
SILENT = 141
"""Reason code of a keep-alive time that ran out, which paho gives for our own finding too."""
SESSION_OVER_WILL_S = 30
"""The broker remembers the session this much longer than it holds the will back: a delayed will needs a session."""
LARGEST_IN_BYTES = 1 << 18
"""Larger messages to us are kept back by the broker: none of ours are, and memory stays bounded."""
WAKE_BYTES = 4096


class _Client(paho.Client):
    """Paho's client, which leaves a socket open when TLS fails."""

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        context = self._ssl_context
        assert context is not None
        wrapped = context.wrap_socket(tcp_sock, server_hostname=self._host, do_handshake_on_connect=False)
        try:
            wrapped.settimeout(self.connect_timeout)
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped


class MqttConnection:
    """One attempt to connect and, if it succeeds, the connection until it is lost; never used again.

    Parameters
    ----------
    settings
        The broker.
    client_id
        Name towards it.
    will
        What it publishes when we are gone without a word; None for nothing.

    Raises
    ------
    MqttUnavailable
        If a file of certificates or the password cannot be used.
    """

    def __init__(self, settings: MqttSettings, client_id: str, will: Publication | None = None) -> None:
        self._settings = settings
        self._is_v5 = settings.protocol == "5"
        self._events: list[Event] = []
        self._greeted = False
        self._over = False
        self._detail = ""
        version = paho.MQTTv5 if self._is_v5 else paho.MQTTv311
        self._client = client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self._is_v5 else True,
            protocol=version,
            reconnect_on_failure=False,
        )
        client.connect_timeout = settings.connect_timeout_s
        if settings.username is not None:
            client.username_pw_set(settings.username, read_password(settings))
        if (context := encryption(settings)) is not None:
            client.tls_set_context(context)
        if will is not None:
            delay_s = settings.will_delay_s if self._is_v5 else None
            properties = self._properties(PacketTypes.WILLMESSAGE, will, delay_s)
            client.will_set(will.topic, will.payload, will.qos, will.retain, properties)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_log = self._on_log

    def open(self) -> None:
        """Connect and send the greeting; whether the broker lets us in comes as an event.

        Raises
        ------
        MqttUnavailable
            If the broker cannot be reached.
        """
        settings = self._settings
        properties = None
        if self._is_v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = settings.will_delay_s + SESSION_OVER_WILL_S
            properties.MaximumPacketSize = LARGEST_IN_BYTES
        try:
            self._client.connect(
                settings.host,
                settings.effective_port,
                settings.keepalive_s,
                clean_start=False if self._is_v5 else paho.MQTT_CLEAN_START_FIRST_ONLY,
                properties=properties,
            )
        except (OSError, ValueError) as error:
            raise MqttUnavailable(describe_error(error, settings)) from error

    def step(self, timeout_s: float, wake: socket.socket | None = None) -> list[Event]:
        """Send and receive what is due; wait at most so long, and no longer once ``wake`` is written to."""
        sock = self._client.socket()
        if sock is not None and not self._over and not self._events:
            self._exchange(sock, timeout_s, wake)
        if self._client.socket() is None and not self._over:
            self._lose("")
        events, self._events = self._events, []
        return events

    def publish(self, what: Publication) -> int:
        """Send; give the number that its acknowledgement will have."""
        properties = self._properties(PacketTypes.PUBLISH, what)
        return self._client.publish(what.topic, what.payload, what.qos, what.retain, properties).mid

    def subscribe(self, topic: str, qos: int = 0, *, as_published: bool = False) -> int:
        """Ask for messages, in MQTT 5 on request with the retain flag they were published with; give the number that
        the answer will have.
        """
        if self._is_v5:
            options = SubscribeOptions(qos=qos, retainAsPublished=as_published)
            number = self._client.subscribe(topic, options=options)[1]
        else:
            number = self._client.subscribe(topic, qos)[1]
        return -1 if number is None else number

    def unsubscribe(self, topic: str) -> None:
        """Ask for no more of them."""
        self._client.unsubscribe(topic)

    def close(self) -> None:
        """Say goodbye, so that the will is not published, and close the socket."""
        self._over = True
        with suppress(OSError, ValueError):
            self._client.disconnect()
        self.abort()

    def abort(self) -> None:
        """Close the socket without a word."""
        self._over = True
        sock: Any = self._client.socket()
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
            with suppress(OSError):
                sock.close()

    def _exchange(self, sock: Any, timeout_s: float, wake: socket.socket | None) -> None:
        poll = select.poll()
        want = select.POLLIN | (select.POLLOUT if self._client.want_write() else 0)
        poll.register(sock, want)
        if wake is not None:
            poll.register(wake, select.POLLIN)
        left_over = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        ready = {number for number, _ in poll.poll(0 if left_over else timeout_s * 1000)}
        if wake is not None and wake.fileno() in ready:
            with suppress(BlockingIOError):
                wake.recv(WAKE_BYTES)
        try:
            if sock.fileno() in ready or left_over:
                self._client.loop_read()
            if self._client.want_write():
                self._client.loop_write()
            if self._greeted:
                self._client.loop_misc()
        except Exception as error:  # noqa: BLE001 - paho raises whatever its decoders raise on bytes that are no MQTT
            self._lose(f" (what came is no MQTT: {error})")
            self.abort()

    def _properties(self, packet: int, what: Publication, delay_s: int | None = None) -> Properties | None:
        if not self._is_v5:
            return None
        properties = Properties(packet)  # type: ignore[no-untyped-call]
        if what.payload:
            properties.PayloadFormatIndicator = 1
            properties.ContentType = CONTENT_TYPE
        if what.expiry_s is not None:
            properties.MessageExpiryInterval = what.expiry_s
        if delay_s:
            properties.WillDelayInterval = delay_s
        if what.schema:
            properties.UserProperty = ("schema", what.schema)
        if what.correlation is not None:
            properties.CorrelationData = what.correlation
        if what.late:
            properties.UserProperty = ("backfill", "true")
        return properties

    def _lose(self, detail: str, code: int = 0) -> None:
        if self._over:
            return
        self._over = True
        said = detail or (f" ({self._detail})" if self._detail else "")
        if self._greeted:
            text = f"{self._settings.address}: connection lost{said}"
        else:
            text = describe_silence(self._settings, said)
        self._events.append(Lost(text, code))

    def _on_connect(
        self, _client: paho.Client, _data: Any, _flags: paho.ConnectFlags, reason: ReasonCode, properties: Any
    ) -> None:
        self._greeted = True
        code = int(reason.value)
        if reason.is_failure:
            code = code if self._is_v5 or code >= FAILURE else REASONS_311.get(code, FAILURE)
            self._over = True
            self._events.append(Lost(f"{self._settings.address}: {describe_refusal(code)}", code))
            return
        self._events.append(
            Connected(
                window=int(getattr(properties, "ReceiveMaximum", 65_535)),
                retain=bool(getattr(properties, "RetainAvailable", 1)),
                highest_qos=int(getattr(properties, "MaximumQoS", 2)),
                largest_packet=getattr(properties, "MaximumPacketSize", None),
            )
        )

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, flags: paho.DisconnectFlags, reason: ReasonCode, _properties: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._lose(f" ({describe_reason(int(reason.value))})", int(reason.value))
        elif int(reason.value) == SILENT:
            self._lose(f" (no answer for {self._settings.keepalive_s} s)")
        else:
            self._lose("")

    def _on_publish(self, _client: paho.Client, _data: Any, number: int, reason: ReasonCode, _properties: Any) -> None:
        code = int(reason.value)
        self._events.append(Acknowledged(number, code if code >= FAILURE else None))

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, number: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        self._events.append(Subscribed(number, all(int(reason.value) < FAILURE for reason in reasons)))

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        said = message.properties
        self._events.append(
            Arrived(
                message.topic,
                bytes(message.payload),
                bool(message.retain),
                getattr(said, "MessageExpiryInterval", None),
                getattr(said, "ResponseTopic", None),
                getattr(said, "CorrelationData", None),
            )
        )

    def _on_log(self, _client: paho.Client, _data: Any, level: int, text: str) -> None:
        if level == LogLevel.MQTT_LOG_ERR:
            self._detail = text
