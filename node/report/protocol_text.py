"""The protocol in words, with the figures of the code that draws the scenes."""

from __future__ import annotations

from dsp.protocols import PROTOCOLS
from node.report import backgrounds as busy
from node.report import link_scenes as single
from node.report.runs import CONFUSER_S, LINK_S, PROTOCOL_NAME, SEGMENT_S, VIDEO_WITHIN_S


def protocol_lines() -> list[str]:
    """What was run and how it was judged."""
    on_air = ", ".join(f"{seconds:g} s ({family})" for family, seconds in LINK_S.items())
    neighbours = ", ".join(f"{label} {mode}" for label, mode in single.NEIGHBOURS)
    rates = " or ".join(f"{rate / 1e6:g}" for rate in sorted(set(single.RATES_HZ)))
    return [
        f"Name: `{PROTOCOL_NAME}`. Every scene is drawn from a seed that is the SHA-256 of this name and of the run's "
        "key (`part|label|mode|band|SNR|seconds|trial`), so that anybody gets the same scenes, whatever the number of "
        "processes and the order. Chain and settings are those of the product: nothing is set for the evaluation.",
        "",
        f"- **Links**: one link alone, switched on about a second into the scene, on air for {on_air}. Crystal within "
        f"{_pm(single.PPM)} ppm and drifting up to {single.DRIFT_PPM_PER_S[1]:g} ppm a second; receiver within "
        f"{_pm(single.RECEIVER_PPM)} ppm, gain {_to(single.GAIN_DB)} dB, eight bits, {rates} MS/s. The home channel "
        f"is within {single.PARKED_HZ / 1e6:g} MHz of the middle of the slice; in {single.EDGE_SHARE:.0%} of the "
        f"scenes of links with several channels it lies across the edge (*edge*); the middle of a picture is up to "
        f"{single.VIDEO_HZ / 1e6:g} MHz off. *Fading* ({single.FADING_SHARE:.0%}): Rician, K {_to(single.RICIAN_K_DB)} "
        f"dB, {_to(single.FADING_HZ)} Hz. *Overload* ({single.OVERLOAD_SHARE:.0%}): packets of {neighbours}, every "
        f"{_to(single.OVERLOAD_PERIOD_S)} s and {_to(single.OVERLOAD_DB)} dB beyond full scale. *Crowd* "
        f"({single.CROWD_SHARE:.0%}, where the band has one): {_to(single.CROWD_COUNT)} other transmitters at "
        f"{_to(single.CROWD_SNR_DB)} dB. Half of the links that leave slots for the other end have one.",
        "- **SNR** is the mean power of a packet over the noise in the link's own bandwidth, with fading its mean; of "
        "a signal wider than the slice it is that of the part in the slice.",
        "- **Found**: a track of a drone family whose channels are more like the link's than like any other "
        "emitter's is told while the link is on air; a picture within "
        f"{VIDEO_WITHIN_S:g} s. **Named**: that track's label, and its mode, are right in the end. Trials without a "
        "track count as wrong. **Surplus**: further drone tracks in these scenes.",
        f"- **Harmless emitters**, one at a time and a quarter as often: every mode of every other record, "
        f"{CONFUSER_S:g} s at {_to(single.CONFUSER_SNR_DB)} dB, with the same receivers and fading.",
        f"- **Background**: stretches of {SEGMENT_S:g} s of {', '.join(b.name for b in busy.BACKGROUNDS)} at "
        f"{busy.RATE_HZ / 1e6:g} MS/s, each drawn anew: {_to(busy.CROWD_COUNT)} transmitters of packets "
        f"({_to(busy.FEW)} where they send pulses) at {_to(busy.CROWD_SNR_DB)} dB and whatever is always on air there; "
        f"a gain step of up to {busy.GAIN_STEP_DB[1]:g} dB every {1 / busy.GAIN_STEPS_PER_S:.0f} s on average, lost "
        f"samples, in {busy.AGC_SHARE:.0%} automatic gain, in {busy.CLIPPING_SHARE:.0%} an emitter up to "
        f"{busy.CLIPPING_DB[1]:g} dB beyond full scale, in {busy.SCANNING_SHARE:.0%} a radio that goes to and fro "
        f"between two tunings every {_to(busy.DWELL_S)} s. Every drone track is a false one; the time discarded after "
        "retunes counts as heard.",
        "- **Intervals** are 95 %: Wilson's score for shares, the exact Poisson upper bound for rates. Expected "
        "calibration error: ten bins of equal width; `unknown` claims nothing and is left out.",
        "- **Apart from training**: the classifier learns from single patches drawn with seeds of their own; no scene, "
        "track or background is used in training or in setting its calibration. Ranges that training does not have: "
        "Rician fading over time and frequency (training: a slow sine), the overloading neighbours, whole packets in "
        "whole scenes with gaps, retunes and gain steps, a third of the links at 2.56 MS/s. What they share: the "
        "simulator's waveforms, and 2.4 MS/s, because the node works there.",
    ]


def basis_lines() -> list[str]:
    """What rests on simulation only."""
    simulated = [protocol.label for protocol in PROTOCOLS if protocol.rests_on_simulation]
    real = [protocol.label for protocol in PROTOCOLS if not protocol.rests_on_simulation]
    return [
        "Every Pd, naming, calibration, alert and background figure in this report rests on simulated signals. A "
        "simulator made from the same records as the detector cannot show what the records have wrong.",
        "",
        f"- **No real recording has been tested** of: {', '.join(simulated)}.",
        f"- Real recordings have been tested of: {', '.join(real)}.",
        "- Not simulated here, because a tuner without converter does not reach it: dji-droneid, and the bands of "
        "analog-video above 1.766 GHz; what is known of them is in the table of recordings.",
    ]


def _to(pair: tuple[float, float]) -> str:
    return f"{pair[0]:g} to {pair[1]:g}"


def _pm(pair: tuple[float, float]) -> str:
    return f"±{pair[1]:g}"
