"""Values that can be: what a contact tells outside of these limits is as if it had not been told.

The drivers have gates of their own; this keeps the fusion's arithmetic finite whatever comes.
"""

from __future__ import annotations

from dataclasses import replace

from firmware_bridge.contacts import AircraftContact, RemoteIdContact

FARTHEST_M = 100_000.0
FASTEST_MPS = 1000.0
LOWEST_M, HIGHEST_M = -1500.0, 40_000.0
WEAKEST_DBM, STRONGEST_DBM = -200.0, 60.0


def within(value: float | None, low: float, high: float) -> float | None:
    """The value if it is a number within its limits, else None."""
    return value if value is not None and low <= value <= high else None


def plausible_claim(contact: RemoteIdContact) -> RemoteIdContact:
    """The claim without what cannot be."""
    return replace(
        contact,
        rssi_dbm=within(contact.rssi_dbm, WEAKEST_DBM, STRONGEST_DBM),
        lat_deg=within(contact.lat_deg, -90.0, 90.0),
        lon_deg=within(contact.lon_deg, -180.0, 180.0),
        altitude_m=within(contact.altitude_m, LOWEST_M, HIGHEST_M),
        speed_mps=within(contact.speed_mps, 0.0, FASTEST_MPS),
        track_deg=within(contact.track_deg, -360.0, 360.0),
        vertical_speed_mps=within(contact.vertical_speed_mps, -FASTEST_MPS, FASTEST_MPS),
        horizontal_accuracy_m=within(contact.horizontal_accuracy_m, 0.0, FARTHEST_M),
        operator_lat_deg=within(contact.operator_lat_deg, -90.0, 90.0),
        operator_lon_deg=within(contact.operator_lon_deg, -180.0, 180.0),
    )


def plausible_aircraft(contact: AircraftContact) -> AircraftContact:
    """The report without what cannot be."""
    return replace(
        contact,
        lat_deg=within(contact.lat_deg, -90.0, 90.0),
        lon_deg=within(contact.lon_deg, -180.0, 180.0),
        altitude_m=within(contact.altitude_m, LOWEST_M, HIGHEST_M),
        speed_mps=within(contact.speed_mps, 0.0, FASTEST_MPS),
        track_deg=within(contact.track_deg, -360.0, 360.0),
        vertical_speed_mps=within(contact.vertical_speed_mps, -FASTEST_MPS, FASTEST_MPS),
    )
