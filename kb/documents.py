"""Read files into plain text with sections, so that a passage can say where it stands.

Markdown is rendered to HTML and read by the same path as HTML, so that both keep headings and anchors.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePath
from typing import Any

from markdown_it import MarkdownIt

from kb.errors import DocumentTooLarge, DocumentUnreadable

MAX_BYTES = 10 * 1024 * 1024
MAX_CHARACTERS = 2_000_000
MAX_ROWS = 20_000

MEDIA_TYPES = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".txt": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    ".csv": "text/csv",
}

#: What a file really is, by its first bytes, when it is not text.
_SIGNATURES = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive or an Office document",
    b"PK\x05\x06": "an empty zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"\xd0\xcf\x11\xe0": "an old Office document",
}

_QUESTION_COLUMNS = {"question", "q", "title", "subject", "frage", "pregunta"}
_ANSWER_COLUMNS = {"answer", "a", "text", "body", "content", "antwort", "respuesta"}

_BLOCKS = frozenset(
    "address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_DROPPED = frozenset(
    "script style template noscript nav footer iframe object svg canvas button select input textarea head".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0", re.I)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A stretch of a document's text under one heading.

    `start` and `end` are offsets in characters; the heading's own line is not part of it.
    """

    headings: tuple[str, ...]
    anchor: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Document:
    """The text of a file. Blocks stand apart by a blank line; list items and table rows by a line.

    `sections_join` says whether short neighbouring sections belong together, as those of an article do and the rows
    of a table of questions do not.
    """

    title: str
    text: str
    sections: tuple[Section, ...]
    sections_join: bool = True


def media_type_of(name: str) -> str | None:
    """Return the media type that a file's name promises, or None when it is not one that can be read."""
    return next((kind for ending, kind in MEDIA_TYPES.items() if name.lower().endswith(ending)), None)


def decode(data: bytes, media_type: str) -> str:
    """Return the text in `data`; UTF-8, UTF-16 with a mark, or Windows-1252.

    Raises:
        DocumentTooLarge: over 10 MiB, 2,000,000 characters or, for CSV, 20,000 lines.
        DocumentUnreadable: not text, not the type it is said to be, or blank.
    """
    if media_type not in MEDIA_TYPES.values():
        raise DocumentUnreadable(f"{media_type} cannot be read; send Markdown, HTML, CSV or plain text.")
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge(f"The document has {len(data):,} bytes; at most {MAX_BYTES:,} are accepted.")
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            raise DocumentUnreadable(f"The file is {kind}, not {media_type}.")
    text = _decoded(data, media_type)
    if "\x00" in text:
        raise DocumentUnreadable(f"The file holds binary data, not {media_type}.")
    if len(text) > MAX_CHARACTERS:
        raise DocumentTooLarge(
            f"The document has {len(text):,} characters; at most {MAX_CHARACTERS:,} are accepted. Split it."
        )
    if media_type == "text/csv" and text.count("\n") > MAX_ROWS:
        raise DocumentTooLarge(
            f"The table has {text.count(chr(10)):,} lines; at most {MAX_ROWS:,} are accepted. Split it."
        )
    if not text.strip():
        raise DocumentUnreadable("The document is empty.")
    return text


def _decoded(data: bytes, media_type: str) -> str:
    encodings = ["utf-8-sig", "cp1252"]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings.insert(0, "utf-16")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DocumentUnreadable(f"The file is not text in UTF-8, so not {media_type}.")


def read(data: bytes, *, media_type: str, title: str) -> Document:
    """Read a file; `title` stands in where the file names none.

    Raises:
        DocumentUnreadable: it holds no text that can be used.
        DocumentTooLarge: it holds too much.
    """
    text = decode(data, media_type)
    if media_type == "text/csv":
        return replace(_Writer(title).finish(_read_csv(text)), sections_join=False)
    if media_type == "text/html":
        return _Writer(title).finish(_read_html(text))
    if media_type == "text/markdown":
        rendered = _markdown().render(_without_front_matter(text))
        return _Writer(title).finish(_read_html(rendered))
    paragraphs = re.split(r"\n\s*\n", text)
    return _Writer(title).finish(("text", 0, " ".join(paragraph.split()), "") for paragraph in paragraphs)


def title_of(data: bytes, *, media_type: str, name: str) -> str:
    """Return the title that a file gives itself, or one made of its name.

    Raises:
        DocumentUnreadable, DocumentTooLarge: the file cannot be used.
    """
    stem = re.sub(r"[-_\s]+", " ", PurePath(name).stem).strip()
    return read(data, media_type=media_type, title=stem[:1].upper() + stem[1:] or "Untitled").title


def front_matter(text: str) -> dict[str, str]:
    """Return the `name: value` lines between the `---` lines at the head of a Markdown file, if there are any."""
    found = re.match(r"\A---\n(.*?)\n---\n", text, flags=re.S)
    pairs = (line.partition(":") for line in (found.group(1) if found else "").splitlines())
    return {name.strip(): value.strip().strip("\"'") for name, colon, value in pairs if colon}


_Block = tuple[str, int, str, str]  # "heading" | "text" | "line", level, text, anchor


class _Writer:
    """Writes blocks one after the other and notes where each section begins and ends."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts: list[str] = []
        self._length = 0
        self._sections: list[Section] = []
        self._path: list[tuple[int, str]] = []
        self._anchor = ""
        self._start = 0
        self._last = ""
        self._named: str | None = None

    def finish(self, blocks: Iterator[_Block]) -> Document:
        for kind, level, raw, anchor in blocks:
            text = _clean(raw)
            if not text:
                continue
            if kind == "heading":
                self._close()
                if level == 1 and self._named is None and not self._sections:
                    self._named = text
                while self._path and self._path[-1][0] >= level:
                    self._path.pop()
                self._path.append((level, text))
                self._anchor = anchor or slug(text)
                self._put(text, "\n\n")
                self._start = self._length
            else:
                self._put(text, "\n" if kind == self._last == "line" else "\n\n")
            self._last = kind
        self._close()
        if not self._sections:
            raise DocumentUnreadable("The document holds headings at most, no text.")
        return Document(title=self._named or self._title, text="".join(self._parts), sections=tuple(self._sections))

    def _put(self, text: str, gap: str) -> None:
        if self._parts:
            self._parts.append(gap)
            self._length += len(gap)
            if self._start == self._length - len(gap):
                self._start = self._length
        self._parts.append(text)
        self._length += len(text)

    def _close(self) -> None:
        if self._length > self._start:
            self._sections.append(
                Section(
                    headings=tuple(text for _level, text in self._path),
                    anchor=self._anchor,
                    start=self._start,
                    end=self._length,
                )
            )
            self._start = self._length


def slug(heading: str) -> str:
    """Return the anchor that most renderers give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _clean(text: str) -> str:
    """Fold white space, compose accents and drop what cannot be seen or printed."""
    text = unicodedata.normalize("NFC", text)
    text = "".join(char for char in text if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
    return re.sub(r"[^\S\n]+", " ", text).strip()


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _without_front_matter(text: str) -> str:
    return re.sub(r"\A---\n.*?\n---\n", "", text, count=1, flags=re.S)


def _read_csv(text: str) -> Iterator[_Block]:
    """Each row is a section: the question is its heading, the answer its text."""
    try:
        dialect: Any = csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    csv.field_size_limit(MAX_CHARACTERS)
    try:
        rows = list(csv.reader(io.StringIO(text), dialect))
    except csv.Error as error:
        raise DocumentUnreadable(f"The table cannot be read: {error}.") from None
    header = [cell.strip().lower() for cell in rows[0]]
    question = next((i for i, name in enumerate(header) if name in _QUESTION_COLUMNS), None)
    answer = next((i for i, name in enumerate(header) if name in _ANSWER_COLUMNS and i != question), None)
    if question is None or answer is None:
        raise DocumentUnreadable(
            "The table needs a first line with the columns `question` and `answer`; it has: "
            + ", ".join(header[:8])
            + "."
        )
    for row in rows[1:]:
        if len(row) > max(question, answer) and row[question].strip() and row[answer].strip():
            yield "heading", 2, " ".join(row[question].split()), ""
            for paragraph in re.split(r"\n\s*\n", row[answer]):
                yield "text", 0, " ".join(paragraph.split()), ""


def _read_html(text: str) -> Iterator[_Block]:
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


def _blocks(root: Any) -> Iterator[_Block]:
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


def _flush(inline: list[str], tag: str) -> Iterator[_Block]:
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
