"""Every kind of sink: one line each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from node.commands import CommandInbox
from node.messages import NodeIdentity, StatusMessage
from node.sinks import Sink
from node.sinks.console import ConsoleSettings, ConsoleSink
from node.sinks.jsonl import JsonLinesSettings, JsonLinesSink
from node.sinks.mqtt_settings import MqttSettings

SinkSettings = MqttSettings | JsonLinesSettings | ConsoleSettings


@dataclass(frozen=True, slots=True)
class SinkStart:
    """What a sink may need of the node.

    Parameters
    ----------
    node
        Who speaks.
    last_will
        What is to be said when the node is gone without a word.
    commands
        Takes what clients ask for; None: they cannot ask.
    """

    node: NodeIdentity
    last_will: StatusMessage
    commands: CommandInbox | None = None


@dataclass(frozen=True, slots=True)
class SinkKind:
    """One kind of sink.

    Parameters
    ----------
    table
        Its table in the configuration.
    settings
        What that table holds.
    open
        Makes the sink.
    """

    table: str
    settings: type[SinkSettings]
    open: Callable[[SinkSettings, SinkStart], Sink]


def _mqtt(settings: SinkSettings, start: SinkStart) -> Sink:
    from node.sinks.mqtt import MqttSink  # paho is loaded only where it is used

    assert isinstance(settings, MqttSettings)
    return MqttSink(settings, start.node, start.last_will, start.commands)


def _jsonl(settings: SinkSettings, _start: SinkStart) -> Sink:
    assert isinstance(settings, JsonLinesSettings)
    return JsonLinesSink(settings.path)


def _console(settings: SinkSettings, _start: SinkStart) -> Sink:
    assert isinstance(settings, ConsoleSettings)
    return ConsoleSink(sys.stdout, settings)


SINKS: tuple[SinkKind, ...] = (
    SinkKind("mqtt", MqttSettings, _mqtt),
    SinkKind("jsonl", JsonLinesSettings, _jsonl),
    SinkKind("console", ConsoleSettings, _console),
)
"""One line per file of this folder that holds a sink."""


def open_sinks(settings: Iterable[SinkSettings], start: SinkStart) -> list[Sink]:
    """Open the sinks of a configuration, in its order; if one cannot be opened, those before it are closed.

    Raises
    ------
    SinkUnavailable
        If one cannot be opened.
    """
    opened: list[Sink] = []
    kinds = {kind.settings: kind for kind in SINKS}
    try:
        opened.extend(kinds[type(one)].open(one, start) for one in settings)
    except BaseException:
        for sink in opened:
            sink.close()
        raise
    return opened
