"""SimRadio: determinism, levels, places in time and frequency, the effects of the receiver."""

# Longer than 300 lines: one radio, and each effect of the receiver measured on its samples.

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.iq import complex64_to_u8, u8_to_complex64
from dsp.protocols import BY_LABEL
from dsp.units import to_db
from sim.edge_filter import CHUNK_SAMPLES
from sim.front_end import noise_dbm_per_hz
from sim.impairments import NO_IMPAIRMENTS, Drop, GainStep, Impairments
from sim.radio import OLD_SHARE, SimRadio
from sim.scene import Emitter, Receiver, Scene, Transmitter
from sim.single_link import single_link_scene
from sim.truth import TrueBurst

RATE_HZ = 2_400_000.0
NOISE_ONLY = replace(NO_IMPAIRMENTS, thermal_noise=True)


def elrs_scene(snr_db: float = 20.0, duration_s: float = 0.5, impairments: Impairments | None = None) -> Scene:
    return single_link_scene(
        "expresslrs",
        "200Hz",
        "IN866",
        snr_db,
        centre_hz=866.16e6,
        duration_s=duration_s,
        seed=7,
        impairments=impairments,
    )


def quiet_scene(impairments: Impairments, duration_s: float = 0.2, centre_hz: float = 915e6) -> Scene:
    return Scene("quiet", Receiver(centre_hz, impairments=impairments), duration_s=duration_s)


def samples_of(scene: Scene) -> NDArray[np.complex64]:
    return np.concatenate([block.samples for block in SimRadio(scene).blocks()])


def power(samples: NDArray[np.complex64]) -> float:
    return float(np.mean(np.abs(samples) ** 2))


def band_power(samples: NDArray[np.complex64], low_hz: float, high_hz: float, rate_hz: float = RATE_HZ) -> float:
    """Mean power between two offsets from the centre."""
    spectrum = np.abs(np.fft.fft(samples) / len(samples)) ** 2
    frequency = np.fft.fftfreq(len(samples), 1.0 / rate_hz)
    return float(spectrum[(frequency >= low_hz) & (frequency < high_hz)].sum())


def test_the_same_scene_gives_the_same_bytes_whatever_the_reader_asks_for() -> None:
    scene = elrs_scene(impairments=Impairments(drops_per_s=10.0, silent_drops_per_s=10.0))
    whole = SimRadio(scene).read_u8(10_000_000)
    radio = SimRadio(scene)
    pieces = []
    while piece := radio.read_u8(7_777):
        pieces.append(piece)
    assert b"".join(pieces) == whole
    for block_samples in (1_000, CHUNK_SAMPLES, 100_000):
        blocks = list(SimRadio(scene, block_samples=block_samples).blocks())
        assert complex64_to_u8(np.concatenate([block.samples for block in blocks])).tobytes() == whole


def test_another_seed_gives_other_noise() -> None:
    scene = quiet_scene(Impairments())
    assert SimRadio(scene).read_u8(1000) != SimRadio(replace(scene, seed=1)).read_u8(1000)


def test_blocks_place_themselves_in_time() -> None:
    scene = elrs_scene(impairments=Impairments(drops=(Drop(0.1, 5000), Drop(0.2, 300, silent=True))))
    blocks = list(SimRadio(scene, radio="north", block_samples=30_000).blocks())
    expected = 0
    for block in blocks:
        expected += block.lost_before
        assert block.first_sample == expected
        assert block.start_ns == scene.start_ns + round(block.first_sample * 1e9 / RATE_HZ)
        assert (block.radio, block.centre_hz, block.sample_rate_hz) == ("north", 866.16e6, RATE_HZ)
        expected += len(block.samples)
    assert sum(block.lost_before for block in blocks) == 5000
    assert next(block for block in blocks if block.lost_before).first_sample == 240_000 + 5000


def test_lost_samples_are_left_out() -> None:
    scene = quiet_scene(NOISE_ONLY)
    radio = SimRadio(quiet_scene(replace(NOISE_ONLY, drops=(Drop(0.05, 777),))))
    complete = SimRadio(scene).read_u8(480_000)
    with_loss = radio.read_u8(480_000)
    assert with_loss == complete[:240_000] + complete[240_000 + 2 * 777 :]
    assert radio.lost == [(120_000, 777, False)]


def test_a_silent_loss_is_a_jump_nobody_is_told_of() -> None:
    scene = quiet_scene(replace(NOISE_ONLY, drops=(Drop(0.05, 777, silent=True),)))
    blocks = list(SimRadio(scene).blocks())
    assert not any(block.lost_before for block in blocks)
    assert sum(len(block.samples) for block in blocks) == 480_000 - 777
    assert [block.first_sample for block in blocks[1:]] == list(
        np.cumsum([len(block.samples) for block in blocks])[:-1]
    )


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 25.0])
@pytest.mark.parametrize("gain_db", [20.7, 40.2])
def test_a_burst_has_the_asked_ratio_in_its_bandwidth(snr_db: float, gain_db: float) -> None:
    impairments = Impairments(filter_edges=False, dc_offset=0.0, spur_dbm=None)
    scene = single_link_scene(
        "expresslrs",
        "200Hz",
        "IN866",
        snr_db,
        centre_hz=866.16e6,
        duration_s=0.6,
        seed=7,
        gain_db=gain_db,
        impairments=impairments,
    )
    truth: list[TrueBurst] = []
    samples = np.concatenate([block.samples for block in SimRadio(scene, truth=truth.append).blocks()])
    silence = samples_of(replace(scene, emitters=()))
    inside = [burst for burst in truth if burst.high_hz - burst.low_hz == pytest.approx(500e3, abs=1.0)][:40]
    assert len(inside) == 40
    measured = []
    for burst in inside:
        piece = slice(burst.sample_start, burst.sample_start + burst.sample_count)
        low_hz, high_hz = burst.low_hz - 866.16e6, burst.high_hz - 866.16e6
        # What the signal adds, in a band wide enough for its skirts, over the noise in its own band.
        wide = (low_hz - 50e3, high_hz + 50e3)
        added = band_power(samples[piece], *wide) - band_power(silence[piece], *wide)
        measured.append(added / band_power(silence[piece], low_hz, high_hz))
        assert burst.snr_db == pytest.approx(snr_db, abs=0.01)
    assert to_db(float(np.mean(measured))) == pytest.approx(snr_db, abs=0.5)


def test_the_ratio_measured_without_rounding_is_exact() -> None:
    scene = elrs_scene(10.0, 1.0, NOISE_ONLY)
    truth: list[TrueBurst] = []
    samples = np.concatenate([block.samples for block in SimRadio(scene, truth=truth.append).blocks()])
    silence = samples_of(replace(scene, emitters=()))
    added = []
    for burst in truth[:100]:
        piece = slice(burst.sample_start, burst.sample_start + burst.sample_count)
        added.append(power(samples[piece] - silence[piece]))
    noise = power(silence) * 500e3 / RATE_HZ
    assert to_db(float(np.mean(added)) / noise) == pytest.approx(10.0, abs=0.1)


def test_the_energy_is_where_the_truth_says() -> None:
    scene = single_link_scene(
        "expresslrs", "200Hz", "FCC915", 30.0, centre_hz=915.2e6, duration_s=2.0, seed=5, impairments=NOISE_ONLY
    )
    truth: list[TrueBurst] = []
    samples = np.concatenate([block.samples for block in SimRadio(scene, truth=truth.append).blocks()])
    assert {round(burst.transmit_hz / 1e3) for burst in truth} == {914_300, 914_900, 915_500, 916_100}
    covered = np.zeros(len(samples), bool)
    for burst in truth:
        piece = samples[burst.sample_start : burst.sample_start + burst.sample_count]
        covered[burst.sample_start : burst.sample_start + burst.sample_count] = True
        low_hz, high_hz = burst.low_hz - 915.2e6, burst.high_hz - 915.2e6
        assert band_power(piece, low_hz, high_hz) > 0.9 * power(piece) - 2 * power(samples[~covered][:1000])
    quiet = power(samples[~covered])
    noise = 10.0 ** ((noise_dbm_per_hz(scene.receiver, RATE_HZ, 40.2) + 40.2 + 18.0) / 10.0) * RATE_HZ
    assert to_db(quiet / noise) == pytest.approx(0.0, abs=0.1)


def test_a_neighbour_outside_the_slice_does_not_fold_in() -> None:
    mode = BY_LABEL["expresslrs"].modes[0]
    scene = elrs_scene(60.0, 0.3, NOISE_ONLY)
    emitter = replace(scene.emitters[0], mode=mode)
    band = emitter.band
    assert band is not None
    noise = float((np.abs(np.fft.fft(samples_of(replace(scene, emitters=())))) ** 2).mean())
    for offset_hz in (1.3e6, -1.3e6, 1.5e6, 2.5e6):
        moved = replace(band, channels_hz=(866.16e6 + offset_hz,), low_hz=1e6, high_hz=2e9, sync_channel=None)
        beside = replace(scene, emitters=(replace(emitter, band=moved),))
        samples = samples_of(beside)
        frequency = np.fft.fftfreq(len(samples), 1.0 / RATE_HZ)
        spectrum = np.abs(np.fft.fft(samples)) ** 2
        far_side = frequency * np.sign(offset_hz) < 0.4e6
        level_db = to_db(float(spectrum[far_side].mean()) / noise)
        # 60 dB over the noise outside: folded back it would stand about as high; the chirp's own skirts reach 12 dB.
        assert level_db < 20.0
        if abs(offset_hz) == 1.3e6:
            near = (frequency * np.sign(offset_hz) > 1.05e6) & (frequency * np.sign(offset_hz) < 1.12e6)
            assert to_db(float(spectrum[near].mean() / spectrum[far_side].mean())) > 30.0


def test_the_crystal_moves_carrier_and_clock() -> None:
    scene = single_link_scene(
        "expresslrs", "200Hz", "IN866", 30.0, centre_hz=866.16e6, duration_s=2.0, seed=7,
        impairments=replace(NOISE_ONLY, ppm=50.0),
    )  # fmt: skip
    truth: list[TrueBurst] = []
    list(SimRadio(scene, truth=truth.append).blocks())
    burst = next(burst for burst in truth if abs(burst.transmit_hz - 866.425e6) < 1.0)
    assert (burst.low_hz + burst.high_hz) / 2 == pytest.approx(866.425e6 - 50e-6 * 866.16e6, abs=50.0)
    packets = (truth[-1].sample_start - truth[0].sample_start) / (0.005 * RATE_HZ)
    assert packets == pytest.approx(round(packets) * (1 + 50e-6), rel=2e-6)
    corrected: list[TrueBurst] = []
    radio = SimRadio(scene, truth=corrected.append)
    radio.configure(ppm=50.0)
    radio.read_u8(10_000_000)
    burst = next(burst for burst in corrected if abs(burst.transmit_hz - 866.425e6) < 1.0)
    assert (burst.low_hz + burst.high_hz) / 2 == pytest.approx(866.425e6, abs=50.0)


def test_eight_bits_with_clipping() -> None:
    loud = elrs_scene(70.0, 0.1, Impairments())
    raw = np.frombuffer(SimRadio(loud).read_u8(240_000), np.uint8)
    assert raw.min() == 0
    assert raw.max() == 255
    quantised = samples_of(quiet_scene(Impairments()))
    assert np.array_equal(u8_to_complex64(complex64_to_u8(quantised)), quantised)
    perfect = samples_of(quiet_scene(NOISE_ONLY))
    assert not np.array_equal(u8_to_complex64(complex64_to_u8(perfect)), perfect)


def test_a_perfect_receiver_hears_nothing_where_nothing_is() -> None:
    assert not samples_of(quiet_scene(NO_IMPAIRMENTS)).any()


def test_gain_follows_the_nearest_of_the_29_steps() -> None:
    scene = quiet_scene(NOISE_ONLY)
    radio = SimRadio(scene)
    levels = []
    for gain_db in (30.0, 29.7, 49.6):
        radio.configure(gain_db=gain_db)
        levels.append(to_db(power(u8_free(radio, 100_000))))
    assert levels[0] == pytest.approx(levels[1], abs=0.1)
    assert levels[2] - levels[1] == pytest.approx(49.6 - 29.7, abs=0.1)


def u8_free(radio: SimRadio, samples: int) -> NDArray[np.complex64]:
    """The next samples unrounded."""
    blocks = []
    for block in radio.blocks():
        blocks.append(block.samples)
        samples -= len(block.samples)
        if samples <= 0:
            break
    return np.concatenate(blocks)


def test_gain_steps_happen_at_their_times() -> None:
    steps = (GainStep(0.05, -6.0), GainStep(0.15, 3.0))
    samples = samples_of(quiet_scene(replace(NOISE_ONLY, gain_steps=steps)))
    base = power(samples[:120_000])
    assert to_db(power(samples[120_000:360_000]) / base) == pytest.approx(-6.0, abs=0.15)
    assert to_db(power(samples[360_000:]) / base) == pytest.approx(-3.0, abs=0.15)


def test_automatic_gain_turns_a_loud_signal_down() -> None:
    scene = elrs_scene(60.0, 1.0, Impairments())
    loud = replace(scene, receiver=replace(scene.receiver, agc=True))
    samples = samples_of(loud)
    clipped = np.abs(samples.view(np.float32)) > 0.99
    assert clipped[:100_000].mean() > 0.3
    assert clipped[-400_000:].mean() < 0.01


def test_filter_edges_roll_off_only_the_edges() -> None:
    ideal = samples_of(quiet_scene(NOISE_ONLY))
    rolled = samples_of(quiet_scene(replace(NOISE_ONLY, filter_edges=True)))
    for low_hz, high_hz, expected_db, tolerance_db in ((-0.9e6, 0.9e6, 0.0, 0.1), (1.17e6, 1.2e6, -9.0, 1.5)):
        change_db = to_db(band_power(rolled, low_hz, high_hz) / band_power(ideal, low_hz, high_hz))
        assert change_db == pytest.approx(expected_db, abs=tolerance_db)


def test_spurs_stand_at_multiples_of_the_crystal() -> None:
    scene = quiet_scene(replace(NOISE_ONLY, spur_dbm=-100.0), centre_hz=864.3e6)
    samples = samples_of(scene)
    spectrum = np.abs(np.fft.fft(samples))
    peak_hz = np.fft.fftfreq(len(samples), 1.0 / RATE_HZ)[int(np.argmax(spectrum))]
    assert peak_hz == pytest.approx(-0.3e6, abs=10.0)


def test_direct_current_shows() -> None:
    samples = samples_of(quiet_scene(replace(NOISE_ONLY, dc_offset=0.01 + 0.02j)))
    assert samples.mean() == pytest.approx(0.01 + 0.02j, abs=1e-3)


def test_a_retune_settles_and_then_hears_the_new_frequency() -> None:
    carrier = Emitter(
        "carrier", "expresslrs", BY_LABEL["expresslrs"].modes[4],
        Transmitter(snr_db=40.0),
        band=replace(BY_LABEL["expresslrs"].bands[0], channels_hz=(915e6,), sync_channel=None),
    )  # fmt: skip
    settle_s = 0.01
    scene = Scene(
        "retune", Receiver(915.6e6, impairments=replace(NOISE_ONLY, settle_s=settle_s)), (carrier,), duration_s=2.0
    )
    radio = SimRadio(scene)
    before = u8_free(radio, 100_000)
    radio.configure(centre_hz=914.4e6)
    after = u8_free(radio, 200_000)
    old = round(OLD_SHARE * settle_s * RATE_HZ)
    settled = round(settle_s * RATE_HZ)

    def at_low(samples: NDArray[np.complex64]) -> bool:
        return band_power(samples, -0.9e6, -0.3e6) > band_power(samples, 0.3e6, 0.9e6)

    assert at_low(before)
    assert at_low(after[:old])
    assert not at_low(after[settled:])
    assert at_low(after[old - 1000 : old])
    assert to_db(band_power(after[settled:], 0.35e6, 0.85e6) / power(after[settled:])) > -0.5
    assert next(iter(radio.blocks())).centre_hz == 914.4e6


def test_a_retune_without_change_changes_nothing() -> None:
    scene = elrs_scene()
    radio = SimRadio(scene)
    first = radio.read_u8(50_000)
    radio.configure(centre_hz=scene.receiver.centre_hz, gain_db=40.2)
    assert first + radio.read_u8(50_000) == SimRadio(scene).read_u8(100_000)


def test_configured_before_the_first_sample_there_is_no_settling() -> None:
    scene = elrs_scene()
    elsewhere = replace(scene, receiver=replace(scene.receiver, centre_hz=900e6))
    radio = SimRadio(elsewhere)
    radio.configure(centre_hz=866.16e6)
    other = SimRadio(replace(scene, emitters=()))
    assert len(radio.read_u8(1000)) == 2000
    assert other.settings.centre_hz == radio.settings.centre_hz


def test_a_new_sample_rate_counts_on() -> None:
    radio = SimRadio(elrs_scene(duration_s=1.0))
    radio.read_u8(480_000)
    radio.configure(sample_rate_hz=1_200_000.0)
    blocks = list(radio.blocks())
    assert blocks[0].first_sample == 480_000
    assert blocks[0].start_ns == elrs_scene().start_ns + 200_000_000
    assert sum(len(block.samples) for block in blocks) == 960_000


def test_impossible_settings_are_refused() -> None:
    radio = SimRadio(elrs_scene())
    with pytest.raises(ValueError, match="above 0"):
        radio.configure(centre_hz=0.0)
    with pytest.raises(ValueError, match="above 0"):
        radio.configure(sample_rate_hz=-1.0)


def test_stop_ends_the_blocks() -> None:
    radio = SimRadio(replace(elrs_scene(), duration_s=None))
    blocks = radio.blocks()
    next(blocks)
    radio.stop()
    assert list(blocks) == []
    assert radio.read_u8(100) == b""


def test_the_end_of_the_scene_is_exact() -> None:
    radio = SimRadio(elrs_scene(duration_s=0.123_456))
    assert len(radio.read_u8(10**7)) == 2 * round(0.123_456 * RATE_HZ)
    assert radio.read_u8(10) == b""
