"""A small MQTT broker inside the process, for the demonstration: amqtt, on loopback, MQTT 3.1.1 only.

Not for operation: it keeps nothing on disk, checks nobody's name and speaks no MQTT 5. Use mosquitto for that.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig
from amqtt.errors import BrokerError

ATTEMPTS = 5
"""Free ports tried: another program may take one between finding and using it."""
ANONYMOUS_PLUGIN = "amqtt.plugins.authentication.AnonymousAuthPlugin"


@asynccontextmanager
async def embedded_broker(host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Serve MQTT 3.1.1 to anyone on this machine while the context lasts.

    Parameters
    ----------
    host
        Address to listen on.

    Returns
    -------
    The port, one that was free.

    Raises
    ------
    OSError
        If no port can be had.
    """
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    broker, port = await _start(host)
    try:
        yield port
    finally:
        await broker.shutdown()


async def _start(host: str) -> tuple[Broker, int]:
    fault: BrokerError | None = None
    for _ in range(ATTEMPTS):
        port = _free_port(host)
        listener = ListenerConfig(bind=f"{host}:{port}")
        broker = Broker(BrokerConfig(listeners={"default": listener}, plugins={ANONYMOUS_PLUGIN: {}}))
        try:
            await broker.start()
        except BrokerError as error:
            fault = error
        else:
            return broker, port
    raise OSError(f"the embedded broker cannot listen on {host}: {fault}") from fault


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
