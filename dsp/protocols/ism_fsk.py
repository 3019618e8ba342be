"""Frequency-keyed sensors: weather stations, tyre pressure sensors, alarms."""

from __future__ import annotations

from dsp.protocols.record import Band, FskPhy, Mode, RfProtocol, SporadicTiming

PERIOD_S = (10.0, 120.0)

PROTOCOL = RfProtocol(
    label="ism-fsk",
    family="non-drone",
    summary=(
        "Weather stations, tyre pressure sensors, alarms: single 2-FSK packets of 5 to 60 ms on a fixed frequency, "
        "tens of seconds apart"
    ),
    bands=(
        Band("ISM315", 314.5e6, 315.5e6, (315.0e6,), region="FCC"),
        Band("ISM433", 433.05e6, 434.79e6, (433.92e6,)),
        Band("ISM868", 868.0e6, 870.0e6, (868.3e6, 868.35e6, 869.4e6), region="EU"),
        Band("ISM915", 902e6, 928e6, (914.9e6, 915.0e6), region="FCC"),
    ),
    modes=(
        Mode("8k2", FskPhy(8.064e3, 30e3, None, preamble_bits=32), SporadicTiming((0.025, 0.060), PERIOD_S), 26),
        Mode("9k6", FskPhy(9.579e3, 30e3, None, preamble_bits=16), SporadicTiming((0.007, 0.030), PERIOD_S), 8),
        Mode("17k", FskPhy(17.241e3, 45e3, None, preamble_bits=40), SporadicTiming((0.006, 0.015), PERIOD_S), 14),
        Mode("19k", FskPhy(19.231e3, 38e3, None, preamble_bits=14), SporadicTiming((0.007, 0.012), PERIOD_S), 9),
        Mode("38k", FskPhy(38.4e3, 50e3, 0.5, preamble_bits=32), SporadicTiming((0.004, 0.012), PERIOD_S), 16),
        Mode("1k", FskPhy(1.2e3, 5.2e3, None, preamble_bits=24), SporadicTiming((0.080, 0.250), PERIOD_S), 16),
        Mode("2k4", FskPhy(2.4e3, 15e3, None, preamble_bits=32), SporadicTiming((0.040, 0.120), PERIOD_S), 16),
        Mode("4k8", FskPhy(4.8e3, 20e3, 0.5, preamble_bits=32), SporadicTiming((0.020, 0.080), PERIOD_S), 16),
        Mode("50k", FskPhy(50e3, 25e3, 0.5, preamble_bits=64), SporadicTiming((0.003, 0.020), PERIOD_S), 32),
        Mode("100k", FskPhy(100e3, 50e3, 0.5, preamble_bits=64), SporadicTiming((0.002, 0.010), PERIOD_S), 32),
        # Tyre pressure sensors: bits in two halves.
        Mode(
            "tpms-19k",
            FskPhy(19.2e3, 35e3, None, preamble_bits=16, sync_bits=4, manchester=True),
            SporadicTiming((0.006, 0.012), PERIOD_S, (1, 4)),
            9,
        ),
        Mode(
            "tpms-40k",
            FskPhy(40e3, 40e3, None, preamble_bits=16, sync_bits=4, manchester=True),
            SporadicTiming((0.003, 0.006), PERIOD_S, (1, 4)),
            9,
        ),
    ),
    sources=(
        "merbanan/rtl_433: src/devices/bresser_5in1.c (124 µs a bit), lacrosse_tx35.c (105 and 58 µs), fineoffset.c "
        "(58 µs), tpms_toyota.c (52 µs); deviations and packet lengths are usual values, not from those files",
    ),
)
"""See ``RfProtocol``."""
