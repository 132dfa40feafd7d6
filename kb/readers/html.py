"""HTML, and what is turned into it: headings, anchors, lists, links and tables survive; what nobody would see do"
"es not."""

import re
from collections.abc import Iterator
from typing import Any

from kb.errors import DocumentUnreadable
from kb.readers import page as whole_page
from kb.readers.blocks import Block
from kb.readers.html_tables import is_layout, table_blocks
from kb.readers.html_text import BLOCKS, Page, alternative, folded, read_as
from kb.readers.rows import row_blocks

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_PARAGRAPHS = re.compile(r"\n\s*\n")
#: A line break in the source of a text starts a line where the text before it ends or the next begins like one.
_ENDS_LINE = re.compile(r"[.!?:;,]$|[)\d]$")
_BEGINS_LINE = re.compile(r"[^\W_a-z]|[-•*–+€$£(]")
_MAX_NAME = 60
_MAX_VALUE = 200


def read_html(text: str, *, base: str | None = None) -> Iterator[Block]:
    """Yield the blocks of a page or of a part of one.

    Of a page that is its main text, without navigation, banners and dialogs; a part, which has no `<html>`, `<head>` or
    `<body>`, loses nothing but scripts, fields and what is hidden. Links keep their address (`kb.links`).

    Args:
        text: the HTML.
        base: the address of the page, which relative links start from.

    Raises:
        DocumentUnreadable: it holds nothing, or only scripts that would load its text.
    """
    from lxml import html
    from lxml.etree import LxmlError

    try:
        parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
        root = html.document_fromstring(text.encode(), parser=parser)
    except (LxmlError, ValueError):
        raise DocumentUnreadable("The HTML holds no text.") from None
    page = read_as(root, base)
    body = root.find("body")
    body = root if body is None else body
    if whole_page.is_whole(text):
        title = whole_page.title_of(root, body, page)
        body = whole_page.main_part(body, page)
        if title:
            yield "heading", 1, title, ""
    yield "left_out", sum(1 for _ in body.iter("object", "embed")), "attachments", ""
    yield from _Reader(page).blocks(body)


#: Elements that are read as a whole.
_WHOLE = frozenset({"pre", "table", "dl", *_HEADINGS})


class _Reader:
    """Walks the elements of a page in their order and collects the text between two blocks."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._inline: list[str] = []
        self._bullet = False  # whether the next text begins a list item

    def blocks(self, root: Any) -> Iterator[Block]:
        """Walk without recursion: a page nested a hundred thousand deep must not end the process."""
        stack: list[tuple[str, Any]] = [("open", root)]
        while stack:
            step, node = stack.pop()
            if step == "text":
                self._inline.append(node)
            elif step == "address":
                self._add_address(node)
            elif step == "flush":
                yield from self._flush(node)
                self._bullet = self._bullet and node != "li"
            elif node is not root and self._page.is_dropped(node):
                continue
            elif node.tag == "br":
                self._inline.append("\n")
            elif node.tag == "img":
                self._inline.append(alternative(node))
            elif (whole := self._whole(node)) is not None:
                yield from self._flush("p")
                yield from whole
            else:
                if node.tag in BLOCKS:
                    yield from self._flush("p")
                    stack.append(("flush", node.tag))
                    self._bullet = self._bullet or node.tag == "li"
                self._push(node, stack)
        yield from self._flush("p")

    def _push(self, node: Any, stack: list[tuple[str, Any]]) -> None:
        if node.tag == "a":
            stack.append(("address", node))
        for child in reversed(node):
            if child.tail:
                stack.append(("text", folded(child.tail)))
            stack.append(("open", child))
        if node.text:
            stack.append(("text", folded(node.text)))

    def _whole(self, node: Any) -> Iterator[Block] | None:
        """Return the blocks of an element that is read as a whole; None for any other."""
        if node.tag in _WHOLE:
            self._drop_hidden(node)
        if node.tag in _HEADINGS:
            return self._heading(node)
        if node.tag == "pre":
            return iter([("text", 0, _preformatted(node), "")])
        if node.tag == "table" and not is_layout(node):
            return table_blocks(node, self._page)
        if node.tag == "dl" and (pairs := self._pairs(node)):
            return row_blocks((), pairs)
        if node.tag == "iframe":
            return self._frame(node)
        if node.tag == "button":
            return iter([("text", 0, self._page.text(node), "")])
        return None

    def _drop_hidden(self, node: Any) -> None:
        """Take out of an element what nobody would see."""
        for inner in list(node.iterdescendants()):
            is_code = inner.tag in ("script", "style")
            if (
                inner.getparent() is not None
                and isinstance(inner.tag, str)
                and (is_code or self._page.is_hidden(inner))
            ):
                inner.drop_tree()

    def _heading(self, node: Any) -> Iterator[Block]:
        text = self._page.text(node, addresses=False)
        yield "heading", _HEADINGS[node.tag], text, node.get("id") or ""
        for link in node.iter("a"):
            if (linked := self._page.text(link, addresses=False)) and (address := self._page.address(link)):
                yield "text", 0, f"{linked}{address}", ""

    def _frame(self, node: Any) -> Iterator[Block]:
        """Say where a form, a film or a map is that the page embeds."""
        node.set("href", node.get("src") or node.get("data-src") or "")
        if address := self._page.address(node):
            yield "text", 0, (node.get("title") or "Embedded page") + address, ""

    def _pairs(self, node: Any) -> list[list[str | None]]:
        """Return the names and values of a description list whose entries are short; none for any other."""
        pairs: list[list[str | None]] = []
        for entry in node.iter("dt", "dd"):
            text = self._page.text(entry, separator=", ")
            if entry.tag == "dt":
                pairs.append([text])
            elif pairs and len(pairs[-1]) == 1:
                pairs[-1].append(text)
            else:
                return []
        short = all(
            len(pair) == 2
            and 0 < len(pair[0] or "") <= _MAX_NAME
            and 0 < len(pair[1] or "") <= _MAX_VALUE
            and not (pair[0] or "").endswith("?")
            for pair in pairs
        )
        return pairs if short else []

    def _add_address(self, link: Any) -> None:
        address = self._page.address(link)
        if address and "".join(self._inline).strip():
            while self._inline and not self._inline[-1].strip():
                self._inline.pop()
            self._inline[-1] = self._inline[-1].rstrip()
            self._inline.append(address)
        elif address:  # the link holds blocks, or a picture alone
            label = self._page.text(link, addresses=False)
            self._inline.append(f"{label if 0 < len(label) <= 100 else 'Link'}{address}")

    def _flush(self, tag: str) -> Iterator[Block]:
        text = "".join(self._inline)
        self._inline.clear()
        for paragraph in _PARAGRAPHS.split(text):
            lines = [line for line in _lines(paragraph) if any(map(str.isalnum, line))]
            if len(lines) > 1 and tag not in ("li", "dd"):
                yield "text", 0, "", ""
            for line in lines:
                if self._bullet and line == lines[0]:
                    self._bullet = False
                    line = f"- {line}"
                close = line.startswith("- ") or tag in ("li", "dd") or len(lines) > 1
                yield "line" if close else "text", 0, line, ""


def _lines(paragraph: str) -> list[str]:
    """Return the lines of a paragraph; one that is only wrapped is joined to the line before."""
    lines: list[str] = []
    for line in filter(None, (" ".join(line.split()) for line in paragraph.split("\n"))):
        if lines and not _ENDS_LINE.search(lines[-1]) and not _BEGINS_LINE.match(line):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return lines


def _preformatted(node: Any) -> str:
    """Return the text of an element in which line breaks count."""
    for line_break in node.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    text: str = node.text_content()
    return text
