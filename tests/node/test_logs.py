"""Logging is one line an event."""

from __future__ import annotations

import logging
import re
import subprocess
import sys

import pytest

from node.logs import LineFormatter, describe_fault, one_line


def record(text: str, fault: BaseException | None = None) -> logging.LogRecord:
    exc_info = (type(fault), fault, fault.__traceback__) if fault else None
    return logging.LogRecord("node.x", logging.WARNING, "f.py", 1, text, None, exc_info)


def int_of(text: str) -> int:
    raise ValueError(text)


def test_a_line_has_time_level_and_name() -> None:
    line = LineFormatter().format(record("something happened"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING node\.x: something happened", line)


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb\n", "\n\na\n  b  \n"])
def test_whatever_the_text_it_is_one_line(text: str) -> None:
    assert LineFormatter().format(record(text)).endswith(": a | b")


def test_a_fault_is_named_with_its_place_and_its_trace_only_when_asked_for() -> None:
    with pytest.raises(ValueError, match="bad") as caught:
        int_of("bad\nthing")
    fault = caught.value
    line = LineFormatter().format(record("internal fault", fault))
    assert re.search(r"internal fault: ValueError: bad \| thing at test_logs\.py:\d+$", line)
    assert "Traceback" in LineFormatter(traces=True).format(record("internal fault", fault))


def test_a_fault_without_text_or_trace_is_still_described() -> None:
    assert describe_fault(KeyError()) == "KeyError: no message"
    assert one_line("") == ""


def test_levels_by_verbosity() -> None:
    """In processes of their own, because logging is set up once."""
    code = (
        "import logging, sys; from node.logs import setup_logging; setup_logging(int(sys.argv[1]));"
        "logger = logging.getLogger('node.x'); other = logging.getLogger('paho');"
        "[getattr(l, k)(l.name + k) for l in (logger, other) for k in ('debug', 'info', 'warning', 'error')]"
    )
    shown = {}
    for verbosity in (-1, 0, 1, 2):
        done = subprocess.run(
            [sys.executable, "-c", code, str(verbosity)], capture_output=True, text=True, check=True, timeout=60
        )
        shown[verbosity] = re.findall(r": (\S+)$", done.stderr, re.MULTILINE)
    assert shown[-1] == ["node.xerror", "pahoerror"]
    assert shown[0] == ["node.xwarning", "node.xerror", "pahowarning", "pahoerror"]
    assert "node.xinfo" in shown[1]
    assert "node.xdebug" in shown[2]
    assert "pahodebug" not in shown[2]
