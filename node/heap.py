"""The collector of cycles and what never dies."""

from __future__ import annotations

import gc


def keep_for_good() -> None:
    """Take what has been loaded out of the collector's rounds: walking it for nothing costs 3 % of the chain.

    To be called once everything is loaded, before the work begins.
    """
    gc.collect()
    gc.freeze()
