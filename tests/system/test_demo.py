"""The demonstration, as `make demo` starts it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.system

Start = Callable[..., Any]
ROW = re.compile(
    r"^\d\d:\d\d:\d\d\.\d{3}  (?P<state>\w+) +(?P<label>[\w-]+) +(?P<mode>\S+) +(?P<family>[\w-]+) +"
    r"(?P<mhz>\d+\.\d{3}) +(?P<snr>-?\d+\.\d) +(?P<confidence>[01]\.\d\d)  - +(?P<level>\w+) +dongle$"
)


def test_shows_what_came_over_mqtt_and_ends_in_time(skypicket: Start) -> None:
    with skypicket("demo", "--seconds", "20") as demo:
        assert re.match(r"broker +127\.0\.0\.1:\d+ ", demo.wait_for("broker"))
        assert demo.wait_for("topic").split()[1] == "skypicket/v1/demo/mast-1/event"
        demo.wait_for("is online")
        demo.wait_for("is stopped")
        assert demo.process.wait(60) == 0
    assert any(line.startswith("time (UTC)") and "label" in line for line in demo.lines)
    rows = [found for line in demo.lines if (found := ROW.match(line))]
    drones = [row for row in rows if row["family"] == "drone-control"]
    assert ("new", "expresslrs", "100Hz") in {(row["state"], row["label"], row["mode"]) for row in drones}
    assert all(863.0 < float(row["mhz"]) < 870.0 for row in drones)
    assert rows[-1]["state"] == "shutdown"
    assert demo.lines[-1].endswith("is stopped")
    assert any({"radar", "camera"} <= set(line.split(" ")[-1].split(",")) for line in demo.lines)
    assert not any("Traceback" in line or "ERROR" in line for line in demo.lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_good_order(skypicket: Start, number: signal.Signals) -> None:
    with skypicket("demo") as demo:
        demo.wait_for("is online")
        demo.process.send_signal(number)
        demo.wait_for("is stopped")
        assert demo.process.wait(60) == 0


def test_a_scene_that_is_none_is_one_line(skypicket: Start) -> None:
    with skypicket("demo", "--scene", "nonesuch") as demo:
        assert "nonesuch" in demo.next_line()
        assert demo.process.wait(60) == 2
