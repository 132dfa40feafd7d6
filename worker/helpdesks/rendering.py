"""Show an answer as each place does: HTML, Slack's mrkdwn, Markdown without what chats lack, or plain text."""

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from worker.helpdesks.markdown import BREAK, CITATION, parsed, parser


def to_html(text: str, *, tables: bool = True) -> str:
    """Return an answer as HTML without scripts, images or attributes but addresses of links.

    Without `tables`, the rows of tables are lines.
    """
    written = parser().renderer.render(_as_shown(parsed(text), tables=tables), parser().options, {})
    return re.sub(r">\n|\n(?=<[uo]l)", lambda found: found[0].strip("\n"), written)


def to_mrkdwn(text: str) -> str:
    """Return an answer in Slack's markup, in which it can mention nobody."""
    return _Writer(_MRKDWN).document(text)


def to_text(text: str) -> str:
    """Return an answer as plain text: links with their addresses in brackets."""
    return _Writer(_PLAIN).document(text)


def to_markdown(text: str) -> str:
    """Return an answer in the Markdown of chats: without tables and headings, which they show as they are typed."""
    lines = text.split("\n")
    for token, follows in reversed(list(_blocks(parsed(text)))):
        first, last = token.map or (0, 0)
        if token.type == "heading_open":
            lines[first:last] = [_strong(follows[0].content)]
        else:
            lines[first:last] = ["", *_rows_of(follows), ""]
    return re.sub(r"\n{3,}", "\n\n", BREAK.sub("\n", "\n".join(lines))).strip("\n")


def _as_shown(tokens: Sequence[Token], *, tables: bool) -> list[Token]:
    """Return tokens in which headings are bold paragraphs, images are links and, where wanted, tables are lines."""
    made: list[Token] = []
    cells = 0
    for token in tokens:
        kind = token.type
        if kind == "fence":
            token.info = ""
        if kind in ("heading_open", "heading_close"):
            opens = kind == "heading_open"
            token.tag = "p"
            bold = Token("strong_open", "strong", 1) if opens else Token("strong_close", "strong", -1)
            made += [token, bold] if opens else [bold, token]
        elif tables or kind.split("_")[0] not in ("table", "thead", "tbody", "tr", "th", "td"):
            if kind in ("th_open", "td_open"):
                token.attrs = {}
            made.append(token)
        elif kind in ("table_open", "table_close"):
            token.type, token.tag = f"paragraph_{kind[6:]}", "p"
            made.append(token)
        elif kind == "tr_open":
            cells = 0
        elif kind in ("th_open", "td_open"):
            made += [_text_token(" | ")] if cells else []
            made += [Token("strong_open", "strong", 1)] if kind == "th_open" else []
            cells += 1
        elif kind == "th_close":
            made.append(Token("strong_close", "strong", -1))
        elif kind == "tr_close":
            made.append(Token("hardbreak", "br", 0))
        if token.type == "inline" and token.children:
            token.children = _without_images(token.children)
    return made


def _without_images(tokens: Sequence[Token]) -> list[Token]:
    found: list[Token] = []
    for token in tokens:
        if token.type != "image":
            found.append(token)
            continue
        url = str(token.attrs.get("src", ""))
        link = Token("link_open", "a", 1, attrs={"href": url})
        found += [link, _text_token(token.content or url), Token("link_close", "a", -1)]
    return found


def _text_token(text: str) -> Token:
    return Token("text", "", 0, content=text)


def _blocks(tokens: Sequence[Token]) -> list[tuple[Token, Sequence[Token]]]:
    """Return the headings and tables outside of lists and quotes, each with the tokens that follow its first."""
    return [
        (token, tokens[at + 1 :])
        for at, token in enumerate(tokens)
        if token.level == 0 and token.type in ("heading_open", "table_open")
    ]


def _rows_of(tokens: Sequence[Token]) -> list[str]:
    """Return the rows of a table as lines, with the cells as they were written."""
    rows: list[list[str]] = []
    is_head = False
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            is_head = token.type == "th_open"
        elif token.type == "inline":
            rows[-1].append(_strong(token.content) if is_head else token.content)
    # Two blanks at the end of a line keep it apart from the next one.
    return [" | ".join(row) + "  " for row in rows]


def _strong(content: str) -> str:
    return f"**{content}**" if content and "**" not in content else content


@dataclass(frozen=True, kw_only=True)
class _Style:
    """The marks of a kind of text.

    `link` writes an address and its text, which is written already; `bare` one that is its own text.
    """

    strong: str
    em: str
    struck: str
    code: str
    fence: str
    bullet: str
    escape: Callable[[str], str]
    link: Callable[[str, str], str]
    bare: Callable[[str, str], str]


def _escape_slack(text: str) -> str:
    return html.escape(text, quote=False)


def _slack_link(url: str, text: str) -> str:
    address = _escape_slack(url).replace("|", "%7C")
    return f"<{address}|{text.replace('|', '/')}>" if text.strip() else f"<{address}>"


def _plain_link(url: str, text: str) -> str:
    return text if CITATION.fullmatch(text) else f"{text} ({url.removeprefix('mailto:').removeprefix('tel:')})"


_MRKDWN = _Style(
    strong="*",
    em="_",
    struck="~",
    code="`",
    fence="```",
    bullet="•",
    escape=_escape_slack,
    link=_slack_link,
    bare=lambda url, text: _slack_link(url, _escape_slack(text)),
)
_PLAIN = _Style(
    strong="",
    em="",
    struck="",
    code="",
    fence="",
    bullet="-",
    escape=str,
    link=_plain_link,
    bare=lambda _url, text: text,
)

#: Slack reads a mark only beside a space or punctuation; this space is not seen.
_NO_SPACE = "\u200b"


class _Writer:
    """Writes parsed Markdown as lines of text in a style."""

    def __init__(self, style: _Style) -> None:
        self._style = style

    def document(self, text: str) -> str:
        """Return a whole text in the style."""
        root = SyntaxTreeNode(parsed(text))
        return self._blocks(root).strip("\n")

    def _blocks(self, node: SyntaxTreeNode, *, gap: str = "\n\n") -> str:
        return gap.join(filter(None, map(self._block, node.children)))

    def _block(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "heading":
                return self._marked(self._style.strong, self._inline(node.children[0], bold=True))
            case "bullet_list" | "ordered_list":
                return self._list(node)
            case "blockquote":
                return "\n".join(f"> {line}" for line in self._blocks(node).split("\n"))
            case "fence":
                fence = self._style.fence
                return "\n".join(filter(None, (fence, self._style.escape(node.content.rstrip("\n")), fence)))
            case "table":
                return "\n".join(self._row(row) for part in node.children for row in part.children)
            case "hr":
                return "—" * 3
            case _:
                return self._inline(node.children[0]) if node.children else ""

    def _list(self, node: SyntaxTreeNode) -> str:
        number = int(node.attrs.get("start", 1))
        lines = []
        for at, item in enumerate(node.children):
            mark = self._style.bullet if node.type == "bullet_list" else f"{number + at}."
            content = self._blocks(item, gap="\n").replace("\n", "\n    ")
            lines.append(f"{mark} {content}")
        return "\n".join(lines)

    def _row(self, row: SyntaxTreeNode) -> str:
        cells = []
        for cell in row.children:
            content = self._inline(cell.children[0], bold=cell.type == "th") if cell.children else ""
            cells.append(self._marked(self._style.strong, content) if cell.type == "th" else content)
        return " | ".join(cells)

    def _inline(self, node: SyntaxTreeNode, *, bold: bool = False) -> str:
        """Return the text of an inline node; where it is `bold` already, what is bold in it has no mark of its own."""
        written, is_marked = "", False
        for child in node.children:
            piece, mark = self._piece(child, bold=bold)
            if piece == "\n" or written.endswith("\n"):
                written, piece = written.rstrip(" "), piece.lstrip(" ")
            begins, ends = (piece[:1].isalnum() and is_marked), (written[-1:].isalnum() and mark)
            written += (_NO_SPACE if begins or ends else "") + self._marked(mark, piece)
            is_marked = bool(mark)
        return written

    def _piece(self, node: SyntaxTreeNode, *, bold: bool) -> tuple[str, str]:
        """Return the text of a part of an inline node, and the mark around it."""
        match node.type:
            case "text":
                return self._style.escape(node.content), ""
            case "softbreak" | "hardbreak":
                return "\n", ""
            case "code_inline":
                return self._style.escape(node.content), self._style.code
            case "link" | "image":
                return self._link(node, bold=bold), ""
            case "strong":
                return self._inline(node, bold=True), "" if bold else self._style.strong
            case "em":
                return self._inline(node, bold=bold), self._style.em
            case "s":
                return self._inline(node, bold=bold), self._style.struck
            case _:
                return self._inline(node, bold=bold), ""

    def _marked(self, mark: str, text: str) -> str:
        """Return text between marks, with the spaces at its ends outside of them."""
        inner = text.strip()
        if not mark or not inner:
            return text
        before, _, after = text.partition(inner)
        return f"{before}{mark}{inner}{mark}{after}"

    def _link(self, node: SyntaxTreeNode, *, bold: bool) -> str:
        if node.type == "image":
            url = str(node.attrs.get("src", ""))
            return self._style.link(url, self._style.escape(node.content) or "image")
        url = str(node.attrs.get("href", ""))
        if node.markup == "autolink":
            return self._style.bare(url, node.children[0].content)
        return self._style.link(url, self._inline(node, bold=bold))
