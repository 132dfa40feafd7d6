"""Lines are read with their numbers, and a body that is none is refused as a whole."""

import flask
import pytest
from werkzeug.exceptions import HTTPException, UnprocessableEntity, UnsupportedMediaType

from web.http.ndjson import MAX_LINES, NDJSON, ndjson_lines, parsed_line


def _lines(body, type=NDJSON):
    with flask.Flask("test").test_request_context(method="POST", data=body, content_type=type):
        return list(ndjson_lines(flask.request))


def test_lines_keep_their_numbers_whatever_ends_them():
    assert _lines(b'{"a": 1}\r\n\n  \n{"b": 2}') == [(1, b'{"a": 1}\r'), (4, b'{"b": 2}')]
    assert parsed_line(b'{"a": 1}\r') == {"a": 1}
    assert len(_lines(b"{}\n" * MAX_LINES, "application/jsonl; charset=utf-8")) == MAX_LINES


@pytest.mark.parametrize(
    ("body", "type", "error"),
    [
        (b"", NDJSON, UnprocessableEntity),
        (b"{}\n" * (MAX_LINES + 1), NDJSON, UnprocessableEntity),
        (b"{}", "application/json", UnsupportedMediaType),
    ],
)
def test_a_body_without_lines_with_too_many_or_of_another_type_is_refused(body, type, error):
    with pytest.raises(error):
        _lines(body, type)


@pytest.mark.parametrize("line", [b"{", b"NaN", b"\xff", b"[" * 100 + b"]" * 100])
def test_a_line_that_is_no_json_is_refused(line):
    with pytest.raises(HTTPException) as refused:
        parsed_line(line)
    assert refused.value.code == 400
