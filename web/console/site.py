"""What the console's pages share: how they are addressed, how values look, and what a page says when it cannot."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import flask
import humanize
from flask import Blueprint
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from kb.errors import KnowledgeError
from web.console.session import is_admin, may_write, protect
from web.http.problems import problem_of
from worker.errors import AnswerbackError, Invalid

blueprint = Blueprint("console", __name__, url_prefix="/console", template_folder="templates")

#: What a view returns: a page, or a page and its status.
Page = str | tuple[str, int]

_NUMBER = re.compile(r"\[(\d{1,4})\]")

#: Reasons of handoffs, for people.
REASONS = {
    "asked_for_person": "asked for a person",
    "no_answer": "no answer known",
    "low_support": "not supported",
    "rule": "a rule",
    "deadline": "too late",
    "error": "an error",
    "owned_by_person": "a person is at it",
}


@blueprint.get("/static/<path:filename>")
def static(filename: str) -> Response:
    """Serve what the pages are made of."""
    return flask.send_from_directory(f"{blueprint.root_path}/static", filename, max_age=3_600)


@blueprint.app_context_processor
def _shared() -> dict[str, Any]:
    known = "principal" in flask.g
    return {"reasons": REASONS, "may_write": known and may_write(), "is_admin": known and is_admin()}


@blueprint.app_template_filter("at")
def at(time: str | None, *, told: str | None = None) -> Markup:
    """Return a time as an element that says it whole when it is pointed at."""
    if time is None:
        return Markup("")
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(time, told or time[:16].replace("T", " "))


@blueprint.app_template_filter("ago")
def ago(time: str) -> Markup:
    """Return how long ago a time is, as `at` does."""
    return at(time, told=humanize.naturaltime(datetime.now(UTC) - datetime.fromisoformat(time)))


@blueprint.app_template_filter("cited")
def cited(text: str, message: Mapping[str, Any]) -> Markup:
    """Return an answer whose numbers lead to their sources."""
    numbers = {one["number"] for one in message["citations"]}
    link = Markup('<a class="mark" href="#source-{}-{}">[{}]</a>')
    pieces: list[str] = []
    for place, piece in enumerate(_NUMBER.split(text)):  # text and number in turns
        if place % 2 == 0:
            pieces.append(escape(piece))
        elif int(piece) in numbers:
            pieces.append(link.format(message["id"], piece, piece))
        else:
            pieces.append(f"[{piece}]")
    return Markup("").join(pieces)


def part_only() -> bool:
    """Whether only the part of a page that changes is asked for."""
    return "HX-Request" in flask.request.headers


def given(name: str, *, most: int = 200) -> str:
    """Return a field of the form, trimmed, with lines that end as everywhere else (browsers send CR LF).

    Raises:
        Invalid: it is longer than `most` characters.
    """
    text = flask.request.form.get(name, "").replace("\r\n", "\n").strip()
    if len(text) > most:
        raise Invalid(f"{name} has more than {most:,} characters.", field=name)
    return text


#: What a page says of when it cannot do what was asked; its status is that of the API.
Refusal = AnswerbackError | KnowledgeError | HTTPException
REFUSALS = (AnswerbackError, KnowledgeError, HTTPException)


def refused(error: Refusal, page: Callable[..., str], *named: Any, **more: Any) -> tuple[str, int]:
    """Return a page once more, with why something was refused, and with what was typed."""
    told = problem_of(error)
    typed = {f"typed_{name}": value for name, value in flask.request.form.items() if name != "csrf"}
    return page(*named, problem=told.get_json(force=True)["detail"], **typed, **more), told.status_code


def to(view: str, **values: Any) -> Response:
    """Send the browser to a page, so that loading it again repeats nothing."""
    return flask.redirect(flask.url_for(f"console.{view}", **values), 303)


def problem_page(told: Response) -> Any:
    """Return what the API would say as a page, for who looks at one."""
    if flask.request.accept_mimetypes.best == "application/json":
        return told
    shown = told.get_json(force=True)
    page = flask.render_template("console/problem.html", title=shown["title"], detail=shown["detail"])
    response = flask.make_response(page, told.status_code)
    response.headers.update(
        {name: value for name, value in told.headers if name not in ("Content-Type", "Content-Length")}
    )
    return protect(response)
