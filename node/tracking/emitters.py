"""Emitters that stay on one frequency: video transmitters and everything that is not a drone."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from dsp.bursts import (
    Burst,
    ChirpFinding,
    CyclicPrefixFinding,
    KeyingFinding,
    LineCombFinding,
    ZadoffChuFinding,
)
from dsp.looks import LookSchedule
from dsp.protocols import BY_LABEL
from dsp.protocols.record import FskPhy, ReaderPhy, SporadicTiming
from dsp.units import NS_PER_S
from models.classifier import ModelRef
from node.pipeline import Sighting
from node.tracking.calibration import Ground, emitter_probability, link_probability, with_rivals
from node.tracking.extents import says_more
from node.tracking.labels import CARRIER, CARRIER_WIDEST_HZ, PULSES, by_rule, family_of
from node.tracking.ofdm_labels import prefix_mode

SAME_EMITTER_HZ = 25e3
"""Two bursts this close, or within half of their width, are one emitter."""
LEAST_BURSTS = 3
LEAST_ON_AIR_S = 0.25
"""What is neither repeated nor this long is not worth a track."""
UNKNOWN_LEAST_BURSTS = 8
VIDEO_LEAST_COUNT = 3.0
"""What the looks of a picture count together at least."""
VIDEO_LOOKS = ((13.0, 1.5, 1.0), (11.0, 1.0, 0.45), (0.0, 0.5, 0.45))
"""Least height of a comb in decibels, what it counts, and seconds after the last look in which it goes on counting.

Two looks of 24 ms, some 750 lines, are enough of a picture: at 0 dB in the slice it has 13 to 19 dB, and fading or a
neighbour may spoil the looks between. Pulses, readers and overloads together reach 9 to 12.8 at times (fourteen combs
in three stretches of two minutes); of such a picture's looks no more than two in a row may find nothing.
"""
VIDEO_REACH_HZ = 9e6
"""Slices this far apart hear the comb of one video transmitter; its channels are 20 MHz apart."""
PREFIX_LEAST_LOOKS = 2
DATALINK_LEAST_LOOKS = 3
DATALINK_LEAST_SPAN_S = 0.7
DATALINK_LEAST_SHARE = 0.4
"""Share of the looks, while it is heard, that find it: a link that carries video is there in most of them, a meter or a
camera that reports now and then is not."""
DATALINK_LEAST_DUTY = 0.1
DRONEID_LEAST_BURSTS = 2
DRONEID_REACH_HZ = 90e6
"""The bursts of one drone step through the channels of its band."""
SETTLE_S = 1.0
"""An emitter that is not a drone is published this long after its first burst: what turns out to be part of a link
never becomes a track of its own."""
KEPT_LABELS = 64
WIDE_HZ = 30e3
"""A carrier with the skirts that the window gives it is narrower; commands of readers and keyed packets are wider."""
WIDE_SHARE = 0.05
"""Of the time on air: less is what the ends of a carrier look like."""


@dataclass(slots=True)
class Emitter:
    """One emitter on one frequency, as far as it has been heard."""

    key: str
    group: str
    """Only bursts of the same group are put to it."""
    first_ns: int
    last_ns: int
    centre_hz: float
    offset_hz: float
    tuning_known: bool
    strongest: Burst
    on_air_s: float = 0.0
    count: int = 0
    votes: dict[str, float] = field(default_factory=dict)
    radios: set[str] = field(default_factory=set)
    model: ModelRef | None = None
    mode: str | None = None
    low_hz: float = float("inf")
    high_hz: float = float("-inf")
    """Band that its looks have seen; of OFDM alone."""
    said: int = 0
    """Bursts with a label that more than a rule speaks for: the classifier, a chirp, a proof."""
    chirps: int = 0
    begun: int = 0
    """Bursts that begin by themselves, not where a window or another piece ends."""
    most_snr_db: float = float("-inf")
    """Of all its bursts; ``strongest`` is the strongest of the longest."""
    wide_s: float = 0.0
    """Time on air of the bursts that are wider than ``WIDE_HZ``."""
    looks: int = 0
    look_duty: float = 0.0
    """Sum of the looks' duties."""
    combs: float = 0.0
    """What the looks that found a comb count together, each soon enough after the one before: see ``VIDEO_LOOKS``."""
    fresh: bool = True
    """Something was added since it was last judged."""

    def add(self, sighting: Sighting, label: str, confidence: float) -> None:
        """Take one more burst."""
        burst = sighting.burst
        if isinstance(burst.finding, LineCombFinding):
            height_db, since_s = burst.finding.score_db, (burst.start_ns - self.last_ns) / NS_PER_S
            worth, reach_s = next((worth, reach_s) for least_db, worth, reach_s in VIDEO_LOOKS if height_db >= least_db)
            self.combs = worth + (self.combs if since_s < reach_s else 0.0)
        self.last_ns = max(self.last_ns, burst.end_ns)
        self.on_air_s += burst.duration_s
        self.count += 1
        self.begun += not burst.cut_start
        self.wide_s += burst.duration_s if burst.bandwidth_hz > WIDE_HZ else 0.0
        self.fresh = True
        self.radios.add(sighting.radio)
        self.said += not by_rule(sighting)
        self.chirps += isinstance(burst.finding, ChirpFinding)
        self.most_snr_db = max(self.most_snr_db, burst.snr_db)
        self.votes[label] = self.votes.get(label, 0.0) + confidence
        finding = burst.finding
        proved = isinstance(finding, CyclicPrefixFinding)
        if isinstance(finding, CyclicPrefixFinding):
            self.looks += 1
            self.look_duty += finding.duty
            self.low_hz = min(self.low_hz, burst.centre_hz - 0.5 * burst.bandwidth_hz)
            self.high_hz = max(self.high_hz, burst.centre_hz + 0.5 * burst.bandwidth_hz)
        # A look at the whole stands for it before any piece of it does.
        known = isinstance(self.strongest.finding, CyclicPrefixFinding)
        if (proved and not known) or (proved == known and says_more(burst, self.strongest)):
            self.strongest = burst
            self.centre_hz = burst.centre_hz
            self.offset_hz = burst.centre_hz - sighting.slice_centre_hz
        if sighting.classification is not None:
            self.model = sighting.classification.model
        if isinstance(finding, LineCombFinding):
            self.mode = finding.standard
        if isinstance(finding, CyclicPrefixFinding):
            self.mode = prefix_mode(label, burst, finding) or self.mode

    def label(self) -> tuple[str, float]:
        """The label most bursts speak for, and its share of the votes."""
        total = sum(self.votes.values())
        name = max(self.votes, key=lambda key: (self.votes[key], key))
        return CARRIER if self._goes_on_for(name) else name, self.votes[name] / max(total, 1e-9)

    def nameless(self) -> bool:
        """Whether it has no name, or one that no more than a rule speaks for; carriers have theirs by being there."""
        name, _ = self.label()
        return family_of(name) == "unknown" or (not self.said and name != CARRIER)

    def confidence(self) -> float:
        """Probability that it is what it is called, from what its bursts say of themselves on the average.

        Bursts of one emitter are wrong together, so their number proves little: one more that says nothing is counted.
        """
        label, _ = self.label()
        score = max(self.votes.values()) / (self.count + 1.0)
        if family_of(label) == "unknown":
            return round(score, 4)
        if family_of(label).startswith("drone"):
            return link_probability(score)
        return emitter_probability(score, self._ground(label))

    def _ground(self, label: str) -> Ground:
        if self.said:
            return "chirp" if self.chirps else "said"
        return "plain" if label in (CARRIER, PULSES) else "rule"

    def top(self, count: int = 3) -> tuple[tuple[str, float], ...]:
        """Best labels with their probabilities, best first."""
        ranked = sorted(self.votes.items(), key=lambda item: (-item[1], item[0]))
        best = ranked[0][0]
        if self._goes_on_for(best):
            ranked[0] = (CARRIER, ranked[0][1])
        return with_rivals([(name, vote / (self.count + 1.0)) for name, vote in ranked[:count]], self.confidence())

    def _goes_on_for(self, name: str) -> bool:
        """Whether it is a line without end or modulation, though its label sends wide signals now and then: a carrier.

        What is narrow by its nature shows no modulation; it must have no beginning then.
        """
        sporadic = sporadic_like(name)
        if sporadic is None:
            return False
        longest_s, width_hz = sporadic
        shows = width_hz > WIDE_HZ
        if self.strongest.bandwidth_hz > (WIDE_HZ if shows else CARRIER_WIDEST_HZ):
            return False
        plain = self.begun <= 1 or (shows and self.wide_s < WIDE_SHARE * self.on_air_s)
        return plain and (self.last_ns - self.first_ns) / NS_PER_S > longest_s

    def worth_a_track(self) -> bool:
        """Whether there is enough of it."""
        name, _ = self.label()
        if name == "analog-video":
            return self.combs >= VIDEO_LEAST_COUNT
        if name == "dji-droneid":
            return self.count >= DRONEID_LEAST_BURSTS
        if name == "ofdm-datalink":
            return self._like_a_datalink()
        if self.looks:
            return self.looks >= PREFIX_LEAST_LOOKS
        if name == "unknown":
            return self.count >= UNKNOWN_LEAST_BURSTS
        return self.count >= LEAST_BURSTS or self.on_air_s >= LEAST_ON_AIR_S

    def _like_a_datalink(self) -> bool:
        """Whether OFDM is on air as a drone's link would be: in most looks, and in much of each."""
        span_s = (self.last_ns - self.first_ns) / NS_PER_S
        possible = 1.0 + span_s / LookSchedule().prefix_s
        return (
            self.looks >= DATALINK_LEAST_LOOKS
            and span_s >= DATALINK_LEAST_SPAN_S
            and self.looks >= DATALINK_LEAST_SHARE * possible
            and self.look_duty >= DATALINK_LEAST_DUTY * self.looks
        )

    def duty(self) -> float | None:
        """Share of the time on air while heard; None for a single burst."""
        if self.looks:
            return self.look_duty / self.looks
        span_s = (self.last_ns - self.first_ns) * 1e-9
        return min(1.0, self.on_air_s / span_s) if self.count > 1 and span_s > 0 else None

    def evidence(self) -> tuple[str, ...]:
        """The reasons in words and figures."""
        burst = self.strongest
        lines = [
            f"{self.count} bursts, {self.on_air_s * 1e3:.0f} ms on air, strongest {burst.snr_db:.1f} dB over the noise"
            f" in {burst.bandwidth_hz / 1e3:.0f} kHz"
        ]
        if isinstance(burst.finding, LineCombFinding):
            lines.append(
                f"line comb at {burst.finding.line_hz:.1f} Hz ({burst.finding.standard}), harmonics "
                f"{burst.finding.score_db:.1f} dB over their surroundings"
            )
        if isinstance(burst.finding, CyclicPrefixFinding):
            lines.append(
                f"cyclic prefix in {self.looks} looks: subcarriers {burst.finding.subcarrier_spacing_hz / 1e3:.3f} kHz "
                f"apart, correlation {burst.finding.score:.0f} times its surroundings, on air "
                f"{self.look_duty / max(self.looks, 1):.0%} of a look"
            )
        if isinstance(burst.finding, ZadoffChuFinding):
            shares = " and ".join(f"{share:.0%}" for share in burst.finding.correlations)
            lines.append(f"both Zadoff-Chu sequences of DroneID, which explain {shares} of their symbols' power")
        if isinstance(burst.finding, KeyingFinding):
            rate_hz = burst.finding.symbol_rate_hz
            clock = f", about {rate_hz / 1e3:.1f} kBd" if rate_hz else ""
            lines.append(f"two tones {2e-3 * burst.finding.deviation_hz:.1f} kHz apart{clock}")
        if self._goes_on_for(max(self.votes, key=lambda key: (self.votes[key], key))):
            lines.append(f"a line without modulation, heard for {(self.last_ns - self.first_ns) / NS_PER_S:.1f} s")
        share = ", ".join(f"{name} {part:.2f}" for name, part in self.top())
        lines.append(f"labels of the bursts: {share}")
        return tuple(lines)


@lru_cache(maxsize=64)
def sporadic_like(label: str) -> tuple[float, float] | None:
    """Longest time on air and least bandwidth of a protocol that sends now and then; None of any other.

    The bandwidth is 0 where a mode is on-off keyed.
    """
    modes = BY_LABEL[label].modes if label in BY_LABEL else ()
    timings = [mode.timing for mode in modes if isinstance(mode.timing, SporadicTiming)]
    if not timings or len(timings) < len(modes):
        return None
    wide = [mode.phy.bandwidth_hz if isinstance(mode.phy, FskPhy | ReaderPhy) else 0.0 for mode in modes]
    return max(t.airtime_s[1] * t.repeats[1] for t in timings), min(wide)


def find_emitter(emitters: dict[str, Emitter], group: str, burst: Burst) -> Emitter | None:
    """The emitter of a group that a burst belongs to: the nearest within reach; None if there is none."""
    best, distance = None, float("inf")
    centre_hz, prefix = burst.centre_hz, isinstance(burst.finding, CyclicPrefixFinding)
    least_hz = max(SAME_EMITTER_HZ, 0.5 * burst.bandwidth_hz)
    fixed_hz = 0.0
    if isinstance(burst.finding, LineCombFinding):
        fixed_hz = VIDEO_REACH_HZ
    if isinstance(burst.finding, ZadoffChuFinding):
        fixed_hz = DRONEID_REACH_HZ
    for emitter in emitters.values():
        if emitter.group != group:
            continue
        if prefix and emitter.looks:
            # Slices side by side see parts of one signal: their bands touch.
            middle_hz, half_hz = 0.5 * (emitter.low_hz + emitter.high_hz), 0.5 * (emitter.high_hz - emitter.low_hz)
            if abs(centre_hz - middle_hz) < half_hz + 0.5 * burst.bandwidth_hz:
                return emitter
        apart_hz = abs(centre_hz - emitter.centre_hz)
        if apart_hz < distance and apart_hz < (fixed_hz or max(least_hz, 0.5 * emitter.strongest.bandwidth_hz)):
            best, distance = emitter, apart_hz
    return best


def trim_votes(emitter: Emitter) -> None:
    """Forget the rarest labels of a long-lived emitter."""
    if len(emitter.votes) > KEPT_LABELS:
        ranked = sorted(emitter.votes.items(), key=lambda item: -item[1])[: KEPT_LABELS // 2]
        emitter.votes = dict(ranked)
