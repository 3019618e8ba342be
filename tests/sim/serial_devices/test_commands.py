"""Faults typed as lines: each does what it says, and what means nothing is refused with the cure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sim.scene import load_scene
from sim.serial_devices.commands import COMMANDS, CommandError, help_text, obey
from sim.serial_devices.host import DeviceHost
from sim.serial_devices.port import PtyPort
from sim.serial_devices.twins import make_twin, modules_of

SCENE = load_scene("demo")


@pytest.fixture
def hosts() -> Iterator[dict[str, DeviceHost]]:
    """Not switched on: what a command does is seen at the port and the line."""
    made = {module.name: DeviceHost(make_twin(SCENE, module), PtyPort()) for module in modules_of(SCENE)}
    yield made
    for host in made.values():
        host.port.close()


def test_pulling_out_and_plugging_in(hosts: dict[str, DeviceHost]) -> None:
    assert obey(hosts, "unplug radar") == "unplug radar"
    assert [host.port.plugged for host in hosts.values()] == [False, True, True]
    obey(hosts, "unplug all")
    assert not any(host.port.plugged for host in hosts.values())
    obey(hosts, "replug all")
    assert all(host.port.plugged for host in hosts.values())


def test_faults_of_the_line(hosts: dict[str, DeviceHost]) -> None:
    line = hosts["radar"].faults
    plain = bytes(range(256)) * 20
    obey(hosts, "errors radar 0.5")
    changed = sum(one != other for one, other in zip(plain, line.damage(plain), strict=True))
    assert 0.45 < changed / len(plain) < 0.55
    obey(hosts, "errors radar 0")
    obey(hosts, "drops radar 1")
    assert line.damage(plain) == b""
    obey(hosts, "drops radar 0")
    obey(hosts, "garbage radar")
    assert len(line.damage(plain)) == len(plain) + 100
    obey(hosts, "wrong-baud radar 460800")
    assert line.damage(plain) != plain
    obey(hosts, "wrong-baud radar 0")
    assert line.damage(plain) == plain
    assert hosts["camera"].faults.damaged == 0


def test_the_name_may_be_left_out_where_there_is_one(hosts: dict[str, DeviceHost]) -> None:
    one = {"radar": hosts["radar"]}
    assert obey(one, "unplug") == "unplug radar"
    assert obey(one, "garbage 7") == "garbage radar 7"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("explode radar", "'explode' is not known; one of unplug"),
        ("unplug", "unplug: name the module, one of radar, camera, remote-id, or all"),
        ("unplug rador", "name the module"),
        ("errors radar", "errors: a number is missing; write errors MODULE SHARE"),
        ("errors radar x", "errors: 'x' is no number and no module"),
        ("errors radar 1.5", "errors: a rate is a share"),
        ("errors radar nan", "must be 0 or more and finite"),
        ("garbage radar 1e8", "garbage is 1 to 1000000 bytes"),
        ("unplug radar 5", "unplug: '5' is too much; write unplug MODULE"),
        ("stall radar camera", "'camera' is too much"),
    ],
)
def test_what_means_nothing_is_refused(hosts: dict[str, DeviceHost], line: str, says: str) -> None:
    with pytest.raises(CommandError) as caught:
        obey(hosts, line)
    assert says in str(caught.value)
    assert all(host.port.plugged for host in hosts.values())


def test_help_has_every_command() -> None:
    assert [line.split()[0] for line in help_text().splitlines()] == list(COMMANDS)
