"""What is known of each radio protocol: one file and one line here per protocol."""

from __future__ import annotations

from dsp.protocols import (
    adsb,
    analog_video,
    cw,
    expresslrs,
    interference,
    ism_fsk,
    ism_ook,
    lorawan,
    lte,
    meshtastic,
    wmbus,
)
from dsp.protocols.record import RfProtocol

PROTOCOLS: tuple[RfProtocol, ...] = (
    expresslrs.PROTOCOL,
    analog_video.PROTOCOL,
    lorawan.PROTOCOL,
    meshtastic.PROTOCOL,
    wmbus.PROTOCOL,
    ism_ook.PROTOCOL,
    ism_fsk.PROTOCOL,
    lte.PROTOCOL,
    adsb.PROTOCOL,
    cw.PROTOCOL,
    interference.PROTOCOL,
)
"""Every protocol the node can tell, drones first. One line per file of this folder that holds a record."""

BY_LABEL: dict[str, RfProtocol] = {protocol.label: protocol for protocol in PROTOCOLS}
"""The record of each label."""

LABELS: tuple[str, ...] = tuple(protocol.label for protocol in PROTOCOLS)
"""Labels of the records, in their order; ``unknown`` and ``unknown-hopper`` are not among them."""
