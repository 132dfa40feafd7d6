"""Packages are read without resolving what they refer to, and not unpacked beyond their limits."""

import io
import zipfile

import pytest

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers import packages
from tests.support.reported_files.packages import archive, paragraph, relations, strict, word


def test_an_archive_that_unfolds_too_far_is_not_unpacked():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        for part in range(5):
            made.writestr(f"word/{part}.xml", bytes(50 * 1024 * 1024))
    with pytest.raises(DocumentTooLarge, match="unfolds"):
        packages.parts_of(bomb.getvalue())


def test_what_is_no_archive_is_damaged():
    with pytest.raises(DocumentUnreadable, match="damaged"):
        packages.parts_of(b"PK\x03\x04bomb")


def test_entities_are_not_resolved():
    root = packages.xml(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y "yy">]><a>1&x;2</a>')
    assert "root:" not in "".join(root.itertext())


def test_entities_that_multiply_do_not_unfold():
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    root = packages.xml(f'<!DOCTYPE a [<!ENTITY l0 "lol">{lines}]><a>&l9;</a>'.encode())
    assert len("".join(root.itertext())) < 1_000


@pytest.mark.parametrize(
    ("base", "href", "expected"),
    [
        ("OEBPS/content.opf", "chapter%201.xhtml#s", "OEBPS/chapter 1.xhtml"),
        ("OEBPS/content.opf", "../c1.xhtml", "c1.xhtml"),
        ("xl/workbook.xml", "/xl/sheet.xml", "xl/sheet.xml"),
        ("a.opf", "../../etc/passwd", "../etc/passwd"),
    ],
)
def test_references_name_parts_of_the_package(base, href, expected):
    assert packages.resolved(base, href) == expected


def test_strict_namespaces_become_those_of_most_files_and_relations_are_found():
    parts = packages.parts_of(strict(word(paragraph("Hi."))))
    assert b"purl.oclc.org" not in parts["word/document.xml"]
    assert packages.related(parts, "", "officeDocument") == ["word/document.xml"]


def test_relations_to_other_places_are_left_alone():
    parts = packages.parts_of(
        archive({"_rels/.rels": relations(("image", "a.png")).replace("/>", ' TargetMode="External"/>')})
    )
    assert packages.relations(parts, "") == {}


def test_what_is_packed_can_be_unpacked():
    assert packages.parts_of(packages.packed({"a.xml": b"<a/>"}).getvalue()) == {"a.xml": b"<a/>"}
