"""Read files into plain text with sections, so that a passage can say where it stands.

Formats that are text are read here. The others go through libraries that take files apart, so they are read in a
process of its own (`kb.isolation`): a hostile file ends that process at worst.
"""

import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, partial
from io import BytesIO
from pathlib import PurePath

from markdown_it import MarkdownIt

from kb import isolation, media_types
from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.media_types import (
    IMAGE_TYPES,
    MEDIA_TYPES,
    PDF,
    READABLE,
    SLIDES,
    WORD,
    WORKBOOK,
    is_coded_text,
    is_text,
    media_type_of,
    media_type_of_file,
)
from kb.readers import (
    asciidoc,
    charsets,
    epub,
    images,
    mail,
    mdx,
    notebook,
    open_document,
    packages,
    pdf,
    records,
    restructured_text,
    rich_text,
    slides,
    tables,
    word,
)
from kb.readers.blocks import Block, Document, Section, Writer, paragraphs
from kb.readers.characters import repair
from kb.readers.charsets import Decoded
from kb.readers.html import read_html

__all__ = [
    "IMAGE_TYPES",
    "MEDIA_TYPES",
    "PDF",
    "READABLE",
    "SLIDES",
    "WORD",
    "WORKBOOK",
    "Document",
    "Section",
    "is_text",
    "media_type_of",
    "media_type_of_file",
]

MAX_BYTES = 10 * 1024 * 1024
MAX_CHARACTERS = 2_000_000

_CHARSET = re.compile(rb"""<meta[^>]{0,100}charset=["']?([\w-]{1,40})""", re.I)


def check(data: bytes, media_type: str, *, images: bool = False) -> None:
    """Look at a file at the door, without reading it; `images` says whether they count as files that can be read.

    Raises:
        DocumentTooLarge: over 10 MiB, 2,000,000 characters or, for CSV, 20,000 lines.
        DocumentUnreadable: it is not the type that it is said to be, or blank.
    """
    if is_coded_text(media_type):
        decode(data, media_type)
        return
    if media_type not in MEDIA_TYPES.values() and not (images and media_type in IMAGE_TYPES.values()):
        raise DocumentUnreadable(f"{media_type} cannot be read; send {READABLE}.")
    _check_size_and_signature(data, media_type)
    if not data.strip():
        raise DocumentUnreadable("The document is empty.")
    if media_types.has_signature(media_type) and not any(
        data.startswith(signature) and media_type in types for signature, (_, types) in media_types.SIGNATURES.items()
    ):
        raise DocumentUnreadable(f"The file is not {media_type}.")
    if media_type in media_types.PACKAGE_PARTS:
        packages.check_archive(data)
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if not any(name.startswith(media_types.PACKAGE_PARTS[media_type]) for name in archive.namelist()):
                raise DocumentUnreadable(f"The file is a zip archive or another Office document, not {media_type}.")


def decode(data: bytes, media_type: str) -> str:
    """Return the text in `data`, in whatever charset, without control characters. Raises as `check` does."""
    return _decode(data, media_type, Counter()).text


def _decode(data: bytes, media_type: str, cleaned: Counter[str]) -> Decoded:
    if not is_coded_text(media_type):
        raise DocumentUnreadable(f"{media_type} is not text.")
    _check_size_and_signature(data, media_type)
    said = _CHARSET.search(data[:2048]) if media_type == "text/html" else None
    found = charsets.decode(data, said=said.group(1).decode() if said else None)
    if found is None:
        raise DocumentUnreadable(f"The file holds binary data, not {media_type}.")
    text = repair(found.text, cleaned)
    if len(text) > MAX_CHARACTERS:
        raise DocumentTooLarge(
            f"The document has {len(text):,} characters; at most {MAX_CHARACTERS:,} are accepted. Split it."
        )
    if media_type == "text/csv" and text.count("\n") > tables.MAX_ROWS:
        raise DocumentTooLarge(
            f"The table has {text.count(chr(10)):,} lines; at most {tables.MAX_ROWS:,} are accepted. Split it."
        )
    if not text.strip():
        raise DocumentUnreadable("The document is empty.")
    return replace(found, text=text)


def _check_size_and_signature(data: bytes, media_type: str) -> None:
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge(f"The document has {len(data):,} bytes; at most {MAX_BYTES:,} are accepted.")
    for signature, (kind, types) in media_types.SIGNATURES.items():
        if data.startswith(signature) and media_type not in types:
            raise DocumentUnreadable(f"The file is {kind}, not {media_type}.")


#: Markup whose reading can be made to take far more time and memory than the file has bytes.
_MARKUP = frozenset({"text/html", "text/markdown", media_types.NOTEBOOK})


def read(data: bytes, *, media_type: str, title: str, url: str | None = None, is_trusted: bool = True) -> Document:
    """Read a file; `title` stands in where the file names none, relative links start from `url`.

    Binary formats are read in a process of their own, whose time and memory are bounded; so is markup from whoever is
    not trusted.

    Raises:
        DocumentUnreadable: it holds no text that can be used.
        DocumentTooLarge: it holds too much.
    """
    if is_text(media_type) and (is_trusted or media_type not in _MARKUP):
        return parse(data, media_type=media_type, title=title, url=url)
    check(data, media_type, images=True)
    return isolation.read(data, media_type=media_type, title=title)


def parse(data: bytes, *, media_type: str, title: str, url: str | None = None) -> Document:
    """Read a file in this process; does and raises as `read` does."""
    cleaned: Counter[str] = Counter()
    charset = None
    blocks: Iterable[Block]
    if is_coded_text(media_type):
        decoded = _decode(data, media_type, cleaned)
        charset = decoded.charset if decoded.guessed else None
        blocks = _blocks_of_text(decoded.text, media_type, url)
    else:
        blocks = _blocks(data, media_type)
    try:
        found = Writer(title, max_characters=MAX_CHARACTERS).finish(_repaired(blocks, cleaned))
    except RecursionError:
        raise DocumentUnreadable("The document is nested too deeply.") from None
    if len(found.text) > MAX_CHARACTERS:
        raise DocumentTooLarge(
            f"The document has {len(found.text):,} characters; at most {MAX_CHARACTERS:,} are accepted. Split it."
        )
    return replace(
        found,
        sections_join=media_type not in _APART,
        cleaned=dict(cleaned + Counter(found.cleaned)),
        charset=charset,
    )


#: Types of which each section, a question with its answer, stands for itself.
_APART = ("text/csv", media_types.JSON, media_types.JSON_LINES, media_types.YAML)


def _repaired(blocks: Iterable[Block], cleaned: Counter[str]) -> Iterable[Block]:
    """Yield blocks without control characters, which formats can spell out, as JSON does."""
    for kind, level, text, anchor in blocks:
        yield kind, level, repair(text, cleaned), anchor


def _blocks(data: bytes, media_type: str) -> Iterable[Block]:
    binary = {
        PDF: pdf.read_pdf,
        WORD: word.read_word,
        SLIDES: slides.read_slides,
        WORKBOOK: tables.read_workbook,
        media_types.OPEN_TEXT: open_document.read_open_document,
        media_types.OPEN_SLIDES: open_document.read_open_document,
        media_types.OPEN_SPREADSHEET: tables.read_open_spreadsheet,
        media_types.EPUB: epub.read_epub,
        media_types.RICH_TEXT: rich_text.read_rich_text,
        media_types.MESSAGE: mail.read_message,
        media_types.MAILBOX: mail.read_mailbox,
        **dict.fromkeys(IMAGE_TYPES.values(), images.read_image),
    }
    return binary[media_type](data)


def _blocks_of_text(text: str, media_type: str, url: str | None) -> Iterable[Block]:
    match media_type:
        case "text/html":
            return read_html(text, base=url)
        case "text/markdown":
            return _read_markdown(text, url)
        case media_types.MDX:
            return _read_markdown(mdx.to_markdown(_without_front_matter(text)), url or front_matter(text).get("url"))
        case "text/csv":
            return tables.read_csv(text, max_characters=MAX_CHARACTERS)
        case media_types.NOTEBOOK:
            return notebook.read_notebook(text, partial(_read_markdown, url=url))
        case _:
            readers = {
                media_types.JSON: records.read_json,
                media_types.JSON_LINES: records.read_json_lines,
                media_types.YAML: records.read_yaml,
                media_types.RESTRUCTURED_TEXT: restructured_text.read_restructured_text,
                media_types.ASCIIDOC: asciidoc.read_asciidoc,
            }
            return readers.get(media_type, paragraphs)(text)


def _read_markdown(text: str, url: str | None) -> Iterable[Block]:
    url = url or front_matter(text).get("url")
    return read_html(_markdown().render(_without_front_matter(text)), base=url)


def title_of(data: bytes, *, media_type: str, name: str) -> str:
    """Return the title that a file of text gives itself, or one made of its name.

    Raises:
        DocumentUnreadable, DocumentTooLarge: the file cannot be used.
    """
    if not is_text(media_type):
        check(data, media_type)
        return title_from_name(name)
    return read(data, media_type=media_type, title=title_from_name(name)).title


def title_from_name(name: str) -> str:
    """Return a title made of a file's name."""
    stem = re.sub(r"[-_\s]+", " ", PurePath(name).stem).strip()
    return stem[:1].upper() + stem[1:] or "Untitled"


def front_matter(text: str) -> dict[str, str]:
    """Return the `name: value` lines between the `---` lines at the head of a Markdown file, if there are any."""
    found = re.match(r"\A---\n(.*?)\n---\n", text, flags=re.S)
    pairs = (line.partition(":") for line in (found.group(1) if found else "").splitlines())
    return {name.strip(): value.strip().strip("\"'") for name, colon, value in pairs if colon}


def url_of(data: bytes, media_type: str) -> str | None:
    """Return the address that the front matter of a Markdown file names, or None.

    Raises:
        DocumentUnreadable: it is no address of the web.
    """
    url = front_matter(data.decode(errors="replace")).get("url") if media_type == "text/markdown" else None
    if url and not (re.fullmatch(r"https?://[^\s/][^\s]*", url) and len(url) <= 2_000):
        raise DocumentUnreadable("The `url` of its front matter must begin with http:// or https://.")
    return url or None


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _without_front_matter(text: str) -> str:
    return re.sub(r"\A---\n.*?\n---\n", "", text, count=1, flags=re.S)
