"""What the chain saw and why it thinks what it thinks, in words."""

from __future__ import annotations

from dsp.bursts import (
    ChirpFinding,
    CyclicPrefixFinding,
    Finding,
    KeyingFinding,
    LineCombFinding,
    PulseFinding,
    ZadoffChuFinding,
)
from node.burst_confidence import told_label
from node.messages import rfc3339
from node.pipeline import Sighting
from node.tracking.track import TrackChange


def burst_line(sighting: Sighting) -> str:
    """One burst: when, what, how sure, where, how long, how strong, how it was found."""
    burst = sighting.burst
    label, confidence = told_label(sighting)
    where = (
        f"{burst.centre_hz / 1e6:.4f} MHz"
        if sighting.tuning_known
        else f"{(burst.centre_hz - sighting.slice_centre_hz) / 1e3:+.1f} kHz"
    )
    cuts = [
        name
        for name, cut in (
            ("below", burst.cut_low), ("above", burst.cut_high), ("at its start", burst.cut_start),
            ("at its end", burst.cut_end),
        )
        if cut
    ]  # fmt: skip
    said = sighting.classification
    model = "" if said is None else f", classifier says {said.label} {said.confidence:.2f}"
    return (
        f"{rfc3339(burst.start_ns)[11:23]} burst {label} {confidence:.2f} at {where}, "
        f"{burst.bandwidth_hz / 1e3:.1f} kHz wide, {burst.duration_s * 1e3:.2f} ms, {burst.snr_db:.1f} dB"
        f"{', cut ' + ' and '.join(cuts) if cuts else ''}; {finding_text(burst.finding)}{model}"
    )


def finding_text(finding: Finding) -> str:
    """How a burst was found."""
    if isinstance(finding, ChirpFinding):
        turn = "up" if finding.slope_hz_per_s > 0 else "down"
        return f"{turn}-chirps SF{finding.spreading_factor} over {finding.bandwidth_hz / 1e3:.0f} kHz"
    if isinstance(finding, KeyingFinding):
        rate = f" at {finding.symbol_rate_hz / 1e3:.1f} kBd" if finding.symbol_rate_hz else ""
        return f"two tones, deviation {finding.deviation_hz / 1e3:.1f} kHz{rate}"
    if isinstance(finding, LineCombFinding):
        return f"lines of {finding.standard} video, {finding.line_hz:.0f} Hz"
    if isinstance(finding, CyclicPrefixFinding):
        return f"cyclic prefix of OFDM, subcarriers {finding.subcarrier_spacing_hz / 1e3:.2f} kHz apart"
    if isinstance(finding, PulseFinding):
        return f"{finding.pulses} pulses of {finding.pulse_s * 1e6:.1f} us"
    if isinstance(finding, ZadoffChuFinding):
        return f"Zadoff-Chu sequences, {', '.join(f'{share:.2f}' for share in finding.correlations)} of the power"
    return f"energy, flatness {finding.flatness:.2f}"


def change_lines(change: TrackChange) -> list[str]:
    """A change of a track, and where it is new or renamed the reasons."""
    track = change.track
    name = f"{track.label} {track.mode}" if track.mode else track.label
    head = f"{rfc3339(change.time_ns)[11:23]} track {track.track_id} {change.kind}"
    if change.kind == "end":
        return [f"{head} ({change.end_reason}): {name}, {track.bursts} bursts"]
    where = f"{track.centre_hz / 1e6:.4f} MHz" if track.centre_hz is not None else f"{track.offset_hz / 1e3:+.1f} kHz"
    others = ", ".join(f"{label} {share:.2f}" for label, share in track.top[1:])
    lines = [
        f"{head}: {name} ({track.family}) {track.confidence:.2f} at {where}",
        *(f"    because {reason}" for reason in track.evidence),
        *(f"    but {caveat}" for caveat in track.caveats),
    ]
    return [*lines, f"    or {others}"] if others else lines
