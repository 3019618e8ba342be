"""On-off keyed remote controls, door bells and weather sensors."""

from __future__ import annotations

from dsp.protocols.record import Band, Mode, OokPhy, RfProtocol, SporadicTiming

PERIOD_S = (10.0, 300.0)
REPEATS = (3, 10)

PROTOCOL = RfProtocol(
    label="ism-ook",
    family="non-drone",
    summary=(
        "Remote controls and weather sensors: a carrier switched on and off, packets of 20 to 200 ms repeated a few "
        "times, seconds to minutes apart"
    ),
    bands=(
        Band("ISM315", 314.5e6, 315.5e6, (315.0e6,), region="FCC"),
        Band("ISM433", 433.05e6, 434.79e6, (433.92e6,)),
        Band("ISM868", 868.0e6, 868.6e6, (868.3e6, 868.35e6), region="EU"),
        Band("ISM915", 902e6, 928e6, (915.0e6,), region="FCC"),
    ),
    modes=(
        # Information in the width of the pulses.
        Mode("pwm-350us", OokPhy(350e-6, 1050e-6, 11e-3), SporadicTiming((0.033, 0.035), PERIOD_S, REPEATS), 3),
        Mode("pwm-500us", OokPhy(500e-6, 1000e-6, 2.5e-3), SporadicTiming((0.036, 0.060), PERIOD_S, REPEATS), 4),
        Mode("pwm-250us", OokPhy(250e-6, 750e-6, 8e-3), SporadicTiming((0.024, 0.064), PERIOD_S, REPEATS), 4),
        # Equal pulses: information in the gaps between them.
        Mode("ppm-500us", OokPhy(500e-6, 500e-6, 9e-3), SporadicTiming((0.070, 0.110), PERIOD_S, REPEATS), 5),
        Mode("ppm-250us", OokPhy(250e-6, 250e-6, 4e-3), SporadicTiming((0.025, 0.045), PERIOD_S, REPEATS), 5),
        # Information in the direction of the edges: thermometers, tyre pressure sensors, meters that read themselves.
        Mode(
            "manchester-500us",
            OokPhy(488e-6, 488e-6, 10e-3, manchester=True),
            SporadicTiming((0.060, 0.200), PERIOD_S),
            16,
        ),
        Mode(
            "manchester-120us",
            OokPhy(122e-6, 122e-6, 20e-3, manchester=True),
            SporadicTiming((0.008, 0.030), PERIOD_S),
            10,
        ),
        Mode(
            "manchester-50us",
            OokPhy(52e-6, 52e-6, 50e-3, manchester=True),
            SporadicTiming((0.006, 0.012), PERIOD_S, (1, 4)),
            9,
        ),
        Mode(
            "manchester-30us",
            OokPhy(30.5e-6, 30.5e-6, 50e-3, manchester=True),
            SporadicTiming((0.004, 0.007), (1.0, 60.0)),
            12,
            ("ISM915",),
        ),
    ),
    sources=(
        "EV1527 encoder (pulses 1:3, about 350 µs)",
        (
            "merbanan/rtl_433: src/devices/nexus.c (500 µs, gaps of 1 and 2 ms), oregon_scientific.c (488 µs), "
            "tpms_*.c (about 50 and 120 µs), ert_scm.c (30.5 µs); the other timings are usual values of the same kind"
        ),
    ),
)
"""See ``RfProtocol``."""
