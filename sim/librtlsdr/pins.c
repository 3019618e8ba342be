/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The eight pins of the RTL2832U: kept here; pin 0 feeds the bias tee, which the server is told of.
 */
#include "fake.h"

EXPORT int rtlsdr_set_gpio_output(rtlsdr_dev_t *dev, uint8_t gpio)
{
	if (!dev || gpio > 7)
		return -1;
	dev->gpio_output |= (uint8_t)(1u << gpio);
	return 0;
}

EXPORT int rtlsdr_set_gpio_input(rtlsdr_dev_t *dev, uint8_t gpio)
{
	if (!dev || gpio > 7)
		return -1;
	dev->gpio_output &= (uint8_t)~(1u << gpio);
	return 0;
}

EXPORT int rtlsdr_set_gpio_bit(rtlsdr_dev_t *dev, uint8_t gpio, int level)
{
	if (!dev || gpio > 7)
		return -1;

	uint8_t bit = (uint8_t)(1u << gpio);

	dev->gpio_level = level ? dev->gpio_level | bit : dev->gpio_level & (uint8_t)~bit;
	return 0;
}

EXPORT int rtlsdr_get_gpio_bit(rtlsdr_dev_t *dev, uint8_t gpio, int *level)
{
	if (!dev || gpio > 7)
		return -1;
	*level = dev->gpio_level >> gpio & 1;
	return 0;
}

EXPORT int rtlsdr_set_gpio_byte(rtlsdr_dev_t *dev, int levels)
{
	if (!dev)
		return -1;
	dev->gpio_level = (uint8_t)levels;
	return 0;
}

EXPORT int rtlsdr_get_gpio_byte(rtlsdr_dev_t *dev, int *levels)
{
	if (!dev)
		return -1;
	*levels = dev->gpio_level;
	return 0;
}

/* Reads the directions, whatever its name says. */
EXPORT int rtlsdr_set_gpio_status(rtlsdr_dev_t *dev, int *status)
{
	if (!dev)
		return -1;
	*status = dev->gpio_output;
	return 0;
}

EXPORT int rtlsdr_set_bias_tee_gpio(rtlsdr_dev_t *dev, int gpio, int on)
{
	if (!dev || gpio < 0 || gpio > 7)
		return -1;
	rtlsdr_set_gpio_output(dev, (uint8_t)gpio);
	rtlsdr_set_gpio_bit(dev, (uint8_t)gpio, on);
	return gpio == 0 ? link_command(dev, SET_BIAS_TEE, on != 0) : 0;
}

EXPORT int rtlsdr_set_bias_tee(rtlsdr_dev_t *dev, int on)
{
	return rtlsdr_set_bias_tee_gpio(dev, 0, on);
}
