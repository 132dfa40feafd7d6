"""Files and document metadata that are uploaded in forms."""

from collections.abc import Container
from pathlib import PurePath
from typing import Any

import flask
from webargs.flaskparser import abort

from kb.documents import READABLE, is_text, media_type_of_file, title_from_name, title_of
from web.http.api import checked
from web.schemas import knowledge as schemas
from worker.errors import Invalid
from worker.knowledge.library import DocumentMetadata, NewDocument

#: Larger files are not searched for a title here; they get one from their name.
_MAX_SEARCHED_FOR_TITLE = 256 * 1024


def uploaded_file() -> tuple[str, bytes]:
    """Return the name and the content of the single file of a form.

    Raises:
        Invalid: the form has no file, or more than one.
    """
    files = flask.request.files.getlist("file")
    if len(files) != 1 or set(flask.request.files) != {"file"} or not files[0].filename:
        raise Invalid("Send exactly one file, as the form field `file`, with its name.", field="file")
    return printable(PurePath(files[0].filename.replace("\\", "/")).name), files[0].read()


def uploaded_document(*, ignore: Container[str] = ()) -> NewDocument:
    """Return the document that a form uploads; the form fields `ignore` are not part of it.

    Raises:
        Invalid: the form does not have exactly one file, or a field is invalid.
    """
    name, data = uploaded_file()
    fields = checked(schemas.NewDocument(exclude=("text",), partial=True), form(ignore=ignore))
    media_type = media_type_of_file(name)
    if media_type is None:
        abort(415, messages={"file": [f"{name[:100]!r} cannot be read; send {READABLE}."]})
    title = fields.get("title")
    if title is None and is_text(media_type) and len(data) <= _MAX_SEARCHED_FOR_TITLE:
        title = title_of(data, media_type=media_type, name=name)
    titled = title is not None
    title = printable(title or title_from_name(name)).strip()[:500] or "Untitled"
    return NewDocument(
        title=title,
        data=data,
        media_type=media_type,
        url=fields.get("url"),
        titled=titled,
        metadata=metadata_of(fields),
    )


def form(*, ignore: Container[str] = ()) -> dict[str, Any]:
    """Return the fields of a form; tags are given as repeated fields, or separated by commas."""
    fields: dict[str, Any] = {name: value for name, value in flask.request.form.items() if name not in ignore}
    if "tags" in fields:
        lists = flask.request.form.getlist("tags")
        fields["tags"] = [tag.strip() for tags in lists for tag in tags.split(",") if tag.strip()]
    return fields


def metadata_of_form(*, ignore: Container[str] = ()) -> DocumentMetadata:
    """Return the document metadata of a form, which may have no other fields except `ignore`."""
    return metadata_of(checked(schemas.GivenMetadata(), form(ignore=ignore)))


def metadata_of(fields: dict[str, Any]) -> DocumentMetadata:
    """Return the document metadata among validated fields."""
    return DocumentMetadata(
        source=fields.get("source"),
        language=fields.get("language"),
        tags=tuple(dict.fromkeys(fields["tags"])) if "tags" in fields else None,
        audience=fields.get("audience"),
    )


def printable(text: str) -> str:
    """Return a text without its unprintable characters."""
    return "".join(char for char in text if char.isprintable())
