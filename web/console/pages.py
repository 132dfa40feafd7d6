"""The console's pages: the inbox, a conversation, and the passage that an answer cites."""

import re
from collections.abc import Mapping
from typing import Any

import flask
import sqlalchemy as sa
from flask import Blueprint
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from web.api import scope, services
from web.console.session import log_in, log_out, may_write
from web.feeds import ConversationFeed
from web.streams import EventLines, StreamResponse, Telling, streams
from worker.conversations import wire
from worker.errors import AnswerbackError, KeyRefused
from worker.store.tables import conversation, document, escalation, message

blueprint = Blueprint(
    "console",
    __name__,
    url_prefix="/console",
    static_folder="static",
    static_url_path="/static",
    template_folder="templates",
)

_OWNERS = {"": "All", "human": "With a person", "bot": "With the bot", "closed": "Closed"}
_PAGE = 50
_MOST_SHOWN = 200
_AROUND = 2_000
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


@blueprint.app_template_filter("ago")
def ago(time: str | None) -> Markup:
    """Return a time as an element that says it whole when it is pointed at."""
    if time is None:
        return Markup("")
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(time, time[:16].replace("T", " "))


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


@blueprint.get("/login")
def login() -> str:
    """Ask for a key."""
    return flask.render_template("console/login.html", next=flask.request.args.get("next", ""), problem=None)


@blueprint.post("/login")
def enter() -> Response | tuple[str, int]:
    """Log in."""
    try:
        return log_in(flask.request.form.get("key", "").strip())
    except KeyRefused:
        problem = "This key is not known, or it is revoked."
        page = flask.render_template("console/login.html", next=flask.request.form.get("next", ""), problem=problem)
        return page, 401


@blueprint.post("/logout")
def leave() -> Response:
    """Log out."""
    return log_out()


@blueprint.get("")
def inbox() -> str:
    """Show conversations, newest first; the list alone when it is looked at again."""
    owner = flask.request.args.get("owner", "")
    owner = owner if owner in _OWNERS else ""
    found, cursor = _conversations(owner, after=flask.request.args.get("cursor"))
    part = "HX-Request" in flask.request.headers
    return flask.render_template(
        "console/_rows.html" if part else "console/inbox.html",
        rows=found,
        cursor=cursor,
        owner=owner,
        owners=_OWNERS,
        reasons=REASONS,
        at_the_top="cursor" not in flask.request.args,
    )


@blueprint.get("/conversations/<string:conversation_id>")
def talk(conversation_id: str) -> str:
    """Show a conversation; what was said alone when it is looked at again."""
    part = "HX-Request" in flask.request.headers
    return flask.render_template("console/_talk.html" if part else "console/talk.html", **_talk(conversation_id))


@blueprint.get("/conversations/<string:conversation_id>/events")
def events(conversation_id: str) -> Response:
    """Tell the page that something has happened."""
    mine = scope()
    mine.get(conversation, conversation_id, columns=(conversation.c.id,))
    feed = ConversationFeed(services(), mine, conversation_id, last_id=flask.request.headers.get("Last-Event-ID", ""))
    told = Telling(
        conversation_id=conversation_id,
        source=feed,
        wire=EventLines(),
        end=streams().reserve(flask.g.principal),
        valid=flask.g.valid,
    )
    return StreamResponse(streams(), told, fallback=("retry: 5000\n\n",))


@blueprint.post("/conversations/<string:conversation_id>/<any(handoff, resume, close, replies):what>")
def steer(conversation_id: str, what: str) -> Response:
    """Take over, give back, close, reply; what cannot be done now is said on the page."""
    built, mine = services(), flask.g.principal.workspace_id
    content = flask.request.form.get("content", "").strip()[:20_000]
    try:
        if what == "handoff":
            taken = {"summary": "Taken over in the console.", "reason": "owned_by_person"}
            built.steering.take_over(mine, conversation_id, **taken)
        elif what == "resume":
            built.steering.resume(mine, conversation_id)
        elif what == "close":
            built.steering.close(mine, conversation_id)
        elif content:
            author = flask.request.form.get("author", "").strip()[:200] or "an agent"
            built.steering.speak(mine, conversation_id, content=content, author=author)
    except AnswerbackError as error:
        return _back(conversation_id, problem=str(error))
    built.wakeups.send(conversation_id)
    built.hints.deliver(conversation_id)
    return _back(conversation_id)


@blueprint.post("/messages/<string:message_id>/<any(cancel, retry):what>")
def again(message_id: str, what: str) -> Response:
    """Cancel a message, or have it answered once more."""
    built, mine = services(), scope()
    conversation_id = mine.get(message, message_id, columns=(message.c.conversation_id,))["conversation_id"]
    try:
        (built.steering.cancel if what == "cancel" else built.steering.retry)(mine.workspace_id, message_id)
    except AnswerbackError as error:
        return _back(conversation_id, problem=str(error))
    built.wakeups.send(conversation_id)
    (built.hints.deliver if what == "cancel" else built.hints.drain)(conversation_id)
    return _back(conversation_id)


@blueprint.get("/documents/<string:document_id>")
def source(document_id: str) -> str:
    """Show the text of a document with a quote marked in it."""
    row = scope().get(
        document, document_id, columns=(document.c.title, document.c.url, document.c.text, document.c.updated_at)
    )
    text = row["text"] or ""
    start, end = (max(0, flask.request.args.get(name, 0, type=int)) for name in ("start", "end"))
    end = min(max(start, end), len(text))
    return flask.render_template(
        "console/document.html",
        row=row,
        updated_at=wire.time(row["updated_at"]),
        before=text[max(0, start - _AROUND) : start],
        quote=text[start:end],
        after=text[end : end + _AROUND],
        cut_before=start > _AROUND,
        cut_after=len(text) > end + _AROUND,
    )


def _conversations(owner: str, *, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Return what the inbox shows, with what each conversation waits for."""
    mine = scope()
    where = [conversation.c.owner == owner] if owner else []
    rows, cursor = mine.page(conversation, *where, after=after, limit=_PAGE)
    ids = [row["id"] for row in rows]
    ends = (
        sa.select(
            message.c.conversation_id, sa.func.min(message.c.seq).label("a"), sa.func.max(message.c.seq).label("z")
        )
        .where(message.c.conversation_id.in_(ids))
        .group_by(message.c.conversation_id)
        .subquery()
    )
    outer = sa.select(message.c.conversation_id, message.c.seq, message.c.content, message.c.state).join(
        ends,
        sa.and_(ends.c.conversation_id == message.c.conversation_id, message.c.seq.in_([ends.c.a, ends.c.z])),
    )
    undone = mine.select(escalation).where(escalation.c.conversation_id.in_(ids), escalation.c.state != "closed")
    with mine.store.read() as connection:
        first: dict[str, Any] = {}
        last: dict[str, Any] = {}
        for one in connection.execute(outer.order_by(message.c.seq)):
            first.setdefault(one.conversation_id, one)
            last[one.conversation_id] = one
        raised = {row["conversation_id"]: row for row in connection.execute(undone).mappings()}
    shown = []
    for row in rows:
        id, begun = row["id"], first.get(row["id"])
        title = row["subject"] or (begun.content if begun is not None else "")
        shown.append({**wire.conversation(row), "title": title, "last": last.get(id), "escalation": raised.get(id)})
    return shown, cursor


def _talk(conversation_id: str) -> dict[str, Any]:
    mine = scope()
    row = mine.get(conversation, conversation_id)
    said = (
        wire.with_reply()
        .where(message.c.workspace_id == mine.workspace_id, message.c.conversation_id == conversation_id)
        .order_by(message.c.seq.desc())
        .limit(_MOST_SHOWN)
    )
    answers = sa.select(message.c.reply_id, message.c.timings).where(
        message.c.conversation_id == conversation_id, message.c.reply_id.is_not(None)
    )
    undone = mine.select(escalation).where(
        escalation.c.conversation_id == conversation_id, escalation.c.state != "closed"
    )
    with mine.store.read() as connection:
        found = connection.execute(said).mappings().all()
        timings = {one.reply_id: one.timings for one in connection.execute(answers)}
        raised = connection.execute(undone).mappings().first()
    messages = []
    for one in reversed(found):
        shown = wire.message(one)
        if one["role"] == "assistant":
            shown["how"] = {
                name: one[f"reply__{name}"]
                for name in (
                    "support",
                    "answerer",
                    "model",
                    "snapshot",
                    "prompt_tokens",
                    "completion_tokens",
                    "cost_usd",
                )
            }
            shown["timings"] = timings.get(one["id"]) or {}
        messages.append(shown)
    return {
        "talk": wire.conversation(row),
        "messages": messages,
        "escalation": raised,
        "reasons": REASONS,
        "may_write": may_write(),
        "problem": flask.request.args.get("problem", "")[:300],
    }


def _back(conversation_id: str, *, problem: str | None = None) -> Response:
    return flask.redirect(flask.url_for("console.talk", conversation_id=conversation_id, problem=problem), 303)
