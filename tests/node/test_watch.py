"""The board of who reports what, and the subscription behind it, against a real broker."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dsp.protocols.record import Family
from node.alerts import AlertBook
from node.cli import main
from node.messages import AlertMessage, MessageMaker, NodeIdentity, StatusMessage, TrackMessage, to_json
from node.sinks.mqtt_connection import Arrived, MqttUnavailable
from node.sinks.mqtt_settings import MqttSettings
from node.tracking.track import ChangeKind, Track, TrackChange
from node.watch import Board, subscription

BASE = "skypicket/v1"
IDENTITY = NodeIdentity("hill", "mast-1")
BOOT_ID = "00000000-0000-4000-8000-000000000001"
needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto") is None, reason="no mosquitto: sudo apt install mosquitto"
)


def track(number: int, label: str = "expresslrs") -> Track:
    family: Family = "drone-control" if label == "expresslrs" else "non-drone"
    return Track(
        track_id=f"{number:026d}", state="confirmed", first_ns=10**18, last_ns=10**18 + 10**9, label=label,
        family=family, mode="100Hz", confidence=0.9, top=((label, 0.9),), centre_hz=868e6, offset_hz=0.0,
        bandwidth_hz=5e5, snr_db=12.0, peak_dbfs=-30.0, channels_hz=(868e6,), hop_rate_hz=25.0, duty=0.3, bursts=9,
        model=None, radio=("a",), evidence=("nine packets",),
    )  # fmt: skip


def status(state: str = "online") -> StatusMessage:
    return StatusMessage.model_validate(
        {
            "state": state, "reason": None, "node_id": IDENTITY.uuid, "boot_id": BOOT_ID,
            "since": "2026-05-01T12:00:00.000Z", "ts": None, "sw": "test",
        }
    )  # fmt: skip


class Sender:
    """Messages of one node, as they arrive."""

    def __init__(self) -> None:
        self.maker = MessageMaker(IDENTITY, BOOT_ID)

    def message(self, kind: ChangeKind, number: int = 1, label: str = "expresslrs") -> TrackMessage:
        return self.maker.track(TrackChange(kind, track(number, label), 10**18, "lost" if kind == "end" else None))

    @staticmethod
    def event(message: TrackMessage) -> Arrived:
        return Arrived(f"{BASE}/hill/mast-1/event", to_json(message), retained=False)

    @staticmethod
    def state(message: TrackMessage) -> Arrived:
        return Arrived(f"{BASE}/hill/mast-1/track/{message.track_id}", to_json(message), retained=True)


def test_a_message_that_comes_twice_is_news_once() -> None:
    sender, board = Sender(), Board()
    new, update = sender.message("new"), sender.message("update")
    news = [board.take(each, BASE) for each in (sender.state(new), sender.event(new), sender.event(update))]
    assert news == [new, None, update]
    assert list(board.tracks.values()) == [update]


def test_a_late_retained_state_does_not_bring_back_what_has_ended() -> None:
    sender, board = Sender(), Board()
    new, end = sender.message("new"), sender.message("end")
    assert board.take(sender.event(new), BASE) == new
    assert board.take(sender.event(end), BASE) == end
    assert board.take(sender.state(new), BASE) is None
    assert board.tracks == {}


def test_clearing_a_retained_state_takes_the_track_away() -> None:
    sender, board = Sender(), Board()
    new = sender.message("new")
    board.take(sender.state(new), BASE)
    board.take(Arrived(f"{BASE}/hill/mast-1/track/{new.track_id}", b"", retained=False), BASE)
    assert board.tracks == {}


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"{}", b"[1]", b"null", b'{"schema": "other/1"}', b"{" * 5000])
@pytest.mark.parametrize("topic", ["event", "status", "track/x", "alert/x", "health", "", "a/b/c/d"])
def test_strangers_on_our_topics_do_no_harm(topic: str, payload: bytes) -> None:
    board = Board()
    assert board.take(Arrived(f"{BASE}/hill/mast-1/{topic}", payload, retained=False), BASE) is None
    assert board.nodes == {}
    assert board.tracks == {}
    assert board.alerts == {}


def alert(message: TrackMessage, book: AlertBook) -> tuple[AlertMessage, Arrived]:
    """The alert that follows from a track message, as it arrives."""
    (found,) = book.hear(message)
    return found, Arrived(f"{BASE}/hill/mast-1/alert/{found.alert_id}", to_json(found), retained=True)


def test_alerts_stand_above_the_tracks_until_they_end_or_are_cleared() -> None:
    sender, board, book = Sender(), Board(), AlertBook()
    new = sender.message("new")
    raised, arrived = alert(new, book)
    assert [board.take(arrived, BASE), board.take(arrived, BASE)] == [raised, None]
    board.take(sender.event(new), BASE)
    lines = board.render(200, 40).splitlines()
    assert "looked after" in lines[2]
    assert "new            warning   expresslrs" in lines[3]
    assert "drone-control link heard" in lines[3]
    board.take(Arrived(arrived.topic, b"", retained=False), BASE)
    assert board.alerts == {}
    ended, arrived = alert(sender.message("end"), book)
    assert board.take(arrived, BASE) == ended
    assert board.alerts == {}
    assert "looked after" not in board.render(200, 40)


def test_what_a_node_had_goes_with_it_and_comes_back_with_it() -> None:
    sender, board = Sender(), Board()
    new = sender.message("new")
    _, arrived = alert(new, AlertBook())
    for each in (sender.state(new), arrived):
        board.take(each, BASE)
    assert (len(board.tracks), len(board.alerts)) == (1, 1)
    board.take(Arrived(f"{BASE}/hill/mast-1/status", to_json(status("offline")), retained=False), BASE)
    assert (board.tracks, board.alerts) == ({}, {})
    for each in (sender.state(new), arrived):  # the node is back and publishes anew what lives
        board.take(each, BASE)
    assert (len(board.tracks), len(board.alerts)) == (1, 1)


def test_the_board_fits_the_screen_and_shows_drones_first() -> None:
    sender, board = Sender(), Board()
    board.take(Arrived(f"{BASE}/hill/mast-1/status", to_json(status()), retained=True), BASE)
    for number in range(30):
        board.take(sender.event(sender.message("new", number, "expresslrs" if number == 29 else "cw")), BASE)
    lines = board.render(100, 12).splitlines()
    assert len(lines) == 12
    assert max(map(len, lines)) <= 100
    assert lines[1].startswith("hill/mast-1")
    assert "online" in lines[1]
    assert "expresslrs" in lines[4]
    assert lines[-1] == "... and 23 more"
    assert len(board.render(200, 100).splitlines()) == 4 + 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def mosquitto(folder: Path, port: int, anonymous: str = "true") -> Iterator[Callable[..., None]]:
    """A broker; gives what publishes there."""
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous {anonymous}\n")
    process = subprocess.Popen(["mosquitto", "-c", str(config)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "running" in line:
                break

        def publish(topic: str, message: TrackMessage | StatusMessage, *options: str) -> None:
            command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", topic, "-s", *options]
            subprocess.run(command, input=to_json(message), check=True, timeout=20)

        yield publish
    finally:
        process.terminate()
        process.communicate(timeout=20)


@needs_mosquitto
@pytest.mark.system
def test_a_subscription_comes_back_after_the_broker_was_away(tmp_path: Path) -> None:
    port, stop, said = free_port(), threading.Event(), list[str]()
    settings = MqttSettings(host="127.0.0.1", port=port)
    incoming = subscription(settings, (f"{BASE}/+/+/status",), stop, said.append)
    topic = f"{BASE}/hill/mast-1/status"
    with mosquitto(tmp_path, port) as publish:
        publish(topic, status(), "-r")
        first = next(each for each in incoming if each is not None)
    assert (first.topic, first.payload) == (topic, to_json(status()))
    while not said:  # the connection breaks
        next(incoming)
    with mosquitto(tmp_path, port) as publish:
        publish(topic, status("stopped"), "-r")
        again = next(each for each in incoming if each is not None)
        assert again.payload == to_json(status("stopped"))
        stop.set()
        assert [each for each in incoming if each is not None] == []


def test_without_a_broker_it_says_so_at_once() -> None:
    incoming = subscription(MqttSettings(host="127.0.0.1", port=free_port()), ("a",), threading.Event(), print)
    with pytest.raises(MqttUnavailable, match="nothing listens there"):
        next(incoming)


@needs_mosquitto
@pytest.mark.system
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_broker_that_refuses_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str], protocol: str) -> None:
    port = free_port()
    with mosquitto(tmp_path, port, anonymous="false"):
        code = main(["watch", "-q", "--host", "127.0.0.1", "--port", str(port), "--protocol", protocol])
    out, err = capfd.readouterr()
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert f"127.0.0.1:{port}" in err
    assert "authori" in err


@pytest.mark.parametrize(
    "arguments", [["--port", "0"], ["--node", "hill"], ["--node", "#"], ["--host", "mqtt://x"], ["--base", "a b"]]
)
def test_bad_arguments_are_one_line(capfd: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    code = main(["watch", *arguments])
    out, err = capfd.readouterr()
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
