"""HTML, and what is turned into it: headings, anchors, lists and tables survive; what nobody would see does not."""

import re
from collections.abc import Iterator
from typing import Any

from kb.errors import DocumentUnreadable
from kb.readers.blocks import Block

_BLOCKS = frozenset(
    "address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_DROPPED = frozenset(
    "script style template noscript nav footer iframe object svg canvas button select input textarea head".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_INVISIBLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![\d.]*[1-9])|opacity\s*:\s*0(?![\d.]*[1-9])"
    r"|(?:text-indent|left|top|right|margin-left)\s*:\s*-\d{3,}|(?<![-\w])color\s*:\s*(?:transparent|#fff(?:fff)?\b|white)",
    re.I,
)


def read_html(text: str) -> Iterator[Block]:
    """Yield the blocks of a page: its body, without navigation, forms, scripts and what is hidden.

    Raises:
        DocumentUnreadable: it holds nothing.
    """
    from lxml import html
    from lxml.etree import LxmlError

    try:
        parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
        root = html.document_fromstring(text.encode(), parser=parser)
    except (LxmlError, ValueError):
        raise DocumentUnreadable("The HTML holds no text.") from None
    title = root.findtext(".//title")
    if title and not root.findall(".//h1"):
        yield "heading", 1, " ".join(title.split()), ""
    body = root.find("body")
    yield from _blocks(root if body is None else body)


def _blocks(root: Any) -> Iterator[Block]:
    """Walk without recursion: a page nested a hundred thousand deep must not end the process."""
    inline: list[str] = []
    stack: list[tuple[str, Any]] = [("open", root)]
    while stack:
        step, node = stack.pop()
        if step == "text":
            inline.append(node)
            continue
        if step == "flush":
            yield from _flush(inline, node)
            continue
        tag = node.tag if isinstance(node.tag, str) else ""
        if not tag or tag in _DROPPED or _hidden(node):
            continue
        if tag == "br":
            inline.append("\n")
            continue
        if tag in _HEADINGS:
            yield from _flush(inline, "p")
            yield "heading", _HEADINGS[tag], " ".join(_visible(node).split()), node.get("id") or ""
            continue
        if tag == "pre":
            yield from _flush(inline, "p")
            yield "text", 0, node.text_content(), ""
            continue
        if tag == "tr":
            yield from _flush(inline, "p")
            cells = [" ".join(_visible(cell).split()) for cell in node.iterchildren("td", "th")]
            yield "line", 0, " | ".join(cell for cell in cells if cell), ""
            continue
        block = tag in _BLOCKS
        if block:
            yield from _flush(inline, "p")
            stack.append(("flush", tag))
        for child in reversed(node):
            if child.tail:
                stack.append(("text", child.tail))
            stack.append(("open", child))
        if node.text:
            stack.append(("text", node.text))
        if tag == "li":
            stack.append(("text", "- "))
    yield from _flush(inline, "p")


def _flush(inline: list[str], tag: str) -> Iterator[Block]:
    text = " ".join("".join(inline).split())
    inline.clear()
    if text and text != "-":
        yield ("line" if text.startswith("- ") or tag in ("li", "dd") else "text"), 0, text, ""


def _visible(node: Any) -> str:
    """Return the text of an element without that of hidden ones inside it."""
    parts = [node.text or ""]
    for child in node:
        if isinstance(child.tag, str) and not _hidden(child):
            parts.append(_visible(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _hidden(node: Any) -> bool:
    """Whether a reader of the page would not see the element; what they cannot see is not cited."""
    if node.get("hidden") is not None or node.get("aria-hidden") == "true":
        return True
    return bool(_INVISIBLE.search(node.get("style") or ""))
