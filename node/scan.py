"""The scan plan: where a radio listens, for how long, and what that is worth for each protocol."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from dsp.analysis import USABLE_SHARE
from dsp.protocols import PROTOCOLS
from dsp.protocols.record import Band, ContinuousTiming, Mode, RfProtocol
from node.scan_odds import VIDEO_REACH_HZ, Window, chance, plannable, whole_channels

ScanRegion = Literal["EU", "FCC", "AU", "IN", "TH"]
TUNER_LOW_HZ = 24e6
TUNER_HIGH_HZ = 1766e6
"""What an R820T tunes to (reference/hardware: about 24 to 1766 MHz)."""
SETTLE_S = 0.12
"""Samples thrown away after a retune: the server's or USB's buffer and the synthesiser."""
EDGE_HZ = 0.3e6
"""A sync channel stays this far from the edge and from the middle of the slice."""
GRID_HZ = 50e3
"""Middles that are tried for a stop are this far apart."""
DWELLS_S = (0.25, 0.5, 1.0, 1.5, 2.0)
"""Times a stop may listen; the shortest that hears ``ENOUGH`` is taken."""
ENOUGH = 0.9
VIDEO_DWELL_S = 0.15


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """What to scan for.

    Parameters
    ----------
    regions
        Whose bands: EU, FCC (the Americas), AU (and New Zealand), IN, TH.
    radios
        Names of the radios that share the plan; empty: none scans, every radio stays where it is tuned.
    video
        Whether to look through the 1.2 GHz video band as well.
    visits_of_control
        How often the stops of control and telemetry links come round while each video stop comes round once.
    hold_s
        How long a stop is kept at most when something suspicious is heard there.
    extra_centres_hz
        Further middles to visit, a second each.
    skip_hz
        Stops whose slice holds one of these frequencies are left out.
    """

    regions: tuple[ScanRegion, ...] = ("EU",)
    radios: tuple[str, ...] = ()
    video: bool = True
    visits_of_control: int = 3
    hold_s: float = 6.0
    extra_centres_hz: tuple[float, ...] = ()
    skip_hz: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check the values."""
        if not self.regions:
            raise ValueError('regions must name at least one of "EU", "FCC", "AU", "IN", "TH"')
        if not 1 <= self.visits_of_control <= 20:
            raise ValueError(f"visits_of_control must be 1 to 20, not {self.visits_of_control}")
        if not 0.0 <= self.hold_s <= 600.0:
            raise ValueError(f"hold_s must be 0 to 600 s, not {self.hold_s}")
        for centre_hz in self.extra_centres_hz:
            if not TUNER_LOW_HZ <= centre_hz <= TUNER_HIGH_HZ:
                raise ValueError(f"extra_centres_hz must be {TUNER_LOW_HZ:.0f} to {TUNER_HIGH_HZ:.0f}, not {centre_hz}")


@dataclass(frozen=True, slots=True)
class Stop:
    """One place of the scan.

    Parameters
    ----------
    name
        What is expected there, for people.
    centre_hz
        Middle of the slice.
    dwell_s
        How long to listen.
    visits
        How often in one round of the plan.
    """

    name: str
    centre_hz: float
    dwell_s: float
    visits: int = 1


@dataclass(frozen=True, slots=True)
class Odds:
    """What the plan is worth for one mode in one band.

    Parameters
    ----------
    stop
        Name of the stop that hears it best.
    per_visit
        Probability that one visit there gives a track.
    revisit_s
        Mean time from one visit to the next; None: no stop hears it.
    within_10_s, within_60_s
        Probability of a track in that time of a link that is always on.
    """

    label: str
    mode: str
    band: str
    stop: str
    per_visit: float
    revisit_s: float | None
    within_10_s: float
    within_60_s: float


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """Stops in the order of one round, and what they are worth."""

    stops: tuple[Stop, ...]
    order: tuple[int, ...]
    """Indexes of ``stops``, one round; a stop comes as often as its ``visits``."""
    width_hz: float
    odds: tuple[Odds, ...] = field(default=())

    @property
    def round_s(self) -> float:
        """Length of one round."""
        return sum(self.stops[index].dwell_s + SETTLE_S for index in self.order)


def _targets(settings: ScanSettings, converter_offset_hz: float) -> list[tuple[RfProtocol, Band, tuple[Mode, ...]]]:
    """Drone protocols and bands that the regions and the tuner allow."""
    found = []
    for protocol in PROTOCOLS:
        if not protocol.family.startswith("drone") or (protocol.family == "drone-video" and not settings.video):
            continue
        for band in protocol.bands:
            tuned = (band.low_hz - converter_offset_hz, band.high_hz - converter_offset_hz)
            if tuned[0] < TUNER_LOW_HZ or tuned[1] > TUNER_HIGH_HZ:
                continue
            if band.region != "world" and band.region not in settings.regions:
                continue
            modes = tuple(m for m in protocol.modes if (not m.bands or band.name in m.bands) and plannable(m))
            if modes:
                found.append((protocol, band, modes))
    return found


def _park(band: Band, mode: Mode, width_hz: float) -> float:
    """Middle of the slice with the most whole channels, the sync channel off its middle and its edge."""
    channels_hz = np.asarray(band.channels_hz)
    sync_hz = None if band.sync_channel is None else float(channels_hz[band.sync_channel])
    around_hz = float(np.median(channels_hz)) if sync_hz is None else sync_hz
    best_hz, best = around_hz, -1.0
    for step in range(-int(0.5 * width_hz / GRID_HZ), int(0.5 * width_hz / GRID_HZ) + 1):
        centre_hz = around_hz + step * GRID_HZ
        if sync_hz is not None and not EDGE_HZ <= abs(centre_hz - sync_hz) <= 0.5 * width_hz - EDGE_HZ:
            continue
        inside = whole_channels(band, mode, Window(centre_hz, width_hz, 1.0))
        if sync_hz is not None and not inside[band.sync_channel or 0]:
            continue
        # Channels first, then the distance of the nearest one from the receiver's own spike.
        spike_hz = float(np.abs(channels_hz - centre_hz).min())
        value = float(inside.sum()) + min(spike_hz, 0.2e6) / 1e6
        if value > best:
            best_hz, best = centre_hz, value
    return round(best_hz / GRID_HZ) * GRID_HZ


def _covered(band: Band, mode: Mode, width_hz: float, stops: list[Stop]) -> bool:
    """Whether a stop already sees nearly as many channels of a band as the best place would."""
    best = _park(band, mode, width_hz)
    wanted = whole_channels(band, mode, Window(best, width_hz, 1.0)).sum()
    seen = [whole_channels(band, mode, Window(stop.centre_hz, width_hz, 1.0)) for stop in stops]
    sync = band.sync_channel
    return any(s.sum() >= 0.75 * wanted and (sync is None or bool(s[sync])) for s in seen)


def make_plan(
    settings: ScanSettings, sample_rate_hz: float = 2.4e6, converter_offset_hz: float = 0.0, *, with_odds: bool = True
) -> ScanPlan:
    """Work out the stops of one radio, or of several that share them.

    Bands with a sync channel are parked on it; other bands get a stop where most of their channels are, unless a stop
    sees them already; the video band gets stops six megahertz apart at most. Dwells follow from the hop sequences.

    Parameters
    ----------
    settings
        What to scan for.
    sample_rate_hz
        Of the radios.
    converter_offset_hz
        Of a converter before the radio.
    with_odds
        Whether to work out what the plan is worth, which takes some seconds.
    """
    width_hz = 2.0 * USABLE_SHARE * sample_rate_hz
    targets = _targets(settings, converter_offset_hz)
    stops: list[Stop] = []
    hopping = [t for t in targets if not isinstance(t[2][0].timing, ContinuousTiming) and t[1].channels_hz]
    for protocol, band, modes in sorted(hopping, key=lambda t: (t[1].sync_channel is None, len(t[1].channels_hz))):
        if not _covered(band, modes[0], width_hz, stops):
            centre_hz = _park(band, modes[0], width_hz)
            stops.append(Stop(f"{protocol.label} {band.name}", centre_hz, DWELLS_S[0], settings.visits_of_control))
    stops = [replace(stop, dwell_s=_dwell_s(stop, stops, hopping, width_hz)) for stop in stops]
    for protocol, band, modes in targets:
        if protocol.family == "drone-video" and modes:
            stops += [
                Stop(f"{protocol.label} {band.name}", centre_hz, VIDEO_DWELL_S) for centre_hz in _video_centres(band)
            ]
    stops += [Stop("extra", centre_hz, 1.0) for centre_hz in settings.extra_centres_hz]
    stops = [s for s in stops if not any(abs(s.centre_hz - f) <= 0.5 * width_hz for f in settings.skip_hz)]
    plan = ScanPlan(tuple(stops), _spread(stops), width_hz)
    if not with_odds:
        return plan
    odds = tuple(_odds(plan, p, b, m) for p, b, modes in targets for m in modes)
    return ScanPlan(plan.stops, plan.order, width_hz, odds)


def _video_centres(band: Band) -> list[float]:
    """Middles within reach of every channel of the band, as few as possible."""
    centres: list[float] = []
    reach_hz = VIDEO_REACH_HZ - 0.5e6  # makers' channels are a few hundred kilohertz off
    for channel_hz in sorted(band.channels_hz):
        if not centres or channel_hz - centres[-1] > reach_hz:
            centres.append(channel_hz + 0.4e6)
    return centres


def _dwell_s(
    stop: Stop, stops: list[Stop], hopping: list[tuple[RfProtocol, Band, tuple[Mode, ...]]], width_hz: float
) -> float:
    """Shortest dwell that hears every mode that no other stop sees better; the longest if none suffices."""
    mine = []
    for _, band, modes in hopping:
        seen = [_worth(band, modes[0], s.centre_hz, width_hz) for s in stops]
        if max(seen) and stops[int(np.argmax(seen))] is stop:
            mine += [(band, mode) for mode in modes]
    for dwell_s in DWELLS_S:
        window = Window(stop.centre_hz, width_hz, dwell_s)
        if all(chance(mode, band, window) >= ENOUGH for band, mode in mine):
            return dwell_s
    return DWELLS_S[-1]


def _worth(band: Band, mode: Mode, centre_hz: float, width_hz: float) -> float:
    """Whole channels of a band in a slice; the sync channel, which comes round most regularly, counts twice."""
    inside = whole_channels(band, mode, Window(centre_hz, width_hz, 1.0))
    return float(inside.sum()) + (float(inside[band.sync_channel]) if band.sync_channel is not None else 0.0)


def _spread(stops: list[Stop]) -> tuple[int, ...]:
    """One round: every stop as often as it should, its visits as evenly apart as they go."""
    slots = [((visit + 0.5) / stop.visits, index) for index, stop in enumerate(stops) for visit in range(stop.visits)]
    return tuple(index for _, index in sorted(slots))


def _odds(plan: ScanPlan, protocol: RfProtocol, band: Band, mode: Mode) -> Odds:
    best_index, best = -1, 0.0
    together = 0.0
    for index, stop in enumerate(plan.stops):
        value = chance(mode, band, Window(stop.centre_hz, plan.width_hz, stop.dwell_s))
        # Stops of one video band each see other channels: their chances add up.
        together = min(1.0, together + value)
        if value > best:
            best_index, best = index, value
    if best_index < 0:
        return Odds(protocol.label, mode.name, band.name, "-", 0.0, None, 0.0, 0.0)
    stop = plan.stops[best_index]
    steady = isinstance(mode.timing, ContinuousTiming)
    per_round = together if steady else best
    revisit_s = plan.round_s if steady else plan.round_s / stop.visits

    def within(seconds: float) -> float:
        return 1.0 - (1.0 - per_round) ** (seconds / revisit_s) if per_round < 1.0 else min(1.0, seconds / revisit_s)

    return Odds(protocol.label, mode.name, band.name, stop.name, per_round, revisit_s, within(10.0), within(60.0))


def share_out(plan: ScanPlan, radios: int) -> tuple[ScanPlan, ...]:
    """Share the stops of a plan among several radios: the longest first, each to the radio with least to do."""
    lots: list[list[Stop]] = [[] for _ in range(max(1, radios))]
    for stop in sorted(plan.stops, key=lambda s: -s.visits * (s.dwell_s + SETTLE_S)):
        min(lots, key=lambda lot: sum(s.visits * (s.dwell_s + SETTLE_S) for s in lot)).append(stop)
    return tuple(
        ScanPlan(tuple(lot), _spread(lot), plan.width_hz)
        for lot in (sorted(lot, key=lambda s: s.centre_hz) for lot in lots)
        if lot
    )
