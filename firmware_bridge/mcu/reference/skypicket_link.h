/* skypicket microcontroller link, sending side: see docs/mcu-link.md.
 *
 * C99, no heap, no libc beyond string.h, byte order of the host does not matter. Copy both files into a firmware.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SKYPICKET_LINK_H
#define SKYPICKET_LINK_H

#include <stddef.h>
#include <stdint.h>

#define SKYPICKET_VERSION 1u
#define SKYPICKET_LONGEST_PAYLOAD 1000u
/* Header 8, CRC 2, one COBS byte in 254 and one more, two zeros. */
#define SKYPICKET_WIRE_BYTES(payload) ((payload) + 10u + ((payload) + 10u) / 254u + 1u + 2u)
#define SKYPICKET_LONGEST_WIRE SKYPICKET_WIRE_BYTES(SKYPICKET_LONGEST_PAYLOAD)

enum {
    SKYPICKET_HELLO = 0x01,
    SKYPICKET_HEALTH = 0x02,
    SKYPICKET_LOG = 0x03,
    SKYPICKET_RADAR = 0x10,
    SKYPICKET_CAMERA = 0x11,
    SKYPICKET_POSITION = 0x12,
    SKYPICKET_ASK_HELLO = 0x80
};

/* Unknown values. */
#define SKYPICKET_NO_U8 0xFFu
#define SKYPICKET_NO_U16 0xFFFFu
#define SKYPICKET_NO_U32 0xFFFFFFFFu
#define SKYPICKET_NO_I16 INT16_MIN
#define SKYPICKET_NO_I32 INT32_MIN

typedef struct {
    uint16_t track_no;
    uint32_t range_mm;
    int16_t azimuth_cdeg;      /* 0.01 degree, clockwise from the boresight */
    int16_t elevation_cdeg;    /* 0.01 degree, upwards */
    int16_t radial_speed_cmps; /* negative = approaching */
    int16_t snr_ddb;           /* 0.1 dB */
    uint16_t magnitude;
} skypicket_radar;

/* Sequence of the frames sent; start with zeros. */
typedef struct {
    uint16_t next_sequence;
} skypicket_link;

/* CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, not reflected. "123456789" gives 0x29B1. */
uint16_t skypicket_crc16(const uint8_t *data, size_t length);

/* Put a frame into wire; gives its length, or 0 when the payload is too long or wire too small.
 * time_us is a free-running microsecond counter; its wrap is expected. Every call takes a sequence number, so a frame
 * that is built but cannot be sent shows as a gap at the node. */
size_t skypicket_frame(skypicket_link *link, uint8_t type, uint32_t time_us, const uint8_t *payload, size_t length,
                       uint8_t *wire, size_t room);

/* Frame of radar contacts of one moment (at most 62). */
size_t skypicket_radar_frame(skypicket_link *link, uint32_t time_us, const skypicket_radar *contacts, size_t count,
                             uint8_t *wire, size_t room);

/* Who the board is; send at start and whenever asked. boots counts starts, from non-volatile memory or random. */
size_t skypicket_hello_frame(skypicket_link *link, uint32_t time_us, uint32_t boots, const char *name, uint8_t *wire,
                             size_t room);

#endif
