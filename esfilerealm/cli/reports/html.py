"""
A comparison as one page that needs nothing else: no script, font or picture from elsewhere.

The page forbids itself to load anything (``Content-Security-Policy``), except its own style and
script, which it names by their hashes.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING, Final

from ..._ground.showing import printable
from .matrix import SAME, matrix_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...drift import Drift
    from .matrix import Column, Matrix, Row

__all__ = ["page_of"]

#: Elements without content.
_VOID: Final = ("input", "meta", "wbr")

_STYLE: Final = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem }
.equal { color: #176f2c } .different { color: #b3261e }
.scroll { max-height: 85vh; overflow: auto }
table { border: solid #8886; border-spacing: 0; border-width: 1px 0 0 1px }
th, td { border: solid #8886; border-width: 0 1px 1px 0; padding: .3rem .6rem }
th, td { text-align: left; vertical-align: top }
th { position: sticky; background: Canvas }
thead th { top: 0; z-index: 1 } tbody th { left: 0 } thead th:first-child { left: 0; z-index: 2 }
tr.grave th { color: #b3261e } span { white-space: nowrap }
td.news { background: #f5a62333 } tr.grave td.news { background: #e5393544; font-weight: 600 }
td.same { opacity: .5 }
input { font: inherit; margin: 1rem 0; padding: .3rem .6rem; width: min(30rem, 100%) }
@media (prefers-color-scheme: dark) {
  .equal { color: #7fd894 } .different, tr.grave th { color: #ff9a90 }
}
@media print { input { display: none } .scroll { max-height: none; overflow: visible } }
"""

_SCRIPT: Final = """
const input = document.querySelector("input");
input.hidden = false;
input.addEventListener("input", () => {
  const wanted = input.value.toLowerCase();
  for (const row of document.querySelectorAll("tbody tr"))
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
});
"""


class _Markup(str):
    """A text in which everything foreign is escaped already."""

    __slots__ = ()


def page_of(drift: Drift) -> str:
    """Return the whole page."""
    matrix = matrix_of(drift)
    policy = f"default-src 'none'; style-src '{_hash(_STYLE)}'; script-src '{_hash(_SCRIPT)}'"
    head = _element(
        "head",
        _element("meta", charset="utf-8"),
        _element("meta", http_equiv="Content-Security-Policy", content=policy),
        _element("meta", name="viewport", content="width=device-width"),
        _element("title", "Users of the file realm by node"),
        _element("style", _Markup(_STYLE)),
    )
    body = _element(
        "body",
        _element("h1", "Users of the file realm by node"),
        *_summary(drift, matrix),
        *(_table(matrix) if drift.users else ()),
        *_limits(drift),
        *([_element("script", _Markup(_SCRIPT))] if drift.users else ()),
    )
    return f"<!DOCTYPE html>\n{_element('html', head, body, lang='en')}\n"


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _element(tag: str, *children: str, **attributes: str) -> _Markup:
    """Return an element; a child that is no element is text, and escaped."""
    inner = "".join(
        child if isinstance(child, _Markup) else escape(printable(child)) for child in children
    )
    given = "".join(
        f' {name.strip("_").replace("_", "-")}="{escape(printable(value))}"'
        for name, value in attributes.items()
        if value
    )
    return _Markup(f"<{tag}{given}>" + ("" if tag in _VOID else f"{inner}</{tag}>"))


def _summary(drift: Drift, matrix: Matrix) -> Iterator[_Markup]:
    if drift.equal:
        text, kind = "All nodes are equal.", "equal"
    elif not drift.users:
        text, kind = "The nodes that could be read are equal.", "different"
    else:
        text = f"{len(drift.users)} of {drift.user_count} users are not the same everywhere."
        kind = "different"
    yield _element("p", _element("strong", text, class_=kind))
    read = len(drift.nodes) - len(drift.unreadable)
    facts = f"{len(drift.nodes)} nodes, {read} could be read. {drift.user_count} users."
    if matrix.others and drift.users:
        facts += f" {matrix.others} of the nodes say what most nodes say, and have no column."
    yield _element("p", facts)
    if drift.ignores_hashes:
        yield _element("p", "Passwords were not compared.")


def _table(matrix: Matrix) -> Iterator[_Markup]:
    yield _element(
        "p",
        f"Most nodes: what more than half of them say, which need not be right; {SAME} means the "
        "same.",
    )
    yield _element("input", type="search", placeholder="Filter by user, role or node", hidden="1")
    heads = ["User", "Most nodes", *(", ".join(column.nodes) for column in matrix.columns)]
    head = _element("tr", *(_element("th", name, scope="col") for name in heads))
    rows = (_row(number, row, matrix.columns) for number, row in enumerate(matrix.rows))
    table = _element("table", _element("thead", head), _element("tbody", *rows))
    yield _element("div", table, class_="scroll")


def _row(number: int, row: Row, columns: Iterable[Column]) -> _Markup:
    said = (column.cells[number] for column in columns)
    return _element(
        "tr",
        _element("th", *_words(row.title), scope="row"),
        _element("td", *_words(row.majority)),
        *(
            _element("td", *_words(text), class_="same" if text == SAME else "news")
            for text in said
        ),
        class_="grave" if row.is_grave else "",
    )


def _words(text: str) -> Iterator[str]:
    """Yield a text so that lines break behind a comma or blank only, not behind a hyphen."""
    for word in re.split("(?<=[, ])", text):
        yield _element("span", word.removesuffix(" "))
        yield " " if word.endswith(" ") else _element("wbr")


def _limits(drift: Drift) -> Iterator[_Markup]:
    """Yield what could not be read or compared."""
    unreadable = [f"{node}: {reason}" for node, reason in drift.unreadable.items()]
    skipped = [f"{node}: {line}" for node, lines in drift.skipped.items() for line in lines]
    unsaid = [f"{node}: {count} users" for node, count in drift.unsaid.items()]
    for title, lines in (
        ("Nodes that cannot be read", unreadable),
        ("What nodes skip", skipped),
        ("Roles or passwords that a source does not say, and that were not compared", unsaid),
    ):
        if lines:
            yield _element("h2", title)
            yield _element("ul", *(_element("li", line) for line in lines))
