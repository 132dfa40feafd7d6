"""Files and their marks, as forms bring them."""

from collections.abc import Container
from pathlib import PurePath
from typing import Any

import flask
from webargs.flaskparser import abort

from kb.documents import READABLE, is_text, media_type_of, title_from_name, title_of
from web.http.api import checked
from web.schemas import knowledge as schemas
from worker.errors import Invalid
from worker.knowledge.library import DocumentMetadata, NewDocument

#: Larger files are not opened here to look for their title; their name serves.
_READ_FOR_TITLE = 256 * 1024


def uploaded_file() -> tuple[str, bytes]:
    """Return the name and the bytes of the one file of a form.

    Raises:
        Invalid: there is none, or more than one.
    """
    files = flask.request.files.getlist("file")
    if len(files) != 1 or set(flask.request.files) != {"file"} or not files[0].filename:
        raise Invalid("Send exactly one file, as the form field `file`, with its name.", field="file")
    return printable(PurePath(files[0].filename.replace("\\", "/")).name), files[0].read()


def uploaded_document(*, besides: Container[str] = ()) -> NewDocument:
    """Return the document that a form brings; fields of `besides` are somebody else's.

    Raises:
        Invalid: there is not exactly one file, or a field is of no use.
    """
    name, data = uploaded_file()
    given = checked(schemas.NewDocument(exclude=("text",), partial=True), form(besides=besides))
    media_type = media_type_of(name)
    if media_type is None:
        abort(415, messages={"file": [f"{name[:100]!r} cannot be read; send {READABLE}."]})
    title = given.get("title")
    if title is None and is_text(media_type) and len(data) <= _READ_FOR_TITLE:
        title = title_of(data, media_type=media_type, name=name)
    titled = title is not None
    title = printable(title or title_from_name(name)).strip()[:500] or "Untitled"
    return NewDocument(
        title=title, data=data, media_type=media_type, url=given.get("url"), titled=titled, marks=marks_of(given)
    )


def form(*, besides: Container[str] = ()) -> dict[str, Any]:
    """Return the fields of a form; tags come in a field each, or all in one with commas."""
    given: dict[str, Any] = {name: value for name, value in flask.request.form.items() if name not in besides}
    if "tags" in given:
        tags = flask.request.form.getlist("tags")
        given["tags"] = [tag.strip() for one in tags for tag in one.split(",") if tag.strip()]
    return given


def marks_of_form(*, besides: Container[str] = ()) -> DocumentMetadata:
    """Return the marks that a form gives; it may hold nothing else, but fields of `besides`."""
    return marks_of(checked(schemas.GivenMarks(), form(besides=besides)))


def marks_of(given: dict[str, Any]) -> DocumentMetadata:
    """Return the marks among checked fields."""
    return DocumentMetadata(
        source=given.get("source"),
        language=given.get("language"),
        tags=tuple(dict.fromkeys(given["tags"])) if "tags" in given else None,
        audience=given.get("audience"),
    )


def printable(text: str) -> str:
    """Return a text without what cannot be printed."""
    return "".join(char for char in text if char.isprintable())
