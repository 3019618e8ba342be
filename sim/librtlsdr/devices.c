/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which devices there are (from the environment, read anew at each call as a USB bus would be), their names, their EEPROM.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "Generic RTL2832U OEM"
#define MANUFACTURER "Realtek"
#define PRODUCT "RTL2838UHIDIR"
#define VENDOR_ID 0x0bda
#define PRODUCT_ID 0x2838

/* Take "serial@host:port" apart; false if it is something else. */
static bool parse_place(const char *text, size_t length, struct place *place)
{
	const char *at = memchr(text, '@', length);
	const char *colon = memrchr(text, ':', length);

	if (!at || !colon || colon < at)
		return false;

	size_t serial = (size_t)(at - text);
	size_t host = (size_t)(colon - at) - 1;
	size_t port = length - (size_t)(colon - text) - 1;

	if (!serial || !host || !port || serial >= STRING_BYTES || host >= STRING_BYTES || port >= sizeof(place->port))
		return false;

	memset(place, 0, sizeof(*place));
	memcpy(place->serial, text, serial);
	memcpy(place->host, at + 1, host);
	memcpy(place->port, colon + 1, port);
	return true;
}

/* Walk through the list; give the number of devices, and the place of one of them. */
static uint32_t list_places(uint32_t index, struct place *place)
{
	const char *text = getenv(DEVICES_VARIABLE);
	uint32_t count = 0;

	while (text && *text) {
		size_t length = strcspn(text, ",");
		struct place parsed;

		if (parse_place(text, length, &parsed)) {
			if (place && count == index)
				*place = parsed;
			count++;
		} else {
			fprintf(stderr, DEVICES_VARIABLE ": \"%.*s\" is not serial@host:port\n", (int)length, text);
		}
		text += length + (text[length] == ',');
	}
	return count;
}

bool find_place(uint32_t index, struct place *place)
{
	return index < list_places(index, place);
}

EXPORT uint32_t rtlsdr_get_device_count(void)
{
	return list_places(0, NULL);
}

EXPORT const char *rtlsdr_get_device_name(uint32_t index)
{
	struct place place;

	return find_place(index, &place) ? NAME : "";
}

/* Each buffer may be NULL; the others hold STRING_BYTES. */
static void give_strings(const struct place *place, char *manufacturer, char *product, char *serial)
{
	if (manufacturer) {
		memset(manufacturer, 0, STRING_BYTES);
		memcpy(manufacturer, MANUFACTURER, sizeof(MANUFACTURER));
	}
	if (product) {
		memset(product, 0, STRING_BYTES);
		memcpy(product, PRODUCT, sizeof(PRODUCT));
	}
	if (serial)
		memcpy(serial, place->serial, STRING_BYTES);
}

EXPORT int rtlsdr_get_device_usb_strings(uint32_t index, char *manufacturer, char *product, char *serial)
{
	struct place place;

	if (!find_place(index, &place))
		return -2;
	give_strings(&place, manufacturer, product, serial);
	return 0;
}

EXPORT int rtlsdr_get_usb_strings(rtlsdr_dev_t *dev, char *manufacturer, char *product, char *serial)
{
	if (!dev)
		return -1;
	give_strings(&dev->place, manufacturer, product, serial);
	return 0;
}

EXPORT int rtlsdr_get_index_by_serial(const char *serial)
{
	uint32_t count = list_places(0, NULL);

	if (!serial)
		return -1;
	if (!count)
		return -2;
	for (uint32_t index = 0; index < count; index++) {
		struct place place;

		if (find_place(index, &place) && !strcmp(place.serial, serial))
			return (int)index;
	}
	return -3;
}

/* Append a USB string descriptor (length, type 3, UTF-16); give the place after it. */
static size_t add_string(uint8_t eeprom[EEPROM_BYTES], size_t at, const char *text)
{
	size_t length = strlen(text);

	if (at + 2 + 2 * length > EEPROM_BYTES)
		return at;
	eeprom[at++] = (uint8_t)(2 + 2 * length);
	eeprom[at++] = 3;
	for (size_t i = 0; i < length; i++) {
		eeprom[at++] = (uint8_t)text[i];
		eeprom[at++] = 0;
	}
	return at;
}

/* As rtl_eeprom writes it: magic, ids, "has a serial number", flags, then three strings from byte 9 on. */
void fill_eeprom(uint8_t eeprom[EEPROM_BYTES], const char *serial)
{
	const uint8_t head[] = { 0x28, 0x32, VENDOR_ID & 0xff, VENDOR_ID >> 8, PRODUCT_ID & 0xff, PRODUCT_ID >> 8,
				 0xa5, 0x16, 0x02 };
	size_t at = sizeof(head);

	memset(eeprom, 0, EEPROM_BYTES);
	memcpy(eeprom, head, sizeof(head));
	at = add_string(eeprom, at, MANUFACTURER);
	at = add_string(eeprom, at, PRODUCT);
	add_string(eeprom, at, serial);
}

EXPORT int rtlsdr_read_eeprom(rtlsdr_dev_t *dev, uint8_t *data, uint8_t offset, uint16_t length)
{
	if (!dev)
		return -1;
	if (offset + length > EEPROM_BYTES)
		return -2;
	memcpy(data, dev->eeprom + offset, length);
	return 1; /* librtlsdr: the bytes of the last transfer */
}

EXPORT int rtlsdr_write_eeprom(rtlsdr_dev_t *dev, uint8_t *data, uint8_t offset, uint16_t length)
{
	if (!dev)
		return -1;
	if (offset + length > EEPROM_BYTES)
		return -2;
	memcpy(dev->eeprom + offset, data, length);
	return 0;
}
