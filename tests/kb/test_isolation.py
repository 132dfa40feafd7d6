"""A hostile file ends the process that reads it, and nothing else."""

import pytest

from kb import documents, isolation
from kb.documents import PDF, SLIDES, WORD
from kb.errors import DocumentUnreadable
from tests.support import files

#: Files are read in a process of their own.
pytestmark = pytest.mark.processes


BODY = [
    ("Every order can be returned within 30 days of delivery. The goods must be un-", 11),
    ("used and in their packaging.", 11),
]


def read(data, media_type, title="File"):
    return documents.read(data, media_type=media_type, title=title)


def broken(data):
    return data[:200] + bytes(len(data) - 200)


@pytest.mark.parametrize(
    ("data", "media_type", "reason"),
    [
        (files.pdf([BODY], password="secret"), PDF, "encrypted"),
        (files.pdf([[]]), PDF, "scanned"),
        (b"%PDF-1.7\n" + b"x" * 100, PDF, "damaged"),
        (b"", PDF, "empty"),
        (b"hello", PDF, "not application/pdf"),
        (files.word()[:500], WORD, "damaged"),
        (files.workbook(), WORD, "another Office document"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), WORD, "old or an encrypted"),
        (broken(files.slides()), SLIDES, "damaged"),
    ],
)
def test_what_cannot_be_read_says_why(data, media_type, reason):
    with pytest.raises(DocumentUnreadable, match=reason):
        read(data, media_type)


def test_a_file_that_takes_too_long_ends_its_reader_only():
    with pytest.raises(DocumentUnreadable, match="more than 0 s"):
        isolation.read(files.word(), media_type=WORD, title="x", timeout_s=0.01)


def test_the_reader_knows_no_secret(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    seen = tmp_path / "seen"
    (tmp_path / "sitecustomize.py").write_text(f"import os; open({str(seen)!r}, 'w').write(repr(dict(os.environ)))")
    monkeypatch.syspath_prepend(str(tmp_path))
    read(files.word(), WORD)
    assert "sk-secret" not in seen.read_text()
    assert "PATH" in seen.read_text()
