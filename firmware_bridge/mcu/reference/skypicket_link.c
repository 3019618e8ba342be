/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "skypicket_link.h"

#include <string.h>

#define HEADER_BYTES 8u
#define RADAR_BYTES 16u
#define MOST_RADAR (SKYPICKET_LONGEST_PAYLOAD / RADAR_BYTES)

static uint16_t crc_step(uint16_t crc, uint8_t byte)
{
    crc ^= (uint16_t)((uint16_t)byte << 8);
    for (int bit = 0; bit < 8; bit++)
        crc = (uint16_t)(((uint32_t)crc << 1) ^ ((crc & 0x8000u) ? 0x1021u : 0u));
    return crc;
}

uint16_t skypicket_crc16(const uint8_t *data, size_t length)
{
    uint16_t crc = 0xFFFFu;
    for (size_t i = 0; i < length; i++)
        crc = crc_step(crc, data[i]);
    return crc;
}

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, (uint16_t)value);
    put16(at + 2, (uint16_t)(value >> 16));
}

/* COBS, one byte at a time: `code` is where the length of the present block will stand. */
typedef struct {
    uint8_t *wire;
    size_t used;
    size_t code;
} stuffer;

static void stuff(stuffer *s, uint8_t byte)
{
    if (s->used - s->code == 255u) { /* 254 bytes without a zero: the block is full */
        s->wire[s->code] = 255u;
        s->code = s->used++;
    }
    if (byte == 0u) {
        s->wire[s->code] = (uint8_t)(s->used - s->code);
        s->code = s->used++;
    } else {
        s->wire[s->used++] = byte;
    }
}

size_t skypicket_frame(skypicket_link *link, uint8_t type, uint32_t time_us, const uint8_t *payload, size_t length,
                       uint8_t *wire, size_t room)
{
    uint8_t header[HEADER_BYTES];
    uint16_t crc = 0xFFFFu;

    header[0] = SKYPICKET_VERSION;
    header[1] = type;
    put16(header + 2, link->next_sequence++);
    put32(header + 4, time_us);
    if (length > SKYPICKET_LONGEST_PAYLOAD || room < SKYPICKET_WIRE_BYTES(length))
        return 0;

    stuffer s = {wire, 2, 1};
    wire[0] = 0;
    for (size_t i = 0; i < HEADER_BYTES; i++) {
        crc = crc_step(crc, header[i]);
        stuff(&s, header[i]);
    }
    for (size_t i = 0; i < length; i++) {
        crc = crc_step(crc, payload[i]);
        stuff(&s, payload[i]);
    }
    stuff(&s, (uint8_t)crc);
    stuff(&s, (uint8_t)(crc >> 8));
    wire[s.code] = (uint8_t)(s.used - s.code);
    wire[s.used++] = 0;
    return s.used;
}

size_t skypicket_radar_frame(skypicket_link *link, uint32_t time_us, const skypicket_radar *contacts, size_t count,
                             uint8_t *wire, size_t room)
{
    uint8_t payload[MOST_RADAR * RADAR_BYTES];

    if (count > MOST_RADAR)
        count = MOST_RADAR;
    for (size_t i = 0; i < count; i++) {
        uint8_t *at = payload + i * RADAR_BYTES;
        put16(at, contacts[i].track_no);
        put32(at + 2, contacts[i].range_mm);
        put16(at + 6, (uint16_t)contacts[i].azimuth_cdeg);
        put16(at + 8, (uint16_t)contacts[i].elevation_cdeg);
        put16(at + 10, (uint16_t)contacts[i].radial_speed_cmps);
        put16(at + 12, (uint16_t)contacts[i].snr_ddb);
        put16(at + 14, contacts[i].magnitude);
    }
    return skypicket_frame(link, SKYPICKET_RADAR, time_us, payload, count * RADAR_BYTES, wire, room);
}

size_t skypicket_hello_frame(skypicket_link *link, uint32_t time_us, uint32_t boots, const char *name, uint8_t *wire,
                             size_t room)
{
    uint8_t payload[5 + 255];
    size_t length = strlen(name);

    if (length > 255u)
        length = 255u;
    put32(payload, boots);
    payload[4] = (uint8_t)length;
    memcpy(payload + 5, name, length);
    return skypicket_frame(link, SKYPICKET_HELLO, time_us, payload, 5u + length, wire, room);
}
