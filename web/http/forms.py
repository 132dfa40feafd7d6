"""The fields of a form as the bytes that were sent; Flask decodes them as UTF-8, which destroys other encodings."""

from io import BytesIO
from urllib.parse import parse_qsl

import flask
from werkzeug.datastructures import Headers
from werkzeug.formparser import MultiPartParser

#: Decodes each byte to one character, and back.
_BYTES = "iso-8859-1"


class _Undecoded(MultiPartParser):
    """Parses a form without decoding its fields, whatever charset their parts name."""

    def get_part_charset(self, headers: Headers) -> str:  # noqa: ARG002
        return _BYTES


def fields_of(request: flask.Request) -> dict[str, bytes]:
    """Return the fields of a request's form by name, of several the first; none where the body is no form."""
    body = request.get_data(cache=True)
    if request.mimetype == "multipart/form-data":
        return _multipart(request, body)
    if request.mimetype == "application/x-www-form-urlencoded":
        pairs = parse_qsl(body.decode(_BYTES), keep_blank_values=True, encoding=_BYTES)
        return {name: value.encode(_BYTES) for name, value in reversed(pairs)}
    return {}


def _multipart(request: flask.Request, body: bytes) -> dict[str, bytes]:
    boundary = request.mimetype_params.get("boundary", "")
    parser = _Undecoded(max_form_memory_size=request.max_form_memory_size, max_form_parts=request.max_form_parts)
    try:
        form, _files = parser.parse(BytesIO(body), boundary.encode("ascii"), len(body))
    except ValueError:  # without a boundary, or cut off
        return {}
    return {name: value.encode(_BYTES) for name, value in form.items()}
