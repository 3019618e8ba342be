"""The demonstration: a broker, the node on a simulated scene, and somebody who watches, each a program of its own.

What is seen on the screen has gone all the way: simulated radio, pipeline, tracker, MQTT, broker, subscriber.
"""

from __future__ import annotations

import asyncio
import ctypes
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from node.broker import embedded_broker
from sim.scene import Scene, load_scene, scene_names
from sim.serial_devices.twins import CAMERAS, field_of_view

SITE, NAME, BASE = "demo", "mast-1", "skypicket/v1"
PR_SET_PDEATHSIG = 1
"""prctl(2), Linux ``include/uapi/linux/prctl.h``."""
END_S = 10.0
"""How long the node may take to end."""
CONFIG = """\
# The configuration of the demonstration.
[node]
site = "{site}"
name = "{name}"
{place}
[[radio]]
name = "dongle"
type = "simulator"
scene = "{scene}"
{modules}
[mqtt]
host = "127.0.0.1"
port = {port}
protocol = "3.1.1"      # all that the embedded broker speaks
"""


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """What to show."""

    scene: str = "demo"
    seconds: float | None = None
    """None: until interrupted."""


MODULE = """
[[serial]]
name = "{name}"
type = "{device}"
port = "sim:{scene}"
"""
CAMERA = """\
hfov_deg = {hfov_deg}
labels = ["drone", "bird", "person", "vehicle"]
"""
PLACE = """
[node.position]
lat = {lat}
lon = {lon}
alt_m = {alt_m}
"""


def node_config(scene: Scene, name: str, port: int) -> str:
    """Configuration of the demonstration's node: the scene's radio, the modules that stand in it, its place."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    modules = ""
    for module in scene.modules:
        modules += MODULE.format(name=module.name, device=module.device, scene=quoted)
        if module.device in CAMERAS:
            modules += CAMERA.format(hfov_deg=2 * field_of_view(module)[0])
    where = scene.origin
    place = PLACE.format(lat=where.lat_deg, lon=where.lon_deg, alt_m=where.altitude_m) if modules else ""
    return CONFIG.format(site=SITE, name=NAME, place=place, scene=quoted, modules=modules, port=port)


async def demonstrate(settings: DemoSettings, say: Callable[[str], None]) -> int:
    """Show it until the time is over or somebody interrupts; give the exit code.

    Raises
    ------
    OSError
        If the broker cannot listen.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    async with embedded_broker() as port:
        with tempfile.TemporaryDirectory(prefix="skypicket-demo-") as folder:
            config = Path(folder) / "node.toml"
            scene = load_scene(settings.scene)
            config.write_text(node_config(scene, _full_name(settings.scene), port), encoding="utf-8")
            event = f"{BASE}/{SITE}/{NAME}/event"
            say(
                f"broker    127.0.0.1:{port} (MQTT 3.1.1, this machine only)\n"
                f"scene     {settings.scene}, as {_sensors(scene)} would notice it\n"
                f"topic     {event}\n"
                f"also try  mosquitto_sub -h 127.0.0.1 -p {port} -t '{event}'\n"
                f"          skypicket watch --port {port} --protocol 3.1.1\n"
                f"{f'ends      after {settings.seconds:g} s' if settings.seconds else 'ends      with Ctrl-C'}\n"
            )
            watch = await _start(
                "watch", "--port", str(port), "--protocol", "3.1.1", "--host", "127.0.0.1", "--lines", "-q"
            )
            try:
                node = await _start("run", "-c", str(config))
                try:
                    return await _wait(settings.seconds, stop, node, watch)
                finally:
                    await _end(node)
            finally:
                await _end(watch)


def _full_name(scene: str) -> str:
    """The scene as the node finds it, whose configuration lies in another folder."""
    return scene if scene in scene_names() else str(Path(scene).resolve())


def _sensors(scene: Scene) -> str:
    names = ["a radio", *(f"{module.name} ({module.device})" for module in scene.modules)]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    """Start one of our programs; Ctrl-C is for us alone, and when we die it ends too."""
    # -P: a folder called `node` where the user happens to be is not ours.
    command = (sys.executable, "-P", "-m", "node", *arguments)
    return await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, process_group=0, preexec_fn=_end_with_parent
    )


def _end_with_parent() -> None:
    """In the child: SIGTERM when the parent dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


async def _wait(
    seconds: float | None, stop: asyncio.Event, node: asyncio.subprocess.Process, watch: asyncio.subprocess.Process
) -> int:
    """Wait for the end; 1 when a program ended by itself."""
    told = asyncio.create_task(stop.wait())
    ends = {told, asyncio.create_task(node.wait()), asyncio.create_task(watch.wait())}
    done, left = await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    for task in left:
        with suppress(asyncio.CancelledError):
            await task
    return 0 if told in done or not done else 1


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a program in good order, and if it does not, at once."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
