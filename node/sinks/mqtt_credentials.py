"""Passwords and certificates for the broker, read anew for every connection: they may be renewed any time."""

from __future__ import annotations

import ssl
from pathlib import Path

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


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """Whom to trust and who we are.

    Raises
    ------
    MqttUnavailable
        If a file cannot be used.
    """
    tls = settings.tls
    assert tls is not None
    context = ssl.create_default_context()
    try:
        if tls.ca is not None:
            context = ssl.create_default_context(cafile=tls.ca)
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # home-made authorities leave out what Python 3.13 wants
    except (OSError, ValueError) as error:
        raise MqttUnavailable(f"{tls.ca}: no certificates in PEM form ({error}); see mqtt.tls.ca") from error
    context.check_hostname = tls.check_hostname
    if tls.cert is not None:
        try:
            context.load_cert_chain(tls.cert, tls.key, password="")
        except (OSError, ValueError) as error:
            raise MqttUnavailable(
                f"{tls.cert}, {tls.key or 'key in the same file'}: no certificate and key in PEM form that belong "
                f"together ({error}); see mqtt.tls.cert and mqtt.tls.key"
            ) from error
    return context
