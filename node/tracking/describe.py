"""From a link or an emitter to the track that is published, with its evidence in words and figures."""

from __future__ import annotations

from dsp.bursts import Burst
from dsp.protocols import BY_LABEL
from dsp.protocols.record import ChirpPhy, HopTiming
from models.classifier import ModelRef
from node.ids import track_ulid
from node.tracking.calibration import link_probability, with_rivals
from node.tracking.emitters import Emitter
from node.tracking.hypotheses import LinkHypothesis, link_confidence
from node.tracking.labels import UNKNOWN_HOPPER, family_of
from node.tracking.link import Link
from node.tracking.track import Track

CHANNELS_AT_MOST = 128


def link_track(
    link: Link,
    before: Track | None,
    *,
    node_name: str,
    model: ModelRef | None,
    radios: set[str],
    slice_centre_hz: float,
    tuning_known: bool,
) -> Track:
    """What is known of a link now; ``before`` is its track so far, whose identifier it keeps.

    A link that turns out to be of another protocol is another track.
    """
    best = link.hypothesis
    packets = best.packets
    strongest = max(link.bursts, key=lambda b: (not (b.cut_low or b.cut_high), b.snr_db))
    label = best.protocol.label if best.protocol else UNKNOWN_HOPPER
    name = link.key
    if before is not None and before.label not in (label, UNKNOWN_HOPPER):
        before, name = None, f"{link.key}:{label}"
    confidence = link_probability(link_confidence(best))
    centre_hz = _home_hz(link)
    rivals = [
        (f"{h.protocol.label}/{h.mode.name}", link_confidence(h)) for h in link.others[:3] if h.protocol and h.mode
    ]
    top = with_rivals(rivals or [(label, confidence)], confidence)
    hops = best.mode is not None and link.mode_known and isinstance(best.mode.timing, HopTiming)
    return Track(
        track_id=before.track_id if before else track_ulid(node_name, link.first_ns, name),
        state="confirmed",
        first_ns=link.first_ns,
        last_ns=link.last_ns,
        label=label,
        family=family_of(label),
        mode=best.mode.name if best.mode and link.mode_known else None,
        confidence=confidence,
        top=top,
        centre_hz=centre_hz if tuning_known else None,
        offset_hz=centre_hz - slice_centre_hz,
        bandwidth_hz=_bandwidth_hz(best, strongest),
        snr_db=round(strongest.snr_db, 2),
        peak_dbfs=round(strongest.peak_dbfs, 2),
        channels_hz=_channels_hz(link) if tuning_known else (),
        hop_rate_hz=round(best.timing.hop_rate_hz, 3) if hops else None,
        duty=round(min(1.0, float(packets.duration_s.sum()) / max(packets.span_s, 1e-3)), 4),
        bursts=link.count,
        model=model,
        radio=tuple(sorted(radios)),
        evidence=_link_evidence(link),
        caveats=_caveats(label),
    )


def emitter_track(emitter: Emitter, before: Track | None, *, node_name: str) -> Track:
    """What is known of an emitter now; ``before`` is its track so far, whose identifier it keeps."""
    label, _ = emitter.label()
    burst = emitter.strongest
    name = f"{emitter.key}:{emitter.centre_hz:.0f}"
    return Track(
        track_id=before.track_id if before else track_ulid(node_name, emitter.first_ns, name),
        state="confirmed",
        first_ns=emitter.first_ns,
        last_ns=emitter.last_ns,
        label=label,
        family=family_of(label),
        mode=emitter.mode,
        confidence=emitter.confidence(),
        top=emitter.top(),
        centre_hz=emitter.centre_hz if emitter.tuning_known else None,
        offset_hz=emitter.offset_hz,
        bandwidth_hz=burst.bandwidth_hz,
        snr_db=round(burst.snr_db, 2),
        peak_dbfs=round(burst.peak_dbfs, 2),
        channels_hz=(emitter.centre_hz,) if emitter.tuning_known else (),
        hop_rate_hz=None,
        duty=emitter.duty(),
        bursts=emitter.count,
        model=emitter.model,
        radio=tuple(sorted(emitter.radios)),
        evidence=emitter.evidence(),
        caveats=_caveats(label),
    )


def _home_hz(link: Link) -> float:
    """Centre of the channel most often heard whole."""
    centre_hz, _, _ = max(link.channels.values(), key=lambda channel: (channel[2], channel[1], -channel[0]))
    return float(centre_hz)


def _channels_hz(link: Link) -> tuple[float, ...]:
    """Channels heard, ascending: those heard whole at least once, or all of them where none was."""
    whole = [channel for channel in link.channels.values() if channel[2] >= 1 and channel[1] >= 2]
    chosen = whole or list(link.channels.values())
    most = sorted(chosen, key=lambda channel: -channel[1])[:CHANNELS_AT_MOST]
    return tuple(sorted(float(channel[0]) for channel in most))


def _bandwidth_hz(best: LinkHypothesis, strongest: Burst) -> float:
    if best.mode is not None and isinstance(best.mode.phy, ChirpPhy):
        return best.mode.phy.bandwidth_hz
    return strongest.bandwidth_hz


def _caveats(label: str) -> tuple[str, ...]:
    caveat = BY_LABEL[label].caveat if label in BY_LABEL else ""
    return (caveat,) if caveat else ()


def _channels(count: int) -> str:
    return "1 channel" if count == 1 else f"{count} channels"


def _link_evidence(link: Link) -> tuple[str, ...]:
    best = link.hypothesis
    clock, packets = best.clock, best.packets
    wanted = f" (record: {best.timing.packets_per_hop})" if best.mode else ""
    airtime_s = sorted(packets.duration_s.tolist())[packets.count // 2]
    lines = [
        f"{packets.count} packets in {packets.span_s:.2f} s on {_channels(len(packets.channels_hz))} keep one clock of "
        f"{best.phase.interval_s * 1e3:.3f} ms within {clock.jitter_s * 1e6:.0f} us, {clock.strays} like them do not; "
        f"by chance 1 in 10^{min(clock.significance, 99.0):.0f}",
        f"{clock.single} of {clock.near} short steps are exactly one interval; a stay on a channel lasts {clock.dwell} "
        f"packets{wanted}",
        f"packets last {1e3 * airtime_s:.2f} ms"
        + (f" ({clock.airtime_ratio:.2f} of the record's)" if best.mode else ""),
    ]
    if best.mode is not None:
        lines.append(f"{best.grid_share:.0%} of the channels on the record's grid")
        if len(packets.channels_hz) == 1:
            lines.append("one of its channels is in the slice: packets come and go as the record's hops bring them")
        if isinstance(best.mode.phy, ChirpPhy):
            lines.append(f"chirps SF{best.mode.phy.spreading_factor} over {best.mode.phy.bandwidth_hz / 1e3:.0f} kHz")
    second = next((h for h in link.others[1:] if h.protocol and h.mode), None)
    if second is not None and second.protocol and second.mode:
        lines.append(
            f"next best {second.protocol.label} {second.mode.name}: {second.clock.packets} packets, agreement "
            f"{second.score:.2f} against {best.score:.2f}"
        )
    return tuple(lines)
