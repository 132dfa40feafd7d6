"""Files after public reports come out as people see them, and what is left out is counted."""

import pytest

from kb import documents
from tests.support.reported_files import Reported, all_reported

#: pdfium takes a wide gap between letters that are placed one by one for a space.
_KNOWN = {"pdfs/words_placed_one_by_one"}


def flat(text: str) -> str:
    return " ".join(text.replace("|", " ").split())


def problem(file: Reported) -> str | None:
    """Return what is wrong with what comes out of a file, or None."""
    media_type = documents.media_type_of_file(f"file{file.suffix}")
    data = file.make()
    documents.check(data, media_type)
    found = documents.parse(data, media_type=media_type, title="File")
    text, at = flat(f"{found.title} {found.text}"), 0
    for part in map(flat, file.has):
        where = text.find(part, at)
        if where < 0:
            return f"{part!r} is missing from {text!r}"
        at = where + len(part)
    for part in map(flat, file.lacks):
        if part in text:
            return f"{part!r} is in {text!r}"
    counted = {**found.left_out, **found.cleaned}
    wrong = {kind: counted.get(kind) for kind, count in file.counted.items() if counted.get(kind) != count}
    return f"counted {wrong}, not {dict(file.counted)}" if wrong else None


@pytest.mark.parametrize("file", all_reported(), ids=lambda file: file.name)
def test_a_file_comes_out_as_people_see_it(file):
    assert (problem(file) is not None) == (file.name in _KNOWN), problem(file)


def test_there_are_at_least_a_hundred_files_and_about_half_were_held_out():
    files = all_reported()
    held_out = [file for file in files if file.held_out]
    assert len(files) >= 200
    assert 0.4 < len(held_out) / len(files) < 0.6
