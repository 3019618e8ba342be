"""A Remote ID receiver that publishes to a broker, read as a module: Debian's mosquitto and mosquitto_pub."""

from __future__ import annotations

import base64
import json
import lzma
import queue
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from firmware_bridge.contacts import Contact, RemoteIdContact
from firmware_bridge.link import SerialLink
from firmware_bridge.link_settings import LinkSettings, LinkState
from firmware_bridge.remote_id.receiver import DEVICE, RemoteIdSettings
from firmware_bridge.tls import TlsSettings

pytestmark = pytest.mark.system

PATIENCE_S = 20.0


class Broker(Protocol):
    port: int

    def restart(self, *, kill: bool = True) -> None: ...


def document(name: bytes) -> bytes:
    """What a DroneScout publishes of an aircraft with nothing but a serial number: ``ODID_UAS_Data`` in base64."""
    structure = bytearray(920)
    structure[0:28] = struct.pack("<ii20s", 2, 1, name)
    structure[892] = 1  # the first basic id is valid
    data = {"sensor ID": "s", "RSSI": -72, "channel": 6, "MAC address": "90:3a:e6:5b:c8:a8", "type": "BLE legacy"}
    return json.dumps({"protocol": 1.0, "data": {**data, "UASdata": base64.b64encode(structure).decode()}}).encode()


@contextmanager
def reading(settings: LinkSettings) -> Iterator[tuple[SerialLink, queue.Queue[RemoteIdContact]]]:
    contacts: queue.Queue[RemoteIdContact] = queue.Queue()

    def deliver(found: Sequence[Contact]) -> None:
        for contact in found:
            assert isinstance(contact, RemoteIdContact)
            contacts.put(contact)

    link = SerialLink("rid", RemoteIdSettings("rid").make(), settings, DEVICE.port, deliver)
    link.start()
    try:
        yield link, contacts
    finally:
        assert link.stop()


def until(holds: Callable[[], bool], what: str) -> None:
    never, end_s = threading.Event(), time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, what
        never.wait(0.01)


def heard(port: int, contacts: queue.Queue[RemoteIdContact], payload: bytes, *arguments: str) -> RemoteIdContact:
    """Publish until something comes: a subscription takes a moment."""
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-t", "scout/ds240/1", "-s", *arguments]
    for _ in range(40):
        subprocess.run(command, input=payload, check=True, timeout=PATIENCE_S)
        try:
            return contacts.get(timeout=0.5)
        except queue.Empty:
            continue
    pytest.fail("nothing came")


def test_documents_plain_packed_and_over_several_lines(mosquitto: Broker) -> None:
    with reading(LinkSettings(f"mqtt://127.0.0.1:{mosquitto.port}/scout/#")) as (link, contacts):
        for number, payload in enumerate(
            (
                document(b"SERIAL0"),
                lzma.compress(document(b"SERIAL1")),
                lzma.compress(document(b"SERIAL2") + b"\0", lzma.FORMAT_ALONE),
                json.dumps(json.loads(document(b"SERIAL3")), indent=2).encode(),
            )
        ):
            while (contact := heard(mosquitto.port, contacts, payload)).uas_id != f"SERIAL{number}":
                pass  # a repetition of the one before
            assert (contact.rssi_dbm, contact.transport) == (-72.0, "ble4")
        assert link.counters.module.malformed == 0
        heard_before = link.counters.module.malformed
        subprocess.run(
            ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(mosquitto.port), "-t", "scout/x", "-s"],
            input=b"\xfd7zXZ\0 broken", check=True, timeout=PATIENCE_S,
        )  # fmt: skip
        until(lambda: link.counters.module.malformed == heard_before + 1, "damage is counted")


def test_a_broker_that_goes_away_is_told_and_found_again(mosquitto: Broker) -> None:
    with reading(LinkSettings(f"mqtt://127.0.0.1:{mosquitto.port}/scout/#")) as (link, contacts):
        heard(mosquitto.port, contacts, document(b"BEFORE"))
        mosquitto.restart()
        until(lambda: link.counters.losses >= 1, "the loss is noticed")
        while heard(mosquitto.port, contacts, document(b"AFTER")).uas_id != "AFTER":
            pass
        assert link.counters.opens >= 2


def test_users_and_passwords(mosquitto_with: Callable[..., Broker], tmp_path: Path) -> None:
    accounts = tmp_path / "accounts"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(accounts), "node", "right"], check=True, timeout=PATIENCE_S)
    accounts.chmod(0o644)
    broker = mosquitto_with("allow_anonymous false", f"password_file {accounts}")
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    port = f"mqtt://node@127.0.0.1:{broker.port}/scout/#"
    with reading(LinkSettings(port, password_file=str(secret))) as (link, contacts):
        until(lambda: "not allowed" in str(link.counters.fault) or "wrong user" in str(link.counters.fault), "refused")
        assert "wrong\n" not in str(link.counters.fault)
        secret.write_text("right\n")
        assert heard(broker.port, contacts, document(b"SERIAL"), "-u", "node", "-P", "right").uas_id == "SERIAL"
        assert link.counters.state is LinkState.READING
        secret.unlink()
    with reading(LinkSettings(port, password_file=str(secret))) as (link, _):
        until(lambda: link.counters.state is LinkState.UNAVAILABLE, "the file is missed")
        assert str(secret) in str(link.counters.fault)


def test_a_broker_that_speaks_tls_and_asks_who_we_are(
    mosquitto_with: Callable[..., Broker], certificates: Path, tls_lines: tuple[str, ...]
) -> None:
    broker = mosquitto_with(*tls_lines, "require_certificate true")
    ca, cert, key = (str(certificates / name) for name in ("ca.pem", "mast-1.pem", "mast-1.key"))
    settings = LinkSettings(f"mqtts://127.0.0.1:{broker.port}/scout/#", tls=TlsSettings(ca, cert, key))
    own = ("--cafile", ca, "--cert", cert, "--key", key)
    with reading(settings) as (link, contacts):
        big = json.dumps(json.loads(document(b"BIG")) | {"comment": "x" * 6000}).encode()
        for name, payload in ((b"SERIAL", document(b"SERIAL")), (b"BIG", big)):
            while heard(broker.port, contacts, payload, *own).uas_id != name.decode():
                pass
        broker.restart()
        until(lambda: link.counters.losses >= 1, "the loss is noticed")
        while heard(broker.port, contacts, document(b"AFTER"), *own).uas_id != "AFTER":
            pass
        assert link.counters.module.malformed == 0


@pytest.mark.parametrize(
    ("scheme", "host", "tls", "says"),
    [
        ("mqtts", "127.0.0.1", None, "its certificate is not trusted"),
        ("mqtts", "127.0.0.1", "other.pem", "set serial.tls.ca to the authority that signed it"),
        ("mqtts", "127.1", "ca.pem", "the host in port to a name in it"),
        ("mqtts", "127.0.0.1", "missing.pem", "missing.pem: no certificates in PEM form"),
        ("mqtt", "127.0.0.1", None, "if the port expects TLS, write mqtts://"),
    ],
)
def test_faults_of_tls_are_named(
    mosquitto_with: Callable[..., Broker],
    certificates: Path,
    tls_lines: tuple[str, ...],
    scheme: str,
    host: str,
    tls: str | None,
    says: str,
) -> None:
    broker = mosquitto_with(*tls_lines)
    port = f"{scheme}://{host}:{broker.port}/scout/#"
    with reading(LinkSettings(port, tls=TlsSettings(str(certificates / tls)) if tls else None)) as (link, _):
        until(lambda: link.counters.state is LinkState.UNAVAILABLE, "it is refused")
        assert says in str(link.counters.fault)
        assert str(link.counters.fault).startswith(port)


def test_tls_towards_a_plain_broker_is_named(mosquitto: Broker) -> None:
    with reading(LinkSettings(f"mqtts://127.0.0.1:{mosquitto.port}/scout/#")) as (link, _):
        until(lambda: link.counters.state is LinkState.UNAVAILABLE, "it is refused")
        assert "check that the port is the broker's TLS port" in str(link.counters.fault)
