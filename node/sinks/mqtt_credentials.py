"""Passwords and certificates for the broker, read anew for every connection: they may be renewed any time."""

from __future__ import annotations

import ssl
from pathlib import Path

from firmware_bridge.tls import tls_context
from node.sinks.mqtt_faults import MqttUnavailable
from node.sinks.mqtt_settings import MqttSettings


def read_password(settings: MqttSettings) -> str | None:
    """The password: first line of its file; None where there is none.

    Raises
    ------
    MqttUnavailable
        If the file cannot be used.
    """
    if settings.password_file is None:
        return None
    try:
        lines = Path(settings.password_file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MqttUnavailable(f"{settings.password_file}: cannot be read ({error}); see mqtt.password_file") from error
    if not lines or not lines[0]:
        raise MqttUnavailable(f"{settings.password_file}: is empty; write the password into its first line")
    return lines[0]


def encryption(settings: MqttSettings) -> ssl.SSLContext | None:
    """Whom to trust and who we are; None without TLS.

    Raises
    ------
    MqttUnavailable
        If a file cannot be used.
    """
    if settings.tls is None:
        return None
    try:
        return tls_context(settings.tls, "mqtt.tls")
    except ValueError as fault:
        raise MqttUnavailable(str(fault)) from fault
