"""What is known of each transmitter: its messages come one by one, a contact should tell all of them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace

from firmware_bridge.contacts import RemoteIdContact
from firmware_bridge.remote_id.hour_time import absolute_time_ns
from firmware_bridge.remote_id.messages import (
    CAA_REGISTRATION,
    ID_TYPE_NAMES,
    SERIAL_NUMBER,
    SPECIFIC_SESSION,
    STATUS_NAMES,
    UTM_UUID,
    Authentication,
    BasicId,
    Location,
    OperatorId,
    SelfId,
    System,
)
from firmware_bridge.remote_id.observation import Observation

MOST_TRANSMITTERS = 256
"""Transmitters remembered at a time. Beyond, the one not heard for longest is forgotten: only what was collected of it,
for every message heard gives a contact anyway, so a flood of forged ones cannot hide a real one."""
FORGET_NS = 120_000_000_000
"""Time without a message after which a transmitter is forgotten; a static message is due every 3 s (F3411 5.4.4)."""

CLOCK_TOLERANCE_NS = 10_000_000_000
"""Difference up to which a receiver's own time of reception is believed; beyond, its clock is not set."""

_ID_ORDER = (SERIAL_NUMBER, CAA_REGISTRATION, UTM_UUID, SPECIFIC_SESSION)
_OPERATOR_LOCATIONS = ("takeoff", "live", "fixed")


@dataclass(slots=True)
class _Heard:
    last_ns: int
    ids: dict[int | None, BasicId] = field(default_factory=dict)
    system: System | None = None
    operator: OperatorId | None = None
    self_id: SelfId | None = None
    authenticated: bool = False

    def take_id(self, message: BasicId) -> None:
        known = self.ids.get(message.id_type)
        if known is not None and known.id_bytes != message.id_bytes:
            # Another aircraft behind the same address, or one that pretends: what the first said is not its word.
            self.ids.clear()
            self.system = self.operator = self.self_id = None
            self.authenticated = False
        if len(self.ids) < 4 or message.id_type in self.ids:
            self.ids[message.id_type] = message

    def best_id(self) -> BasicId | None:
        named = [message for message in self.ids.values() if message.uas_id is not None]
        order = {id_type: place for place, id_type in enumerate(_ID_ORDER)}
        return min(named, key=lambda message: order.get(message.id_type or 0, len(order)), default=None)


class Transmitters:
    """Collects messages by transmitter.

    What does not change in flight (ids, operator, texts) is remembered and told with every contact; position and
    movement are told once, with the message that brought them.

    Parameters
    ----------
    device
        Name of the receiver in the configuration.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._heard: OrderedDict[str, _Heard] = OrderedDict()

    def __len__(self) -> int:
        """Transmitters remembered."""
        return len(self._heard)

    def clear(self) -> None:
        """Forget all of them."""
        self._heard.clear()

    def observe(self, observation: Observation, time_ns: int) -> RemoteIdContact:
        """Take an observation, give what is known of its transmitter.

        Parameters
        ----------
        observation
            What was heard.
        time_ns
            Unix time of reception at the node, used where the receiver does not tell its own.
        """
        heard_ns = time_ns
        if observation.heard_ns is not None and abs(observation.heard_ns - time_ns) <= CLOCK_TOLERANCE_NS:
            heard_ns = observation.heard_ns
        self._forget(time_ns)
        heard = self._find(observation, time_ns)
        location: Location | None = None
        version: int | None = None
        for message in observation.messages:
            version = message.protocol_version if message.protocol_version is not None else version
            match message:
                case BasicId():
                    heard.take_id(message)
                case Location():
                    location = message
                case System():
                    heard.system = message
                case OperatorId():
                    heard.operator = message
                case SelfId():
                    heard.self_id = message
                case Authentication():
                    heard.authenticated = True
        contact = RemoteIdContact(
            time_ns=heard_ns,
            device=self._device,
            transmitter=observation.transmitter,
            transport=observation.transport,
            rssi_dbm=observation.rssi_dbm,
            channel=observation.channel,
            frequency_hz=observation.frequency_hz,
            authenticated=heard.authenticated or None,
            protocol_version=version,
        )
        return _with_location(_with_static(contact, heard), location, heard_ns)

    def _find(self, observation: Observation, time_ns: int) -> _Heard:
        key = observation.transmitter or observation.source
        if not key:
            key = next((m.uas_id for m in observation.messages if isinstance(m, BasicId) and m.uas_id), "")
            if not key:
                return _Heard(time_ns)  # nothing tells whose it is: do not mix it with others
        heard = self._heard.get(key)
        if heard is None:
            heard = self._heard[key] = _Heard(time_ns)
            if len(self._heard) > MOST_TRANSMITTERS:
                self._heard.popitem(last=False)
        heard.last_ns = time_ns
        self._heard.move_to_end(key)
        return heard

    def _forget(self, time_ns: int) -> None:
        while self._heard:
            key, oldest = next(iter(self._heard.items()))
            if time_ns - oldest.last_ns <= FORGET_NS:
                return
            del self._heard[key]


def _with_static(contact: RemoteIdContact, heard: _Heard) -> RemoteIdContact:
    identity, system = heard.best_id(), heard.system
    registration = heard.ids.get(CAA_REGISTRATION)
    ua_type = next((m.ua_type for m in heard.ids.values() if m.ua_type), None)
    location_type = system.operator_location_type if system else None
    return replace(
        contact,
        uas_id=identity.uas_id if identity else None,
        id_type=ID_TYPE_NAMES.get(identity.id_type) if identity and identity.id_type is not None else None,
        registration=registration.uas_id if registration else None,
        ua_type=ua_type,
        operator_id=heard.operator.operator_id if heard.operator else None,
        operator_lat_deg=system.operator_latitude_deg if system else None,
        operator_lon_deg=system.operator_longitude_deg if system else None,
        operator_altitude_m=system.operator_altitude_m if system else None,
        operator_location=(
            _OPERATOR_LOCATIONS[location_type]
            if location_type is not None and location_type < len(_OPERATOR_LOCATIONS)
            else None
        ),
        self_id=heard.self_id.description if heard.self_id else None,
    )


def _with_location(contact: RemoteIdContact, location: Location | None, heard_ns: int) -> RemoteIdContact:
    if location is None:
        return contact
    above = {True: "ground", False: "takeoff", None: None}[location.height_over_ground]
    status = location.status
    return replace(
        contact,
        status=STATUS_NAMES[status] if status is not None and status < len(STATUS_NAMES) else None,
        lat_deg=location.latitude_deg,
        lon_deg=location.longitude_deg,
        altitude_m=location.geodetic_altitude_m,
        pressure_altitude_m=location.pressure_altitude_m,
        height_m=location.height_m,
        height_above=above if location.height_m is not None else None,
        speed_mps=location.speed_mps,
        track_deg=location.direction_deg,
        vertical_speed_mps=location.vertical_speed_mps,
        horizontal_accuracy_m=location.horizontal_accuracy_m,
        vertical_accuracy_m=location.vertical_accuracy_m,
        speed_accuracy_mps=location.speed_accuracy_mps,
        timestamp_s=location.time_in_hour_s,
        position_time_ns=(
            absolute_time_ns(location.time_in_hour_s, heard_ns) if location.time_in_hour_s is not None else None
        ),
    )
