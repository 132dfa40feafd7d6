"""The visible text of an HTML element: what a reader of the page would see, with the addresses of links."""

import re
from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

from kb import links

#: Elements that begin and end a block.
BLOCKS = frozenset(
    "address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_DROPPED = frozenset("script style template noscript object svg canvas select input textarea head".split())

#: Attributes by which a button or tab shows what it names.
_CONTROLS = ("aria-controls", "data-target", "data-bs-target")
_FOLDED_CLASS = re.compile(r"accordion|faq|answer|collaps|toggle|panel|\btab|expand", re.I)
_FOLDED_STYLE = re.compile(r"display\s*:\s*none", re.I)
_INVISIBLE_STYLE = re.compile(
    r"visibility\s*:\s*hidden|font-size\s*:\s*0(?![\d.]*[1-9])|opacity\s*:\s*0(?![\d.]*[1-9])"
    r"|(?:text-indent|left|top|right|margin-left)\s*:\s*-\d{3,}",
    re.I,
)
_WHITE = re.compile(r"(?<![-\w])color\s*:\s*(?:transparent|#fff(?:fff)?\b|white)", re.I)
_TRANSPARENT = re.compile(r"(?<![-\w])color\s*:\s*transparent", re.I)
_BACKGROUND = re.compile(r"background(?:-color)?\s*:\s*(?!#fff(?:fff)?\b|white|none|transparent)\S", re.I)
_MAX_ANCESTORS = 6


@dataclass(frozen=True, kw_only=True)
class Page:
    """How the elements of a page are read.

    Attributes:
        base: the address that relative links start from.
        unfolded: ids of what a button or tab on the page shows, and thus is not hidden from its readers.
    """

    base: str | None = None
    unfolded: Set[str] = field(default_factory=frozenset)

    def is_hidden(self, node: Any) -> bool:
        """Whether a reader of the page would not see the element; what they cannot see is not cited."""
        style = node.get("style") or ""
        if _INVISIBLE_STYLE.search(style) or (_WHITE.search(style) and not _is_on_colour(node, style)):
            return True
        folded = node.get("hidden") is not None or node.get("aria-hidden") == "true" or _FOLDED_STYLE.search(style)
        if not folded:
            return False
        return node.get("id") not in self.unfolded and not _FOLDED_CLASS.search(node.get("class") or "")

    def is_dropped(self, node: Any) -> bool:
        """Whether an element has nothing to read: no element, hidden, a script, a field, a button that shows not"
        "hing."""
        if not isinstance(node.tag, str) or node.tag in _DROPPED or self.is_hidden(node):
            return True
        return node.tag == "button" and not shows_something(node)

    def address(self, node: Any) -> str:
        """Return the suffix of a link's text: its address in brackets, or nothing where the text says it."""
        address = links.address_of(node.get("href") or "", base=self.base)
        return "" if address is None or links.says(self.text(node, addresses=False), address) else f" ({address})"

    def text(self, root: Any, *, separator: str = " ", addresses: bool = True) -> str:
        """Return the text of an element; `separator` stands between its blocks and lines where no stop does."""
        parts: list[str] = []
        stack: list[Any] = [root]
        while stack:  # without recursion: pages are nested deeper than Python is
            node = stack.pop()
            if isinstance(node, str):
                parts.append(node)
                continue
            if node is not root and self.is_dropped(node):
                continue
            if node.tag == "br":
                parts.append("\n")
                continue
            if node.tag == "img":
                parts.append(alternative(node))
                continue
            block = "\n" if node.tag in BLOCKS and node is not root else ""
            suffix = self.address(node) if addresses and node.tag == "a" else ""
            stack.append(f"{suffix}{block}")
            for child in reversed(node):
                if child.tail:
                    stack.append(folded(child.tail))
                stack.append(child)
            stack.append(block + folded(node.text or ""))
        return joined("".join(parts).split("\n"), separator)


def read_as(root: Any, base: str | None) -> Page:
    """Return how the elements of a page are read; its own `<base>` counts more than `base`."""
    own = root.find(".//base")
    if own is not None and own.get("href"):
        base = links.address_of(own.get("href"), base=None) or base
    if base is None:
        canonical = root.xpath(".//link[@rel='canonical']/@href | .//meta[@property='og:url']/@content")
        base = next(filter(None, (links.address_of(href, base=None) for href in canonical)), None)
    unfolded = {
        name.lstrip("#")
        for node in root.iter("button", "a", "div", "span", "li", "h2", "h3", "h4", "summary", "p", "label")
        for attribute in _CONTROLS
        for name in (node.get(attribute) or "").split()
    }
    return Page(base=base, unfolded=frozenset(unfolded))


def shows_something(button: Any) -> bool:
    """Whether a button unfolds a text, so that its own is a heading."""
    return (
        any(button.get(name) for name in (*_CONTROLS, "aria-expanded"))
        or _FOLDED_CLASS.search(button.get("class") or "") is not None
        or any(parent.tag in ("h2", "h3", "h4", "h5", "h6") for parent in button.iterancestors())
    )


def folded(text: str) -> str:
    """Return a text with its white space as single blanks, one at either end where there was any."""
    return re.sub(r"\s+", " ", text)


def joined(lines: list[str], separator: str) -> str:
    """Join lines that are not empty: after a stop with a blank, else with `separator`."""
    text = ""
    for line in filter(None, (" ".join(line.split()) for line in lines)):
        text += (" " if not text or text[-1] in ".!?:;,(–-" else separator) + line
    return text.strip()


#: Elements in a link or a cell; with more, an image in it is one of many.
_MAX_BESIDE_IMAGE = 20


def alternative(image: Any) -> str:
    """Return the words for an image that has no other beside it: of a link, or of a cell with a tick alone."""
    parent = image.getparent()
    while parent is not None and parent.tag in ("span", "p", "div", "figure", "strong", "b"):
        parent = parent.getparent()
    if parent is None or parent.tag not in ("a", "td", "th"):
        return ""
    if max(len(parent), len(image.getparent())) > _MAX_BESIDE_IMAGE or "".join(parent.itertext()).strip():
        return ""
    return folded(image.get("alt") or "")


def _is_on_colour(node: Any, style: str) -> bool:
    """Whether white text stands on a coloured ground."""
    if _TRANSPARENT.search(style):
        return False
    around = [node]
    for parent in node.iterancestors():
        around.append(parent)
        if len(around) > _MAX_ANCESTORS:
            break
    return any(each.get("bgcolor") or _BACKGROUND.search(each.get("style") or "") for each in around)
