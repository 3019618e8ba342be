"""JSON documents that may be packed with LZMA, as DroneScout receivers send them."""

from __future__ import annotations

import lzma

LARGEST_PACKED = 64 * 1024
"""Bytes a packed document may grow to; a real one has about 1.5 kB."""
MEMORY_LIMIT = 64 * 1024 * 1024
"""Of the unpacker: what the strongest usual setting needs."""


class PackedFault(ValueError):
    """Neither JSON nor packed, damaged, or larger than a document can be."""


def unpacked(payload: bytes) -> bytes:
    """Return the JSON text of a payload; zeros and line ends behind it are cut off.

    Raises
    ------
    PackedFault
        It has none.
    """
    if payload[:1] not in {b"{", b"["}:
        try:
            opener = lzma.LZMADecompressor(memlimit=MEMORY_LIMIT)
            document = opener.decompress(payload, LARGEST_PACKED)
        except (lzma.LZMAError, EOFError, MemoryError) as error:
            raise PackedFault(f"neither JSON nor LZMA: {error}") from error
        if not opener.eof and len(document) >= LARGEST_PACKED:
            raise PackedFault(f"packed document of more than {LARGEST_PACKED} bytes")
        if not document:
            raise PackedFault("neither JSON nor LZMA: empty, or broken off")
        payload = document
    return payload.rstrip(b"\0\r\n")
