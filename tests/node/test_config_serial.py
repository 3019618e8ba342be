"""Serial modules in the configuration: ports, simulated ones, mountings, the friendly list, and every fault of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_bridge.tls import TlsSettings
from node.config import ConfigError, NodeConfig, load_config, parse_config, show_config
from node.doctor import examine
from node.fusion.friends import FriendlyListError, key_pair, sign_list
from node.serial_ports import mount_of, scene_module
from node.start import check_scenes, make_fusion
from sim.scene import SceneError

NODE = '[node]\nsite = "hill"\nname = "mast"\n'
RADAR = '[[serial]]\nname = "r"\ntype = "ti-mmwave"\n'
RID = '[[serial]]\ntype = "remote-id"\n'
MOUNTED = RADAR + 'port = "/dev/x"\n[serial.mount]\n'


def config(text: str) -> NodeConfig:
    return parse_config(NODE + text, Path("node.toml"))


def faults(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[serial]]\nport = "/dev/x"\n', "node.toml:4: serial[1].type: is missing; one of ti-mmwave"),
        ('[[serial]]\ntype = "ld2540"\nport = "/dev/x"\n', "did you mean ld2450?"),
        ('[[serial]]\ntype = "ld2450"\n', "serial[1].port: is missing"),
        ('[[serial]]\ntype = "ld2450"\nport = "usb:12"\n', "node.toml:6: serial[1].port: "),
        (RADAR + 'port = "/dev/x"\nbaud = 0\n', "serial[1].baud: must be above 0"),
        (RADAR + 'port = "/dev/x"\nbauds = 9600\n', "serial[1].bauds: is not known here; did you mean baud?"),
        (RADAR + 'port = "/dev/x"\nmax_range_m = "far"\n', "serial[1].max_range_m: must be a number"),
        (RADAR + 'port = "sim:"\n', "node.toml:7: serial[1].port: names no scene; write sim:SCENE"),
        ("[gnss]\nfix_timeout_s = 0.2\n", "node.toml:5: gnss.fix_timeout_s: must be 1 to 86400"),
        ('[[serial]]\ntype = "remote-id"\nport = "mqtt://h:1883"\n', "serial[1].port: write mqtt://[USER@]HOST:PORT/TOPIC"),
        ("[gnss]\nmoved = 10.0\n", "gnss.moved: is not known here; did you mean moved_m?"),
        (RID + 'port = "mqtts://h/t"\n', "serial[1].port: write mqtts://[USER@]HOST:PORT/TOPIC"),
        (RID + 'port = "mqtt://h:1/t"\n[serial.tls]\n', "serial[1].tls: belongs to a port mqtts://HOST:PORT/TOPIC"),
        (RID + 'port = "mqtts://h:1/t"\n[serial.tls]\nca = "no.pem"\n', "node.toml:8: serial[1].tls.ca: no such file"),
        (RID + 'port = "mqtts://h:1/t"\n[serial.tls]\nca_file = "x"\n', "serial[1].tls.ca_file: is not known here; "),
        (RID + 'port = "mqtts://u@h:1/t"\npassword_file = "no"\n', "node.toml:7: serial[1].password_file: no such"),
        (RADAR + 'port = "/dev/x"\nmount = 5\n', "serial[1].mount: must be a table; write [serial.mount]"),
        (MOUNTED + "heading = 90.0\n", "serial[1].mount.heading: is not known here; did you"),
        (MOUNTED + "tilt_deg = 91.0\n", "node.toml:9: serial[1].mount.tilt_deg: must be wit"),
        (MOUNTED + 'device = "r"\n', "serial[1].mount.device: is not needed"),
        ("[[fusion.mounts]]\n", "fusion.mounts: belong to their modules; write [serial.mount]"),
        ("[fusion]\nconfirm_hits = 0\n", "fusion.confirm_hits: must be above 0"),
        ('[friends]\nlist = "a"\nsignature = "b"\npublic_key = "c"\n', "friends.list: no such file"),
        (
            '[[serial]]\ntype = "ld2450"\nport = "/dev/x"\n[[serial]]\ntype = "ld2451"\nport = "/dev/x"\n',
            'serial[2].port: "/dev/x" is already in use, as in line 6',
        ),
        (
            RADAR + 'port = "/dev/x"\n' + RADAR + 'port = "/dev/y"\n',
            'serial[2].name: "r" is taken; give every sensor its own, as in line 5',
        ),
    ],
)  # fmt: skip
def test_every_fault_has_its_line_its_key_and_the_cure(text: str, says: str) -> None:
    assert says in faults(text)


def test_two_names_of_one_port_are_one_port(tmp_path: Path) -> None:
    (tmp_path / "by-id").symlink_to("/dev/null")
    said = faults(RADAR + 'port = "/dev/null"\n' + RID + f'port = "{tmp_path / "by-id"}"\n')
    assert 'by-id" is already in use, as in line 7' in said


def test_all_faults_at_once() -> None:
    said = faults(RADAR + "baud = -1\nmax_speed_mps = 0.0.5\n".replace("0.0.5", '"x"') + '[[serial]]\ntype = "nope"\n')
    assert len(said.splitlines()) == 4  # port, baud, max_speed_mps, type


def test_what_is_said_is_what_the_module_gets_and_shows() -> None:
    text = (
        RADAR
        + 'port = "usb:0451:bef3:R1"\nbaud = 460800\nmin_snr_db = 12.0\n'
        + "[serial.mount]\nheading_deg = 90.0\nup_m = 2.5\n"
    )
    made = config(text).serials[0]
    assert (made.name, made.link.port, made.link.baud, made.reports) == ("r", "usb:0451:bef3:R1", 460800, "radar")
    mount = mount_of(made)
    assert mount is not None
    assert (mount.device, mount.heading_deg, mount.up_m) == ("r", 90.0, 2.5)
    shown = show_config(config(text))
    assert "[serial.mount]" in shown
    again = parse_config(shown, Path("node.toml"))
    assert again.serials == config(text).serials
    assert again.fusion == config(text).fusion


def test_certificates_of_a_broker_are_found_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    text = NODE + RID + 'port = "mqtts://broker.lan:8883/rid/#"\n[serial.tls]\nca = "ca.pem"\ncheck_hostname = false\n'
    made = parse_config(text, tmp_path / "node.toml")
    assert made.serials[0].link.tls == TlsSettings(str(tmp_path / "ca.pem"), check_hostname=False)
    assert parse_config(show_config(made), tmp_path / "node.toml").serials == made.serials


def test_several_modules_may_stand_in_one_scene() -> None:
    both = config(
        '[[serial]]\nname = "radar"\ntype = "ti-mmwave"\nport = "sim:demo"\n'
        '[[serial]]\nname = "camera"\ntype = "sscma"\nport = "sim:demo"\nhfov_deg = 12.0\n'
    )
    check_scenes(both)
    radar, camera = (mount_of(serial) for serial in both.serials)
    assert radar is not None
    assert camera is not None
    scene, module = scene_module(both.serials[0])
    assert (radar.heading_deg, radar.tilt_deg) == (module.mount.heading_deg, module.mount.tilt_deg)
    assert scene.name == "demo"
    assert camera.azimuth_half_deg == 6.0
    assert radar.reach_m is not None
    checks = {check.name: check for check in examine(both) if check.name.startswith("port")}
    assert [check.level for check in checks.values()] == ["OK", "OK"]


def test_a_scene_that_is_none_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(SceneError, match="nonesuch"):
        check_scenes(config(RADAR + 'port = "sim:nonesuch"\n'))


def test_a_scene_file_is_found_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('title = "mine"\n[receiver]\ncentre_hz = 868e6\n')
    path = tmp_path / "node.toml"
    path.write_text(NODE + RADAR + 'port = "sim:mine.toml"\n')
    scene, module = scene_module(load_config(path).serials[0])
    assert (scene.title, module.device) == ("mine", "ti-mmwave")  # which puts one beside the receiver


def test_the_friendly_list_is_checked_before_anything_runs(tmp_path: Path) -> None:
    private, public = key_pair()
    document = b'{"schema": "skypicket.friends/1", "issuer": "office", "entries": []}'
    for name, content in (("list", document), ("sig", sign_list(document, private)), ("pub", public)):
        (tmp_path / name).write_bytes(content)
    path = tmp_path / "node.toml"
    path.write_text(NODE + '[friends]\nlist = "list"\nsignature = "sig"\npublic_key = "pub"\n')
    make_fusion(load_config(path))
    (tmp_path / "list").write_bytes(document.replace(b"office", b"others"))
    with pytest.raises(FriendlyListError, match="signature"):
        make_fusion(load_config(path))
