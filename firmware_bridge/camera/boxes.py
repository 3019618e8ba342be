"""From a module's boxes to contacts: names, gates and directions, the same for every protocol."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from firmware_bridge.camera.lens import Lens
from firmware_bridge.contacts import CameraContact

MOST_BOXES = 64
"""Contacts of one picture; modules give a handful, and more is damage."""
BOX_ERROR = 0.1
"""Standard deviation of a box's centre over its size. Small detectors are scored at an overlap of 0.5 (COCO AP50);
a box shifted by 0.1 of its size in both directions still overlaps by 0.68."""
_OUTSIDE = 0.02
"""Fraction of the picture by which the centre of a box may lie outside: rounding by the module, not damage."""


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """What all cameras have in common.

    Parameters
    ----------
    name
        Name of the camera in the configuration.
    labels
        Class names in the order of the network's class numbers.
    ignore
        Class names that give no contact.
    min_confidence
        Boxes below give no contact, 0 to 1.
    width_px, height_px
        Size of the picture the boxes refer to, where the module does not tell it.
    hfov_deg, vfov_deg, projection, k1, k2
        Optics, see ``Lens``; without ``hfov_deg`` contacts have no direction. A vertical field of view is needed where
        the network's picture is squeezed, since square pixels are assumed otherwise.
    azimuth_deg, elevation_deg, roll_deg, mount_error_deg
        Mounting, see ``Lens``: directions are then relative to what it is given against.
    """

    name: str = "camera"
    labels: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    min_confidence: float = 0.4
    width_px: int | None = None
    height_px: int | None = None
    hfov_deg: float | None = None
    vfov_deg: float | None = None
    projection: str = "pinhole"
    k1: float = 0.0
    k2: float = 0.0
    azimuth_deg: float = 0.0
    elevation_deg: float = 0.0
    roll_deg: float = 0.0
    mount_error_deg: float = 1.0

    def __post_init__(self) -> None:
        """Check the gates and the optics."""
        if not 0.0 <= self.min_confidence <= 1.0:
            raise ValueError(f"min_confidence must be within 0 and 1, not {self.min_confidence}")
        for key in ("width_px", "height_px"):
            value = getattr(self, key)
            if value is not None and not 1 <= value <= 16_384:
                raise ValueError(f"{key} must be within 1 and 16384, not {value}")
        if (self.width_px is None) != (self.height_px is None):
            raise ValueError("width_px must be given with height_px")
        unknown = [label for label in self.ignore if self.labels and label not in self.labels]
        if unknown:
            raise ValueError(f"ignore: {unknown[0]!r} is none of labels")
        self.lens()

    def lens(self) -> Lens | None:
        """Return lens and mounting, None without a field of view."""
        if self.hfov_deg is None:
            return None
        if self.projection not in {"pinhole", "equidistant"}:
            raise ValueError(f'projection must be "pinhole" or "equidistant", not {self.projection!r}')
        return Lens(
            self.hfov_deg,
            self.vfov_deg,
            "equidistant" if self.projection == "equidistant" else "pinhole",
            self.k1,
            self.k2,
            self.azimuth_deg,
            self.elevation_deg,
            self.roll_deg,
            self.mount_error_deg,
        )


@dataclass(frozen=True, slots=True)
class Box:
    """What a module says of one object, in pixels of its own picture or in fractions of it.

    Parameters
    ----------
    x, y, width, height
        Centre and size; None for a statement about the whole picture.
    score
        0 to 1.
    class_no, label, track_no
        As far as the module tells.
    """

    x: float | None
    y: float | None
    width: float | None
    height: float | None
    score: float | None
    class_no: int | None = None
    label: str | None = None
    track_no: int | None = None


class BoxReader:
    """Turns the boxes of one camera into contacts.

    Parameters
    ----------
    settings
        Names, gates, optics.
    """

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self._lens = settings.lens()
        self._ignored = frozenset(settings.ignore)

    def read(
        self, box: Box, time_ns: int, size_px: tuple[int, int] | None, *, fractions: bool = False
    ) -> CameraContact | None:
        """Return the contact of a box, None when a gate refuses it.

        Parameters
        ----------
        box
            The box.
        time_ns
            When the picture was taken.
        size_px
            Width and height of the picture as the module tells; the settings' otherwise.
        fractions
            Whether the box is in fractions of the picture.
        """
        settings = self._settings
        label = box.label
        if label is None and box.class_no is not None and box.class_no < len(settings.labels):
            label = settings.labels[box.class_no]
        if box.score is not None and not settings.min_confidence <= box.score <= 1.0:
            return None
        if label is not None and label in self._ignored:
            return None
        if size_px is None and settings.width_px is not None and settings.height_px is not None:
            size_px = settings.width_px, settings.height_px
        contact = CameraContact(time_ns, settings.name, label, box.class_no, box.score, track_no=box.track_no)
        if box.x is None or box.y is None or box.width is None or box.height is None:
            return contact
        return self._placed(contact, (box.x, box.y, box.width, box.height), size_px, fractions=fractions)

    def _placed(
        self,
        contact: CameraContact,
        place: tuple[float, float, float, float],
        size_px: tuple[int, int] | None,
        *,
        fractions: bool,
    ) -> CameraContact | None:
        if not all(map(math.isfinite, place)) or place[2] <= 0.0 or place[3] <= 0.0:
            return None
        pixels = place if not fractions else None
        relative = place if fractions else None
        x, y, width, height = place
        if size_px is not None and fractions:
            pixels = x * size_px[0], y * size_px[1], width * size_px[0], height * size_px[1]
        elif size_px is not None:
            relative = x / size_px[0], y / size_px[1], width / size_px[0], height / size_px[1]
        direction = None
        if relative is not None:
            x, y, width, height = relative
            if not -_OUTSIDE <= x <= 1.0 + _OUTSIDE or not -_OUTSIDE <= y <= 1.0 + _OUTSIDE or max(width, height) > 1.5:
                return None
            if self._lens is not None:
                aspect = size_px[1] / size_px[0] if size_px is not None else 0.75
                direction = self._lens.direction(x, y, BOX_ERROR * width, BOX_ERROR * height, aspect)
        return replace(
            contact,
            x=relative[0] if relative else None,
            y=relative[1] if relative else None,
            width=relative[2] if relative else None,
            height=relative[3] if relative else None,
            x_px=pixels[0] if pixels else None,
            y_px=pixels[1] if pixels else None,
            width_px=pixels[2] if pixels else None,
            height_px=pixels[3] if pixels else None,
            azimuth_deg=direction.azimuth_deg if direction else None,
            elevation_deg=direction.elevation_deg if direction else None,
            azimuth_error_deg=direction.azimuth_error_deg if direction else None,
            elevation_error_deg=direction.elevation_error_deg if direction else None,
        )
