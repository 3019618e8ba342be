"""What a node says of itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from node.health import HealthMeter, node_state
from node.host import ProcessorMeter, free_mib, give_back, resident_mib
from node.inbox import InboxCounters
from node.messages import NodeIdentity, message_schema, to_json
from node.pipeline import PipelineCounters
from node.runtime import RadioStatus
from node.scan import ScanPlan, Stop
from node.scan_pilot import ScanPilot
from node.sinks import SinkStatus

IDENTITY = NodeIdentity("hill", "mast", time_source="ntp", time_err_ms=2.0)
RUNNING = RadioStatus(
    "roof", "running", centre_hz=868e6, rate_hz=2.4e6, counters=PipelineCounters(1000, 50, 9, 1, 8, 2),
    inbox=InboxCounters(1200, 1100, 100, 1, 0.25, 0.9), noise_dbfs=-41.234, samples_failed=7, busy_s=2.0, signal_s=10.0,
)  # fmt: skip
DOWN = RadioStatus("yard", "down", last_error="no dongle; plug one in")


def meter() -> HealthMeter:
    return HealthMeter(IDENTITY, "00000000-0000-4000-8000-000000000001", "skypicket 0", 10.0, Path.cwd())


def test_online_only_when_everything_works() -> None:
    assert node_state([RUNNING]) == ("online", None)
    assert node_state([RUNNING, DOWN]) == ("degraded", "yard: no dongle; plug one in")
    assert node_state([RadioStatus("a")]) == ("degraded", "a: gives no samples yet")
    state, reason = node_state([RadioStatus("a", "running", recent_fault=True), RadioStatus("b", "ended", "no file")])
    assert state == "degraded"
    assert reason is not None
    assert "a: the pipeline failed" in reason
    assert "b: no file" in reason
    assert node_state([RadioStatus("a", "ended")]) == ("online", None)  # a recording that is over
    assert node_state([]) == ("online", None)


def test_health_has_every_loss_in_its_natural_unit() -> None:
    sinks = [SinkStatus("mqtt x:1883", connected=False, queued=3, dropped=4, last_error="nothing listens there")]
    message = meter().health(IDENTITY, [RUNNING, DOWN], sinks, results_waiting=2, tracks=5, latency_ms=123.456)
    data = json.loads(to_json(message))
    jsonschema.Draft202012Validator(message_schema("skypicket.health/1")).validate(data)
    roof, yard = data["radios"]
    assert (roof["samples"], roof["lost_samples"], roof["bursts_over_budget"], roof["patches_over_budget"]) == (
        1000, 57, 1, 2,
    )  # fmt: skip
    assert roof["busy_share"] == 0.2
    assert (yard["state"], yard["last_error"], yard["busy_share"]) == ("down", "no dongle; plug one in", None)
    assert {(q["name"], q["depth"], q["capacity"], q["dropped"]) for q in data["queues"]} >= {
        ("blocks roof (ms)", 250, 1000, 100),
        ("results", 2, 64, 0),
    }
    assert data["sinks"][0]["queued"] == 3
    assert data["sinks"][0]["dropped"] == 4
    assert (data["state"], data["tracks"], data["latency_ms"], data["time_source"]) == ("degraded", 5, 123.5, "ntp")
    assert data["memory_mib"] > 10
    assert data["disk_free_mib"] > 0
    assert 0 <= data["cpu_share"] <= 1


def test_the_share_of_the_pipeline_is_since_the_last_message() -> None:
    writer = meter()
    first = writer.health(IDENTITY, [RUNNING], [], results_waiting=0, tracks=0, latency_ms=None)
    later = replace(RUNNING, busy_s=2.0 + 4.0, signal_s=10.0 + 5.0)
    second = writer.health(IDENTITY, [later], [], results_waiting=0, tracks=0, latency_ms=None)
    third = writer.health(IDENTITY, [later], [], results_waiting=0, tracks=0, latency_ms=None)
    assert [message.radios[0].busy_share for message in (first, second, third)] == [0.2, 0.8, None]


def test_the_last_will_is_offline_of_this_boot() -> None:
    writer = meter()
    assert writer.will().state == "offline"
    assert writer.will().ts is None
    assert writer.will().boot_id == writer.status("online", None).boot_id


def test_holes_in_memory_are_given_back() -> None:
    pieces = [bytes(60_000) for _ in range(1500)]
    pieces = pieces[::100]  # between those that stay memory is free, but not at the end
    before = resident_mib()
    if not give_back():
        pytest.skip("the C library of this system cannot")
    after = resident_mib()
    assert before is not None
    assert after is not None
    assert after < before - 40
    assert len(pieces) == 15


def test_the_machine_is_read() -> None:
    memory = resident_mib()
    assert memory is not None
    assert 10 < memory < 10_000
    assert free_mib(Path("/nowhere/at/all")) is not None  # the nearest folder that exists
    processor = ProcessorMeter()
    sum(range(200_000))
    assert processor.share() > 0


def test_a_scanning_radio_shows_its_stop_and_its_visits() -> None:
    stops = (Stop("expresslrs EU868", 868.3e6, 0.5, 3), Stop("sik EU433", 433.9e6, 1.0))
    pilot = ScanPilot(ScanPlan(stops, (0, 1, 0), 2.0e6), hold_s=6.0)
    for tenth in range(30):
        pilot.next_centre_hz(tenth * 100_000_000)
    message = meter().health(
        IDENTITY, [replace(RUNNING, scan=pilot.status)], [], results_waiting=0, tracks=0, latency_ms=None
    )
    scan = message.radios[0].scan
    assert scan is not None
    assert (scan.stop, scan.held) in {(stop.name, False) for stop in stops}
    assert [(stop.name, stop.center_hz) for stop in scan.stops] == [(stop.name, stop.centre_hz) for stop in stops]
    assert [stop.visits for stop in scan.stops] == pilot.visits
    assert sum(pilot.visits) >= 3
    jsonschema.Draft202012Validator(message_schema("skypicket.health/1")).validate(json.loads(to_json(message)))
    assert meter().health(IDENTITY, [RUNNING], [], results_waiting=0, tracks=0, latency_ms=None).radios[0].scan is None
