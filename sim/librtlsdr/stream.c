/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Open, close and the samples. Callbacks come in the thread of read_async, in buffers that are used again after a round
 * and freed at the end: a program that keeps one without copying it reads what it should not.
 */
#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PACKET_BYTES 512
#define DEFAULT_BUFFERS 15
#define DEFAULT_BUFFER_BYTES (16 * 32 * PACKET_BYTES)

EXPORT int rtlsdr_open(rtlsdr_dev_t **opened, uint32_t index)
{
	rtlsdr_dev_t *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return -ENOMEM;
	dev->socket = dev->wake = -1;
	dev->rtl_crystal_hz = dev->tuner_crystal_hz = CRYSTAL_HZ;
	pthread_mutex_init(&dev->send_lock, NULL);
	pthread_mutex_init(&dev->end_lock, NULL);
	pthread_cond_init(&dev->ended, NULL);

	int error = find_place(index, &dev->place) ? link_open(dev) : -1;

	if (error) {
		link_close(dev);
		free(dev);
		return error;
	}
	fill_eeprom(dev->eeprom, dev->place.serial);
	fprintf(stderr, "Found Rafael Micro R820T tuner\n");
	*opened = dev;
	return 0;
}

/* Waits for the end of read_async, so from a callback for ever. (librtlsdr does not wait when the device is lost, and
 * frees what read_async still uses: that race is left out.) */
EXPORT int rtlsdr_close(rtlsdr_dev_t *dev)
{
	if (!dev)
		return -1;
	pthread_mutex_lock(&dev->end_lock);
	while (atomic_load(&dev->state) != INACTIVE)
		pthread_cond_wait(&dev->ended, &dev->end_lock);
	pthread_mutex_unlock(&dev->end_lock);
	link_close(dev);
	free(dev);
	return 0;
}

/* Forgets what the device has queued: the next read starts anew. */
EXPORT int rtlsdr_reset_buffer(rtlsdr_dev_t *dev)
{
	if (!dev)
		return -1;
	atomic_store(&dev->stale, true);
	return 0;
}

EXPORT int rtlsdr_read_sync(rtlsdr_dev_t *dev, void *buffer, int length, int *n_read)
{
	size_t received = 0;
	enum receipt receipt = RECEIVED;

	if (!dev)
		return -1;
	*n_read = 0;
	if (length % PACKET_BYTES)
		return USB_OVERFLOW; /* the last packet does not fit */
	if (!dev->flowing || atomic_load(&dev->stale))
		receipt = link_start(dev);
	if (receipt == RECEIVED)
		receipt = link_receive(dev, buffer, (size_t)length, &received);
	*n_read = (int)received;
	return receipt == RECEIVED ? 0 : USB_NO_DEVICE;
}

static void free_buffers(uint8_t **buffers, uint32_t count)
{
	for (uint32_t i = 0; buffers && i < count; i++)
		free(buffers[i]);
	free(buffers);
}

static uint8_t **new_buffers(uint32_t count, uint32_t length)
{
	uint8_t **buffers = calloc(count, sizeof(*buffers));

	for (uint32_t i = 0; buffers && i < count; i++) {
		buffers[i] = malloc(length);
		if (!buffers[i]) {
			free_buffers(buffers, count);
			return NULL;
		}
	}
	return buffers;
}

static void become_inactive(rtlsdr_dev_t *dev)
{
	pthread_mutex_lock(&dev->end_lock);
	atomic_store(&dev->state, INACTIVE);
	pthread_cond_broadcast(&dev->ended);
	pthread_mutex_unlock(&dev->end_lock);
}

/* What read_async says when the dongle was pulled out: 0, or some code that was left over. */
static int loss_code(void)
{
	const char *code = getenv(LOSS_VARIABLE);

	return code ? atoi(code) : 0;
}

EXPORT int rtlsdr_read_async(rtlsdr_dev_t *dev, read_callback callback, void *context, uint32_t count, uint32_t length)
{
	int inactive = INACTIVE;

	if (!dev)
		return -1;
	if (!atomic_compare_exchange_strong(&dev->state, &inactive, RUNNING))
		return -2;
	if (!count)
		count = DEFAULT_BUFFERS;
	if (!length || length % PACKET_BYTES)
		length = DEFAULT_BUFFER_BYTES;

	uint8_t **buffers = new_buffers(count, length);

	if (!buffers) {
		become_inactive(dev);
		return -ENOMEM;
	}

	atomic_store(&dev->retuned, false);

	enum receipt receipt = link_start(dev);

	for (uint32_t i = 0; receipt == RECEIVED; i = (i + 1) % count) {
		size_t received;

		if (atomic_exchange(&dev->retuned, false))
			receipt = link_start(dev);
		if (receipt == RECEIVED)
			receipt = link_receive(dev, buffers[i], length, &received);
		if (receipt == RECEIVED && callback)
			callback(buffers[i], length, context);
	}
	free_buffers(buffers, count);

	int code = 0;

	if (receipt == CANCELLED) {
		link_hold(dev);
	} else {
		fprintf(stderr, "cb transfer status: 5, canceling...\n");
		code = loss_code();
	}
	become_inactive(dev);
	return code;
}

EXPORT int rtlsdr_wait_async(rtlsdr_dev_t *dev, read_callback callback, void *context)
{
	return rtlsdr_read_async(dev, callback, context, 0, 0);
}

/* From any thread, from a callback and from a signal handler. */
EXPORT int rtlsdr_cancel_async(rtlsdr_dev_t *dev)
{
	const uint64_t one = 1;
	int running = RUNNING;

	if (!dev)
		return -1;
	if (!atomic_compare_exchange_strong(&dev->state, &running, CANCELLING))
		return -2;
	return write(dev->wake, &one, sizeof(one)) < 0 ? USB_IO : 0;
}
