"""HTML of mail clients as plain text, in which quoted text has the mark that plain text has: `>`."""

import re
from collections.abc import Iterator
from html import unescape

from lxml import etree, html

_OPENS = re.compile(
    r"(?:<!--(?:(?!-->).)*+-->|<\?xml[^>]*+>|\s)*+<(?:!doctype|html|head|body|meta|div|p|br|table|span|font|blockquote|center|h[1-6]"
    r"|ul|ol|b|strong|a|section|article)\b[^>]*>",
    re.I | re.S,
)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*>")
_TAG = re.compile(r"<[^>]{0,2000}>")
_CLOSES = re.compile(r"(?:</[a-z][a-z0-9]*\s*>|<br\s*/?>)\s*\Z", re.I)

_BLOCKS = frozenset(
    "address article aside blockquote body center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr"
    " html li main nav ol p pre section table tr ul".split()
)
_PARAGRAPHS = frozenset("h1 h2 h3 h4 h5 h6 ol p table ul".split())
_UNSEEN = frozenset("head meta noscript script style template title".split())

#: Containers of quoted text in Gmail, Yahoo, Proton and Zoho, and what precedes one in Thunderbird.
_QUOTE = re.compile(
    r"(?:^|[\s_-])(?:gmail_quote|gmail_quote_container|yahoo_quoted|protonmail_quote|zmail_extra|moz-cite-prefix"
    r"|moz-email-headers-table)(?:$|\s)|yahoo_quoted",
    re.I,
)

#: What Outlook puts above an earlier message, whatever the language of the header in it.
_HEADER_IDS = frozenset({"divrplyfwdmsg", "x_divrplyfwdmsg", "mail-editor-reference-message-container"})
_HEADER_STYLE = re.compile(r"border-top\s*:\s*solid\s*#(?:e1e1e1|b5c4df)", re.I)
_SEPARATOR = "-----Original Message-----"

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_MAX_CHARACTERS = 500_000


def is_html(text: str) -> bool:
    """Whether a text is HTML as a whole; one that only speaks of tags is not."""
    return bool(_OPENS.match(text[:5_000]) and _CLOSES.search(text[-200:]))


def to_text(markup: str) -> str:
    """Return the text of HTML: blocks are lines, and each line of quoted text begins with `>`.

    Styles, scripts and hidden elements are left out. What is not HTML is returned without its tags.
    """
    markup = _DECLARATION.sub("", markup[:_MAX_CHARACTERS])
    try:
        root = html.fromstring(markup, parser=html.HTMLParser(huge_tree=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return unescape(_TAG.sub(" ", markup)).strip()
    lines = _Lines()
    for step, element, is_quote in _steps(root):
        tag = element.tag
        if step == "start":
            lines.quotes += is_quote
            if _is_header(element):
                lines.block(gap=True)
                lines.add(_SEPARATOR)
            if tag == "br":
                lines.end()
            elif tag in _BLOCKS:
                lines.block(gap=_has_margin(element))
            if tag == "li":
                lines.add("- ")
            lines.add(element.text or "", keep=tag == "pre")
        else:
            if tag in _BLOCKS:
                lines.block(gap=_has_margin(element))
            elif tag in ("td", "th"):
                lines.add(" ")
            lines.quotes -= is_quote
            lines.add(element.tail or "")
    return lines.text()


def _steps(root: html.HtmlElement) -> Iterator[tuple[str, html.HtmlElement, bool]]:
    """Yield the visible elements as they start and end, without recursion, each with whether it is quoted text."""
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for step, element in walk:
        if step in ("comment", "pi"):
            yield "end", _only_tail(element), False
            continue
        if step == "start" and _is_unseen(element):
            walk.skip_subtree()
            continue
        if step == "end" and _is_unseen(element):
            yield "end", _only_tail(element), False
            continue
        yield step, element, _is_quote(element)


def _has_margin(element: html.HtmlElement) -> bool:
    """Whether a block stands apart; Outlook makes each line a paragraph of the class MsoNormal."""
    return element.tag in _PARAGRAPHS and "MsoNormal" not in (element.get("class") or "")


def _only_tail(element: html.HtmlElement) -> html.HtmlElement:
    span = html.Element("span")
    span.tail = element.tail
    return span


def _is_unseen(element: html.HtmlElement) -> bool:
    return element.tag in _UNSEEN or bool(_HIDDEN.search(element.get("style") or ""))


def _is_quote(element: html.HtmlElement) -> bool:
    if element.tag == "blockquote":
        return element.get("type") == "cite" or "quote" in (element.get("class") or "")
    if element.tag not in ("div", "table"):
        return False
    return bool(_QUOTE.search(element.get("class") or ""))


def _is_header(element: html.HtmlElement) -> bool:
    in_style = element.tag == "div" and _HEADER_STYLE.search(element.get("style") or "")
    return bool(in_style) or (element.get("id") or "").lower() in _HEADER_IDS


class _Lines:
    """Lines of text that grow; each has the depth of quotes that it began with."""

    def __init__(self) -> None:
        self.quotes = 0
        self._done: list[str] = []
        self._line = ""
        self._depth = 0

    def add(self, text: str, *, keep: bool = False) -> None:
        """Add text to the line; white space is one blank unless it is kept."""
        if not text:
            return
        pieces = text.split("\n") if keep else [re.sub(r"[ \t\r\n\f]+", " ", text)]
        for number, piece in enumerate(pieces):
            if number:
                self.end()
            if not self._line.strip():
                self._depth = self.quotes
            self._line += piece if keep or self._line else piece.lstrip(" ")

    def end(self) -> None:
        """End the line, even an empty one."""
        depth = self._depth if self._line.strip() else self.quotes
        self._done.append(f"{'>' * depth} {self._line.strip()}".rstrip() if depth else self._line.rstrip())
        self._line = ""

    def block(self, *, gap: bool) -> None:
        """End the line where a block begins or ends, with a blank line if there is a gap."""
        if self._line.strip(" "):
            self.end()
        self._line = ""
        if gap and self._done and self._done[-1].strip("> "):
            self.end()

    def text(self) -> str:
        """Return the lines, without more than one blank line between."""
        self.block(gap=False)
        text = "\n".join(self._done).replace("\xa0", " ").replace("\u200b", "")
        return re.sub(r"\n[ \t]*\n(?:[ \t]*\n)+", "\n\n", text).strip("\n")
