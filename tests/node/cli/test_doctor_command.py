"""`skypicket doctor` and `skypicket config`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from node.config import default_config_text
from sim.radio import SimRadio
from sim.rtl_tcp import RtlTcpServer
from sim.scene import load_scene

Run = Callable[..., Any]
NODE = '[node]\nsite = "hill"\nname = "mast"\n'
SIMULATED = NODE + '[[radio]]\nname = "roof"\ntype = "simulator"\nscene = "demo"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "node.toml"
    path.write_text(text)
    return path


def levels(done: Any) -> dict[str, str]:
    return {check["name"]: check["level"] for check in json.loads(done.out)}


def test_every_check_has_a_level_and_every_failure_a_cure(skypicket: Run, tmp_path: Path) -> None:
    config = write(
        tmp_path,
        NODE
        + '[[radio]]\nname = "far"\ntype = "rtl-tcp"\nhost = "127.0.0.1"\nport = 9\ncentre_hz = 868e6\n'
        + '[[serial]]\nname = "radar"\ntype = "ld2450"\nport = "/dev/nowhere"\n'
        + '[[serial]]\nname = "planes"\ntype = "beast"\nport = "socket://127.0.0.1:9"\n'
        + '[[serial]]\nname = "usb"\ntype = "ld2451"\nport = "usb:ffff:ffff"\n'
        + '[mqtt]\nhost = "127.0.0.1"\nport = 9\n',
    )
    done = skypicket("doctor", "-c", config, "--json")
    assert done.code == 1
    found = levels(done)
    assert {"OK", "FAIL"} <= set(found.values()) <= {"OK", "WARN", "FAIL"}
    failed = {name for name, level in found.items() if level == "FAIL"}
    assert {"radio far", "port radar", "port planes", "port usb", "broker TCP"} <= failed
    assert found["broker DNS"] == found["numpy"] == found["packages"] == "OK"
    for check in json.loads(done.out):
        if check["level"] == "FAIL":
            assert check["cure"] or ";" in check["text"] or "," in check["text"], check


def test_a_server_that_answers_is_well_and_left_alone(skypicket: Run, tmp_path: Path) -> None:
    scene = load_scene("quiet")
    with RtlTcpServer(lambda: SimRadio(scene)) as server:
        radio = (
            f'[[radio]]\nname = "far"\ntype = "rtl-tcp"\nhost = "127.0.0.1"\nport = {server.port}\ncentre_hz = 868e6\n'
        )
        done = skypicket("doctor", "-c", write(tmp_path, NODE + radio), "--json")
        assert levels(done)["radio far"] == "OK"
        assert server.commands == ()


def test_the_lines_are_for_people(skypicket: Run, tmp_path: Path) -> None:
    done = skypicket("doctor", "-c", write(tmp_path, SIMULATED))
    lines = [line for line in done.out.splitlines() if not line.startswith(" ")]
    assert all(line.split()[0] in {"OK", "WARN", "FAIL"} for line in lines)
    assert any(line.startswith("OK   radio roof") for line in lines)
    assert done.code == (1 if any(line.startswith("FAIL") for line in lines) else 0)


def test_a_model_that_is_none_fails(skypicket: Run, tmp_path: Path) -> None:
    model = tmp_path / "x.onnx"
    model.write_bytes(b"no model")
    config = write(tmp_path, SIMULATED + f'[model]\npath = "{model}"\n')
    assert levels(skypicket("doctor", "-c", config, "--json"))["model"] == "FAIL"
    checked = skypicket("config", "check", config)
    assert checked.code == 1
    assert str(model) in checked.err


def test_the_example_is_a_good_configuration(skypicket: Run, tmp_path: Path) -> None:
    example = skypicket("config", "example")
    assert (example.code, example.out) == (0, default_config_text())
    path = write(tmp_path, example.out)
    assert skypicket("config", "check", path).code == 0
    jsonschema.Draft202012Validator(json.loads(skypicket("config", "schema").out)).validate(tomllib.loads(example.out))


def test_what_is_shown_gives_the_same_node(skypicket: Run, tmp_path: Path) -> None:
    path = write(tmp_path, SIMULATED + '[mqtt]\nhost = "h"\n[detector]\n[live]\nhealth_interval_s = 3.5\n')
    shown = skypicket("config", "show", path)
    assert shown.code == 0
    assert tomllib.loads(shown.out)["live"]["health_interval_s"] == 3.5
    path.write_text(shown.out)
    assert skypicket("config", "show", path).out == shown.out


@pytest.mark.parametrize("message", ["track", "status", "info", "health"])
def test_schemas_are_schemas(skypicket: Run, message: str) -> None:
    done = skypicket("config", "schema", "--message", message)
    schema = json.loads(done.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:skypicket:{message}:1"


@pytest.mark.parametrize("command", [("run", "-c"), ("config", "check"), ("config", "show"), ("doctor", "-c")])
def test_every_fault_of_a_configuration_is_said_with_its_line(
    skypicket: Run, tmp_path: Path, command: tuple[str, str]
) -> None:
    path = write(
        tmp_path,
        NODE.replace("site", "sight") + '[[radio]]\nname = "a"\ntype = "simulator"\nscene = "demo"\npcae = 1\n',
    )
    done = skypicket(*command, path)
    assert (done.code, done.out) == (2, "")
    said = done.err.splitlines()
    assert len(said) == 3
    assert all(line.startswith(f"{path}:") for line in said)
    assert any(":2: node.sight" in line for line in said)
    assert any(":8: radio[1].pcae" in line and "pace" in line for line in said)


def test_a_configuration_that_hears_nothing_is_bad(skypicket: Run, tmp_path: Path) -> None:
    done = skypicket("config", "check", write(tmp_path, NODE))
    assert done.code == 2
    assert done.err.count("\n") == 1


def test_run_without_a_configuration_says_how_to_make_one(skypicket: Run) -> None:
    done = skypicket("run")
    assert done.code == 2
    assert "skypicket config example > node.toml" in done.err
    assert done.err.count("\n") == 1


def test_run_with_a_scene_that_is_none_is_a_bad_configuration(skypicket: Run, tmp_path: Path) -> None:
    done = skypicket("run", "-c", write(tmp_path, SIMULATED.replace('"demo"', '"nonesuch"')))
    assert done.code == 2
    assert "nonesuch" in done.err


def test_run_with_a_sink_that_cannot_be_opened_fails(skypicket: Run, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = skypicket("run", "-c", write(tmp_path, SIMULATED + f'[jsonl]\npath = "{blocked}/x.jsonl"\n'))
    assert done.code == 1
    assert str(blocked) in done.err
    assert done.err.count("\n") == 1


def test_run_on_a_recording_that_is_missing_fails(skypicket: Run, tmp_path: Path) -> None:
    radio = '[[radio]]\nname = "tape"\ntype = "recording"\npath = "missing.cu8"\nsample_rate_hz = 2.4e6\n'
    done = skypicket("run", "-c", write(tmp_path, NODE + radio))
    assert done.code in {1, 2}
    assert "missing.cu8" in done.err
    assert "Traceback" not in done.err
