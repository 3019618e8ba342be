"""Every kind of serial module the node can read: one file in a device folder and one line here."""

from __future__ import annotations

from firmware_bridge.aviation import beast, sbs
from firmware_bridge.camera import json_lines, maix, sscma
from firmware_bridge.mcu import skypicket_mcu
from firmware_bridge.module import Device
from firmware_bridge.position import gpsd
from firmware_bridge.radar import k_ld7, ld2450, ld2451, ops243, ti_config, ti_mmwave
from firmware_bridge.remote_id import receiver

DEVICES: tuple[Device, ...] = (
    ti_mmwave.DEVICE,
    ti_config.DEVICE,
    ops243.DEVICE,
    ld2450.DEVICE,
    ld2451.DEVICE,
    k_ld7.DEVICE,
    sscma.DEVICE,
    maix.DEVICE,
    json_lines.DEVICE,
    receiver.DEVICE,
    gpsd.DEVICE,
    beast.DEVICE,
    sbs.DEVICE,
    skypicket_mcu.DEVICE,
)
"""Radars, cameras, Remote ID receivers, microcontrollers: one line per device file that holds a record."""

BY_NAME: dict[str, Device] = {device.name: device for device in DEVICES}
"""The record of each name."""
