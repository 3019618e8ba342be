"""What goes wrong between node and broker, in words, with the cure."""

from __future__ import annotations

import socket

from firmware_bridge.tls import describe_tls
from node.sinks import SinkUnavailable
from node.sinks.mqtt_settings import MqttSettings


class MqttUnavailable(SinkUnavailable):
    """There is no connection to the broker; the message says why, and the cure."""


REASONS_5 = {
    128: "unspecified error",
    131: "refused for a reason of its own",
    132: 'does not speak this version of MQTT; set mqtt.protocol = "3.1.1"',
    133: "does not like the client identifier; set another mqtt.client_id",
    134: "wrong user name or password; check mqtt.username and the file mqtt.password_file",
    135: "not authorized; give this user, or its certificate, access in the broker's access list",
    136: "server unavailable; it may come back",
    137: "server busy; it may come back",
    138: "banned; ask the broker's administrator",
    139: "shutting down",
    140: "does not know this way of authentication",
    141: "heard nothing within the keep-alive time; check the network",
    142: "another client uses the same client identifier; give each node its own mqtt.client_id, site or name",
    143: "does not like the topic filter",
    144: "does not like the topic name; check mqtt.base, node.site and node.name",
    147: "too many messages at once",
    149: "packet too large; raise the broker's limit",
    151: "quota exceeded; it may have room later",
    153: "does not like the payload",
    154: "cannot retain; allow retained messages in the broker",
    155: "does not support this quality of service",
    156: "use another server",
    157: "server moved",
    159: "too many connections a second; it is tried again later",
}
"""MQTT 5.0, section 2.4, as far as a server says it to a client that publishes."""
REASONS_311 = {1: 132, 2: 133, 3: 136, 4: 134, 5: 135}
"""Return codes of MQTT 3.1.1, table 3.1, as reasons of MQTT 5."""
PACKET_TOO_LARGE = 149
FOR_THIS_MESSAGE_ONLY = frozenset({144, PACKET_TOO_LARGE, 153, 154})
"""Refusals that come again for the same message: sending it once more is no use."""


NOT_AUTHORIZED = 135
"""What many brokers say of a wrong password, too."""


def describe_refusal(code: int) -> str:
    """Why a broker does not let us in, in words."""
    if code == NOT_AUTHORIZED:
        return (
            "not authorized; check mqtt.username and the file mqtt.password_file, or let this user (or its "
            "certificate) in at the broker"
        )
    return describe_reason(code)


def describe_reason(code: int) -> str:
    """A broker's reason code in words."""
    return REASONS_5.get(code, f"reason {code}")


def describe_error(error: Exception, settings: MqttSettings) -> str:
    """Why there is no connection, and the cure."""
    where = settings.address
    if isinstance(error, socket.gaierror):
        return f"{settings.host} has no address ({error.strerror}); check mqtt.host and the name server"
    if isinstance(error, OSError) and settings.tls is not None:
        text = describe_tls(error, "mqtt.tls", "mqtt.host")
        if text is not None:
            return f"{where}: {text}"
    if isinstance(error, ConnectionRefusedError):
        return f"{where}: nothing listens there; start the broker, or check mqtt.host and mqtt.port"
    if isinstance(error, TimeoutError):
        return f"{where}: no answer; check mqtt.host, cable and firewall"
    if isinstance(error, OSError):
        return f"{where}: {error.strerror or error}; check the network and mqtt.host"
    return f"{where}: {error}"


def describe_silence(settings: MqttSettings, detail: str) -> str:
    """Why the broker closed the connection before it answered."""
    hint = (
        "check that it accepts the node's certificate."
        if settings.tls
        else "does this port expect TLS? Set [mqtt.tls]."
    )
    return f"{settings.address}: connection closed before MQTT's greeting{detail}; {hint}{_old(settings)}"


def describe_no_greeting(settings: MqttSettings) -> str:
    """A server that takes the connection and says nothing."""
    return f"{settings.address}: connected, but no answer to MQTT's greeting; is it an MQTT broker?{_old(settings)}"


def _old(settings: MqttSettings) -> str:
    return ' An old broker wants mqtt.protocol = "3.1.1"' if settings.protocol == "5" else ""
