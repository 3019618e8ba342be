from __future__ import annotations

import tomllib
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from node.config_lines import KeyPath, key_lines, line_of

TEXT = '''# comment with = and [brackets]
title = "a [b] # no comment \\" = "   # comment
[node]   # header
site = "it's"
"quoted.key" = 1
a.b."c d" = 2
long = """
x = 1
[not.a.table]
\\""" still
"""
raw = \'\'\'
y = 2
\'\'\'
list = [ 1, # comment ]
  [2, 3],
  { p = 1, q.r = "}" },
]
position = { lat = 1.0, lon = 2.0 }
[ spaced . "name" ]
k = 1979-05-27T07:32:00Z
[[radio]]
name = "a"
[radio.tls]
ca = "x"
[[radio]]
name = "b"
  indented = true
[[radio.inner]]
z = 0
'''


def _paths(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _paths(inner, (*path, place))


def test_every_key_has_its_line() -> None:
    lines = key_lines(TEXT)
    rows = TEXT.splitlines()
    paths = list(_paths(tomllib.loads(TEXT)))
    assert len(paths) > 30
    for path in paths:
        if path == ("spaced",):  # a table that only its child names
            continue
        assert path in lines, path
        key = next(step for step in reversed(path) if isinstance(step, str))
        if isinstance(path[-1], str):
            assert key in rows[lines[path] - 1], path
    assert lines["radio", 1] == rows.index("[[radio]]", lines["radio", 0]) + 1
    assert rows[lines["radio", 1, "inner", 0, "z"] - 1] == "z = 0"
    assert rows[lines["node", "list", 2, "q", "r"] - 1] == '  { p = 1, q.r = "}" },'
    assert "lon" in rows[lines["node", "position", "lon"] - 1]


def test_a_key_that_is_not_there_has_the_line_of_its_table() -> None:
    lines = key_lines(TEXT)
    assert line_of(lines, ("radio", 1, "missing")) == lines["radio", 1]
    assert line_of(lines, ("nothing", "at", "all")) == 1


@given(st.text(alphabet="ab.=[]{}\"'#\n ,\\1", max_size=60))
def test_any_text_is_scanned_to_its_end(text: str) -> None:
    lines = key_lines(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
    try:
        root = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for path in _paths(root):
        if isinstance(path[-1], str):
            assert line_of(lines, path) >= 1
