"""What came of a run: one line of JSON each, so that runs of several days and machines can be put together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from node.report.intervals import Tally
from node.report.runs import Part, Run

Matrix = Mapping[str, Mapping[str, int]]
"""How often what was on air (outer key) was called what (inner key)."""
PARTS: tuple[Part, ...] = ("link", "confuser", "background")
NOTHING = "(nothing)"
"""On air: no emitter of the scene; called: no track."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What the chain made of one scene.

    Parameters
    ----------
    run
        What was run.
    chain
        Fingerprint of detector, model, tracker and simulator.
    cpu_s
        Processor time of the whole run, and
    render_s
        the part of it that the simulator took.
    conditions
        What made the scene harder.
    found
        A drone track stands for the link, in time.
    named, mode_right
        The right label, and the right mode too.
    alert_s
        From switching on to the first message of that track; None: never.
    surplus
        Drone tracks beyond the one.
    tracks, bursts
        On air against called.
    track_tallies
        Confidences of tracks against whether the label was right, by the label they were called;
    burst_tally
        the same of all bursts together.
    false_drones
        Label and mode of drone tracks where there was no drone.
    hoppers
        Tracks of unknown hoppers.
    fault
        Why there is no result; None if there is.
    """

    run: Run
    chain: str
    cpu_s: float = 0.0
    render_s: float = 0.0
    conditions: tuple[str, ...] = ()
    found: bool = False
    named: bool = False
    mode_right: bool = False
    alert_s: float | None = None
    surplus: int = 0
    tracks: Matrix = field(default_factory=dict)
    bursts: Matrix = field(default_factory=dict)
    track_tallies: Mapping[str, Tally] = field(default_factory=dict)
    burst_tally: Tally = field(default_factory=Tally)
    false_drones: tuple[str, ...] = ()
    hoppers: int = 0
    fault: str | None = None


def to_line(result: RunResult) -> str:
    """One line of JSON without its end."""
    return json.dumps(asdict(result), separators=(",", ":"), sort_keys=True)


def from_line(line: str) -> RunResult:
    """Read one line.

    Raises
    ------
    ValueError
        If it is none that ``to_line`` wrote.
    """
    try:
        data = json.loads(line)
        alert_s, fault = data["alert_s"], data["fault"]
        result = RunResult(
            run=_run(data["run"]),
            chain=str(data["chain"]),
            cpu_s=float(data["cpu_s"]),
            render_s=float(data["render_s"]),
            conditions=tuple(str(each) for each in data["conditions"]),
            found=bool(data["found"]),
            named=bool(data["named"]),
            mode_right=bool(data["mode_right"]),
            alert_s=None if alert_s is None else float(alert_s),
            surplus=int(data["surplus"]),
            tracks=_matrix(data["tracks"]),
            bursts=_matrix(data["bursts"]),
            track_tallies={str(label): _tally(tally) for label, tally in data["track_tallies"].items()},
            burst_tally=_tally(data["burst_tally"]),
            false_drones=tuple(str(each) for each in data["false_drones"]),
            hoppers=int(data["hoppers"]),
            fault=None if fault is None else str(fault),
        )
    except (TypeError, KeyError, AttributeError) as fault_:
        raise ValueError(f"not a line of results: {fault_!r}") from fault_
    return result


def _run(data: dict[str, object]) -> Run:
    snr_db = data["snr_db"]
    part = next((part for part in PARTS if part == data["part"]), None)
    if part is None:
        raise ValueError(f"not a line of results: part {data['part']!r}")
    return Run(
        part,
        str(data["label"]),
        str(data["mode"]),
        str(data["band"]),
        None if snr_db is None else float(str(snr_db)),
        int(str(data["trial"])),
        float(str(data["seconds"])),
    )


def _matrix(data: dict[str, dict[str, int]]) -> Matrix:
    return {str(row): {str(name): int(count) for name, count in of.items()} for row, of in data.items()}


def _tally(data: dict[str, list[float]]) -> Tally:
    return Tally(
        tuple(int(n) for n in data["counts"]),
        tuple(int(n) for n in data["right"]),
        tuple(float(s) for s in data["confidence"]),
    )
