"""Drivers, one file per device; registered in ``firmware_bridge/devices.py``."""
