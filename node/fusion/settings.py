"""Settings of the fusion: how each module stands and looks, how objects live, what the rules demand."""

from __future__ import annotations

from dataclasses import dataclass

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SensorMount:
    """Where a module stands and looks, and how well it measures where its contacts do not say.

    Parameters
    ----------
    device
        Name of the module in the configuration.
    east_m, north_m, up_m
        Where it stands relative to the position of the node.
    heading_deg, tilt_deg
        Of the boresight: clockwise from true north, above the horizon.
    azimuth_half_deg, elevation_half_deg
        Half of the field of view.
    reach_m
        Distance up to which it sees a small drone; None: not known, then nothing follows from what it does not see.
        For a Remote ID receiver: distance up to which it hears one.
    range_sigma_m, azimuth_sigma_deg, elevation_sigma_deg, speed_sigma_mps
        One standard deviation of its measurements.
    """

    device: str
    east_m: float = 0.0
    north_m: float = 0.0
    up_m: float = 0.0
    heading_deg: float = 0.0
    tilt_deg: float = 0.0
    azimuth_half_deg: float = 60.0
    elevation_half_deg: float = 30.0
    reach_m: float | None = None
    range_sigma_m: float = 0.3
    azimuth_sigma_deg: float = 2.0
    elevation_sigma_deg: float = 3.0
    speed_sigma_mps: float = 0.3

    def __post_init__(self) -> None:
        """Check the angles and errors."""
        if not self.device:
            raise ValueError("device must name a module")
        if not 0.0 < self.azimuth_half_deg <= 180.0:
            raise ValueError(f"azimuth_half_deg must be above 0 and at most 180, not {self.azimuth_half_deg}")
        if not 0.0 < self.elevation_half_deg <= 90.0:
            raise ValueError(f"elevation_half_deg must be above 0 and at most 90, not {self.elevation_half_deg}")
        if not -90.0 <= self.tilt_deg <= 90.0:
            raise ValueError(f"tilt_deg must be within -90 and 90, not {self.tilt_deg}")
        if self.reach_m is not None and not self.reach_m > 0.0:
            raise ValueError(f"reach_m must be above 0, not {self.reach_m}")
        for key in ("range_sigma_m", "azimuth_sigma_deg", "elevation_sigma_deg", "speed_sigma_mps"):
            if not getattr(self, key) > 0.0:
                raise ValueError(f"{key} must be above 0, not {getattr(self, key)}")


@dataclass(frozen=True, slots=True)
class FusionSettings:
    """How the fusion works; docs/fusion.md has the rules in words.

    Parameters
    ----------
    mounts
        One for each module that does not stand at the node and look north.
    acceleration_mps2
        One standard deviation of an object's acceleration: process noise.
    confirm_hits, confirm_window_s
        An object is confirmed by so many measurements within this time (M of N in time, because a frame without a
        target brings no contact).
    tentative_s, coast_s
        Silence after which an object is forgotten, before and after it was confirmed.
    still_m
        Distance a reflection must have moved to be taken for an object, unless another sensor supports it.
    objects_at_most, claims_at_most, aircraft_at_most, links_at_most, contacts_at_most
        Bounds of memory; what comes beyond is counted.
    claim_s, aircraft_s
        Silence after which a Remote ID claim or an aircraft is over.
    join_score, leave_score
        Association scores at which sources become one track, and at which they part.
    dark_after_s
        Time an object must have been seen without a Remote ID, its receiver healthy, to be called dark; static
        messages are due every 3 s (F3411-22a 5.4.4).
    rid_reach_m
        Distance up to which a Remote ID should be heard, unless the receiver's mount says.
    decoy_after_s, decoy_snr_db
        Time and level from which an object should be seen where a drone's link is heard.
    critical_range_m, critical_time_s
        A drone proven by two kinds of sensors is critical within this distance, or when it gets there within this time.
    aircraft_range_m
        Aircraft without any other source are told within this distance.
    update_s
        Mean time between updates of a track that only moves.
    fall_s
        A severity falls only after the lower one has held for so long; it rises at once.
    """

    mounts: tuple[SensorMount, ...] = ()
    acceleration_mps2: float = 4.0
    confirm_hits: int = 5
    confirm_window_s: float = 1.5
    tentative_s: float = 1.0
    coast_s: float = 3.0
    still_m: float = 2.0
    objects_at_most: int = 64
    claims_at_most: int = 128
    aircraft_at_most: int = 256
    links_at_most: int = 64
    contacts_at_most: int = 4096
    claim_s: float = 10.0
    aircraft_s: float = 15.0
    join_score: float = 0.8
    leave_score: float = 0.3
    dark_after_s: float = 5.0
    rid_reach_m: float = 800.0
    decoy_after_s: float = 10.0
    decoy_snr_db: float = 25.0
    critical_range_m: float = 100.0
    critical_time_s: float = 10.0
    aircraft_range_m: float = 3000.0
    update_s: float = 1.0
    fall_s: float = 5.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        names = [mount.device for mount in self.mounts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"mounts must differ in device; twice: {', '.join(twice)}")
        for key in self.__dataclass_fields__:
            value = getattr(self, key)
            if key != "mounts" and not value > 0:
                raise ValueError(f"{key} must be above 0, not {value}")
        if not self.leave_score < self.join_score < 1.0:
            raise ValueError("join_score must be above leave_score and below 1")

    def mount(self, device: str) -> SensorMount:
        """Where a module stands; at the node and looking north if nothing is said."""
        return next((mount for mount in self.mounts if mount.device == device), SensorMount(device))
