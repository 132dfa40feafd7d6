"""Bodies of many JSON values, one in each line (NDJSON)."""

from collections.abc import Iterator
from typing import Any

import flask
from webargs.flaskparser import abort

from web.http.api import parse_json

NDJSON = "application/x-ndjson"

#: Lines of one request.
MAX_LINES = 1_000

_TYPES = (NDJSON, "application/ndjson", "application/jsonl")


def ndjson_lines(request: flask.Request) -> Iterator[tuple[int, bytes]]:
    """Yield the number, from 1, and the text of each line that is not blank; abort with 415 or 422 before the first."""
    if request.mimetype not in _TYPES:
        abort(415, messages={"json": [f"The body must be sent as {NDJSON}, one JSON object in each line."]})
    lines = [(number, line) for number, line in enumerate(request.get_data().split(b"\n"), 1) if line.strip()]
    if not lines:
        abort(422, messages={"json": {"body": ["There is no line with a JSON object."]}})
    if len(lines) > MAX_LINES:
        abort(422, messages={"json": {"body": [f"There are {len(lines)} lines; at most {MAX_LINES} are accepted."]}})
    return iter(lines)


def parsed_line(line: bytes) -> Any:
    """Return the JSON value of a line; abort with 400 when it has none."""
    try:
        return parse_json(line)
    except ValueError as error:
        abort(400, messages={"json": [f"The line is not valid JSON: {error}"]})
