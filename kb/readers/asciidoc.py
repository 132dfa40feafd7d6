"""AsciiDoc: headings, paragraphs, lists, tables, code, admonitions. The only libraries are under the GPL."""

import re
from collections import Counter
from collections.abc import Iterator

from kb.readers.blocks import Block, counted
from kb.readers.rows import unmarked_rows

_ATTRIBUTE = re.compile(r"^:!?([\w-]+)!?:(?: +(.*))?$")
_HEADING = re.compile(r"^(={1,6}|#{1,6}) +(\S.*)$")
_ITEM = re.compile(r"^\s*(?:[*-]+|\.+|\d+\.|<\d+>|<\.>) +(\S.*)$")
_TERM = re.compile(r"^\s*(\S.*?):{2,4}(?: +(.*))?$")
_DELIMITER = re.compile(r"^(?:-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|--|`{3,}|[|,:!]={3,})(?:\w+)?$")
_BLOCK_LINE = re.compile(r"^\[[^\]]*\]$|^\.\w[^.]*$")
_ADMONITION = re.compile(r"^(NOTE|TIP|WARNING|CAUTION|IMPORTANT): ")
_UNREAD = re.compile(r"^(?:include|image|video|audio)::\S*\[")
_CONDITION = re.compile(r"^(?:ifdef|ifndef|ifeval|endif)::")
_LINK = re.compile(r"(?:link:|xref:|mailto:)?((?:https?://|[\w./#-])[^\s\[\]<>]*)\[([^\]]*)\]")
_CROSS = re.compile(r"<<[^,>]+(?:,\s*([^>]*))?>>")
_ANCHOR = re.compile(r"\[\[[^\]]*\]\]|\[#[^\]]*\](?=\S|$)")
_STRONG = re.compile(r"(?<![\w*_`])([*_`#])\1?(?=\S)(.+?)(?<=\S)\1\1?(?![\w*_`])")


def read_asciidoc(text: str) -> Iterator[Block]:
    """Yield the blocks of a document; files and images that it includes are left out and counted."""
    attributes: dict[str, str] = {}
    left_out: Counter[str] = Counter()
    lines = iter(text.split("\n"))
    paragraph: list[str] = []
    header = False  # the lines below the title: author, revision, attributes
    for line in lines:
        if header and line.strip() and not line.startswith(":"):
            continue
        if line.strip() and header is False and paragraph == [] and (found := _HEADING.match(line)):
            header = len(found[1]) == 1 and not attributes.get("_titled")
            attributes["_titled"] = "yes"
            yield "heading", len(found[1]), _inline(found[2], attributes), ""
            continue
        if not line.strip() or _DELIMITER.match(line) or _starts_block(line):
            yield from _paragraph(paragraph, attributes)
            paragraph = []
            header = False if not line.strip() else header
        if not line.strip():
            continue
        if _DELIMITER.match(line):
            yield from _delimited(line, lines, attributes, left_out)
        elif set_ := _ATTRIBUTE.match(line):
            attributes[set_[1].lower()] = _inline(set_[2] or "", attributes)
        elif _UNREAD.match(line):
            left_out["images" if line.startswith("image") else "unread_parts"] += 1
        elif not (line.startswith("//") or _CONDITION.match(line) or _BLOCK_LINE.match(line) or line.strip() == "+"):
            paragraph.append(line)
    yield from _paragraph(paragraph, attributes)
    yield from counted(left_out)


def _starts_block(line: str) -> bool:
    starts = (_ATTRIBUTE, _ITEM, _TERM, _HEADING, _UNREAD, _CONDITION)
    return line.startswith("//") or any(pattern.match(line) for pattern in starts)


def _paragraph(lines: list[str], attributes: dict[str, str]) -> Iterator[Block]:
    if not lines:
        return
    text = " ".join(line.removesuffix(" +").strip() for line in lines)
    if item := _ITEM.match(text):
        yield "line", 0, f"- {_inline(item[1], attributes)}", ""
    elif term := _TERM.match(text):
        rest = f": {_inline(term[2], attributes)}" if term[2] else ":"
        yield "line", 0, _inline(term[1], attributes) + rest, ""
    else:
        text = _ADMONITION.sub(lambda found: f"{found[1].capitalize()}: ", text)
        yield "text", 0, _inline(text, attributes), ""


def _delimited(
    opening: str, lines: Iterator[str], attributes: dict[str, str], left_out: Counter[str]
) -> Iterator[Block]:
    """Yield the lines between two delimiters: none of a comment, code as it is, a table by rows, else blocks."""
    inside: list[str] = []
    for line in lines:
        if line.rstrip() == re.sub(r"\w+$", "", opening.rstrip()):
            break
        inside.append(line)
    if opening.startswith("////"):
        return
    if opening.startswith(("----", "....", "```", "++++")):
        code = [line for line in inside if not _UNREAD.match(line)]
        left_out["unread_parts"] += len(inside) - len(code)
        yield "text", 0, "\n".join(code), ""
    elif opening.startswith(("|===", ",===", ":===", "!===")):
        yield from _table(inside, opening[0], attributes)
    else:
        yield from read_asciidoc("\n".join(inside))


def _table(lines: list[str], mark: str, attributes: dict[str, str]) -> Iterator[Block]:
    """Yield a line for each line of cells; cells on lines of their own make a row up to the next blank line."""
    rows: list[list[str]] = []
    several = any(line.count(mark) > 1 for line in lines)
    after_blank = True
    for line in lines:
        if not line.strip():
            after_blank = True
            continue
        cells = line.split(mark) if mark != "|" else re.split(r"(?:\d*\.?\d*[+*])?[<>^]?[aehlmsd]?\|", line)
        cells = [_inline(cell.strip(), attributes) for cell in cells if cell.strip()]
        if not rows or after_blank or (several and line.count(mark) > 1):
            rows.append(cells)
        elif line.lstrip().startswith(mark):
            rows[-1] += cells
        elif cells and rows[-1]:
            rows[-1][-1] += " " + " ".join(cells)
        after_blank = False
    yield from unmarked_rows(rows)


def _inline(text: str, attributes: dict[str, str]) -> str:
    text = re.sub(r"\{([\w-]+)\}", lambda found: attributes.get(found[1].lower(), found[0]), text)
    text = _ANCHOR.sub("", text)
    text = _CROSS.sub(lambda found: found[1] or "", text)
    text = _LINK.sub(lambda found: found[2].split(",")[0].strip('^"') or found[1], text)
    return _STRONG.sub(r"\2", text)
