/* Writes frames as a firmware would, to standard output: `cc -std=c99 example.c skypicket_link.c && ./a.out 5`.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "skypicket_link.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static uint8_t wire[SKYPICKET_LONGEST_WIRE], payload[SKYPICKET_LONGEST_PAYLOAD];
    skypicket_link link = {65530u}; /* the sequence wraps early, for the test of the reader */
    uint32_t time_us = 4294000000u; /* so does the clock */
    int frames = argc > 1 ? atoi(argv[1]) : 10;

    fwrite(wire, 1, skypicket_hello_frame(&link, time_us, 7u, "example 1.0", wire, sizeof wire), stdout);
    for (int i = 0; i < frames; i++) {
        skypicket_radar contacts[2] = {
            {1u, 12000u + 100u * (uint32_t)i, -1050, 250, -420, 153, SKYPICKET_NO_U16},
            {SKYPICKET_NO_U16, 3000u, SKYPICKET_NO_I16, SKYPICKET_NO_I16, SKYPICKET_NO_I16, SKYPICKET_NO_I16, 77u}};
        time_us += 100000u;
        fwrite(wire, 1, skypicket_radar_frame(&link, time_us, contacts, 2, wire, sizeof wire), stdout);
    }
    /* Payloads of every length, without a zero in them, are where COBS goes wrong. */
    for (size_t length = 0; length <= SKYPICKET_LONGEST_PAYLOAD; length++) {
        for (size_t i = 0; i < length; i++)
            payload[i] = (uint8_t)(i % 255u + 1u);
        fwrite(wire, 1, skypicket_frame(&link, SKYPICKET_LOG, time_us, payload, length, wire, sizeof wire), stdout);
    }
    return 0;
}
