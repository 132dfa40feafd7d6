"""The formats of documents: their endings, media types, and first bytes."""

from pathlib import PurePath

_OFFICE = "application/vnd.openxmlformats-officedocument"
WORD = f"{_OFFICE}.wordprocessingml.document"
SLIDES = f"{_OFFICE}.presentationml.presentation"
WORKBOOK = f"{_OFFICE}.spreadsheetml.sheet"
_OPEN = "application/vnd.oasis.opendocument"
OPEN_TEXT = f"{_OPEN}.text"
OPEN_SPREADSHEET = f"{_OPEN}.spreadsheet"
OPEN_SLIDES = f"{_OPEN}.presentation"
EPUB = "application/epub+zip"
PDF = "application/pdf"
RICH_TEXT = "application/rtf"
MESSAGE = "message/rfc822"
MAILBOX = "application/mbox"
RESTRUCTURED_TEXT = "text/x-rst"
YAML = "application/yaml"
JSON = "application/json"
JSON_LINES = "application/jsonl"
NOTEBOOK = "application/x-ipynb+json"
MDX = "text/mdx"
ASCIIDOC = "text/asciidoc"

#: Text that is read in this process, by the ending of a file's name.
TEXT = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".txt": "text/plain",
    ".text": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    ".csv": "text/csv",
    ".json": JSON,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".ipynb": NOTEBOOK,
}

#: Text whose reader is not trusted with any text, so it is read in a process of its own.
_BOUNDED_CODED = {
    ".mdx": MDX,
    ".adoc": ASCIIDOC,
    ".asciidoc": ASCIIDOC,
    ".rst": RESTRUCTURED_TEXT,
    ".yaml": YAML,
    ".yml": YAML,
}
_BOUNDED_TEXT = {**_BOUNDED_CODED, ".eml": MESSAGE, ".mbox": MAILBOX}

_PACKAGES = {
    ".docx": WORD,
    ".pptx": SLIDES,
    ".xlsx": WORKBOOK,
    ".odt": OPEN_TEXT,
    ".ods": OPEN_SPREADSHEET,
    ".odp": OPEN_SLIDES,
    ".epub": EPUB,
}

#: By the ending of a file's name. Images are read as attachments only.
MEDIA_TYPES = {**TEXT, **_BOUNDED_TEXT, ".pdf": PDF, ".rtf": RICH_TEXT, **_PACKAGES}
IMAGE_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}

READABLE = (
    "Markdown, MDX, HTML, reStructuredText, AsciiDoc, PDF, Word, PowerPoint, Excel, OpenDocument, RTF, EPUB, e-mail, "
    "Jupyter notebooks, CSV, JSON or YAML of questions and answers, or plain text"
)

#: A part that each package has inside, or the folder of it.
PACKAGE_PARTS = {
    WORD: "word/",
    SLIDES: "ppt/",
    WORKBOOK: "xl/",
    EPUB: "META-INF/container.xml",
    **dict.fromkeys((OPEN_TEXT, OPEN_SPREADSHEET, OPEN_SLIDES), "content.xml"),
}

#: What a file really is, by its first bytes, and the media types that it then may have.
SIGNATURES = {
    b"%PDF": ("a PDF", (PDF,)),
    b"PK\x03\x04": ("a zip archive or an Office document", tuple(PACKAGE_PARTS)),
    b"PK\x05\x06": ("an empty zip archive", ()),
    b"{\\rtf": ("an RTF document", (RICH_TEXT,)),
    b"\x1f\x8b": ("a gzip archive", ()),
    b"\x89PNG": ("a PNG image", ("image/png",)),
    b"\xff\xd8\xff": ("a JPEG image", ("image/jpeg",)),
    b"RIFF": ("a media file", ("image/webp",)),
    b"GIF8": ("a GIF image", ()),
    b"\xd0\xcf\x11\xe0": ("an old or an encrypted Office document", ()),
}


def media_type_of(name: str) -> str | None:
    """Return the media type that a file's name promises, or None when it is not one that can be read."""
    return next((kind for ending, kind in MEDIA_TYPES.items() if name.lower().endswith(ending)), None)


def media_type_of_file(name: str) -> str | None:
    """Return the media type of a file's name; one without an ending, such as `README`, counts as plain text."""
    path = PurePath(name)
    return media_type_of(name) or (None if path.suffix or path.name.startswith(".") or not path.name else "text/plain")


def is_text(media_type: str) -> bool:
    """Whether files of this type hold text as it is, which is read in this process."""
    return media_type in TEXT.values()


def is_coded_text(media_type: str) -> bool:
    """Whether files of this type are text in some charset."""
    return is_text(media_type) or media_type in _BOUNDED_CODED.values()


def has_signature(media_type: str) -> bool:
    """Whether files of this type can be told by their first bytes."""
    return not is_text(media_type) and media_type not in _BOUNDED_TEXT.values()
