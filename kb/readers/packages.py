"""Zip packages of parts in XML: Office Open XML, OpenDocument and EPUB, read without resolving what they refer to."""

import io
import posixpath
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from kb.errors import DocumentTooLarge, DocumentUnreadable

_MAX_UNPACKED = 200 * 1024 * 1024
_MAX_PARTS = 10_000

#: The namespaces of strict Office Open XML (ISO/IEC 29500-1, annex) by those of files that most programs write.
_STRICT = {
    b"http://purl.oclc.org/ooxml/spreadsheetml/main": b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    b"http://purl.oclc.org/ooxml/presentationml/main": b"http://schemas.openxmlformats.org/presentationml/2006/main",
    b"http://purl.oclc.org/ooxml/drawingml/": b"http://schemas.openxmlformats.org/drawingml/2006/",
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": (
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    ),
    b"http://purl.oclc.org/ooxml/officeDocument/math": b"http://schemas.openxmlformats.org/officeDocument/2006/math",
}


def check_archive(data: bytes) -> None:
    """Look at how large the parts of a package say they are, before any is unpacked.

    Raises:
        DocumentUnreadable: it is damaged or encrypted.
        DocumentTooLarge: it unfolds to over 200 MiB or 10,000 parts.
    """
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise DocumentUnreadable("The file is damaged: it is not a whole Office document.") from None
    if any(part.flag_bits & 1 for part in parts):
        raise DocumentUnreadable("The file is encrypted; send it without a password.")
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
        raise DocumentTooLarge(f"The file unfolds to more than {_MAX_UNPACKED // 1024**2} MiB.")


def parts_of(data: bytes) -> dict[str, bytes]:
    """Return the parts of a package by name, with transitional namespaces in place of strict ones.

    Raises:
        DocumentUnreadable: it is damaged or encrypted.
        DocumentTooLarge: it unfolds to over 200 MiB, whatever it says of itself.
    """
    check_archive(data)
    parts: dict[str, bytes] = {}
    left = _MAX_UNPACKED
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            content = b""
            with suppress(Exception), archive.open(info) as part:  # one may be damaged, and the others whole
                content = part.read(left + 1)
            left -= len(content)
            if left < 0:
                raise DocumentTooLarge(f"The file unfolds to more than {_MAX_UNPACKED // 1024**2} MiB.")
            if info.filename.endswith((".xml", ".rels")) and b"purl.oclc.org/ooxml" in content:
                for strict, transitional in _STRICT.items():
                    content = content.replace(strict, transitional)
            parts[info.filename.replace("\\", "/").lstrip("/")] = content
    return parts


def packed(parts: Mapping[str, bytes]) -> io.BytesIO:
    """Return a package of these parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    made.seek(0)
    return made


def xml(part: bytes) -> Any:
    """Return the root of a part; entities stay unresolved, and what is broken in the middle is left out.

    Raises:
        DocumentUnreadable: it is no XML.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, recover=True, remove_comments=True
    )
    try:
        root = etree.fromstring(part, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise DocumentUnreadable("The file is damaged: a part of it is no XML.")
    return root


def resolved(base: str, href: str) -> str:
    """Return the name of the part that a reference in the part `base` names: percent signs decoded, `..` followed."""
    path = unquote(urlsplit(href).path)
    joined = path.lstrip("/") if path.startswith("/") else posixpath.join(posixpath.dirname(base), path)
    return posixpath.normpath(joined).removeprefix("../")


def related(parts: Mapping[str, bytes], name: str, kind: str) -> list[str]:
    """Return the parts that the part `name` relates to by a kind such as `header`, as far as they are there."""
    return [
        target for target_kind, target in relations(parts, name).values() if target_kind == kind and target in parts
    ]


def relations(parts: Mapping[str, bytes], name: str) -> dict[str, tuple[str, str]]:
    """Return the relationships of a part by id: (kind, name of the part)."""
    folder, _slash, file = name.rpartition("/")
    part = parts.get(f"{folder}/_rels/{file}.rels".lstrip("/"))
    if part is None:
        return {}
    return {
        entry.get("Id", ""): (entry.get("Type", "").rpartition("/")[2], resolved(name, entry.get("Target", "")))
        for entry in xml(part)
        if entry.get("TargetMode") != "External"
    }
