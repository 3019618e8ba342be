"""TI mmWave command port: line after line, errors, silence, a radar that starts anew."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from firmware_bridge.radar.ti_config import TiConfig, TiConfigSettings, TiConfigState

NOW_NS = 1_700_000_000_000_000_000
S = 1_000_000_000
LINES = ("sensorStop", "% a comment", "", "flushCfg", "sensorStart")


def answered(module: TiConfig, text: str, at_ns: int = NOW_NS) -> bytes:
    module.feed(text.encode(), at_ns)
    return module.requests(at_ns)


def test_every_line_waits_for_the_answer_to_the_last() -> None:
    module = TiConfigSettings(lines=LINES).make()
    assert module.greeting() == b"sensorStop\n"
    assert module.requests(NOW_NS) == b""
    assert answered(module, "sensorStop\r\nIgnored: Sensor is already stopped\r\n") == b""
    assert answered(module, "Done\r\n\r\nmmwDemo:/>") == b"flushCfg\n"
    assert answered(module, "flushCfg\r\nDone\r\n\r\nmmwDemo:/>") == b"sensorStart\n"
    assert module.state is TiConfigState.SENDING
    assert answered(module, "sensorStart\r\nDebug: Init Calibration Status = 0x7fe\r\nDone\r\nmmwDemo:/>") == b""
    assert (module.state, module.fault) == (TiConfigState.STARTED, None)


@pytest.mark.parametrize("answer", ["Error -1", "'flushCfg' is not recognized as a CLI command"])
def test_an_error_is_told_with_its_line_and_tried_again_later(answer: str) -> None:
    module = TiConfigSettings(lines=LINES).make()
    module.greeting()
    answered(module, "Done\n")
    assert answered(module, f"{answer}\n") == b""
    assert module.state is TiConfigState.FAILED
    assert module.fault is not None
    assert "flushCfg" in module.fault
    assert answer in module.fault
    assert module.counters.refused == 1
    assert module.requests(NOW_NS + 9 * S) == b""
    assert module.requests(NOW_NS + 10 * S) == b"sensorStop\n"


def test_silence_is_told_and_tried_again() -> None:
    module = TiConfigSettings(lines=LINES).make()
    module.greeting()
    module.requests(NOW_NS)
    assert module.requests(NOW_NS + 5 * S) == b""
    assert module.state is TiConfigState.FAILED
    assert module.fault is not None
    assert "no answer" in module.fault
    assert module.requests(NOW_NS + 15 * S) == b"sensorStop\n"


def test_a_radar_that_starts_anew_is_configured_again() -> None:
    module = TiConfigSettings(lines=("sensorStart",)).make()
    module.greeting()
    answered(module, "Done\n")
    assert module.state is TiConfigState.STARTED
    assert answered(module, "\r\n***\r\nxWR64xx MMW Demo 03.06.00.00\r\n***\r\nmmwDemo:/>") == b"sensorStart\n"
    assert module.counters.reboots == 1


def test_without_a_configuration_nothing_is_sent() -> None:
    module = TiConfigSettings().make()
    assert (module.greeting(), module.requests(NOW_NS + 99 * S), module.state) == (b"", b"", TiConfigState.IDLE)


def test_the_configuration_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "profile.cfg"
    file.write_text("% made by the visualizer\nsensorStop\nsensorStart\n")
    assert TiConfigSettings(file=str(file)).make().greeting() == b"sensorStop\n"
    with pytest.raises(ValueError, match="either file or lines"):
        TiConfigSettings(file=str(file), lines=("sensorStop",))
    with pytest.raises(ValueError, match="is not there"):
        TiConfigSettings(file=str(tmp_path / "missing.cfg"))


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["cli_profile_2d", "cli_profile_3d"])
def test_a_real_dialogue(name: str) -> None:
    folder = Path(os.environ.get("SKYPICKET_SHARED", "../shared")) / "vectors" / "serial" / "ti_mmwave_restricted"
    if not folder.is_dir():
        pytest.skip(f"no serial vectors: {folder} is not a folder (set SKYPICKET_SHARED)")
    pairs = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
    pairs = [pair for pair in pairs if pair["sent"].strip()]
    module = TiConfig(tuple(pair["sent"] for pair in pairs))
    sent = module.greeting()
    for pair in pairs:
        assert sent.decode().strip() == pair["sent"].strip()
        sent = answered(module, f"{pair['received']}\r\n\nmmwDemo:/>")
    if module.state is TiConfigState.SENDING:  # the last answer kept in the file is the line before `Done`
        answered(module, "Done\r\n")
    assert module.state is TiConfigState.STARTED
