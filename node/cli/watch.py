"""`skypicket watch`: live table of what the nodes at a broker report."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from node.sinks.mqtt_settings import MqttSettings
    from node.watch import News

HOME_AND_CLEAR = "\x1b[H\x1b[J"
HEADER_EVERY = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("-c", "--config", type=Path, metavar="TOML", help="take the broker from this configuration")
    parser.add_argument("--host", help="broker (default: localhost, or as configured)")
    parser.add_argument("--port", type=int, help="its port (default: 1883, or as configured)")
    parser.add_argument("--protocol", choices=("5", "3.1.1"), help="version of MQTT (default: 5, or as configured)")
    parser.add_argument("--username", help="who we are, for the broker")
    parser.add_argument("--password-file", metavar="FILE", help="file with the password in its first line")
    parser.add_argument("--base", help="first levels of the topics (default: skypicket/v1, or as configured)")
    parser.add_argument("--node", default="+/+", metavar="SITE/NAME", help="only this node (default: all)")
    parser.add_argument("--lines", action="store_true", help="one line an event, even on a terminal")
    parser.add_argument("--json", action="store_true", help="the messages themselves, one a line")


def run(args: argparse.Namespace) -> int:
    """Watch until Ctrl-C."""
    from node.sinks.mqtt_connection import MqttUnavailable
    from node.watch import Board, subscription

    if args.node.count("/") != 1 or "#" in args.node:
        sys.stderr.write(f"skypicket watch: --node must be SITE/NAME, not {args.node}\n")
        return 2
    try:
        settings = _settings(args)
    except ValueError as fault:
        sys.stderr.write(f"skypicket watch: {fault}\n")
        return 2
    base = f"{settings.base}/{args.node}"
    board, stop = Board(), threading.Event()
    table = sys.stdout.isatty() and not args.lines and not args.json
    topics = (f"{base}/status", f"{base}/event", f"{base}/alert/+", *((f"{base}/track/+",) if table else ()))
    if not args.quiet:
        sys.stderr.write(f"watching {topics[1]} at {settings.address}; Ctrl-C ends\n")
    rows = 0
    try:
        for arrived in subscription(settings, topics, stop, _say):
            news = board.take(arrived, settings.base) if arrived is not None else None
            if table:
                size = shutil.get_terminal_size()
                sys.stdout.write(HOME_AND_CLEAR + board.render(size.columns, size.lines - 1) + "\n")
                sys.stdout.flush()
            elif arrived is not None and news is not None:
                rows += _print(arrived.topic, arrived.payload, news, rows, as_json=args.json)
    except MqttUnavailable as fault:
        sys.stderr.write(f"skypicket watch: {fault}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _settings(args: argparse.Namespace) -> MqttSettings:
    from node.sinks.mqtt_settings import MqttSettings

    settings = MqttSettings()
    if args.config is not None:
        from node.config import load_config

        configured = load_config(args.config).mqtt
        if configured is None:
            raise ValueError(f"{args.config}: has no [mqtt]; name the broker with --host")
        settings = replace(configured, client_id=None, spool=None)
    given = ("host", "port", "protocol", "username", "password_file", "base")
    return replace(settings, **{key: value for key in given if (value := getattr(args, key)) is not None})


def _print(topic: str, payload: bytes, news: News, rows: int, *, as_json: bool) -> int:
    """Print one message; give the rows of the table that were written."""
    from node.alert_rows import alert_row
    from node.messages import AlertMessage, TrackMessage
    from node.sinks.console import TITLES, row

    if as_json:
        sys.stdout.buffer.write(payload.rstrip(b"\n") + b"\n")
        sys.stdout.buffer.flush()
        return 0
    if isinstance(news, TrackMessage):
        if rows % HEADER_EVERY == 0:
            print(TITLES)
        print(row(news), flush=True)
        return 1
    node = os.path.dirname(topic)  # noqa: PTH120  # a topic is no path
    if isinstance(news, AlertMessage):
        node = os.path.dirname(node)  # noqa: PTH120
        print(f"-- {node} alert {alert_row(news)}", flush=True)
        return 0
    print(f"-- {node} is {news.state}{f': {news.reason}' if news.reason else ''}", flush=True)
    return 0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
