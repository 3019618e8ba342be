"""Packets of the TI mmWave demos: headers and TLV walk. They share a magic word and little else [1].

Little-endian. After the magic ``02 01 04 03 06 05 08 07`` come fields of 4 bytes unless marked::

    oob-sdk3, oob-sdk2  40  version, length, platform, frame, cycles, objects, TLVs, subframe
    oob-sdk1            36  the same without subframe (xWR14xx)
    area-scanner        44  the same with subframe and static objects
    people-3d           48  version, length, platform, frame, subframe, chirp margin, frame margin, track time,
                            uart time, TLVs u16, checksum u16
    people-2d           52  version, platform, timestamp, length, frame, subframe, chirp margin, frame margin,
                            uart time, track time, TLVs u16, checksum u16

The checksum is the ones' complement of the folded sum of the header's u16 words, itself taken as zero. The payload has
none. The length counts the header, all TLVs and up to 31 bytes of padding of any value. A TLV is type, length, payload;
its length leaves its own 8 bytes out in the out-of-box demo and includes them in the people-counting labs, so both are
tried: the walk must end within the padding of the packet's length.

[1] TI mmWave SDK 3 out-of-box demo; mmWave Industrial Toolbox 4.7, people counting ``oob_parser.py``, area scanner
    ``mmw_output.h``; SDK 1.2 ``mmw_output.h``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeAlias

MAGIC = bytes((2, 1, 4, 3, 6, 5, 8, 7))
LONGEST_PACKET = 65536
"""Bytes; the largest real one (range-Doppler heat map on) has about 40 000."""
MOST_TLVS = 32
PADDING = 31
"""Packets are padded to 32 bytes."""
SHORTEST_HEADER = 36
TLV_HEADER = struct.Struct("<II")

Tlvs: TypeAlias = list[tuple[int, int, int]]
"""Type, start and length of each payload in its packet."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the header keeps what.

    Parameters
    ----------
    name
        As in the settings.
    header_length
        Bytes, magic included.
    length_at, platform_at, frame_at
        Offsets of the packet length, the platform and the frame number.
    cycles_at
        Offset of the cycle counter; None: there is none.
    tlvs_at, tlvs_size
        Offset of the number of TLVs, and its size, 2 or 4 bytes.
    checksum
        Whether the header ends with a checksum.
    lengths_include_header
        What the lengths of TLVs usually count; the other is tried next.
    """

    name: str
    header_length: int
    length_at: int = 12
    platform_at: int = 16
    frame_at: int = 20
    cycles_at: int | None = 24
    tlvs_at: int = 32
    tlvs_size: int = 4
    checksum: bool = False
    lengths_include_header: bool = False


OOB_SDK3 = Layout("oob-sdk3", 40)
OOB_SDK2 = Layout("oob-sdk2", 40)
OOB_SDK1 = Layout("oob-sdk1", 36)
AREA_SCANNER = Layout("area-scanner", 44)
PEOPLE_3D = Layout("people-3d", 48, cycles_at=None, tlvs_at=44, tlvs_size=2, checksum=True, lengths_include_header=True)
PEOPLE_2D = Layout(
    "people-2d",
    52,
    length_at=20,
    platform_at=12,
    frame_at=24,
    cycles_at=16,
    tlvs_at=48,
    tlvs_size=2,
    checksum=True,
    lengths_include_header=True,
)
LAYOUTS: dict[str, Layout] = {
    layout.name: layout for layout in (OOB_SDK3, OOB_SDK2, OOB_SDK1, AREA_SCANNER, PEOPLE_3D, PEOPLE_2D)
}
"""Every layout by its name."""
XWR14 = 0xA1443
"""Platform word of the xWR14xx, whose SDK 1 demo has no subframe number."""


def declared_length(packet: bytes | bytearray, start: int, layout: Layout) -> int:
    """Length of the packet by its header; 0 while that is not there, -1 when it cannot be."""
    if len(packet) - start < layout.length_at + 4:
        return 0
    length = int.from_bytes(packet[start + layout.length_at : start + layout.length_at + 4], "little")
    return length if layout.header_length <= length <= LONGEST_PACKET else -1


def header_checks(packet: bytes, layout: Layout) -> bool:
    """Whether the packet can have this layout: whole header, few TLVs, right checksum where there is one."""
    if len(packet) < layout.header_length or tlv_count(packet, layout) > MOST_TLVS:
        return False
    return not layout.checksum or header_sum(packet[: layout.header_length]) == 0xFFFF


def header_sum(header: bytes) -> int:
    """Folded ones' complement sum of the u16 words; 0xFFFF over a header with its checksum."""
    total: int = sum(struct.unpack(f"<{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def tlv_count(packet: bytes, layout: Layout) -> int:
    """Give the number of TLVs the header declares."""
    return int.from_bytes(packet[layout.tlvs_at : layout.tlvs_at + layout.tlvs_size], "little")


def frame_number(packet: bytes, layout: Layout) -> int:
    """Give the number of the frame."""
    return int.from_bytes(packet[layout.frame_at : layout.frame_at + 4], "little")


def cycle_count(packet: bytes, layout: Layout) -> int | None:
    """Give the cycle counter at the time the packet was built; None where the header has none."""
    at = layout.cycles_at
    return None if at is None else int.from_bytes(packet[at : at + 4], "little")


def walk(packet: bytes, layout: Layout, declared: int) -> tuple[Tlvs, int] | None:
    """Find the TLVs and the end of the last one; None when they do not fit the packet.

    Parameters
    ----------
    packet
        The bytes there are, at most ``declared``.
    declared
        The packet length of the header.
    """
    for own in (8, 0) if layout.lengths_include_header else (0, 8):
        found = _walk(packet, layout, own)
        if found is not None and 0 <= declared - found[1] <= PADDING:
            return found
    return None


def _walk(packet: bytes, layout: Layout, own: int) -> tuple[Tlvs, int] | None:
    tlvs: Tlvs = []
    at = layout.header_length
    for _ in range(tlv_count(packet, layout)):
        if at + TLV_HEADER.size > len(packet):
            return None
        kind, length = TLV_HEADER.unpack_from(packet, at)
        at += TLV_HEADER.size
        length -= own
        if length < 0 or at + length > len(packet):
            return None
        tlvs.append((kind, at, length))
        at += length
    return tlvs, at


def same_version(data: bytes | bytearray, start: int, at: int) -> bool:
    """Whether the version behind a magic at ``at``, all that is there of it, is that of the packet at ``start``.

    A magic inside a packet is the next packet when it has the same version behind it, else it is data.
    """
    version = data[at + len(MAGIC) : at + len(MAGIC) + 4]
    return data[start + len(MAGIC) : start + len(MAGIC) + 4].startswith(version)


def cut_short(packet: bytes, end: int) -> int:
    """Bytes to use of a packet that may have lost some: up to the next magic; 0 if that begins before the TLVs end."""
    at = packet.find(MAGIC, len(MAGIC))
    while at >= 0:
        if same_version(packet, 0, at):
            return at if at >= end else 0
        at = packet.find(MAGIC, at + 1)
    return len(packet)


def may_be_cut(buffer: bytearray, end: int) -> bool:
    """Whether a packet ends like a magic begins, and the bytes that would tell are not there yet."""
    return any(
        buffer.endswith(MAGIC[:kept], end - kept, end)
        and len(buffer) < end + len(MAGIC) - kept
        and MAGIC[kept:].startswith(buffer[end:])
        for kept in range(1, len(MAGIC))
    )
