"""Remote ID: what each identifier claims over time. Nothing in it is believed; ``claim_checks`` judges it."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from firmware_bridge.contacts import RemoteIdContact
from node.fusion.frame import LocalFrame
from node.fusion.settings import NS_PER_S, FusionSettings

KEPT = 48
"""Positions remembered: about 48 s of a Remote ID."""
ADDRESSES_KEPT = 16
LEVELS_KEPT = 64


@dataclass(frozen=True, slots=True)
class ClaimedPlace:
    """One claimed position in the local frame.

    Parameters
    ----------
    time_ns
        Reception.
    east_m, north_m, up_m
        Where; up None where a height is missing.
    lat_deg, lon_deg, altitude_m
        As claimed.
    sigma_m
        Claimed horizontal error, one standard deviation.
    rssi_dbm, transmitter
        How strong it was heard, from which address.
    speed_mps, track_deg, vertical_speed_mps
        As claimed.
    position_time_ns
        Time of the position, as claimed.
    """

    time_ns: int
    east_m: float
    north_m: float
    up_m: float | None
    lat_deg: float
    lon_deg: float
    altitude_m: float | None
    sigma_m: float
    rssi_dbm: float | None
    transmitter: str | None
    speed_mps: float | None
    track_deg: float | None
    vertical_speed_mps: float | None
    position_time_ns: int | None

    @property
    def same_as(self) -> tuple[float, float, float | None]:
        """What a frozen position repeats."""
        return self.lat_deg, self.lon_deg, self.altitude_m


DEFAULT_SIGMA_M = 5.0
"""Of a claimed position whose accuracy is not told: GNSS in the open."""


@dataclass(slots=True, eq=False)
class Claim:
    """One identifier, or one transmitter that tells none.

    Parameters
    ----------
    name
        The identifier, else ``transmitter AA:BB``.
    first_ns, last_ns, count
        Receptions.
    contact
        The last one.
    number
        Counts claims from the start of the node; a transmitter that tells its identifier later keeps it.
    """

    name: str
    first_ns: int
    last_ns: int
    contact: RemoteIdContact
    number: int = 0
    count: int = 0
    places: deque[ClaimedPlace] = field(default_factory=lambda: deque(maxlen=KEPT))
    addresses: OrderedDict[str, int] = field(default_factory=OrderedDict)
    levels: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=LEVELS_KEPT))
    devices: dict[str, tuple[int, int]] = field(default_factory=dict)
    address_changes: int = 0

    @property
    def key(self) -> str:
        """Name among the parts of the picture."""
        return f"claim:{self.number}"

    def velocity_mps(self) -> tuple[float, float] | None:
        """East and north, from the last positions that are at least a second apart."""
        if not self.places:
            return None
        last = self.places[-1]
        for place in reversed(self.places):
            step_s = (last.time_ns - place.time_ns) * 1e-9
            if step_s >= 1.5:
                return (last.east_m - place.east_m) / step_s, (last.north_m - place.north_m) / step_s
        return None


class ClaimBook:
    """Keeps the claims. Memory is bounded; a flood of forged ones pushes out claims that nothing supports."""

    def __init__(self, settings: FusionSettings) -> None:
        self._settings = settings
        self.claims: OrderedDict[str, Claim] = OrderedDict()
        self.supported: set[str] = set()
        """Names of claims an object agrees with; they are never pushed out."""
        self.by_address: OrderedDict[str, OrderedDict[str, int]] = OrderedDict()
        """Names heard from each address with the time."""
        self.refused = 0
        self._count = 0

    def take(self, contact: RemoteIdContact, frame: LocalFrame | None) -> Claim | None:
        """Take a reception; None when it tells neither identifier nor address, or there is no room."""
        name = contact.uas_id or self._only_name(contact.transmitter)
        if name is None:
            return None
        claim = self.claims.get(name)
        if claim is None:
            if len(self.claims) >= self._settings.claims_at_most and not self._make_room():
                self.refused += 1
                return None
            self._count += 1
            claim = self.claims[name] = Claim(name, contact.time_ns, contact.time_ns, contact, self._count)
            self._adopt(claim, contact)
        claim.last_ns = max(claim.last_ns, contact.time_ns)
        claim.contact = contact
        claim.count += 1
        first_ns, _ = claim.devices.get(contact.device, (contact.time_ns, 0))
        if contact.device in claim.devices or len(claim.devices) < 8:
            claim.devices[contact.device] = (first_ns, contact.time_ns)
        self._note_address(claim, contact)
        if contact.rssi_dbm is not None:
            claim.levels.append((contact.time_ns, contact.rssi_dbm))
        place = _place(contact, frame)
        if place is not None and not _repeated(claim, place):
            claim.places.append(place)
        return claim

    def age(self, time_ns: int) -> list[Claim]:
        """Forget what has not been heard for too long; give it."""
        horizon_ns = time_ns - int(self._settings.claim_s * NS_PER_S)
        gone = [claim for claim in self.claims.values() if claim.last_ns < horizon_ns]
        for claim in gone:
            del self.claims[claim.name]
            self.supported.discard(claim.name)
        return gone

    def forget(self) -> None:
        """Forget every claim: the clock was set."""
        self.claims.clear()
        self.supported.clear()
        self.by_address.clear()

    def _only_name(self, transmitter: str | None) -> str | None:
        """The name of a message without an identifier: that of its address, if it has told only one."""
        if transmitter is None:
            return None
        names = self.by_address.get(transmitter)
        if names and len(names) == 1:
            return next(iter(names))
        return f"transmitter {transmitter}"

    def _adopt(self, claim: Claim, contact: RemoteIdContact) -> None:
        """What the address had said before it told its identifier belongs to the identifier."""
        before = self.claims.get(f"transmitter {contact.transmitter}")
        if contact.uas_id is None or before is None:
            return
        claim.number, claim.first_ns = before.number, before.first_ns
        claim.count = before.count
        claim.places.extend(before.places)
        claim.levels.extend(before.levels)
        del self.claims[before.name]

    def _note_address(self, claim: Claim, contact: RemoteIdContact) -> None:
        address = contact.transmitter
        if address is None:
            return
        if address not in claim.addresses and claim.addresses:
            claim.address_changes += 1
        claim.addresses[address] = contact.time_ns
        claim.addresses.move_to_end(address)
        while len(claim.addresses) > ADDRESSES_KEPT:
            claim.addresses.popitem(last=False)
        if contact.uas_id is None:
            return
        names = self.by_address.setdefault(address, OrderedDict())
        names[claim.name] = contact.time_ns
        names.move_to_end(claim.name)
        while len(names) > ADDRESSES_KEPT:
            names.popitem(last=False)
        self.by_address.move_to_end(address)
        while len(self.by_address) > 4 * self._settings.claims_at_most:
            self.by_address.popitem(last=False)

    def _make_room(self) -> bool:
        spare = [claim for claim in self.claims.values() if claim.name not in self.supported]
        if not spare:
            return False
        del self.claims[min(spare, key=lambda claim: (claim.count, claim.last_ns)).name]
        return True


def _repeated(claim: Claim, place: ClaimedPlace) -> bool:
    """Whether a receiver tells the last position again with another message (some repeat all with each)."""
    if not claim.places:
        return False
    last = claim.places[-1]
    return last.same_as == place.same_as and place.time_ns - last.time_ns < NS_PER_S * 9 // 10


def _place(contact: RemoteIdContact, frame: LocalFrame | None) -> ClaimedPlace | None:
    if contact.lat_deg is None or contact.lon_deg is None or frame is None:
        return None
    if contact.lat_deg == 0.0 and contact.lon_deg == 0.0:
        return None  # 0, 0 is the standard's "unknown"
    east_m, north_m, up_m = frame.local(contact.lat_deg, contact.lon_deg, contact.altitude_m)
    accuracy_m = contact.horizontal_accuracy_m
    return ClaimedPlace(
        contact.time_ns,
        east_m,
        north_m,
        up_m,
        contact.lat_deg,
        contact.lon_deg,
        contact.altitude_m,
        DEFAULT_SIGMA_M if accuracy_m is None else min(max(accuracy_m / 2.45, 1.0), 50.0),
        contact.rssi_dbm,
        contact.transmitter,
        contact.speed_mps,
        contact.track_deg,
        contact.vertical_speed_mps,
        contact.position_time_ns,
    )
