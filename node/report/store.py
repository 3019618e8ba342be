"""The file of results: appended to line by line, read again to go on where an earlier invocation stopped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from node.report.results import RunResult, from_line, to_line

PRODUCT = Path(__file__).resolve().parents[2]
JUDGED = ("dsp", "models", "sim", "node/tracking", "node/report")
"""Folders whose source decides what a run gives; and this file:"""
PIPELINE = "node/pipeline.py"
MODEL_SUFFIXES = (".py", ".onnx")
NOT_DECIDING = {
    "node/report/charts.py",
    "node/report/command.py",
    "node/report/figures.py",
    "node/report/headline.py",
    "node/report/heat.py",
    "node/report/machine.py",
    "node/report/markdown.py",
    "node/report/pictures.py",
    "node/report/progress.py",
    "node/report/protocol_text.py",
    "node/report/run_all.py",
    "node/report/slices.py",
    "node/report/store.py",
    "node/report/summary.py",
    "node/report/tables.py",
    "node/report/write.py",
}
"""They only order runs and put results together."""


def fingerprint(root: Path = PRODUCT, *, with_model: bool = True) -> str:
    """Twelve hexadecimal digits of everything that decides what a run gives; ``-rules`` without the classifier."""
    digest = hashlib.sha256()
    files = [root / PIPELINE]
    for folder in JUDGED:
        files += [path for path in (root / folder).rglob("*") if path.suffix in MODEL_SUFFIXES and path.is_file()]
    for path in sorted(files):
        name = path.relative_to(root).as_posix()
        if name in NOT_DECIDING or name.startswith("models/train/"):
            continue
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12] + ("" if with_model else "-rules")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file of results holds."""

    results: tuple[RunResult, ...]
    """Of the wanted versions of the chain, without faults, one of each key."""
    others: int
    """Left out: of another version of the chain."""
    unreadable: int
    """Lines that are none, such as the last one after a power cut."""


def load(path: Path, chain: str, *, any_chain: bool = False) -> Loaded:
    """Read the results.

    Parameters
    ----------
    path
        May be missing: nothing has been run yet.
    chain
        Fingerprint that results must have.
    any_chain
        Take results of other versions too where there is none of this one.

    Raises
    ------
    OSError
        If it is there and cannot be read.
    """
    found: dict[str, RunResult] = {}
    others = unreadable = 0
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    result = from_line(line)
                except ValueError:
                    unreadable += bool(line.strip())
                    continue
                if result.fault is not None:
                    continue
                if result.chain != chain and not any_chain:
                    others += 1
                    continue
                before = found.get(result.run.key)
                if before is None or (before.chain != chain and result.chain == chain):
                    found[result.run.key] = result
    return Loaded(tuple(found[key] for key in sorted(found)), others, unreadable)


class ResultWriter:
    """Appends results; each line is out of our hands at once, so an interrupted run loses none that is done.

    Raises
    ------
    OSError
        If the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
        self._file: TextIO = path.open("a", encoding="utf-8")
        if torn:  # by a power cut: what follows must not grow on to the torn line
            self._file.write("\n")

    def append(self, result: RunResult) -> None:
        """Write one result."""
        self._file.write(to_line(result) + "\n")
        self._file.flush()

    def __enter__(self) -> Self:
        """For ``with``."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()
