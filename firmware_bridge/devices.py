"""Every kind of serial module the node can read: one file in a device folder and one line here."""

from __future__ import annotations

from firmware_bridge.module import Device

DEVICES: tuple[Device, ...] = ()
"""Radars, cameras, Remote ID receivers, microcontrollers: one line per device file that holds a record."""

BY_NAME: dict[str, Device] = {device.name: device for device in DEVICES}
"""The record of each name."""
