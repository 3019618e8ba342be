/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Settings of an RTL2832U with an R820T: checked as librtlsdr does, kept, and sent to the server.
 */
#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What an R820T can be tuned to (about; the limits vary from one to the next). */
#define LOWEST_HZ 24000000u
#define HIGHEST_HZ 1766000000u
#define CRYSTAL_TOLERANCE_HZ 1000u

static const int gains[] = { 0,	  9,   14,  27,	 37,  77,  87,	125, 144, 157, 166, 197, 207, 229, 254,
			     280, 297, 328, 338, 364, 372, 386, 402, 421, 434, 439, 445, 480, 496 };
#define GAIN_COUNT ((int)(sizeof(gains) / sizeof(gains[0])))

static int change(rtlsdr_dev_t *dev, enum command command, uint32_t value)
{
	atomic_store(&dev->stale, true);
	return link_command(dev, command, value);
}

EXPORT int rtlsdr_set_center_freq(rtlsdr_dev_t *dev, uint32_t centre_hz)
{
	if (!dev)
		return -1;

	int error = 0;

	if (!dev->direct_sampling && (centre_hz < LOWEST_HZ || centre_hz > HIGHEST_HZ)) {
		fprintf(stderr, "[R82XX] No valid PLL values for %u Hz!\n", centre_hz);
		error = -1;
	} else {
		error = change(dev, SET_CENTRE, centre_hz);
		atomic_store(&dev->retuned, true);
	}
	dev->centre_hz = error ? 0 : centre_hz;
	return error;
}

EXPORT uint32_t rtlsdr_get_center_freq(rtlsdr_dev_t *dev)
{
	return dev ? dev->centre_hz : 0;
}

EXPORT int rtlsdr_set_sample_rate(rtlsdr_dev_t *dev, uint32_t rate_hz)
{
	if (!dev)
		return -1;
	if (rate_hz <= 225000 || rate_hz > 3200000 || (rate_hz > 300000 && rate_hz <= 900000)) {
		fprintf(stderr, "Invalid sample rate: %u Hz\n", rate_hz);
		return -EINVAL;
	}

	/* The resampler divides by a ratio with 22 fractional bits, of which the lowest two do not exist. */
	const double clock = (double)dev->rtl_crystal_hz * (1u << 22);
	uint32_t ratio = (uint32_t)(clock / rate_hz) & 0x0ffffffc;
	double real_hz = clock / (ratio | ((ratio & 0x08000000) << 1));

	if (real_hz != rate_hz)
		fprintf(stderr, "Exact sample rate is: %f Hz\n", real_hz);
	dev->rate_hz = (uint32_t)real_hz;
	return change(dev, SET_RATE, rate_hz);
}

EXPORT uint32_t rtlsdr_get_sample_rate(rtlsdr_dev_t *dev)
{
	return dev ? dev->rate_hz : 0;
}

/* The same value twice is an error. So is 0 at first. */
EXPORT int rtlsdr_set_freq_correction(rtlsdr_dev_t *dev, int ppm)
{
	if (!dev)
		return -1;
	if (dev->ppm == ppm)
		return -2;
	dev->ppm = ppm;
	return change(dev, SET_PPM, (uint32_t)ppm);
}

EXPORT int rtlsdr_get_freq_correction(rtlsdr_dev_t *dev)
{
	return dev ? dev->ppm : 0;
}

EXPORT int rtlsdr_get_tuner_type(rtlsdr_dev_t *dev)
{
	return dev ? TUNER_R820T : 0;
}

/* In tenths of a dB; the buffer may be NULL. */
EXPORT int rtlsdr_get_tuner_gains(rtlsdr_dev_t *dev, int *buffer)
{
	if (!dev)
		return -1;
	if (buffer)
		memcpy(buffer, gains, sizeof(gains));
	return GAIN_COUNT;
}

EXPORT int rtlsdr_set_tuner_gain(rtlsdr_dev_t *dev, int gain)
{
	if (!dev)
		return -1;

	int error = change(dev, SET_GAIN, (uint32_t)gain);

	dev->gain = error ? 0 : gain;
	return error;
}

/* The last manual gain, also while the gain is automatic. */
EXPORT int rtlsdr_get_tuner_gain(rtlsdr_dev_t *dev)
{
	return dev ? dev->gain : 0;
}

EXPORT int rtlsdr_set_tuner_gain_mode(rtlsdr_dev_t *dev, int manual)
{
	return dev ? change(dev, SET_GAIN_MODE, (uint32_t)manual) : -1;
}

EXPORT int rtlsdr_set_tuner_if_gain(rtlsdr_dev_t *dev, int stage, int gain)
{
	return dev ? change(dev, SET_IF_GAIN, (uint32_t)stage << 16 | (uint16_t)gain) : -1;
}

EXPORT int rtlsdr_set_agc_mode(rtlsdr_dev_t *dev, int on)
{
	return dev ? change(dev, SET_DIGITAL_AGC, on != 0) : -1;
}

EXPORT int rtlsdr_set_testmode(rtlsdr_dev_t *dev, int on)
{
	return dev ? change(dev, SET_TEST_MODE, on != 0) : -1;
}

EXPORT int rtlsdr_set_direct_sampling(rtlsdr_dev_t *dev, int on)
{
	if (!dev)
		return -1;
	if (on)
		fprintf(stderr, "Enabled direct sampling mode, input %i\n", on);
	else
		fprintf(stderr, "Disabled direct sampling mode\n");
	dev->direct_sampling = on;
	return change(dev, SET_DIRECT_SAMPLING, (uint32_t)on);
}

EXPORT int rtlsdr_get_direct_sampling(rtlsdr_dev_t *dev)
{
	return dev ? dev->direct_sampling : -1;
}

/* An R820T has none. */
EXPORT int rtlsdr_set_offset_tuning(rtlsdr_dev_t *dev, int on)
{
	(void)on;
	return dev ? -2 : -1;
}

EXPORT int rtlsdr_get_offset_tuning(rtlsdr_dev_t *dev)
{
	return dev ? 0 : -1;
}

EXPORT int rtlsdr_set_dithering(rtlsdr_dev_t *dev, int on)
{
	(void)on;
	return dev ? 0 : -1;
}

/* Kept only: rtl_tcp has no command for it. 0 means as wide as the sample rate. */
EXPORT int rtlsdr_set_and_get_tuner_bandwidth(rtlsdr_dev_t *dev, uint32_t bandwidth_hz, uint32_t *applied_hz, int apply)
{
	if (!dev)
		return -1;

	uint32_t real_hz = bandwidth_hz ? bandwidth_hz : dev->rate_hz;

	if (applied_hz)
		*applied_hz = real_hz;
	if (apply)
		dev->bandwidth_hz = real_hz;
	return 0;
}

EXPORT int rtlsdr_set_tuner_bandwidth(rtlsdr_dev_t *dev, uint32_t bandwidth_hz)
{
	return rtlsdr_set_and_get_tuner_bandwidth(dev, bandwidth_hz, NULL, 1);
}

/* 0 keeps a crystal as it is; the tuner's 0 takes that of the RTL2832U. */
EXPORT int rtlsdr_set_xtal_freq(rtlsdr_dev_t *dev, uint32_t rtl_hz, uint32_t tuner_hz)
{
	if (!dev)
		return -1;
	if (rtl_hz && (rtl_hz < CRYSTAL_HZ - CRYSTAL_TOLERANCE_HZ || rtl_hz > CRYSTAL_HZ + CRYSTAL_TOLERANCE_HZ))
		return -2;

	int error = 0;

	if (rtl_hz && rtl_hz != dev->rtl_crystal_hz) {
		dev->rtl_crystal_hz = rtl_hz;
		error = change(dev, SET_RTL_CRYSTAL, rtl_hz);
	}
	if (tuner_hz != dev->tuner_crystal_hz) {
		dev->tuner_crystal_hz = tuner_hz ? tuner_hz : dev->rtl_crystal_hz;
		error |= change(dev, SET_TUNER_CRYSTAL, dev->tuner_crystal_hz);
	}
	return error;
}

EXPORT int rtlsdr_get_xtal_freq(rtlsdr_dev_t *dev, uint32_t *rtl_hz, uint32_t *tuner_hz)
{
	if (!dev)
		return -1;
	if (rtl_hz)
		*rtl_hz = (uint32_t)(dev->rtl_crystal_hz * (1.0 + dev->ppm / 1e6));
	if (tuner_hz)
		*tuner_hz = (uint32_t)(dev->tuner_crystal_hz * (1.0 + dev->ppm / 1e6));
	return 0;
}
