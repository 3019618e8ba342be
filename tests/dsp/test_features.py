from __future__ import annotations

import numpy as np
import pytest

from dsp.bursts import Burst, ChirpFinding, EnergyFinding, Finding
from dsp.features import MEASURED, PERMITTED, Measured, feature_vector
from dsp.keying import Envelope, Keying
from dsp.protocols import PROTOCOLS
from dsp.protocols.match import permits

MEASURED_OF_NOISE = Measured(Envelope(2.0, 0.5, 3.0, 4, 1e-4), Keying(0.0, 2.0, None, 0.0, 0.0), 0.1, 0.5, 0.1, 0.0)


@pytest.mark.parametrize("tuning_known", [True, False])
def test_permits_of_the_features_are_those_of_the_records(tuning_known: bool) -> None:
    rng = np.random.default_rng(1)
    ones = 0
    for _ in range(300):
        near_hz = float(rng.choice([162e6, 433.9e6, 868.3e6, 915.4e6, 1090e6, 2.45e9]))
        finding: Finding = EnergyFinding(0.5)
        if rng.random() < 0.6:
            bandwidth_hz = float(rng.choice([62.5e3, 125e3, 250e3, 500e3, 812.5e3]))
            spreading_factor = int(rng.integers(5, 13))
            symbol_s = 2**spreading_factor / bandwidth_hz
            slope = bandwidth_hz / symbol_s * float(rng.choice([-1.0, 1.0]))
            finding = ChirpFinding(spreading_factor, bandwidth_hz, symbol_s, slope, 0.6)
        burst = Burst(0, 4e-3, near_hz + float(rng.uniform(-3e6, 3e6)), 200e3, 10.0, -20.0, finding)
        vector = feature_vector(burst, MEASURED_OF_NOISE, tuning_known=tuning_known)
        assert len(vector) == len(MEASURED) + len(PERMITTED)
        expected = [float(permits(protocol, burst, tuning_known=tuning_known)) for protocol in PROTOCOLS]
        assert vector[len(MEASURED) :].tolist() == expected
        ones += int(sum(expected))
    assert ones > 100
