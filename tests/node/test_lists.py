"""The lists in docs/ are those of the records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dsp.protocols import PROTOCOLS
from node.lists import PAGES, labels_page

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_page_is_up_to_date(name: str) -> None:
    """After a change of the records: make docs."""
    page: Callable[[], str] = PAGES[name]
    assert (DOCS / name).read_text(encoding="utf-8") == page()


def test_every_label_is_listed_with_its_sources() -> None:
    page = labels_page()
    for protocol in PROTOCOLS:
        assert f"| `{protocol.label}` | {protocol.family} |" in page
        assert all(source in page for source in protocol.sources)
