"""The tables of a configuration that have no other home."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from firmware_bridge.devices import BY_NAME
from firmware_bridge.link_settings import LinkSettings
from firmware_bridge.module import Device, ModuleSettings
from node.fusion.settings import SensorMount
from node.messages import NodeIdentity
from node.sinks.mqtt_settings import check_topic_level


@dataclass(frozen=True, slots=True)
class SitePosition:
    """Where the node stands.

    Parameters
    ----------
    lat, lon
        Degrees, WGS 84, north and east positive.
    alt_m
        Height above the ellipsoid.
    ce_m
        Radius of the error, 95 %.
    """

    lat: float
    lon: float
    alt_m: float | None = None
    ce_m: float | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not -90.0 <= self.lat <= 90.0:
            raise ValueError(f"lat must be -90 to 90 degrees, not {self.lat}")
        if not -180.0 <= self.lon <= 180.0:
            raise ValueError(f"lon must be -180 to 180 degrees, not {self.lon}")
        if self.alt_m is not None and not -1000.0 <= self.alt_m <= 10_000.0:
            raise ValueError(f"alt_m must be -1000 to 10000 m, not {self.alt_m}")
        if self.ce_m is not None and not 0.0 <= self.ce_m <= 1e6:
            raise ValueError(f"ce_m must be 0 to 1e6 m, not {self.ce_m}")


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """Who the node is.

    Parameters
    ----------
    site, name
        Part of every topic; the name is unique within the site.
    id
        UUID; None derives one from site and name.
    position
        Where it stands; None when not known.
    """

    site: str
    name: str
    id: str | None = None
    position: SitePosition | None = None

    def __post_init__(self) -> None:
        """Check the names."""
        check_topic_level("site", self.site)
        check_topic_level("name", self.name)
        if self.id is not None:
            try:
                uuid.UUID(self.id)
            except ValueError:
                raise ValueError(f"id must be a UUID such as {uuid.UUID(int=0)}, not {self.id!r}") from None

    def identity(self) -> NodeIdentity:
        """As messages have it."""
        place = self.position
        return NodeIdentity(
            self.site,
            self.name,
            None if self.id is None else str(uuid.UUID(self.id)),
            lat=None if place is None else place.lat,
            lon=None if place is None else place.lon,
            alt_m=None if place is None else place.alt_m,
            ce_m=None if place is None else place.ce_m,
        )


@dataclass(frozen=True, slots=True)
class ModelTable:
    """The classifier.

    Parameters
    ----------
    path
        Its file; None takes the one that comes with skypicket.
    """

    path: str | None = None


@dataclass(frozen=True, slots=True)
class FriendsTable:
    """The signed list of those that may fly.

    Parameters
    ----------
    list
        File of the list.
    signature
        File of its signature.
    public_key
        File of the key that signed it.
    """

    list: str
    signature: str
    public_key: str


REPORTS = {"radar": "radar", "camera": "camera", "remote_id": "remote_id", "aviation": "aircraft"}
"""What the modules of each folder of ``firmware_bridge`` report: ``Contact.kind``."""


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """A module on a serial port.

    Parameters
    ----------
    type
        Name of the kind of module, one of ``firmware_bridge.devices.BY_NAME``.
    link
        Its port; ``sim:SCENE`` a simulated one in a scene.
    module
        What the kind of module may be told.
    mount
        Where it stands and looks; None: at the node, to the north, or as its scene says.
    """

    type: str
    link: LinkSettings
    module: ModuleSettings
    mount: SensorMount | None = None

    @property
    def name(self) -> str:
        """Name of the module in messages and health."""
        return self.module.name

    @property
    def device(self) -> Device:
        """The record of its kind."""
        return BY_NAME[self.type]

    @property
    def reports(self) -> str | None:
        """Kind of its contacts, as the folder of its driver says; None where they may be of any kind."""
        return REPORTS.get(type(self.module).__module__.split(".")[1])
