"""The dialects of Remote ID receivers: one file each and one line here."""

from __future__ import annotations

from firmware_bridge.remote_id.dialects.dronecot import DRONECOT
from firmware_bridge.remote_id.dialects.droneid_go import DRONEID_GO
from firmware_bridge.remote_id.dialects.dronescout import DRONESCOUT
from firmware_bridge.remote_id.dialects.mesh_mapper import MESH_MAPPER
from firmware_bridge.remote_id.dialects.record import Dialect

JSON_DIALECTS: tuple[Dialect, ...] = (MESH_MAPPER, DRONECOT, DRONESCOUT, DRONEID_GO)
"""Those that write JSON lines; ``mavlink`` is binary and read by ``remote_id.mavlink``."""
