"""Blocks of Notion as HTML: in it a cell, a toggle or a callout can hold anything."""

import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from itertools import groupby
from typing import Any

Block = Mapping[str, Any]

#: Blocks inside blocks are read as deep as this.
_MAX_DEPTH = 20

_TAG = re.compile(r"<[^>]*>")

_TAGS = {
    "paragraph": "p",
    "heading_1": "h2",
    "heading_2": "h3",
    "heading_3": "h4",
    "heading_4": "h5",
    "toggle": "p",
    "quote": "p",
    "callout": "p",
    "code": "pre",
    "bulleted_list_item": "li",
    "numbered_list_item": "li",
    "to_do": "li",
}
_LISTS = {"bulleted_list_item": "ul", "to_do": "ul", "numbered_list_item": "ol"}

#: Blocks that only hold others.
_HOLDERS = frozenset({"column_list", "column", "synced_block", "tab", "template"})

#: Blocks that lead to a page elsewhere.
_LINKS = frozenset({"bookmark", "embed", "link_preview"})

#: Blocks with nothing to read; child pages are pages of their own.
_EMPTY = frozenset({"child_page", "child_database", "link_to_page", "table_of_contents", "breadcrumb", "divider"})


def to_html(blocks: Iterable[Block], children: Callable[[Block], Iterable[Block]]) -> str:
    """Return blocks as HTML; each that cannot be read, such as a file, is an `<object>`.

    Args:
        children: returns the blocks inside one.
    """
    return _several(list(blocks), children, 0)


def has_text(html: str) -> bool:
    """Whether there is anything to read: most pages end with an empty paragraph."""
    return bool(_TAG.sub("", html).strip())


def rich_text(parts: Any) -> str:
    """Return rich text as HTML, with its links."""
    return "".join(_part(part) for part in parts or [])


def plain_text(parts: Any) -> str:
    """Return rich text without links and styles."""
    return "".join(str(part.get("plain_text") or "") for part in parts or [])


def _part(part: Mapping[str, Any]) -> str:
    text = escape(str(part.get("plain_text") or "")).replace("\n", "<br>")
    address = str(part.get("href") or "")
    return f'<a href="{escape(address)}">{text}</a>' if address.startswith(("https://", "http://")) else text


def _several(blocks: list[Block], children: Callable[[Block], Iterable[Block]], depth: int) -> str:
    if depth > _MAX_DEPTH:
        return _left_out("nested")
    found = []
    for tag, group in groupby(blocks, lambda block: _LISTS.get(str(block.get("type")), "")):
        inner = "".join(_element(block, children, depth) for block in group)
        found.append(f"<{tag}>{inner}</{tag}>" if tag else inner)
    return "".join(found)


def _element(block: Block, children: Callable[[Block], Iterable[Block]], depth: int) -> str:
    kind = str(block.get("type"))
    said = block.get(kind) or {}
    if kind in _EMPTY or block.get("in_trash") or block.get("archived"):
        return ""
    if kind == "table":
        return _table(said, children(block))
    if kind in _LINKS:
        address = str(said.get("url") or "")
        label = rich_text(said.get("caption")) or escape(address)
        return f'<p><a href="{escape(address)}">{label}</a></p>'
    if kind == "equation":
        return f"<p>{escape(str(said.get('expression') or ''))}</p>"
    if kind not in _TAGS and kind not in _HOLDERS:
        return f"<p>{rich_text(said.get('caption'))}</p>{_left_out(kind)}"
    inside = _several(list(children(block)), children, depth + 1) if block.get("has_children") else ""
    if kind in _HOLDERS:
        return f"<div>{inside}</div>"
    tag, text = _TAGS[kind], rich_text(said.get("rich_text"))
    return f"<li>{text}{inside}</li>" if tag == "li" else f"<{tag}>{text}</{tag}>{inside}"


def _table(said: Mapping[str, Any], rows: Iterable[Block]) -> str:
    found = []
    for number, row in enumerate(rows):
        tag = "th" if number == 0 and said.get("has_column_header") else "td"
        cells = (row.get("table_row") or {}).get("cells") or []
        found.append(f"<tr>{''.join(f'<{tag}>{rich_text(cell)}</{tag}>' for cell in cells)}</tr>")
    return f"<table>{''.join(found)}</table>"


def _left_out(kind: str) -> str:
    return f'<object data="{escape(kind)}"></object>'
