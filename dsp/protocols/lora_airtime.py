"""Length of a LoRa packet on air."""

from __future__ import annotations

import math

from dsp.protocols.record import ChirpPhy


def payload_symbols(phy: ChirpPhy, payload_bytes: int) -> int:
    """Symbols after the start-of-frame delimiter.

    ``8 + max(ceil((8 PL - 4 SF + 28 + 16 CRC - 20 IH) / (4 (SF - 2 DE))) CR, 0)`` for SF7 to SF12 [1]; SF5 and SF6
    of the newer chips have no ``+ 8`` bits of header slack (``8 PL + 16 CRC - 4 SF + 20 (1 - IH)``) [2], the SX127x
    uses the first form for SF6 as well. The first form is used throughout: it gives the air times of the ExpressLRS
    firmware table.

    [1] Semtech SX1276 data sheet rev. 7, 4.1.1.7. [2] DS_SX1261-2 rev. 2.1, 6.1.4.
    """
    low_rate = 2 if phy.symbol_s > 0.016 else 0
    bits = (
        8 * payload_bytes - 4 * phy.spreading_factor + 28 + (16 if phy.crc else 0) - (20 if phy.implicit_header else 0)
    )
    per_block = 4 * (phy.spreading_factor - low_rate)
    return 8 + max(math.ceil(bits / per_block) * phy.coding_rate, 0)


def preamble_and_sync_symbols(phy: ChirpPhy) -> float:
    """Symbols before the payload: preamble, sync word, start-of-frame delimiter."""
    return phy.preamble_symbols + phy.sync_symbols


def airtime_s(phy: ChirpPhy, payload_bytes: int) -> float:
    """Seconds on air, ``(preamble + sync + n) 2^SF / BW``."""
    return (preamble_and_sync_symbols(phy) + payload_symbols(phy, payload_bytes)) * phy.symbol_s
