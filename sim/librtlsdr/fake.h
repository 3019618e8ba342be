/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A librtlsdr without a dongle: the interface of librtlsdr.so.0, an rtl_tcp client inside.
 * The samples come from sim/rtl_tcp.py, so that programs written for an RTL-SDR receive a simulated scene.
 *
 * devices.c  which devices there are, their names and their EEPROM
 * link.c     the connection to the server of a device
 * tuner.c    settings: kept here, and sent to the server
 * pins.c     input and output pins, bias tee
 * stream.c   open, close and the samples
 *
 * What the functions return, and what they refuse, follows librtlsdr 0.6 (osmocom/rtl-sdr src/librtlsdr.c), its oddities
 * too: programs must cope with them.
 */
#ifndef FAKE_H
#define FAKE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

/* Devices: "serial@host:port,serial@host:port". */
#define DEVICES_VARIABLE "SKYPICKET_FAKE_RTLSDR"
/* What read_async returns when the device is lost: 0 (also if unset) or a negative libusb code such as -5. */
#define LOSS_VARIABLE "SKYPICKET_FAKE_RTLSDR_LOSS"

#define STRING_BYTES 256 /* a USB string buffer of the interface */
#define EEPROM_BYTES 256
#define CRYSTAL_HZ 28800000u
#define TUNER_R820T 5

/* Codes of libusb that librtlsdr passes on. */
#define USB_IO -1
#define USB_NO_DEVICE -4
#define USB_BUSY -6
#define USB_OVERFLOW -8

/* Commands of rtl_tcp; HOLD and GO are private, see sim/rtl_tcp.py. */
enum command {
	SET_CENTRE = 0x01,
	SET_RATE = 0x02,
	SET_GAIN_MODE = 0x03,
	SET_GAIN = 0x04,
	SET_PPM = 0x05,
	SET_IF_GAIN = 0x06,
	SET_TEST_MODE = 0x07,
	SET_DIGITAL_AGC = 0x08,
	SET_DIRECT_SAMPLING = 0x09,
	SET_RTL_CRYSTAL = 0x0b,
	SET_TUNER_CRYSTAL = 0x0c,
	SET_BIAS_TEE = 0x0e,
	HOLD = 0x70,
	GO = 0x71,
};

enum stream_state { INACTIVE, RUNNING, CANCELLING };

enum receipt { RECEIVED, CANCELLED, LOST };

typedef void (*read_callback)(unsigned char *bytes, uint32_t length, void *context);

/* Where a device is. */
struct place {
	char serial[STRING_BYTES];
	char host[STRING_BYTES];
	char port[16];
};

typedef struct rtlsdr_dev {
	struct place place;

	int socket;                /* to the server */
	int wake;                  /* eventfd: written by cancel_async to interrupt a wait */
	pthread_mutex_t send_lock; /* commands may come from several threads */
	uint32_t holds;            /* number of the last HOLD */
	bool flowing;              /* GO was sent after the last HOLD */
	atomic_bool stale;         /* a setting changed since GO: samples on their way are old */
	atomic_bool retuned;       /* a running read_async drops what is on its way: a dongle has no such queue */
	atomic_bool lost;          /* the connection is gone */

	atomic_int state;          /* enum stream_state; atomic because cancel_async runs in signal handlers */
	pthread_mutex_t end_lock;
	pthread_cond_t ended;      /* the state became INACTIVE */

	uint32_t centre_hz, rate_hz, bandwidth_hz;
	uint32_t rtl_crystal_hz, tuner_crystal_hz;
	int ppm, gain, direct_sampling;
	uint8_t gpio_output, gpio_level; /* a bit for each pin */
	uint8_t eeprom[EEPROM_BYTES];
} rtlsdr_dev_t;

/* devices.c */
bool find_place(uint32_t index, struct place *place);
void fill_eeprom(uint8_t eeprom[EEPROM_BYTES], const char *serial);

/* link.c */
int link_open(rtlsdr_dev_t *dev);
void link_close(rtlsdr_dev_t *dev);
int link_command(rtlsdr_dev_t *dev, enum command command, uint32_t value);
int link_hold(rtlsdr_dev_t *dev);
enum receipt link_start(rtlsdr_dev_t *dev);
enum receipt link_receive(rtlsdr_dev_t *dev, uint8_t *bytes, size_t length, size_t *received);

#endif
