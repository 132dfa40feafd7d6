"""Forms bring one file and its metadata; its name and title cannot carry paths or control characters."""

import io

import flask
import pytest
from werkzeug.exceptions import UnsupportedMediaType

from web.http.uploads import form, metadata_of, printable, uploaded_document, uploaded_file
from worker.errors import Invalid


@pytest.fixture
def sent():
    """Enter a request with these fields of a form."""
    app = flask.Flask(__name__)

    def request(**fields: object) -> flask.ctx.RequestContext:
        return app.test_request_context(method="POST", data=fields, content_type="multipart/form-data")

    return request


def file(name: str, data: bytes = b"# The guide\n\nText.") -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "x"},
        {"file": [file("a.md"), file("b.md")]},
        {"file": file("a.md"), "other": file("b.md")},
        {"file": file("")},
        {"file": "text"},
    ],
)
def test_a_form_has_exactly_one_file_with_a_name(sent, fields):
    with sent(**fields), pytest.raises(Invalid) as refused:
        uploaded_file()
    assert refused.value.field == "file"


@pytest.mark.parametrize(("given", "kept"), [("guide.md", "guide.md"), ("../../etc/guide.md", "guide.md")])
def test_a_file_has_the_last_part_of_its_name(sent, given, kept):
    with sent(file=file(given)):
        assert uploaded_file() == (kept, b"# The guide\n\nText.")


@pytest.mark.parametrize(
    ("name", "data", "fields", "title", "titled"),
    [
        ("guide.md", b"# The guide\n\nText.", {}, "The guide", True),
        ("guide.md", b"# The guide\n\nText.", {"title": "Mine"}, "Mine", True),
        ("the-guide.md", b"# Long\n" + b"x" * 256 * 1024, {}, "the guide", False),
        ("the-guide.pdf", b"%PDF-1.7", {}, "the guide", False),
    ],
)
def test_a_document_is_titled_by_whoever_sends_it_or_by_itself(sent, name, data, fields, title, titled):
    with sent(file=file(name, data), **fields):
        document = uploaded_document()
    assert (document.title.lower(), document.titled) == (title.lower(), titled)


def test_a_file_of_an_unknown_kind_is_a_415(sent):
    with sent(file=file("x.exe")), pytest.raises(UnsupportedMediaType):
        uploaded_document()


def test_tags_are_repeated_or_separated_by_commas_and_kept_once(sent):
    with sent(tags=["a, b", "c,,a"], source="wiki", mode="x"):
        fields = form(ignore={"mode"})
    assert fields == {"tags": ["a", "b", "c", "a"], "source": "wiki"}
    metadata = metadata_of(fields)
    assert (metadata.tags, metadata.source, metadata.audience) == (("a", "b", "c"), "wiki", None)
    assert metadata_of({}).tags is None, "what is not given is kept"


def test_what_cannot_be_printed_is_left_out():
    assert printable("a\x00b\u202ec\n") == "abc"
