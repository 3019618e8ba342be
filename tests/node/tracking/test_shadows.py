from __future__ import annotations

from collections import deque

from dsp.bursts import Burst, ChirpFinding, EnergyFinding, Finding
from node.tracking.shadows import Shadows


def _chirp(spreading_factor: int) -> ChirpFinding:
    symbol_s = 2**spreading_factor / 500e3
    return ChirpFinding(spreading_factor, 500e3, symbol_s, 500e3 / symbol_s, 0.5)


def _packets(
    finding: Finding, snr_db: float, *, late_s: float = 0.0, count: int = 12, width_hz: float = 500e3
) -> deque[Burst]:
    return deque(
        Burst(round((0.02 * k + late_s) * 1e9), 4.3e-3, 867.8e6 + 30e3 * (k % 5), width_hz, snr_db, -40.0, finding)
        for k in range(count)
    )


def _covered(strong: deque[Burst], weak: deque[Burst]) -> bool:
    shadows = Shadows()
    for burst in strong:
        shadows.add(burst)
    return shadows.cover(weak, weak[-1].end_ns)


def test_an_alias_of_a_link_at_the_edge_of_the_slice_is_no_link() -> None:
    assert _covered(_packets(EnergyFinding(0.7), 8.0, width_hz=140e3), _packets(_chirp(5), -4.7))
    assert _covered(_packets(_chirp(6), 8.0), _packets(_chirp(5), -4.7))


def test_two_links_on_the_same_channels_are_two_links() -> None:
    assert not _covered(_packets(_chirp(6), 8.0, late_s=0.01), _packets(_chirp(5), -4.7))
    assert not _covered(_packets(_chirp(6), 2.0), _packets(_chirp(5), -4.7))


def test_a_link_is_not_in_the_shadow_of_its_own_shape_or_of_something_narrow() -> None:
    assert not _covered(_packets(_chirp(5), 8.0), _packets(_chirp(5), -4.7))
    assert not _covered(_packets(EnergyFinding(0.7), 8.0, width_hz=12e3), _packets(_chirp(5), -4.7))


def test_some_packets_in_a_shadow_are_chance() -> None:
    strong = _packets(_chirp(6), 8.0, count=5)
    assert not _covered(strong, _packets(_chirp(5), -4.7))


def test_what_is_long_gone_casts_no_shadow() -> None:
    shadows = Shadows()
    for burst in _packets(_chirp(6), 8.0):
        shadows.add(burst)
    assert not shadows.cover(_packets(_chirp(5), -4.7), 20_000_000_000)
