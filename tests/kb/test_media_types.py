"""Formats are told by the endings of names."""

import pytest

from kb.media_types import has_signature, is_coded_text, is_text, media_type_of, media_type_of_file


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.MD", "text/markdown"),
        ("a.b.epub", "application/epub+zip"),
        ("README", None),
        ("a.exe", None),
        ("mdx", None),
    ],
)
def test_an_ending_promises_a_media_type(name, expected):
    assert media_type_of(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("README", "text/plain"), (".env", None), ("a.exe", None), ("a.txt", "text/plain"), ("", None)],
)
def test_a_file_without_an_ending_is_text(name, expected):
    assert media_type_of_file(name) == expected


def test_text_that_a_library_takes_apart_is_read_in_a_process_of_its_own():
    assert (is_text("application/yaml"), is_coded_text("application/yaml"), has_signature("application/yaml")) == (
        False,
        True,
        False,
    )
    assert has_signature("application/pdf")
