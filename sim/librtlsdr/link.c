/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The connection to the server of a device: rtl_tcp, and the private HOLD and GO of sim/rtl_tcp.py, which make the
 * stream start when reading starts and with the settings made before, as USB does.
 */
#include "fake.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define HEADER_BYTES 12
#define ANSWER_TIMEOUT_MS 5000
#define GOODBYE_TIMEOUT_S 1
/* The answer to HOLD in the stream: this and the four bytes of the command's value. */
static const uint8_t hold_mark[] = { 0x00, 0xff, 's', 'k', 'y', 'p', 'i', 'c', 'k', 'e', 't', ' ', 'h', 'o', 'l', 'd' };
#define MARK_BYTES (sizeof(hold_mark) + 4)

static void put_u32(uint8_t bytes[4], uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 24);
	bytes[1] = (uint8_t)(value >> 16);
	bytes[2] = (uint8_t)(value >> 8);
	bytes[3] = (uint8_t)value;
}

static int connect_to(const struct place *place)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	const struct timeval patience = { .tv_sec = ANSWER_TIMEOUT_MS / 1000 };
	const int on = 1;
	struct addrinfo *found;
	int connection = -1;

	if (getaddrinfo(place->host, place->port, &hints, &found))
		return -1;
	for (struct addrinfo *each = found; each && connection < 0; each = each->ai_next) {
		connection = socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol);
		if (connection < 0)
			continue;
		setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)); /* bounds connect() */
		setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (connect(connection, each->ai_addr, each->ai_addrlen)) {
			close(connection);
			connection = -1;
		}
	}
	freeaddrinfo(found);
	return connection;
}

/* Wait for bytes, at most for so long (-1: for ever), and take what there is. */
static enum receipt take(rtlsdr_dev_t *dev, uint8_t *bytes, size_t room, size_t *taken, int timeout_ms)
{
	struct pollfd waits[] = { { .fd = dev->socket, .events = POLLIN }, { .fd = dev->wake, .events = POLLIN } };

	*taken = 0;
	for (;;) {
		if (atomic_load(&dev->state) == CANCELLING)
			return CANCELLED;

		int ready = poll(waits, 2, timeout_ms);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return LOST;
		if (waits[1].revents) {
			uint64_t wakes;

			if (read(dev->wake, &wakes, sizeof(wakes)) < 0 && errno != EINTR && errno != EAGAIN)
				return LOST;
			continue;
		}

		ssize_t got = recv(dev->socket, bytes, room, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			atomic_store(&dev->lost, true);
			return LOST;
		}
		*taken = (size_t)got;
		return RECEIVED;
	}
}

/* Fill the buffer; received tells how far it came. */
static enum receipt fill(rtlsdr_dev_t *dev, uint8_t *bytes, size_t length, size_t *received, int timeout_ms)
{
	*received = 0;
	while (*received < length) {
		size_t taken;
		enum receipt receipt = take(dev, bytes + *received, length - *received, &taken, timeout_ms);

		if (receipt != RECEIVED)
			return receipt;
		*received += taken;
	}
	return RECEIVED;
}

/* Connect, check the greeting, and hold the stream. */
int link_open(rtlsdr_dev_t *dev)
{
	uint8_t header[HEADER_BYTES];
	size_t received;

	dev->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	dev->socket = connect_to(&dev->place);
	if (dev->socket < 0 || dev->wake < 0)
		return -1; /* no server: nothing is plugged in */
	if (link_hold(dev))
		return USB_IO;
	if (fill(dev, header, sizeof(header), &received, ANSWER_TIMEOUT_MS) != RECEIVED) {
		/* A server with another client lets us wait. */
		int error = atomic_load(&dev->lost) ? USB_IO : USB_BUSY;

		fprintf(stderr, "usb_claim_interface error %d\n", error);
		return error;
	}
	if (memcmp(header, "RTL0", 4)) {
		fprintf(stderr, "%s:%s does not speak rtl_tcp\n", dev->place.host, dev->place.port);
		return USB_IO;
	}
	return 0;
}

/* Hang up so that the server still gets the last commands: closing with unread samples would take them along. */
void link_close(rtlsdr_dev_t *dev)
{
	if (dev->socket >= 0) {
		const struct timeval patience = { .tv_sec = GOODBYE_TIMEOUT_S };
		uint8_t rest[16384];

		setsockopt(dev->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		if (!atomic_load(&dev->lost) && !shutdown(dev->socket, SHUT_WR))
			while (recv(dev->socket, rest, sizeof(rest), 0) > 0)
				;
		close(dev->socket);
	}
	if (dev->wake >= 0)
		close(dev->wake);
}

int link_command(rtlsdr_dev_t *dev, enum command command, uint32_t value)
{
	uint8_t bytes[5] = { (uint8_t)command };
	size_t sent = 0;

	put_u32(bytes + 1, value);
	pthread_mutex_lock(&dev->send_lock);
	while (sent < sizeof(bytes) && !atomic_load(&dev->lost)) {
		ssize_t more = send(dev->socket, bytes + sent, sizeof(bytes) - sent, MSG_NOSIGNAL);

		if (more > 0)
			sent += (size_t)more;
		else if (errno != EINTR)
			atomic_store(&dev->lost, true);
	}
	pthread_mutex_unlock(&dev->send_lock);
	return sent == sizeof(bytes) ? 0 : USB_IO;
}

/* Ask the server to stop the samples and to mark the place. */
int link_hold(rtlsdr_dev_t *dev)
{
	dev->flowing = false;
	return link_command(dev, HOLD, ++dev->holds);
}

/* Throw away everything up to the mark of the last HOLD. */
static enum receipt skip_to_mark(rtlsdr_dev_t *dev)
{
	uint8_t mark[MARK_BYTES], window[16384 + MARK_BYTES];
	size_t kept = 0;

	memcpy(mark, hold_mark, sizeof(hold_mark));
	put_u32(mark + sizeof(hold_mark), dev->holds);
	for (;;) {
		size_t taken;
		enum receipt receipt = take(dev, window + kept, sizeof(window) - kept, &taken, ANSWER_TIMEOUT_MS);

		if (receipt != RECEIVED) {
			if (receipt == LOST && !atomic_load(&dev->lost))
				fprintf(stderr, "%s:%s does not answer: is it the rtl_tcp server of the simulator?\n",
					dev->place.host, dev->place.port);
			return receipt;
		}
		kept += taken;
		if (memmem(window, kept, mark, sizeof(mark)))
			return RECEIVED; /* held: nothing comes after the mark */
		if (kept >= sizeof(mark)) {
			memmove(window, window + kept - (sizeof(mark) - 1), sizeof(mark) - 1);
			kept = sizeof(mark) - 1;
		}
	}
}

/* Let the samples flow from here, made with the settings sent so far. */
enum receipt link_start(rtlsdr_dev_t *dev)
{
	if (dev->flowing && link_hold(dev))
		return LOST;

	enum receipt receipt = skip_to_mark(dev);

	if (receipt != RECEIVED)
		return receipt;
	atomic_store(&dev->stale, false);
	dev->flowing = true;
	return link_command(dev, GO, 0) ? LOST : RECEIVED;
}

enum receipt link_receive(rtlsdr_dev_t *dev, uint8_t *bytes, size_t length, size_t *received)
{
	return fill(dev, bytes, length, received, -1);
}
