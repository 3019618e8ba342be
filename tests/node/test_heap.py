"""Tests of the collector's rounds."""

from __future__ import annotations

import gc

from node.heap import keep_for_good


def test_the_collector_leaves_alone_what_has_been_loaded() -> None:
    gc.unfreeze()
    loaded: list[list[int]] = [[] for _ in range(1000)]
    try:
        keep_for_good()
        assert gc.get_freeze_count() > len(loaded)
        assert not any(each is loaded for each in gc.get_objects())
    finally:
        gc.unfreeze()
