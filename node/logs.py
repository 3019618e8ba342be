"""Logging: one line an event, to standard error. What must be counted goes to health, not here."""

from __future__ import annotations

import logging
import sys
import time
import traceback

LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}
"""Least level shown, by the number of ``-v`` less the number of ``-q``."""


class LineFormatter(logging.Formatter):
    """``2026-05-01T12:00:00.123Z WARNING node.runtime: text``, whatever the text: always one line.

    Parameters
    ----------
    traces
        Whether an exception is shown with its whole trace, which takes several lines, or by its type, text and place.
    """

    def __init__(self, *, traces: bool = False) -> None:
        super().__init__()
        self._traces = traces

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        text = one_line(record.getMessage())
        fault = record.exc_info[1] if record.exc_info else None
        trace = ""
        if fault is not None:
            text += f": {describe_fault(fault)}"
            if self._traces:
                trace = "\n" + "".join(traceback.format_exception(fault)).rstrip()
        return f"{stamp}.{int(record.msecs):03d}Z {record.levelname} {record.name}: {text}{trace}"


def one_line(text: str) -> str:
    """The text with its line ends made visible separators."""
    return " | ".join(part.strip() for part in text.splitlines() if part.strip())


def describe_fault(fault: BaseException) -> str:
    """Type, text and place of an exception nobody expected."""
    frames = traceback.extract_tb(fault.__traceback__)
    place = f" at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}: {one_line(str(fault)) or 'no message'}{place}"


def setup_logging(verbosity: int) -> None:
    """Log to standard error; call once, from the command line.

    Parameters
    ----------
    verbosity
        Number of ``-v`` less the number of ``-q``: -1 errors, 0 warnings, 1 information, 2 everything.
    """
    level = LEVELS[max(min(verbosity, max(LEVELS)), min(LEVELS))]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(traces=level <= logging.DEBUG))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING if level > logging.DEBUG else logging.INFO)  # other people's libraries
    for package in ("node", "sim", "models", "firmware_bridge", "dsp"):
        logging.getLogger(package).setLevel(level)
    if level > logging.WARNING:
        root.setLevel(level)
    logging.captureWarnings(capture=True)
