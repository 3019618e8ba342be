# Longer than 300 lines: one file of settings, and every wrong key that an operator writes into it.

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices import BY_NAME, DEVICES
from firmware_bridge.link_settings import LinkSettings
from node.config import (
    ConfigError,
    NodeConfig,
    config_schema,
    default_config_text,
    load_config,
    parse_config,
    show_config,
)
from node.config_registry import RADIOS, TABLES
from node.sinks.registry import SINKS
from node.sources import RtlSdrSettings, RtlTcpSettings

NODE = '[node]\nsite = "north"\nname = "mast-1"\n'


def _faults(text: str) -> dict[str, str]:
    """Text of every fault by ``line key``."""
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return {f"{fault.line} {fault.key}": fault.text for fault in caught.value.faults}


def test_the_example_loads_and_every_line_that_is_off_is_right_too() -> None:
    config = parse_config(default_config_text())
    assert config.node.site == "north"
    assert isinstance(config.radios[0], RtlSdrSettings)
    assert config.mqtt is not None
    for line in default_config_text().splitlines():
        assert len(line) <= 120


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_the_example_has_every_table(kind: str) -> None:
    assert re.search(rf"^(# )?\[{kind}\]", default_config_text(), re.MULTILINE)


def test_the_example_with_everything_switched_on_has_right_keys(tmp_path: Path) -> None:
    lines = []
    for line in default_config_text().splitlines():
        switched = re.match(r"# (\[{1,2}[a-z.]+\]{1,2}|[a-z_]+ = .*)", line)
        lines.append(line[2:] if switched else line)
    files = ("ca.pem", "mast-1.pem", "mast-1.key", "mqtt-password", "model.onnx")
    for name in (*files, "friends.json", "friends.sig", "friends.pub"):
        (tmp_path / name).write_text("x")
    config = parse_config("\n".join(lines), tmp_path / "node.toml")
    assert [type(radio).__name__ for radio in config.radios] == [
        *("RtlSdrSettings", "RtlTcpSettings", "SimulatorSettings", "RecordingSettings")
    ]
    assert [serial.type for serial in config.serials] == ["ld2450", "gpsd"]
    assert config.serials[0].mount is not None
    usual = parse_config(default_config_text())
    assert config.fusion == usual.fusion
    assert config.tracker == usual.tracker
    assert config.pipeline == usual.pipeline
    assert config.live == usual.live


def test_everything_lands_where_it_belongs(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x\n")
    config = parse_config(
        NODE
        + """
id = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
position = { lat = 56.95, lon = 24.11, alt_m = 30 }
[[radio]]
type = "rtl-tcp"
name = "far"
host = "192.0.2.1"
centre_hz = 433_920_000
gain = 20
if_gains_db = [3, 4.5]
[[serial]]
type = "ld2450"
port = "usb:0483:5740"
baud = 115200
max_range_m = 5.0
[mqtt]
host = "broker"
username = "n"
password_file = "secret"
spool = "data/spool.db"
tls = {}
[jsonl]
path = "~/messages.jsonl"
[console]
updates = false
[pipeline]
patches_per_second = 40
[detector]
bursts_per_second = 500
stft.bin_hz = 9375
[tracker]
publish_non_drone = false
[live]
health_interval_s = 5
""",
        tmp_path / "node.toml",
    )
    identity = config.identity
    assert identity.uuid == "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    assert (identity.lat, identity.lon, identity.alt_m, identity.ce_m) == (56.95, 24.11, 30.0, None)
    radio = config.radios[0]
    assert isinstance(radio, RtlTcpSettings)
    assert (radio.centre_hz, radio.gain, radio.if_gains_db) == (433.92e6, 20.0, (3.0, 4.5))
    assert config.serial_ports == (("ld2450", "usb:0483:5740"),)
    assert config.serials[0].link.baud == 115_200
    assert config.mqtt is not None
    assert config.mqtt.effective_port == 8883
    assert config.mqtt.password_file == str(tmp_path / "secret")
    assert config.mqtt.spool == str(tmp_path / "data" / "spool.db")
    assert config.jsonl is not None
    assert config.jsonl.path == str(Path.home() / "messages.jsonl")
    assert config.data_folders == (tmp_path, Path.home())
    assert config.console is not None
    assert not config.console.updates
    assert config.pipeline.patches_per_second == 40.0
    assert config.pipeline.detector.bursts_per_second == 500.0
    assert config.pipeline.detector.stft.bin_hz == 9375.0
    assert not config.tracker.publish_non_drone
    assert config.live.health_interval_s == 5.0
    assert config.model_path is None


def test_all_faults_are_reported_at_once_with_line_key_and_cure() -> None:
    faults = _faults(
        """
[node]
site = "no/rth"
nme = "mast"
position = {lat = 95.0, lon = "24"}

[[radio]]
name = "roof"
type = "rtl-sdr"
centre_hz = 868.3
gain = "high"
ppm = 1.5
serial = 5

[[radio]]
type = "rtl_sdr"

[mqtt]
password = "hunter2"
port = 99999
keepalive_s = 0
protocol = "5.0"
[mqtt.tls]
key = "x"
[tracker]
refresh_s = 0.0
link_timeout_s = 600000
update_s = true
patches_per_second = 5
[detectr]
[jsonl]
[live]
health_interval_s = nan
[[serial]]
type = "ld2450"
prt = "/dev/x"
max_range_m = -3
"""
    )
    assert set(faults) == {
        *("3 node.site", "4 node.nme", "2 node.name", "5 node.position.lat", "5 node.position.lon"),
        *("10 radio[1].centre_hz", "11 radio[1].gain", "12 radio[1].ppm", "13 radio[1].serial", "16 radio[2].type"),
        *("19 mqtt.password", "20 mqtt.port", "21 mqtt.keepalive_s", "22 mqtt.protocol", "24 mqtt.tls.key"),
        *("26 tracker.refresh_s", "27 tracker.link_timeout_s", "28 tracker.update_s", "29 tracker.patches_per_second"),
        *("30 detectr", "31 jsonl.path", "33 live.health_interval_s"),
        *("34 serial[1].port", "36 serial[1].prt", "37 serial[1].max_range_m"),
    }
    assert "did you mean 868.3e6?" in faults["10 radio[1].centre_hz"]
    assert "868.3 Hz" in faults["10 radio[1].centre_hz"]
    assert "did you mean name?" in faults["4 node.nme"]
    assert "without quotes" in faults["5 node.position.lon"]
    assert "in quotes" in faults["13 radio[1].serial"]
    assert 'a number or "auto"' in faults["11 radio[1].gain"]
    assert "did you mean rtl-sdr?" in faults["16 radio[2].type"]
    assert "password_file" in faults["19 mqtt.password"]
    assert not any("hunter2" in text for text in faults.values())
    assert "true or false" not in faults["28 tracker.update_s"]
    assert "[pipeline]" in faults["29 tracker.patches_per_second"]
    assert "did you mean detector?" in faults["30 detectr"]


@pytest.mark.parametrize(
    ("kind", "rest"), [("rtl-sdr", ""), ("simulator", 'scene = "demo"\n'), ("recording", 'path = "x.cu8"\n')]
)
def test_a_frequency_in_megahertz_is_seen_on_every_kind_of_radio(kind: str, rest: str) -> None:
    faults = _faults(f'{NODE}[[radio]]\nname = "a"\ntype = "{kind}"\n{rest}centre_hz = 433.92\n')
    assert [text for text in faults.values() if "did you mean 433.92e6?" in text] == list(faults.values())
    assert len(faults) == 1


def test_other_wrong_units_are_seen_where_the_right_one_passes() -> None:
    radio = f'{NODE}[[radio]]\nname = "a"\ntype = "rtl-sdr"\ncentre_hz = 433.92e6\n'
    assert "did you mean 2400e3?" in _faults(radio + "sample_rate_hz = 2400\n")["8 radio[1].sample_rate_hz"]
    assert "did you mean 2.4e6?" in _faults(radio + "sample_rate_hz = 2.4\n")["8 radio[1].sample_rate_hz"]
    tracker = _faults(NODE + "[tracker]\nlink_timeout_s = 6000\n")
    assert "did you mean 6000e-3?" in tracker["5 tracker.link_timeout_s"]
    assert "did you mean" not in _faults(NODE + "[mqtt]\nkeepalive_s = 70000\n")["5 mqtt.keepalive_s"]


def test_what_may_be_there_once_is_seen_twice() -> None:
    radio = '[[radio]]\nname = "{}"\ntype = "rtl-sdr"\ncentre_hz = 433.92e6\n'
    faults = _faults(NODE + radio.format("a") + 'serial = "1"\n' + radio.format("a") + 'serial = "1"\n')
    assert "as in line 5" in faults["10 radio[2].name"]
    assert "as in line 8" in faults["13 radio[2].serial"]
    two = _faults(NODE + radio.format("a") + radio.format("b"))
    assert "serial" in two["8 radio[2]"]
    tcp = '[[radio]]\nname = "{}"\ntype = "rtl-tcp"\nhost = "h"\ncentre_hz = 433.92e6\n'
    assert "h:1234" in _faults(NODE + tcp.format("a") + tcp.format("b"))["12 radio[2].host"]
    module = '[[serial]]\nname = "{}"\ntype = "ld2450"\nport = "/dev/ttyUSB0"\n'
    assert set(_faults(NODE + module.format("a") + module.format("b"))) == {"11 serial[2].port"}
    assert set(_faults(NODE + radio.format("a") + module.format("a"))) == {"9 serial[1].name"}


def test_tables_of_the_wrong_shape_are_named() -> None:
    assert "[[radio]]" in _faults(NODE + '[radio]\nname = "a"\n')["4 radio"]
    assert "[[serial]]" in _faults("serial = 5\n" + NODE)["1 serial"]
    assert "[mqtt]" in _faults('mqtt = "localhost"\n' + NODE)["1 mqtt"]
    assert "[detector]" in _faults(NODE + "[pipeline.detector]\nbursts_per_second = 50\n")["4 pipeline.detector"]
    assert "it belongs into [node]" in _faults('site = "x"\n' + NODE)["1 site"]
    assert "node.name" in " ".join(_faults(""))


def test_files_that_are_to_be_read_must_be_there(tmp_path: Path) -> None:
    text = (
        NODE + '[mqtt]\nusername = "n"\npassword_file = "none"\n[mqtt.tls]\nca = "ca.pem"\n[model]\npath = "m.onnx"\n'
    )
    faults = _faults(text)
    assert set(faults) == {"6 mqtt.password_file", "8 mqtt.tls.ca", "10 model.path"}
    assert "no such file" in faults["10 model.path"]
    for name in ("none", "ca.pem", "m.onnx"):
        (tmp_path / name).write_text("x")
    assert parse_config(text, tmp_path / "node.toml").model_path == tmp_path / "m.onnx"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[node\n", ":1:6"),
        ("[node]\nsite = north\n", ":2:8"),
        ('[node]\nsite = "a"\nsite = "b"\n', ":3:"),
        ('[node]\nsite = """', ":2:"),
        ("a = [1,\n", ":2:"),
    ],
)
def test_what_is_no_toml_has_line_and_column(text: str, place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, Path("n.toml"))
    assert str(caught.value).startswith(f"n.toml{place}")
    assert "is not TOML" in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="skypicket config example"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(tmp_path)
    (tmp_path / "latin.toml").write_bytes(NODE.encode() + b"# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.toml:4: is not UTF-8"):
        load_config(tmp_path / "latin.toml")
    (tmp_path / "windows.toml").write_bytes(b"\xef\xbb\xbf" + NODE.replace("\n", "\r\n").encode() + b"[trackr]\r\n")
    with pytest.raises(ConfigError, match=r"windows\.toml:4: trackr: .*tracker"):
        load_config(tmp_path / "windows.toml")


def test_what_is_shown_loads_to_the_same(tmp_path: Path) -> None:
    texts = [
        default_config_text(),
        NODE
        + 'position = {lat = -1.5, lon = 0.0}\n[[radio]]\nname = "a \\"b\\" \\\\ µ"\ntype = "simulator"\n'
        + 'scene = "demo"\nduration_s = inf\n[[serial]]\ntype = "ld2450"\nport = "/dev/x"\n'
        + '[mqtt.tls]\n[console]\n[jsonl]\npath = "-"\n',
    ]
    for text in texts:
        config = parse_config(text, tmp_path / "node.toml")
        shown = show_config(config)
        assert parse_config(shown, tmp_path / "node.toml") == config
        assert "node.toml" in shown.splitlines()[0]


def test_the_schema_describes_what_loads() -> None:
    schema = config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    json.dumps(schema)
    validator.validate(tomllib.loads(default_config_text()))
    validator.validate(tomllib.loads(show_config(parse_config(default_config_text()))))
    serial = NODE + '[[serial]]\ntype = "ld2450"\nport = "/dev/x"\nmax_range_m = 5.0\n[detector.stft]\nbin_hz = 500.0\n'
    validator.validate(tomllib.loads(serial))
    parse_config(serial)
    for bad in (
        NODE + "[trackr]\n",
        NODE + '[mqtt]\nport = "x"\n',
        '[node]\nsite = "x"\n',
        NODE + '[[radio]]\nname = "a"\ntype = "rtl-sdr"\ncentre_hz = "1"\n',
        NODE + '[[radio]]\nname = "a"\ncentre_hz = 1e6\n',
        NODE + '[[serial]]\ntype = "ld2450"\n',
    ):
        assert not validator.is_valid(tomllib.loads(bad))
        with pytest.raises(ConfigError):
            parse_config(bad)


def test_every_kind_of_radio_and_sink_has_its_table() -> None:
    for name, kind in RADIOS.items():
        assert kind.__dataclass_fields__["type"].default == name
    for sink in SINKS:
        assert TABLES[sink.table] is sink.settings


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.text("abc_", min_size=1, max_size=4), st.integers(0, 9), max_size=2),
)
KINDS: list[Any] = [*TABLES.values(), *RADIOS.values(), LinkSettings, *(device.settings for device in DEVICES)]
KEYS = sorted({one.name for kind in KINDS for one in fields(kind)})


def _toml(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(bool(value)).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value).replace("\x7f", "\\u007f")


@given(
    st.dictionaries(
        st.sampled_from(sorted(TABLES)), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6), max_size=4
    ),
    st.lists(
        st.tuples(st.sampled_from([*RADIOS, *BY_NAME]), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6)),
        max_size=2,
    ),
)
def test_whatever_stands_in_it_loads_or_is_a_list_of_faults(
    tables: dict[str, dict[str, object]], radios: list[tuple[str, dict[str, object]]]
) -> None:
    text = ""
    for name, table in tables.items():
        text += f"[{name}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())
    for kind, table in radios:
        rest = {key: value for key, value in table.items() if key != "type"}
        text += f'[[{"radio" if kind in RADIOS else "serial"}]]\ntype = "{kind}"\n'
        text += "".join(f"{key} = {_toml(value)}\n" for key, value in rest.items())
    try:
        config = parse_config(text)
    except ConfigError as error:
        lines = text.splitlines()
        for fault in error.faults:
            assert fault.text
            assert fault.line is not None
            assert 1 <= fault.line <= max(1, len(lines))
            key = fault.key.rpartition(".")[2].partition("[")[0]
            if key in KEYS and "is missing" not in fault.text and lines and "{" not in lines[fault.line - 1]:
                assert key in lines[fault.line - 1] or lines[fault.line - 1].startswith("[")
    else:
        assert isinstance(config, NodeConfig)
