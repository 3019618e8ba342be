"""From a time-division link to the track that is published."""

from __future__ import annotations

from dsp.protocols import BY_LABEL
from dsp.protocols.record import TdmTiming
from dsp.units import NS_PER_S
from models.classifier import ModelRef
from node.ids import track_ulid
from node.tracking.calibration import link_probability, with_rivals
from node.tracking.labels import family_of
from node.tracking.track import Track
from node.tracking.turn_judgement import TurnHypothesis
from node.tracking.turn_links import TurnLink


def turn_track(
    link: TurnLink,
    before: Track | None,
    *,
    node_name: str,
    model: ModelRef | None,
    radios: set[str],
    slice_centre_hz: float,
    tuning_known: bool,
) -> Track:
    """What is known of a link now; ``before`` is its track so far, whose identifier it keeps."""
    best = link.hypothesis
    label = best.collector.protocol.label
    confidence = link_probability(best.confidence)
    whole = [turn for turn in best.turns if not turn.cut] or list(best.turns)
    home_hz = max(whole, key=lambda turn: turn.full_s).centre_hz
    strongest = max((burst for turn in whole for burst in turn.bursts), key=lambda burst: burst.snr_db)
    top = with_rivals(
        [(f"{h.collector.protocol.label}/{h.collector.mode.name}", h.confidence) for h in (best, *link.others[:2])],
        confidence,
    )
    turns = (*best.turns, *best.loose)
    # A weak turn's pieces are told besides the whole.
    on_air_s = sum(
        min(sum(burst.duration_s for burst in turn.bursts), (turn.end_ns - turn.start_ns) / NS_PER_S) for turn in turns
    )
    return Track(
        track_id=before.track_id if before else track_ulid(node_name, link.first_ns, link.key),
        state="confirmed",
        first_ns=link.first_ns,
        last_ns=link.last_ns,
        label=label,
        family=family_of(label),
        mode=best.collector.mode.name,
        confidence=confidence,
        top=top,
        centre_hz=home_hz if tuning_known else None,
        offset_hz=home_hz - slice_centre_hz,
        bandwidth_hz=max(turn.wide_hz for turn in whole),
        snr_db=round(strongest.snr_db, 2),
        peak_dbfs=round(max(burst.peak_dbfs for turn in turns for burst in turn.bursts), 2),
        channels_hz=tuple(sorted(link.channels_hz)) if tuning_known else (),
        hop_rate_hz=round(1.0 / best.interval_s, 3),
        duty=round(min(1.0, on_air_s / (len(turns) * best.interval_s)), 4),
        bursts=link.count,
        model=model,
        radio=tuple(sorted(radios)),
        evidence=_evidence(link),
        caveats=(BY_LABEL[label].caveat,) if BY_LABEL[label].caveat else (),
    )


def _evidence(link: TurnLink) -> tuple[str, ...]:
    best: TurnHypothesis = link.hypothesis
    timing: TdmTiming = best.collector.timing
    span_s = (best.turns[-1].end_ns - best.turns[0].start_ns) / NS_PER_S
    width_hz = max(turn.wide_hz for turn in best.turns)
    lines = [
        f"{len(best.turns)} turns in {span_s:.2f} s on {len(best.channels_hz)} channels begin with windows "
        f"{best.interval_s * 1e3:.2f} ms apart within {best.jitter_s * 1e6:.0f} us, {len(best.loose)} more lie inside "
        f"the windows of {timing.window_s * 1e3:.0f} ms, {best.strays} like them do not; by chance 1 in "
        f"10^{min(best.significance, 99.0):.0f}",
        f"a new channel at every turn, {best.rounds} of them on the channel of a whole round before",
        f"{best.grid_share:.0%} of the channels on the record's grid",
        f"keyed, {width_hz / 1e3:.0f} kHz wide; rate as in the record in {best.timed_share:.0%} of the turns",
    ]
    if link.others:
        second = link.others[0]
        lines.append(
            f"next best {second.collector.protocol.label} {second.collector.mode.name}: {len(second.turns)} turns, "
            f"rank {second.rank:.1f} against {best.rank:.1f}"
        )
    return tuple(lines)
