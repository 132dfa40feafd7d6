"""Shared by the console's pages: the blueprint, template filters, form fields and error pages."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import flask
import humanize
from flask import Blueprint
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from kb.errors import KnowledgeError
from web.console import navigation
from web.console.markdown import rendered, rendered_answer
from web.console.session import may, open_to_all, protect
from web.http.problems import problem_of
from worker.access.permissions import Permission
from worker.conversations.inbox_lists import Due, Listed, Order, View
from worker.errors import AnswerbackError, Invalid
from worker.states import HandoffReason, Owner
from worker.time import to_rfc3339

blueprint = Blueprint("console", __name__, url_prefix="/console", template_folder="templates")

#: The return value of a view: a page, or a page and its status.
Page = str | tuple[str, int]

#: Remembers the view and the search of the inbox, for the links that lead back to it.
INBOX_COOKIE = "answerback_inbox"

#: What may stand between the words of a sentence that was checked without its citations.
_BETWEEN_TOKENS = r"(?:\s|\[\d{1,4}\])*"

#: Labels of the reasons of handoffs.
REASONS = {
    HandoffReason.ASKED_FOR_HUMAN: "asked for a human",
    HandoffReason.NO_ANSWER: "no answer found",
    HandoffReason.LOW_SUPPORT: "low support",
    HandoffReason.AVOIDED_TOPIC: "avoided topic",
    HandoffReason.LANGUAGE: "other language",
    HandoffReason.RULE: "escalation rule",
    HandoffReason.DEADLINE: "deadline passed",
    HandoffReason.ERROR: "error",
    HandoffReason.OWNED_BY_HUMAN: "owned by an agent",
}

#: Labels of the categories that say more than the reason.
CATEGORIES = {
    "self_harm": "self-harm",
    "safety": "danger or injury",
    "account_compromise": "account compromised",
    "legal": "legal steps",
    "repeated_failure": "answers did not help",
    "anger": "angry customer",
    "budget": "budget spent",
    "reply_limit": "limit of replies",
}

#: Labels of the actions that agents take, by the last part of their name in the audit log.
ACTIONS = {
    "enter": "Logged in",
    "enter_code": "Logged in with two factors",
    "sign_on": "Logged in by single sign-on",
    "accept": "Accepted an invitation",
    "invite": "Invited somebody",
    "change_person": "Changed somebody's access",
    "remove_person": "Removed somebody",
    "renew_invitation": "Sent an invitation again",
    "make_key": "Created an API key",
    "revoke": "Revoked an API key",
    "handoff": "Took a conversation over",
    "hand_off": "Handed a conversation off",
    "resume": "Returned a conversation to the bot",
    "close": "Closed a conversation",
    "replies": "Replied to a customer",
    "reply": "Replied to a customer",
    "cancel": "Cancelled a message",
    "retry": "Had a message answered again",
    "good": "Rated an answer good",
    "bad": "Rated an answer bad",
    "save_settings": "Changed settings",
}

#: Parts of User-Agent headers and what they stand for; the first that is found counts, as Edge claims to be Chrome.
_BROWSERS = (
    *(("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome")),
    *(("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"), ("python", "Python"), ("Werkzeug", "Werkzeug")),
)
_SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS")),
    *(("CrOS", "ChromeOS"), ("Linux", "Linux")),
)

#: Labels of the owners of conversations.
OWNERS = {Owner.BOT: "Bot", Owner.HUMAN: "Agent", Owner.CLOSED: "Closed"}


@blueprint.get("/static/<path:filename>")
@open_to_all
def static(filename: str) -> Response:
    """Serve scripts and styles."""
    return flask.send_from_directory(f"{blueprint.root_path}/static", filename, max_age=3_600)


@blueprint.app_context_processor
def _shared() -> dict[str, Any]:
    return {
        "reasons": REASONS,
        "owner_labels": OWNERS,
        "inbox_url": _inbox_url(),
        "inbox_query": inbox_query,
        "may": may,
        "is_admin": may(Permission.ADMINISTER),
        "navigation": navigation.groups(),
        "section": navigation.section(),
    }


@blueprint.app_template_filter("at")
def at(time: str | None, *, label: str | None = None) -> Markup:
    """Return a time as an HTML element whose tooltip has the full time."""
    if time is None:
        return Markup("")
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(time, label or time[:16].replace("T", " "))


@blueprint.app_template_filter("ago")
def ago(time: str) -> Markup:
    """Return the age of a time as an HTML element, such as "5 minutes ago"."""
    return at(time, label=humanize.naturaltime(datetime.now(UTC) - datetime.fromisoformat(time)))


@blueprint.app_template_filter("browser")
def browser(user_agent: str) -> str:
    """Return a browser and its system in words, as a User-Agent header tells them; the header itself where it does not.

    Only the most common are known: it helps people to tell their own sessions apart.
    """
    agent = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    return f"{agent} on {system}" if agent and system else agent or user_agent[:60] or "unknown"


blueprint.add_app_template_filter(to_rfc3339, "ms")


@blueprint.app_template_filter("cited")
def cited(text: str, message: Mapping[str, Any]) -> Markup:
    """Return an answer as HTML whose citation numbers link to their sources."""
    numbers = {citation["number"] for citation in message["citations"]}
    return rendered_answer(text, message_id=message["id"], numbers=numbers)


@blueprint.app_template_filter("marked")
def marked(text: str, parts: Sequence[str]) -> Markup:
    """Return a text as HTML in which the given parts are marked; they lack the citations that the text has."""
    tokens = [re.findall(r"\w+|[^\w\s]", part) for part in parts]
    patterns = [_BETWEEN_TOKENS.join(map(re.escape, found)) for found in tokens if found]
    if not patterns:
        return escape(text)
    pieces = re.split("(" + "|".join(sorted(patterns, key=len, reverse=True)) + ")", text)  # others and parts alternate
    mark = Markup("<mark>{}</mark>")
    return Markup("").join(mark.format(piece) if index % 2 else escape(piece) for index, piece in enumerate(pieces))


@blueprint.app_template_filter("reason")
def reason(handoff: Mapping[str, Any]) -> str:
    """Return why a human has a message or a conversation, in words: the category where it says more."""
    kind, _, name = str(handoff.get("category") or "").partition(":")
    if name:
        return name.replace("_", " ") if kind == "desk" else f"{kind}: {name}"
    return CATEGORIES.get(kind) or REASONS.get(handoff["reason"], handoff["reason"])


@blueprint.app_template_filter("action")
def action(name: str) -> str:
    """Return an action of the audit log in words."""
    group, _, last = name.rpartition(".")
    fallback = last if group in ("", "console") else f"{last} ({group})"
    return ACTIONS.get(last) or fallback.replace("_", " ").capitalize()


blueprint.add_app_template_filter(rendered, "markdown")
blueprint.add_app_template_filter(humanize.naturalsize, "size")


def inbox_filter(args: Mapping[str, str]) -> Listed:
    """Return the list of the inbox that parameters ask for; a value that is unknown asks for nothing."""
    view, due, order = args.get("view", ""), args.get("due", ""), args.get("order", "")
    return Listed(
        view=View(view) if view in tuple(View) else None,
        search=args.get("q", "").strip()[:200],
        due=Due(due) if due in tuple(Due) else None,
        order=Order(order) if order in tuple(Order) else Order.URGENCY,
    )


def inbox_query(listed: Listed) -> dict[str, Any]:
    """Return the parameters that ask for a list of the inbox."""
    order = None if listed.order == Order.URGENCY else listed.order
    named = {"view": listed.view, "q": listed.search, "due": listed.due, "order": order}
    return {name: str(value) for name, value in named.items() if value}


def inbox_seen_last() -> Listed:
    """Return the list that the inbox showed last in this browser; everything without one."""
    return inbox_filter(dict(parse_qsl(flask.request.cookies.get(INBOX_COOKIE, ""))))


def _inbox_url() -> str:
    return flask.url_for("console.inbox", **inbox_query(inbox_seen_last()))


def part_only() -> bool:
    """Whether htmx asks for the part of the page that it refreshes."""
    return "HX-Request" in flask.request.headers


def given(name: str, *, most: int = 200) -> str:
    """Return a field of the form, trimmed, with LF line ends (browsers send CR LF).

    Raises:
        Invalid: the value has more than `most` characters.
    """
    text = flask.request.form.get(name, "").replace("\r\n", "\n").strip()
    if len(text) > most:
        raise Invalid(f"{name.capitalize()} must have at most {most:,} characters.", field=name)
    return text


#: Errors that a page shows; its status is that of the API.
Refusal = AnswerbackError | KnowledgeError | HTTPException
REFUSALS = (AnswerbackError, KnowledgeError, HTTPException)


def refused(error: Refusal, page: Callable[..., str], *named: Any, **more: Any) -> tuple[str, int]:
    """Return a page again with the error and the values of the form."""
    response = problem_of(error)
    typed = {f"typed_{name}": value for name, value in flask.request.form.items() if name != "csrf"}
    return page(*named, problem=response.get_json(force=True)["detail"], **typed, **more), response.status_code


def to(view: str, **values: Any) -> Response:
    """Redirect to a view, so that reloading the page does not repeat the request."""
    return flask.redirect(flask.url_for(f"console.{view}", **values), 303)


def problem_page(problem: Response) -> Any:
    """Return a problem as a page, unless the client asked for JSON."""
    if flask.request.accept_mimetypes.best == "application/json":
        return problem
    body = problem.get_json(force=True)
    page = flask.render_template("console/problem.html", title=body["title"], detail=body["detail"])
    response = flask.make_response(page, problem.status_code)
    response.headers.update(
        {name: value for name, value in problem.headers if name not in ("Content-Type", "Content-Length")}
    )
    return protect(response)
