"""Read files into plain text with sections, so that a passage can say where it stands.

Formats that are text are read here. The others go through libraries that take files apart, so they are read in a
process of its own (`kb.isolation`): a hostile file ends that process at worst.
"""

import re
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import PurePath

from markdown_it import MarkdownIt

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers import images, office, pdf, tables
from kb.readers.blocks import Block, Document, Section, Writer
from kb.readers.html import read_html

__all__ = ["Document", "Section"]

MAX_BYTES = 10 * 1024 * 1024
MAX_CHARACTERS = 2_000_000

_OFFICE = "application/vnd.openxmlformats-officedocument"
WORD = f"{_OFFICE}.wordprocessingml.document"
SLIDES = f"{_OFFICE}.presentationml.presentation"
WORKBOOK = f"{_OFFICE}.spreadsheetml.sheet"
PDF = "application/pdf"

_TEXT = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".txt": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    ".csv": "text/csv",
}
_BINARY = {".pdf": PDF, ".docx": WORD, ".pptx": SLIDES, ".xlsx": WORKBOOK}

#: By the ending of a file's name. Images are read as attachments only.
MEDIA_TYPES = {**_TEXT, **_BINARY}
IMAGE_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}

READABLE = "Markdown, HTML, PDF, Word, PowerPoint, Excel, CSV of questions and answers, or plain text"

#: The folder that an Office file of each kind has inside.
_OFFICE_FOLDERS = {WORD: "word/", SLIDES: "ppt/", WORKBOOK: "xl/"}

#: What a file really is, by its first bytes.
_SIGNATURES = {
    b"%PDF": ("a PDF", (PDF,)),
    b"PK\x03\x04": ("a zip archive or an Office document", tuple(_OFFICE_FOLDERS)),
    b"PK\x05\x06": ("an empty zip archive", ()),
    b"\x1f\x8b": ("a gzip archive", ()),
    b"\x89PNG": ("a PNG image", ("image/png",)),
    b"\xff\xd8\xff": ("a JPEG image", ("image/jpeg",)),
    b"RIFF": ("a media file", ("image/webp",)),
    b"GIF8": ("a GIF image", ()),
    b"\xd0\xcf\x11\xe0": ("an old or an encrypted Office document", ()),
}


_CHARSET = re.compile(rb"""<meta[^>]{0,100}charset=["']?([\w-]{1,40})""", re.I)


def media_type_of(name: str) -> str | None:
    """Return the media type that a file's name promises, or None when it is not one that can be read."""
    return next((kind for ending, kind in MEDIA_TYPES.items() if name.lower().endswith(ending)), None)


def is_text(media_type: str) -> bool:
    """Whether files of this type hold text as it is."""
    return media_type in _TEXT.values()


def check(data: bytes, media_type: str, *, images: bool = False) -> None:
    """Look at a file at the door, without reading it; `images` says whether they count as files that can be read.

    Raises:
        DocumentTooLarge: over 10 MiB, 2,000,000 characters or, for CSV, 20,000 lines.
        DocumentUnreadable: it is not the type that it is said to be, or blank.
    """
    if is_text(media_type):
        decode(data, media_type)
        return
    if media_type not in MEDIA_TYPES.values() and not (images and media_type in IMAGE_TYPES.values()):
        raise DocumentUnreadable(f"{media_type} cannot be read; send {READABLE}.")
    _check_size_and_signature(data, media_type)
    if not data:
        raise DocumentUnreadable("The document is empty.")
    if not any(data.startswith(signature) and media_type in types for signature, (_, types) in _SIGNATURES.items()):
        raise DocumentUnreadable(f"The file is not {media_type}.")
    if media_type in _OFFICE_FOLDERS:
        office.check_archive(data)
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if not any(name.startswith(_OFFICE_FOLDERS[media_type]) for name in archive.namelist()):
                raise DocumentUnreadable(f"The file is a zip archive or another Office document, not {media_type}.")


def decode(data: bytes, media_type: str) -> str:
    """Return the text in `data`; UTF-8, UTF-16 with a mark, or Windows-1252. Raises as `check` does."""
    if not is_text(media_type):
        raise DocumentUnreadable(f"{media_type} is not text.")
    _check_size_and_signature(data, media_type)
    text = _decoded(data, media_type)
    if "\x00" in text:
        raise DocumentUnreadable(f"The file holds binary data, not {media_type}.")
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
    return text


def _check_size_and_signature(data: bytes, media_type: str) -> None:
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge(f"The document has {len(data):,} bytes; at most {MAX_BYTES:,} are accepted.")
    for signature, (kind, types) in _SIGNATURES.items():
        if data.startswith(signature) and media_type not in types:
            raise DocumentUnreadable(f"The file is {kind}, not {media_type}.")


def _decoded(data: bytes, media_type: str) -> str:
    encodings = ["utf-8-sig", "cp1252"]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings.insert(0, "utf-16")
    if media_type == "text/html" and (said := _CHARSET.search(data[:2048])):
        encodings.insert(1, said.group(1).decode())
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    raise DocumentUnreadable(f"The file is not text in UTF-8, so not {media_type}.")


def read(data: bytes, *, media_type: str, title: str) -> Document:
    """Read a file; `title` stands in where the file names none.

    Raises:
        DocumentUnreadable: it holds no text that can be used.
        DocumentTooLarge: it holds too much.
    """
    if is_text(media_type):
        return parse(data, media_type=media_type, title=title)
    from kb import isolation

    check(data, media_type, images=True)
    return isolation.read(data, media_type=media_type, title=title)


def parse(data: bytes, *, media_type: str, title: str) -> Document:
    """Read a file in this process; does and raises as `read` does."""
    if media_type == "text/csv":
        rows = tables.read_csv(decode(data, media_type), max_characters=MAX_CHARACTERS)
        return replace(Writer(title).finish(rows), sections_join=False)
    found = Writer(title).finish(_blocks(data, media_type))
    if len(found.text) > MAX_CHARACTERS:
        raise DocumentTooLarge(
            f"The document has {len(found.text):,} characters; at most {MAX_CHARACTERS:,} are accepted. Split it."
        )
    return found


def _blocks(data: bytes, media_type: str) -> Iterable[Block]:
    binary = {
        PDF: pdf.read_pdf,
        WORD: office.read_word,
        SLIDES: office.read_slides,
        WORKBOOK: tables.read_workbook,
        **dict.fromkeys(IMAGE_TYPES.values(), images.read_image),
    }
    if media_type in binary:
        return binary[media_type](data)
    text = decode(data, media_type)
    if media_type == "text/html":
        return read_html(text)
    if media_type == "text/markdown":
        return read_html(_markdown().render(_without_front_matter(text)))
    return (("text", 0, " ".join(paragraph.split()), "") for paragraph in re.split(r"\n\s*\n", text))


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
