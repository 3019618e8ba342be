"""The broker of the demonstration, with clients of another make."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from node.broker import embedded_broker

TIMEOUT_S = 20.0


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    assert process.returncode == 0, out
    return out.decode()


pytestmark = pytest.mark.skipif(
    shutil.which("mosquitto_pub") is None, reason="no mosquitto_pub: sudo apt install mosquitto-clients"
)


def test_serves_mosquittos_clients_and_keeps_retained_messages() -> None:
    async def scenario() -> str:
        async with embedded_broker() as port:
            where = ("-h", "127.0.0.1", "-p", str(port), "-q", "1")
            await run("mosquitto_pub", *where, "-r", "-t", "a/status", "-m", "online")
            return await run("mosquitto_sub", *where, "-t", "a/#", "-C", "1", "-W", "10")

    assert asyncio.run(scenario()) == "online\n"


def test_two_brokers_have_two_ports_and_closing_frees_them() -> None:
    async def scenario() -> tuple[int, int]:
        async with embedded_broker() as first, embedded_broker() as second:
            for port in (first, second):
                await run("mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", "a", "-m", "b")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", first)
        return first, second

    first, second = asyncio.run(scenario())
    assert first != second


def test_says_so_when_it_cannot_listen() -> None:
    async def scenario() -> None:
        async with embedded_broker("192.0.2.1"):  # an address of documentation, never of this machine
            pass

    with pytest.raises(OSError, match="assign requested address"):
        asyncio.run(scenario())
