"""`skypicket evaluate`: what the chain makes of real recordings and of simulated links, beside the truth."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from dsp.iq import IqBlock, IqSource, SourceError
from dsp.protocols import BY_LABEL
from models.classifier import Classifier
from node.pipeline import Pipeline, PipelineSettings, Sighting
from node.tracking.labels import burst_label, family_of
from node.tracking.track import Track
from node.tracking.tracker import Tracker, TrackerSettings

SAME_AS = {
    "expresslrs-proxy": ("expresslrs",),
    "lora": ("lorawan", "meshtastic"),
    "zwave": ("ism-fsk",),
    "tpms": ("ism-fsk", "ism-ook"),
    "mixed-ism": ("ism-ook", "ism-fsk"),
}
"""Labels that recordings use for what one of our records covers, or one of several."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the chain made of one signal."""

    tracks: tuple[Track, ...]
    """Last state of every track."""
    sightings: tuple[tuple[Sighting, str], ...]
    """Every burst with its label."""
    first_new_s: float | None
    """Signal time of the first drone track."""
    alerted_ns: tuple[tuple[str, int], ...] = ()
    """Track and Unix time at which it was first told to be a drone, in that order."""

    @property
    def drones(self) -> tuple[Track, ...]:
        """Tracks of a drone family."""
        return tuple(track for track in self.tracks if track.family.startswith("drone"))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    expected: str
    drone_link: bool | None
    drone_tracks: list[str]
    other_tracks: dict[str, int]
    burst_labels: dict[str, int]
    verdict: str


def run_chain(blocks: Iterator[IqBlock], classifier: Classifier | None) -> Outcome:
    """Run a signal through pipeline and tracker with their default settings."""
    pipeline = Pipeline(PipelineSettings(), classifier, "evaluate")
    tracker = Tracker(TrackerSettings(), "evaluate")
    last: dict[str, Track] = {}
    sightings: list[tuple[Sighting, str]] = []
    alerted_ns: dict[str, int] = {}
    begin_ns: int | None = None
    first_new_s: float | None = None

    def take(changes: list[tuple[Track, str, int]]) -> None:
        nonlocal first_new_s
        for track, kind, time_ns in changes:
            last[track.track_id] = track
            if kind != "end" and track.family.startswith("drone"):
                alerted_ns.setdefault(track.track_id, time_ns)
            if kind == "new" and track.family.startswith("drone") and first_new_s is None:
                first_new_s = (time_ns - (begin_ns or 0)) * 1e-9

    for block in blocks:
        begin_ns = block.start_ns if begin_ns is None else begin_ns
        result = pipeline.process(block)
        sightings += [(sighting, burst_label(sighting)[0]) for sighting in result.sightings]
        take([(c.track, c.kind, c.time_ns) for c in tracker.observe(result)])
    result = pipeline.flush()
    sightings += [(sighting, burst_label(sighting)[0]) for sighting in result.sightings]
    take([(c.track, c.kind, c.time_ns) for c in tracker.observe(result)])
    take([(c.track, c.kind, c.time_ns) for c in tracker.close(result.end_ns)])
    return Outcome(tuple(last.values()), tuple(sightings), first_new_s, tuple(alerted_ns.items()))


def judge(outcome: Outcome, label: str, *, drone_link: bool | None) -> str:
    """``ok`` or what is wrong.

    A recording of a drone link needs a drone track of the right family, or, where it holds a lone burst, the right
    burst label; every other recording must give no drone track.
    """
    wanted = SAME_AS.get(label, (label,))
    if drone_link is None:
        return "no truth"
    if not drone_link:
        return "ok" if not outcome.drones else "FALSE ALARM"
    known = [name for name in wanted if name in BY_LABEL]
    if not known:
        return "not covered" if not outcome.drones else "ok"
    families = {family_of(name) for name in known}
    if any(track.family in families for track in outcome.drones):
        return "ok"
    named = Counter(name for _, name in outcome.sightings)
    return "ok (burst)" if any(named[name] for name in known) else "MISSED"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--recordings", type=Path, metavar="DIR", help="folder of SigMF recordings with truth")
    parser.add_argument(
        "--simulated", action="store_true", help="simulated links: every mode of every protocol in each band"
    )
    parser.add_argument(
        "--fusion",
        action="store_true",
        help="the fused picture of the shipped scenes, beside the truth; with --report in the report",
    )
    parser.add_argument("--snr", type=float, default=10.0, help="signal-to-noise ratio of simulated links, dB")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a simulated scene (default: 5)")
    parser.add_argument("--seed", type=int, default=20_001, help="seed of the simulated scenes; training uses others")
    parser.add_argument("--only", default="", metavar="TEXT", help="only simulated scenes whose name holds this")
    parser.add_argument(
        "--jobs", "--workers", type=_count, default=1, metavar="N", help="processes to work in (default: 1)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--no-model", action="store_true", help="rules only, without the classifier")
    report = parser.add_argument_group("report", "run the published protocol and write a report about it")
    report.add_argument("--report", type=Path, metavar="DIR", help="folder of report.md, report.json and pictures")
    report.add_argument("--fast", action="store_true", help="a first look: strong links, short scenes, few of each")
    report.add_argument(
        "--trials", type=_none_or_more, metavar="N", help="scenes for each mode and level (default: 20; 0: no links)"
    )
    report.add_argument("--hours", type=_hours, metavar="H", help="background in all (default: 6; 0: none)")
    report.add_argument(
        "--budget", type=_hours, metavar="SECONDS", help="begin no run after this time (0: only write); go on later"
    )
    report.add_argument(
        "--store", type=Path, metavar="FILE", help="results, appended to and used again (default: DIR/runs.jsonl)"
    )
    report.add_argument(
        "--any-version", action="store_true", help="use results of other versions of the chain where there are no newer"
    )


def _count(text: str) -> int:
    """A whole number from 1."""
    value = _none_or_more(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be 1 or more")
    return value


def _none_or_more(text: str) -> int:
    """A whole number from 0."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number, 0 or more")
    return value


def _hours(text: str) -> float:
    """A number from 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number, 0 or more")
    return value


def run(args: argparse.Namespace) -> int:
    """Evaluate and print; 1 if anything is missed or falsely alarmed. With ``--report`` see ``node.report.command``."""
    if args.recordings is not None and not args.recordings.is_dir():
        sys.stderr.write(f"skypicket evaluate: {args.recordings}: no such folder; give one with SigMF recordings\n")
        return 2
    if args.report is not None:
        if args.simulated or args.json:
            sys.stderr.write(
                "skypicket evaluate: --report runs its own scenes and writes its own JSON; leave --simulated and "
                "--json out\n"
            )
            return 2
        from node.report.command import run_report

        return run_report(args)
    if args.fusion:
        if args.recordings is not None or args.simulated:
            sys.stderr.write(
                "skypicket evaluate: --fusion plays its own scenes; leave --recordings and --simulated out\n"
            )
            return 2
        from node.fusion.evaluate import run_fusion

        return run_fusion(args.only, as_json=args.json)
    if args.recordings is None and not args.simulated:
        sys.stderr.write(
            "skypicket evaluate: nothing to do; give --recordings DIR, --simulated or both, --fusion, or --report DIR\n"
        )
        return 2
    classifier: Classifier | None = None
    if not args.no_model:
        from models.onnx import load_classifier

        classifier = load_classifier()
    rows: list[Row] = []
    if args.recordings is not None:
        rows += evaluate_recordings(args.recordings, classifier)
    if args.simulated:
        from node.evaluate_links import evaluate_links, link_cases

        cases = [case for case in link_cases(args.snr, args.seconds, args.seed) if args.only in case.name]
        rows += evaluate_links(cases, with_model=not args.no_model, jobs=args.jobs)
    sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=1) + "\n" if args.json else table(rows))
    return 1 if any(row.verdict[0].isupper() for row in rows) else 0


def evaluate_recordings(folder: Path, classifier: Classifier | None) -> list[Row]:
    """Run every SigMF recording of a folder."""
    from node.sources import RecordingOptions, open_recording

    rows = []
    for path in sorted(folder.glob("*.sigmf-meta")):
        label, drone_link = _truth(path)
        try:
            source: IqSource = open_recording(str(path), RecordingOptions())
            outcome = run_chain(source.blocks(), classifier)
        except SourceError as fault:
            rows.append(Row(path.stem, label, drone_link, [], {}, {}, f"UNREADABLE: {fault}"))
            continue
        rows.append(make_row(path.stem, label, outcome, drone_link=drone_link))
    return rows


def make_row(name: str, label: str, outcome: Outcome, *, drone_link: bool | None) -> Row:
    """Put an outcome into a line of the table."""
    return Row(
        name,
        label,
        drone_link,
        [f"{t.label}{f' {t.mode}' if t.mode else ''} {t.confidence:.2f}" for t in outcome.drones],
        dict(Counter(t.label for t in outcome.tracks if not t.family.startswith("drone")).most_common()),
        dict(Counter(found for _, found in outcome.sightings).most_common(5)),
        judge(outcome, label, drone_link=drone_link),
    )


def _truth(path: Path) -> tuple[str, bool | None]:
    """Label and drone flag from a recording's own metadata."""
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
        labels = [str(note["core:label"]) for note in metadata.get("annotations", []) if "core:label" in note]
        flag = metadata["global"].get("skypicket:drone_link")
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return "?", None
    return (Counter(labels).most_common(1)[0][0] if labels else "?"), flag if isinstance(flag, bool) else None


def table(rows: list[Row]) -> str:
    """Readable table with a summary."""
    lines = [f"{'signal':44} {'truth':17} {'verdict':12} {'drone tracks':34} bursts"]
    for row in rows:
        bursts = ", ".join(f"{name} {count}" for name, count in row.burst_labels.items())
        drones = "; ".join(row.drone_tracks) or "-"
        lines.append(f"{row.name[:44]:44} {row.expected[:17]:17} {row.verdict[:12]:12} {drones[:34]:34} {bursts[:70]}")
    links = [row for row in rows if row.drone_link]
    others = [row for row in rows if row.drone_link is False]
    found = sum(row.verdict.startswith("ok") for row in links)
    clean = sum(row.verdict == "ok" for row in others)
    uncovered = sum(row.verdict == "not covered" for row in links)
    lines.append(
        f"{found} of {len(links)} drone links found ({uncovered} not covered yet), "
        f"{clean} of {len(others)} others without a drone track"
    )
    return "\n".join(lines) + "\n"
