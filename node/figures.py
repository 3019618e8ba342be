"""Empty figures to draw on. The only file that knows matplotlib; it is loaded when the first figure is made."""

from __future__ import annotations

from typing import Any


def new_figure(width_in: float, height_in: float, *, dpi: int, paper: str) -> Any:
    """A ``matplotlib.figure.Figure`` that arranges its parts by itself; needs no display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), dpi=dpi, facecolor=paper, layout="constrained")


def box(corner: tuple[float, float], width: float, height: float, **style: Any) -> Any:
    """A ``matplotlib.patches.Rectangle``."""
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, **style)


def line(**style: Any) -> Any:
    """A ``matplotlib.lines.Line2D`` for a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **style)
