"""Claims: what lies between the edges of a band, whether bands overlap or leave gaps."""

from __future__ import annotations

import numpy as np
import pytest

from node.tracking.claims import NO_CLAIM, claim_of


@pytest.mark.parametrize("bandwidth_hz", [100e3, 500e3, 1.1e6])
def test_a_claim_holds_what_lies_in_one_of_its_bands(bandwidth_hz: float) -> None:
    """The same as asking every band, for channels in any order."""
    rng = np.random.default_rng(3)
    centres_hz = {float(hz) for hz in rng.uniform(902e6, 928e6, 40)}
    claim = claim_of(centres_hz, bandwidth_hz)
    asked_hz = rng.uniform(901e6, 929e6, 2000).tolist()
    inside = [any(abs(hz - centre_hz) < 0.6 * bandwidth_hz for centre_hz in centres_hz) for hz in asked_hz]
    assert [claim.holds(hz) for hz in asked_hz] == inside
    assert 0 < sum(inside) <= len(asked_hz)


def test_the_edges_are_outside() -> None:
    """Of the first band and of the last one."""
    claim = claim_of([916e6, 915e6], 1e6)
    assert claim.low_hz == (914.4e6, 915.4e6)
    assert not claim.holds(914.4e6)
    assert not claim.holds(916.6e6)
    assert claim.holds(915.5e6)


def test_no_claim_holds_nothing() -> None:
    """It stands for a link that has none."""
    assert not NO_CLAIM.holds(915e6)
