# Longer than 300 lines: one message, and every field of its contract.

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dsp.bursts import Burst, ChirpFinding
from dsp.protocols import BY_LABEL
from dsp.protocols.record import ChirpPhy, Family, HopTiming
from models.classifier import ModelRef
from node.ids import boot_uuid, node_uuid
from node.messages import (
    SCHEMAS,
    HealthMessage,
    InfoMessage,
    MessageMaker,
    NodeIdentity,
    RadioHealth,
    SensorInfo,
    SinkHealth,
    StatusMessage,
    TrackMessage,
    message_schema,
    rfc3339,
    to_json,
    track_schema,
)
from node.pipeline import BlockResult, PipelineCounters, Sighting, Step
from node.tracking.track import ChangeKind, EndReason, Track, TrackChange
from node.tracking.tracker import Tracker, TrackerSettings

GOLDEN = Path(__file__).parents[1] / "golden" / "messages.jsonl"
NODE = NodeIdentity("north", "mast-1", lat=56.95, lon=24.11, alt_m=31.0, time_source="gps", time_err_ms=0.5)
START_NS = 1_790_000_000_123_456_789

TRACK = Track(
    track_id="01K5SAMPME0000000000000000",
    state="confirmed",
    first_ns=START_NS,
    last_ns=START_NS + 1_500_000_000,
    label="expresslrs",
    family="drone-control",
    mode="200Hz",
    confidence=0.98765432,
    top=(("expresslrs/200Hz", 0.98765432), ("expresslrs/100Hz", 0.01), ("lorawan", 0.001)),
    centre_hz=868_300_123.4,
    offset_hz=-600_000.6,
    bandwidth_hz=500_000.0,
    snr_db=12.345,
    peak_dbfs=-21.239,
    channels_hz=(867_783_000.2, 868_309_000.0),
    hop_rate_hz=50.00049,
    duty=0.43219,
    bursts=57,
    model=ModelRef("patches", "1.2.0", "ab" * 32),
    radio=("roof",),
    evidence=("57 packets in 1.50 s on 2 channels",),
    caveats=("LoRa sensors share the band",),
)


def _validator(name: str) -> jsonschema.Draft202012Validator:
    schema = message_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def _maker() -> MessageMaker:
    return MessageMaker(NODE, boot_uuid(NODE.uuid, "test"))


def _change(track: Track = TRACK, kind: ChangeKind = "new", reason: EndReason | None = None) -> TrackChange:
    return TrackChange(kind, track, track.last_ns, reason)


def _tracked(seconds: float) -> list[TrackChange]:
    """What the real tracker says of a hopping link, from its birth to its end."""
    mode = next(m for m in BY_LABEL["expresslrs"].modes if isinstance(m.phy, ChirpPhy))
    timing, phy = mode.timing, mode.phy
    assert isinstance(timing, HopTiming)
    assert isinstance(phy, ChirpPhy)
    channels = BY_LABEL["expresslrs"].bands_of(mode)[0].channels_hz[:6]
    tracker = Tracker(TrackerSettings(), "mast-1")
    changes: list[TrackChange] = []
    sightings: dict[int, list[Sighting]] = {}
    for number in range(int(seconds / timing.interval_s)):
        start_s = number * timing.interval_s
        channel_hz = channels[(number // timing.packets_per_hop * 5) % len(channels)]
        finding = ChirpFinding(phy.spreading_factor, phy.bandwidth_hz, phy.symbol_s, phy.slope_hz_per_s, 0.8)
        burst = Burst(
            START_NS + round(start_s * 1e9), timing.airtime_s, channel_hz, phy.bandwidth_hz, 10.0, -20.0, finding
        )
        sighting = Sighting(burst, None, "roof", tuning_known=True, slice_centre_hz=channels[2], slice_rate_hz=2.4e6)
        sightings.setdefault(int(start_s / 0.1), []).append(sighting)
    for step in range(int((seconds + 8.0) / 0.1)):
        end_ns = START_NS + (step + 1) * 100_000_000
        steps = (Step(end_ns, tuple(sightings.get(step, ()))),)
        changes += tracker.observe(BlockResult(steps, end_ns, "roof", PipelineCounters()))
    return changes


def test_a_message_has_every_field_of_the_contract_in_its_order() -> None:
    message = json.loads(to_json(_maker().track(_change())))
    of_the_contract = [
        *("schema", "event", "kind", "node_id", "track_id", "boot_id", "seq", "ts", "first_seen", "last_seen"),
        *("end_reason", "classification", "identity", "decoy", "severity", "rf", "position", "velocity", "range_m"),
        *("bearing_deg", "area", "sensors", "node", "evidence", "latency_ms"),
    ]
    added = ["object", "sources", "association", "part_of", "merged_from", "split_from", "merged_into"]
    assert list(message) == of_the_contract + added
    assert list(message["classification"]) == ["label", "family", "mode", "confidence", "top", "model"]
    identity = ["affiliation", "basis", "cooperative", "remote_id", "consistency"]
    assert list(message["identity"]) == [*identity, "dark", "spoof_suspect", "spoof_reasons", "operator"]
    assert {"center_hz", "bandwidth_hz", "snr_db", "peak_dbfs", "channels_hz", "hop_rate_hz", "duty"} <= set(
        message["rf"]
    )
    assert message["schema"] == "skypicket.track/1"
    assert message["kind"] == "rf_emission"
    assert message["identity"]["affiliation"] == "unknown"
    assert message["sensors"] == ["roof"]


def test_values_are_those_of_the_track() -> None:
    message = _maker().track(_change(), latency_ms=123.456)
    assert message.rf is not None
    assert (message.rf.center_hz, message.rf.offset_hz) == (868_300_123.0, -600_001.0)
    assert message.first_seen == "2026-09-21T14:13:20.123Z"
    assert message.last_seen == "2026-09-21T14:13:21.623Z"
    assert [(c.label, c.mode) for c in message.classification.top] == [
        ("expresslrs", "200Hz"),
        ("expresslrs", "100Hz"),
        ("lorawan", None),
    ]
    assert message.latency_ms == 123.5
    assert [(e.type, e.text) for e in message.evidence] == [
        ("measurement", TRACK.evidence[0]),
        ("caveat", TRACK.caveats[0]),
    ]


def test_what_is_not_known_is_null_and_never_zero() -> None:
    track = replace(TRACK, centre_hz=None, channels_hz=(), hop_rate_hz=None, duty=None, model=None, mode=None)
    maker = MessageMaker(NodeIdentity("north", "mast-1"), boot_uuid(NODE.uuid, "test"))
    message = json.loads(to_json(maker.track(_change(track))))
    _validator("skypicket.track/1").validate(message)
    assert message["rf"]["center_hz"] is None
    assert message["rf"]["offset_hz"] == -600_001.0
    assert message["classification"]["model"] is None
    for key in ("position", "velocity", "range_m", "bearing_deg", "latency_ms", "end_reason"):
        assert message[key] is None
    assert message["area"] == {"lat": None, "lon": None, "radius_m": None, "basis": None}
    assert message["decoy"] == {"score": None, "reasons": []}
    assert message["node"]["lat"] is None
    assert message["node"]["time_err_ms"] is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_no_number_becomes_null(bad: float) -> None:
    track = replace(TRACK, snr_db=bad, peak_dbfs=bad, bandwidth_hz=bad, offset_hz=bad, duty=bad, confidence=bad)
    text = to_json(_maker().track(_change(track)))
    message = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    _validator("skypicket.track/1").validate(message)
    assert message["rf"]["snr_db"] is None


def test_messages_of_the_real_tracker_fit_the_schema() -> None:
    maker, validator = _maker(), _validator("skypicket.track/1")
    messages = [json.loads(to_json(maker.track(change))) for change in _tracked(4.0)]
    for message in messages:
        validator.validate(message)
    assert next(m["event"] for m in messages if m["classification"]["label"] == "expresslrs") == "new"
    assert messages[-1]["event"] == "end"
    assert messages[-1]["end_reason"] == "lost"
    assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))


def test_a_replay_repeats_every_byte() -> None:
    def once() -> bytes:
        maker = _maker()
        return b"\n".join(to_json(maker.track(change)) for change in _tracked(3.0))

    assert once() == once()


def test_the_wire_has_not_changed() -> None:
    """Refresh with SKYPICKET_GOLDEN=write and say in the change log what changed: within a version only additions."""
    maker = _maker()
    changes = [_change(), _change(kind="update"), _change(kind="end", reason="lost")]
    text = b"".join(to_json(maker.track(change)) + b"\n" for change in changes)
    if os.environ.get("SKYPICKET_GOLDEN") == "write":
        GOLDEN.write_bytes(text)
    assert text.decode() == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event", "gone"),
        ("kind", "plane"),
        ("end_reason", "bored"),
        ("identity.affiliation", "enemy"),
        ("classification.family", "toys"),
        ("classification.confidence", 1.5),
        ("ts", "2026-09-21 14:13:20"),
        ("track_id", "not-a-ulid"),
        ("node_id", "mast-1"),
        ("seq", 0),
        ("rf.center_hz", "868.3 MHz"),
    ],
)
def test_the_schema_refuses(path: str, value: object) -> None:
    message = json.loads(to_json(_maker().track(_change(kind="end", reason="lost"))))
    validator = _validator("skypicket.track/1")
    assert validator.is_valid(message)
    *parents, last = path.split(".")
    place = message
    for key in parents:
        place = place[key]
    place[last] = value
    assert not validator.is_valid(message)
    with pytest.raises(ValidationError):
        TrackMessage.model_validate_json(json.dumps(message))


@pytest.mark.parametrize("field", list(track_schema()["properties"]))
def test_no_field_may_be_left_out(field: str) -> None:
    message = json.loads(to_json(_maker().track(_change())))
    del message[field]
    assert not _validator("skypicket.track/1").is_valid(message)


def test_an_end_has_a_reason_and_only_an_end() -> None:
    validator = _validator("skypicket.track/1")
    message = json.loads(to_json(_maker().track(_change())))
    assert not validator.is_valid(message | {"event": "end"})
    assert not validator.is_valid(message | {"end_reason": "lost"})
    with pytest.raises(ValidationError, match="end_reason"):
        _maker().track(_change(kind="end"))


def test_what_a_later_version_adds_is_ignored() -> None:
    message = json.loads(to_json(_maker().track(_change())))
    message["rf"]["polarisation"] = "vertical"
    message["weather"] = None
    assert _validator("skypicket.track/1").is_valid(message)
    assert to_json(TrackMessage.model_validate_json(json.dumps(message))) == to_json(_maker().track(_change()))


@pytest.mark.parametrize(
    ("family", "label", "level"),
    [
        ("drone-control", "expresslrs", "warning"),
        ("drone-video", "analog-video", "warning"),
        ("unknown", "unknown-hopper", "advisory"),
        ("unknown", "unknown", "info"),
        ("non-drone", "lorawan", "info"),
    ],
)
def test_severity_follows_the_family(family: Family, label: str, level: str) -> None:
    message = _maker().track(_change(replace(TRACK, family=family, label=label)))
    assert message.severity.level == level
    assert message.severity.reasons


def test_a_given_identifier_is_kept_and_others_are_derived() -> None:
    given_id = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
    assert NodeIdentity("a", "b", node_id=given_id).uuid == given_id.lower()
    assert NodeIdentity("a", "b").uuid == node_uuid("a", "b")
    ids = {node_uuid("a", "b"), node_uuid("a", "c"), node_uuid("b", "b"), boot_uuid("x", "1"), boot_uuid("x", "2")}
    assert len(ids) == 5


@given(st.integers(min_value=-(10**21), max_value=10**21), st.integers(min_value=1, max_value=10**15))
def test_times_sort_as_their_texts(time_ns: int, later_ns: int) -> None:
    texts = [rfc3339(time_ns), rfc3339(time_ns + later_ns)]
    assert all(len(text) == 24 and text.endswith("Z") for text in texts)
    assert all(a <= b for a, b in pairwise(texts))


def test_the_node_about_itself_fits_its_schemas() -> None:
    node_id, boot_id, ts = NODE.uuid, boot_uuid(NODE.uuid, "x"), rfc3339(START_NS)
    messages: list[StatusMessage | InfoMessage | HealthMessage] = [
        StatusMessage(state="online", reason=None, node_id=node_id, boot_id=boot_id, since=ts, ts=ts, sw="skypicket 0"),
        InfoMessage(
            node_id=node_id,
            boot_id=boot_id,
            ts=ts,
            sw="skypicket 0",
            node=NODE.info(),
            sensors=(SensorInfo(name="roof", type="rtl-sdr", device="00000001"),),
            labels=("expresslrs",),
            model=None,
            schemas=tuple(SCHEMAS),
        ),
        HealthMessage(
            node_id=node_id,
            boot_id=boot_id,
            ts=ts,
            uptime_s=1.0,
            state="degraded",
            interval_s=10.0,
            tracks=0,
            radios=(RadioHealth(name="roof", state="lost", lost_samples=5),),
            sinks=(SinkHealth(name="mqtt", connected=False, queued=3, dropped=1, last_error="refused"),),
        ),
    ]
    for message in messages:
        _validator(message.schema_name).validate(json.loads(to_json(message)))
