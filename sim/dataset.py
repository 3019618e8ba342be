"""Labelled patches for training: every protocol, randomised wider than life, seen by the detector itself.

A patch is never drawn from a formula: packets are rendered, mixed, distorted and quantised, and what the detector
finds of them becomes the example, with the detector's own errors of centre, width and length. Signals that are always
on air are heard both ways: coming on in a slice whose floor is known, and there from the start, so that the slow looks
have to find them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from dsp.features import FEATURES
from dsp.patches import IMAGE_BINS, IMAGE_FRAMES
from dsp.protocols import BY_LABEL, PROTOCOLS
from sim.dataset_conditions import HELD_OUT, TRAINING, Conditions
from sim.dataset_examples import ExampleMaker

__all__ = ["HELD_OUT", "TRAINING", "Conditions", "Dataset", "build_dataset"]

CHUNK_PATCHES = 60
"""Patches made from one seed; the unit that workers share out."""
TRIES_PER_PATCH = 10
"""Examples rendered for a patch before a chunk is given up: weak signals are not found, nor should they be."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Labelled patches.

    Parameters
    ----------
    labels
        Names in the order of ``label``'s numbers.
    image
        (n, IMAGE_FRAMES, IMAGE_BINS) uint8, 255 is 1.0.
    features
        (n, F) float32.
    label
        (n,) int64.
    snr_db
        (n,) float32, as rendered.
    """

    labels: tuple[str, ...]
    image: NDArray[np.uint8]
    features: NDArray[np.float32]
    label: NDArray[np.int64]
    snr_db: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A piece of work."""

    label: str
    seed: tuple[int, ...]
    patches: int
    conditions: Conditions


_Made = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]


def build_dataset(
    examples_per_label: int,
    seed: int,
    exclude: tuple[str, ...] = (),
    *,
    only: tuple[str, ...] = (),
    conditions: Conditions = TRAINING,
    workers: int = 1,
) -> Dataset:
    """Render examples until every label has the wanted number of patches.

    Parameters
    ----------
    examples_per_label
        Patches wanted of each label.
    seed
        Everything follows from it; the number of workers changes nothing.
    exclude
        Labels left out, to see what a model that never met them says of them.
    only
        The only labels to make; empty for all. ``exclude=("sik",)`` for training and ``only=("sik",)`` for the proof.
    conditions
        ``TRAINING``, ``HELD_OUT`` or ranges of one's own.
    workers
        Processes to share the work.

    Raises
    ------
    ValueError
        If there is no such label, or none is left.
    """
    unknown = sorted((set(exclude) | set(only)) - set(BY_LABEL))
    if unknown:
        raise ValueError(f"no such protocol: {', '.join(unknown)}")
    labels = tuple(p.label for p in PROTOCOLS if p.label not in exclude and (not only or p.label in only))
    if not labels:
        raise ValueError("every label is left out")
    chunks = [chunk for label in labels for chunk in _chunks(label, examples_per_label, seed, conditions)]
    images, features, numbers, levels = [], [], [], []
    for chunk, (image, feature, level) in zip(chunks, _run(chunks, workers), strict=True):
        images.append(image)
        features.append(feature)
        levels.append(level)
        numbers.append(np.full(len(image), labels.index(chunk.label), dtype=np.int64))
    return Dataset(
        labels,
        np.concatenate(images),
        np.concatenate(features),
        np.concatenate(numbers),
        np.concatenate(levels),
    )


def _chunks(label: str, patches: int, seed: int, conditions: Conditions) -> Iterator[_Chunk]:
    """The pieces of one label; their seeds do not depend on which other labels are made."""
    name = zlib.crc32(label.encode())
    for number, first in enumerate(range(0, patches, CHUNK_PATCHES)):
        wanted = min(CHUNK_PATCHES, patches - first)
        yield _Chunk(label, (seed, conditions.key, name, number), wanted, conditions)


def _run(chunks: list[_Chunk], workers: int) -> Iterator[_Made]:
    """Results in the order of the chunks."""
    if workers <= 1 or len(chunks) <= 1:
        yield from map(_make, chunks)
        return
    with ProcessPoolExecutor(min(workers, len(chunks)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_make, chunks)


def _make(chunk: _Chunk) -> _Made:
    """Render one chunk."""
    rng = np.random.default_rng(chunk.seed)
    maker = ExampleMaker(BY_LABEL[chunk.label], chunk.conditions, rng)
    images = np.zeros((chunk.patches, IMAGE_FRAMES, IMAGE_BINS), dtype=np.uint8)
    features = np.zeros((chunk.patches, len(FEATURES)), dtype=np.float32)
    levels = np.zeros(chunk.patches, dtype=np.float32)
    have = tries = 0
    while have < chunk.patches and tries < TRIES_PER_PATCH * chunk.patches:
        tries += 1
        found, snr_db = maker.example()
        for item in found[: chunk.patches - have]:
            patch = item.patch(tuning_known=rng.random() >= chunk.conditions.unknown_tuning_share)
            images[have] = np.rint(patch.image[0] * 255.0)
            features[have] = patch.features
            levels[have] = snr_db
            have += 1
    return images[:have], features[:have], levels[:have]
