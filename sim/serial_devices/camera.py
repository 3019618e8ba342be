"""What a camera with a network sees of the things around it: boxes, missed and false ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from sim.serial_devices.targets import Mount, Target, places

NEAREST_M = 0.2
"""Nearer things fill the picture; no camera focuses there."""


@dataclass(frozen=True, slots=True)
class CameraModel:
    """What a camera can do.

    Parameters
    ----------
    hfov_deg
        Horizontal field of view; pixels are square.
    width_px, height_px
        Size of the network's picture.
    needs_px
        Width at which an object is found half of the time; small detectors need about 16 pixels of the network's
        picture (COCO calls below 32 small).
    step_px
        Width of the step from never to always found.
    box_error
        Standard deviation of the centre and the size of a box, over its size.
    false_per_picture
        Mean number of false boxes in a picture.
    classes
        Kinds of targets in the order of the network's class numbers; other kinds are not found.
    """

    hfov_deg: float = 60.0
    width_px: int = 240
    height_px: int = 240
    needs_px: float = 12.0
    step_px: float = 2.0
    box_error: float = 0.05
    false_per_picture: float = 0.0
    classes: tuple[str, ...] = ("drone", "bird", "person", "vehicle")

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.width_px / 2 / math.tan(math.radians(self.hfov_deg / 2))


@dataclass(frozen=True, slots=True)
class Seen:
    """One box before it is put into bytes; ``target`` is None for a false one."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float
    score: float
    class_no: int
    target: Target | None


@dataclass(frozen=True, slots=True)
class CameraView:
    """A camera in a scene.

    Parameters
    ----------
    targets
        Everything that moves.
    model
        What the camera can do.
    mount
        Where it stands and looks.
    seed
        Of misses, errors and false boxes; the same seed and time give the same boxes.
    """

    targets: tuple[Target, ...]
    model: CameraModel = field(default_factory=CameraModel)
    mount: Mount = field(default_factory=Mount)
    seed: int = 0

    def boxes(self, time_s: float) -> list[Seen]:
        """Boxes of the picture taken at this time, best first."""
        rng = np.random.default_rng((self.seed, round(max(0.0, time_s) * 1e6)))
        found = [*self._targets(time_s, rng), *self._false(rng)]
        return sorted(found, key=lambda one: -one.score)

    def _targets(self, time_s: float, rng: np.random.Generator) -> list[Seen]:
        model, found = self.model, []
        for place in places(self.targets, self.mount, time_s):
            luck, *errors = (rng.random(), *rng.standard_normal(4))
            if place.y_m <= NEAREST_M or place.target.kind not in model.classes:
                continue
            x_px = model.width_px / 2 + model.focal_px * place.x_m / place.y_m
            y_px = model.height_px / 2 - model.focal_px * place.z_m / place.y_m
            width_px = model.focal_px * place.target.size_m / place.y_m
            height_px = width_px / 2
            chance = 1 / (1 + math.exp(min(50.0, (model.needs_px - width_px) / model.step_px)))
            if not (0 <= x_px < model.width_px and 0 <= y_px < model.height_px) or luck > chance:
                continue
            found.append(
                Seen(
                    min(model.width_px - 1, max(0.0, x_px + errors[0] * model.box_error * width_px)),
                    min(model.height_px - 1, max(0.0, y_px + errors[1] * model.box_error * height_px)),
                    width_px * math.exp(errors[2] * model.box_error),
                    height_px * math.exp(errors[3] * model.box_error),
                    0.5 + 0.45 * chance,
                    model.classes.index(place.target.kind),
                    place.target,
                )
            )
        return found

    def _false(self, rng: np.random.Generator) -> list[Seen]:
        model = self.model
        count = rng.poisson(model.false_per_picture) if model.false_per_picture else 0
        return [
            Seen(
                float(rng.uniform(0, model.width_px - 1)),
                float(rng.uniform(0, model.height_px - 1)),
                float(rng.uniform(8, 60)),
                float(rng.uniform(8, 60)),
                float(rng.uniform(0.3, 0.6)),
                int(rng.integers(len(model.classes))),
                None,
            )
            for _ in range(count)
        ]
