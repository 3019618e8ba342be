"""Directions against geometry worked out another way: a rotated ray, projected."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_bridge.camera.lens import Lens


def rotation(azimuth_deg: float, elevation_deg: float, roll_deg: float) -> NDArray[np.float64]:
    """Camera (right, forward, up) to world (right, forward, up): columns are the camera's axes in the world."""
    azimuth, elevation, roll = (math.radians(angle) for angle in (azimuth_deg, elevation_deg, roll_deg))
    forward = np.array(
        [math.sin(azimuth) * math.cos(elevation), math.cos(azimuth) * math.cos(elevation), math.sin(elevation)]
    )
    right = np.array([math.cos(azimuth), -math.sin(azimuth), 0.0])
    up = np.cross(right, forward)
    return np.column_stack(
        (right * math.cos(roll) - up * math.sin(roll), forward, up * math.cos(roll) + right * math.sin(roll))
    )


def project(lens: Lens, azimuth_deg: float, elevation_deg: float, aspect: float) -> tuple[float, float]:
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    world = np.array(
        [math.sin(azimuth) * math.cos(elevation), math.cos(azimuth) * math.cos(elevation), math.sin(elevation)]
    )
    right, forward, up = rotation(lens.azimuth_deg, lens.elevation_deg, lens.roll_deg).T @ world
    x, y = right / forward, up / forward
    squared = x * x + y * y
    stretch = 1 + lens.k1 * squared + lens.k2 * squared**2
    half_width = math.tan(math.radians(lens.hfov_deg / 2))
    half_height = half_width * aspect if lens.vfov_deg is None else math.tan(math.radians(lens.vfov_deg / 2))
    return 0.5 + x * stretch / half_width / 2, 0.5 - y * stretch / half_height / 2


def test_the_middle_is_the_boresight_and_edges_are_half_the_field_of_view() -> None:
    lens = Lens(60.0, vfov_deg=40.0)
    assert lens.direction(0.5, 0.5).azimuth_deg == pytest.approx(0.0)
    assert lens.direction(1.0, 0.5).azimuth_deg == pytest.approx(30.0)
    assert lens.direction(0.0, 0.5).azimuth_deg == pytest.approx(-30.0)
    assert lens.direction(0.5, 0.0).elevation_deg == pytest.approx(20.0)
    assert lens.direction(0.5, 1.0).elevation_deg == pytest.approx(-20.0)


def test_square_pixels_give_the_vertical_field_of_view() -> None:
    upper = Lens(90.0).direction(0.5, 0.0, aspect=0.5)
    assert upper.elevation_deg == pytest.approx(math.degrees(math.atan(0.5)))


def test_a_camera_rolled_clockwise_sees_its_right_edge_lower() -> None:
    assert Lens(60.0, roll_deg=90.0).direction(1.0, 0.5).elevation_deg == pytest.approx(-30.0)
    assert Lens(60.0, roll_deg=-90.0).direction(1.0, 0.5).elevation_deg == pytest.approx(30.0)


def test_mounting_is_added_and_wraps() -> None:
    assert Lens(60.0, azimuth_deg=170.0).direction(1.0, 0.5).azimuth_deg == pytest.approx(-160.0)
    assert Lens(60.0, elevation_deg=45.0).direction(0.5, 0.5).elevation_deg == pytest.approx(45.0)


@given(
    azimuth_deg=st.floats(-20, 20),
    elevation_deg=st.floats(-15, 15),
    mounting=st.tuples(st.floats(-180, 180), st.floats(-60, 60), st.floats(-90, 90)),
    k1=st.floats(-0.2, 0.2),
    k2=st.floats(-0.02, 0.1),
    aspect=st.floats(0.5, 1.0),
)
def test_projecting_a_direction_and_looking_there_gives_it_back(
    azimuth_deg: float,
    elevation_deg: float,
    mounting: tuple[float, float, float],
    k1: float,
    k2: float,
    aspect: float,
) -> None:
    lens = Lens(60.0, None, "pinhole", k1, k2, *mounting)
    right, forward, up = rotation(*mounting) @ np.array(
        [
            math.sin(math.radians(azimuth_deg)) * math.cos(math.radians(elevation_deg)),
            math.cos(math.radians(azimuth_deg)) * math.cos(math.radians(elevation_deg)),
            math.sin(math.radians(elevation_deg)),
        ]
    )
    azimuth, elevation = math.degrees(math.atan2(right, forward)), math.degrees(math.asin(up))
    found = lens.direction(*project(lens, azimuth, elevation, aspect), aspect=aspect)
    assert found.elevation_deg == pytest.approx(elevation, abs=1e-6)
    assert (found.azimuth_deg - azimuth + 180) % 360 - 180 == pytest.approx(0.0, abs=1e-5)


def test_a_fisheye_is_linear_in_angle() -> None:
    lens = Lens(180.0, projection="equidistant")
    assert lens.direction(0.75, 0.5).azimuth_deg == pytest.approx(45.0)
    assert lens.direction(1.0, 0.5).azimuth_deg == pytest.approx(90.0)


def test_the_error_is_that_of_shifted_boxes() -> None:
    lens = Lens(60.0, k1=-0.1, roll_deg=20.0, elevation_deg=30.0, error_deg=0.0)
    rng = np.random.default_rng(5)
    shifts = rng.normal(size=(4000, 2)) * (0.01, 0.02)
    seen = [lens.direction(0.7 + dx, 0.4 + dy) for dx, dy in shifts]
    found = lens.direction(0.7, 0.4, 0.01, 0.02)
    assert found.azimuth_error_deg == pytest.approx(np.std([one.azimuth_deg for one in seen]), rel=0.05)
    assert found.elevation_error_deg == pytest.approx(np.std([one.elevation_deg for one in seen]), rel=0.05)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hfov_deg": 180.0}, "hfov_deg must be above 0 and below 180"),
        ({"hfov_deg": 60.0, "vfov_deg": 0.0}, "vfov_deg"),
        ({"hfov_deg": 60.0, "elevation_deg": 91.0}, "elevation_deg"),
        ({"hfov_deg": 60.0, "error_deg": -1.0}, "error_deg"),
        ({"hfov_deg": 90.0, "k1": -0.5}, "fold the picture"),
        ({"hfov_deg": 90.0, "projection": "mercator"}, "projection"),
    ],
)
def test_optics_that_cannot_be_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Lens(**values)
