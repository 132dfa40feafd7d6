"""Files and their marks, as forms bring them."""

from pathlib import PurePath
from typing import Any

import flask

from web.api import checked
from web.schemas import knowledge as schemas
from worker.errors import Invalid
from worker.knowledge.library import Marks


def uploaded_file() -> tuple[str, bytes]:
    """Return the name and the bytes of the one file of a form.

    Raises:
        Invalid: there is none, or more than one.
    """
    files = flask.request.files.getlist("file")
    if len(files) != 1 or set(flask.request.files) != {"file"} or not files[0].filename:
        raise Invalid("Send exactly one file, as the form field `file`, with its name.", field="file")
    return printable(PurePath(files[0].filename.replace("\\", "/")).name), files[0].read()


def form() -> dict[str, Any]:
    """Return the fields of a form; tags come in a field each, or all in one with commas."""
    given: dict[str, Any] = flask.request.form.to_dict()
    if "tags" in given:
        tags = flask.request.form.getlist("tags")
        given["tags"] = [tag.strip() for one in tags for tag in one.split(",") if tag.strip()]
    return given


def marks_of_form() -> Marks:
    """Return the marks that a form gives; it may hold nothing else."""
    return marks_of(checked(schemas.GivenMarks(), form()))


def marks_of(given: dict[str, Any]) -> Marks:
    """Return the marks among checked fields."""
    return Marks(
        source=given.get("source"),
        language=given.get("language"),
        tags=tuple(dict.fromkeys(given["tags"])) if "tags" in given else None,
        audience=given.get("audience"),
    )


def printable(text: str) -> str:
    """Return a text without what cannot be printed."""
    return "".join(char for char in text if char.isprintable())
