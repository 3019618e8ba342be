"""Encryption towards a server: whom to trust and who we are."""

from __future__ import annotations

import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Encryption towards the broker.

    Parameters
    ----------
    ca
        File of the certificates (PEM) that vouch for the broker; None trusts those of the system.
    cert, key
        The node's own certificate and its key (PEM), where the broker asks for one; the key without a password.
    check_hostname
        Whether the broker's certificate must name ``host``. False only for a broker reached by a bare address.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    check_hostname: bool = True

    def __post_init__(self) -> None:
        """Check what belongs together."""
        if self.key is not None and self.cert is None:
            raise ValueError("key needs cert: name the certificate that belongs to it")


def tls_context(tls: TlsSettings, table: str) -> ssl.SSLContext:
    """Whom to trust and who we are; files are read anew each time, for they may be renewed.

    Parameters
    ----------
    tls
        The settings.
    table
        Where they stand in the configuration, for the text of a fault.

    Raises
    ------
    ValueError
        If a file cannot be used; the text names it, its key and the cure.
    """
    context = ssl.create_default_context()
    try:
        if tls.ca is not None:
            context = ssl.create_default_context(cafile=tls.ca)
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # home-made authorities leave out what Python 3.13 wants
    except (OSError, ValueError) as error:
        raise ValueError(f"{tls.ca}: no certificates in PEM form ({error}); see {table}.ca") from error
    context.check_hostname = tls.check_hostname
    if tls.cert is not None:
        try:
            context.load_cert_chain(tls.cert, tls.key, password="")
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{tls.cert}, {tls.key or 'key in the same file'}: no certificate and key in PEM form that belong "
                f"together ({error}); see {table}.cert and {table}.key"
            ) from error
    return context


def describe_tls(error: OSError, table: str, host_key: str) -> str | None:
    """What an error says of the encryption, with the cure; None where it is about something else.

    Parameters
    ----------
    error
        Of a connection that was to be encrypted.
    table
        Where the settings stand in the configuration.
    host_key
        Key that names the server.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}); "
            f"set {table}.ca to the authority that signed it, and {host_key} to a name in it"
        )
    if isinstance(error, ssl.SSLError):
        return (
            f"no TLS ({error.reason or error}); check that the port is the broker's TLS port and that "
            f"{table}.cert is one the broker accepts"
        )
    if isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError):
        return "connection closed before TLS was agreed; check that the port is the broker's TLS port"
    return None
