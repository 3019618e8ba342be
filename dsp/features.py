"""Features of a burst: numbers with a name and a unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of the classifier's input, scaled to about -1..1."""

    name: str
    unit: str


FEATURES: tuple[Feature, ...] = (Feature("log_bandwidth", "log10(Hz)"),)
