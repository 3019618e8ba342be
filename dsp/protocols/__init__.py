"""What is known of each radio protocol: one file and one line here per protocol."""

from __future__ import annotations

from dsp.protocols import (
    adsb,
    analog_video,
    crossfire,
    cw,
    dab,
    dji_droneid,
    dme,
    dvbt,
    expresslrs,
    fm_voice,
    frsky_r9,
    gnss,
    gsm,
    interference,
    ism_fsk,
    ism_ook,
    lorawan,
    lte,
    meshtastic,
    mlrs,
    ofdm_datalink,
    openlrsng,
    pocsag,
    pulsed_radar,
    radiosonde,
    rfid,
    sigfox,
    sik,
    tetra,
    wmbus,
    zwave,
)
from dsp.protocols.record import RfProtocol

PROTOCOLS: tuple[RfProtocol, ...] = (
    expresslrs.PROTOCOL,
    crossfire.PROTOCOL,
    mlrs.PROTOCOL,
    frsky_r9.PROTOCOL,
    openlrsng.PROTOCOL,
    sik.PROTOCOL,
    analog_video.PROTOCOL,
    ofdm_datalink.PROTOCOL,
    dji_droneid.PROTOCOL,
    lorawan.PROTOCOL,
    meshtastic.PROTOCOL,
    wmbus.PROTOCOL,
    sigfox.PROTOCOL,
    zwave.PROTOCOL,
    ism_ook.PROTOCOL,
    ism_fsk.PROTOCOL,
    rfid.PROTOCOL,
    gsm.PROTOCOL,
    lte.PROTOCOL,
    dvbt.PROTOCOL,
    dab.PROTOCOL,
    tetra.PROTOCOL,
    pocsag.PROTOCOL,
    adsb.PROTOCOL,
    pulsed_radar.PROTOCOL,
    dme.PROTOCOL,
    gnss.PROTOCOL,
    radiosonde.PROTOCOL,
    fm_voice.PROTOCOL,
    cw.PROTOCOL,
    interference.PROTOCOL,
)
"""Every protocol the node can tell, drones first. One line per file of this folder that holds a record."""

BY_LABEL: dict[str, RfProtocol] = {protocol.label: protocol for protocol in PROTOCOLS}
"""The record of each label."""

LABELS: tuple[str, ...] = tuple(protocol.label for protocol in PROTOCOLS)
"""Labels of the records, in their order; ``unknown`` and ``unknown-hopper`` are not among them."""
