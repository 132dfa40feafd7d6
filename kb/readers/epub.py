"""EPUB: the chapters in the order of its spine. ebooklib is under the AGPL, and fails where a chapter is missing."""

from collections.abc import Iterator

from kb.errors import DocumentUnreadable
from kb.readers import charsets, packages
from kb.readers.blocks import Block
from kb.readers.html import read_html

_CONTAINER = "META-INF/container.xml"


def read_epub(data: bytes) -> Iterator[Block]:
    """Yield the blocks of a book's chapters; those that cannot be read are left out and counted.

    Raises:
        DocumentUnreadable: it is damaged, or protected against copying.
    """
    parts = packages.parts_of(data)
    if _CONTAINER not in parts:
        raise DocumentUnreadable("The book is damaged: it does not say where its content is.")
    if b"EncryptedData" in parts.get("META-INF/encryption.xml", b"") and "META-INF/rights.xml" in parts:
        raise DocumentUnreadable("The book is protected against copying.")
    listed = next((entry.get("full-path", "") for entry in packages.xml(parts[_CONTAINER]).iter("{*}rootfile")), "")
    if listed not in parts:
        raise DocumentUnreadable("The book is damaged: it does not say where its content is.")
    root = packages.xml(parts[listed])
    title = next((entry.text for entry in root.iter("{*}title") if entry.text), None)
    if title:
        yield "heading", 1, title, ""
    items = {entry.get("id"): entry for entry in root.iter("{*}item")}
    names = {name.lower(): name for name in parts}
    unread = 0
    for reference in root.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or reference.get("linear") == "no" or "nav" in (item.get("properties") or "").split():
            continue
        name = packages.resolved(listed, item.get("href", ""))
        name = name if name in parts else names.get(name.lower(), "")
        chapter = charsets.decode(parts[name]) if name else None
        if chapter is None:
            unread += 1
            continue
        try:
            yield from _below(read_html(chapter.text), 1 if title else 0)
        except DocumentUnreadable:
            unread += 1
    yield "left_out", unread, "unread_parts", ""


def _below(blocks: Iterator[Block], levels: int) -> Iterator[Block]:
    """Yield blocks with their headings so many levels lower."""
    for kind, level, text, anchor in blocks:
        yield kind, min(6, level + levels) if kind == "heading" else level, text, anchor
