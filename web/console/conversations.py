"""The inbox and each conversation, live, with what people do there; and the passage that an answer cites."""

import re
from typing import Any

import flask
import sqlalchemy as sa
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, part_only, refused, to
from web.http.api import scope, services
from web.schemas.conversations import MAX_CONTENT
from web.streaming.feeds import ConversationFeed
from web.streaming.responses import EventLines, StreamResponse, streams
from web.streaming.streams import Telling
from worker.conversations import serializers
from worker.errors import Invalid
from worker.store.tables import HUMAN, conversation, document, escalation, message, tool_call
from worker.time import to_rfc3339

_OWNERS = {"": "All", "human": "With a person", "bot": "With the bot", "closed": "Closed"}
_PAGE = 50
_PLACE = re.compile(r"(\d{1,18})\.(\w{1,48})")

#: As many conversations are searched, newest first.
_LOOKED_THROUGH = 10_000
_MAX_SHOWN = 200
_AROUND = 2_000


@blueprint.get("")
def inbox() -> str:
    """Show conversations, newest first; the list alone when it is looked at again."""
    owner, wanted = flask.request.args.get("owner", ""), flask.request.args.get("q", "").strip()[:200]
    owner = owner if owner in _OWNERS else ""
    found, cursor = _conversations(owner, wanted, after=flask.request.args.get("cursor"))
    return flask.render_template(
        "console/_rows.html" if part_only() else "console/inbox.html",
        rows=found,
        cursor=cursor,
        owner=owner,
        wanted=wanted,
        owners=_OWNERS,
        at_the_top="cursor" not in flask.request.args,
    )


@blueprint.get("/conversations/<string:conversation_id>")
def talk(conversation_id: str) -> Page:
    """Show a conversation; what was said alone when it is looked at again."""
    return _shown(conversation_id)


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
    return StreamResponse(told)


@blueprint.post("/conversations/<string:conversation_id>/<any(handoff, resume, close, replies):what>")
def steer(conversation_id: str, what: str) -> Page | Response:
    """Take over, give back, close, reply; what cannot be done now is said on the page."""
    built, mine = services(), flask.g.principal.workspace_id
    try:
        content = given("content", most=MAX_CONTENT)
        if what == "handoff":
            taken = {"summary": "Taken over in the console.", "reason": "owned_by_person"}
            built.actions.take_over(mine, conversation_id, **taken)
        elif what == "resume":
            built.actions.resume(mine, conversation_id)
        elif what == "close":
            built.actions.close(mine, conversation_id)
        elif not content:
            raise Invalid("Write something first.", field="content")
        else:
            author = given("author") or "an agent"
            built.actions.speak(mine, conversation_id, content=content, author=author)
    except REFUSALS as error:
        return refused(error, _shown, conversation_id)
    built.wakeups.send(conversation_id)
    built.hints.deliver(conversation_id)
    return to("talk", conversation_id=conversation_id)


@blueprint.post("/messages/<string:message_id>/<any(cancel, retry, good, bad):what>")
def again(message_id: str, what: str) -> Page | Response:
    """Cancel a message, have it answered once more, or say how good its answer was."""
    built, mine = services(), scope()
    conversation_id = mine.get(message, message_id, columns=(message.c.conversation_id,))["conversation_id"]
    try:
        if what in ("good", "bad"):
            built.actions.rate(mine.workspace_id, message_id, rating=what)
        else:
            (built.actions.cancel if what == "cancel" else built.actions.retry)(mine.workspace_id, message_id)
    except REFUSALS as error:
        return refused(error, _shown, conversation_id)
    built.wakeups.send(conversation_id)
    (built.hints.drain if what == "retry" else built.hints.deliver)(conversation_id)
    return to("talk", conversation_id=conversation_id)


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
        updated_at=to_rfc3339(row["updated_at"]),
        before=text[max(0, start - _AROUND) : start],
        quote=text[start:end],
        after=text[end : end + _AROUND],
        cut_before=start > _AROUND,
        cut_after=len(text) > end + _AROUND,
    )


def _conversations(owner: str, wanted: str, *, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Return what the inbox shows, with what each conversation waits for."""
    mine = scope()
    where = [conversation.c.owner == owner] if owner else []
    if wanted:
        newest = mine.select(conversation, conversation.c.id).order_by(conversation.c.id.desc()).limit(_LOOKED_THROUGH)
        who = [conversation.c.requester[name].as_string() for name in ("name", "email", "id")]
        named = [conversation.c.subject, conversation.c.external_id, conversation.c.id, *who]
        where += [
            conversation.c.id.in_(sa.select(newest.subquery().c.id)),
            sa.or_(*(column.icontains(wanted, autoescape=True) for column in named)),
        ]
    rows, cursor = _by_change(where, after) if owner == "human" else _by_beginning(where, after)
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
        shown.append(
            {**serializers.conversation(row), "title": title, "last": last.get(id), "escalation": raised.get(id)}
        )
    return shown, cursor


def _by_beginning(where: list[Any], after: str | None) -> tuple[list[sa.RowMapping], str | None]:
    return scope().page(conversation, *where, after=after, limit=_PAGE)


def _by_change(where: list[Any], after: str | None) -> tuple[list[sa.RowMapping], str | None]:
    """Return those that a person has, what changed last first; the cursor is when the last one did, and its id."""
    mine, place = scope(), _PLACE.fullmatch(after or "")
    last = sa.tuple_(conversation.c.updated_at, conversation.c.id)
    newest = (conversation.c.updated_at.desc(), conversation.c.id.desc())
    found = mine.select(conversation).where(HUMAN, *where).order_by(*newest).limit(_PAGE + 1)
    if place is not None:
        found = found.where(last < sa.tuple_(sa.literal(int(place[1])), sa.literal(place[2])))
    with mine.store.read() as connection:
        rows = list(connection.execute(found).mappings())
    end = rows[_PAGE - 1] if len(rows) > _PAGE else None
    return rows[:_PAGE], None if end is None else f"{end['updated_at']}.{end['id']}"


def _shown(conversation_id: str, **more: Any) -> str:
    mine = scope()
    row = mine.get(conversation, conversation_id)
    said = (
        serializers.with_reply()
        .where(message.c.workspace_id == mine.workspace_id, message.c.conversation_id == conversation_id)
        .order_by(message.c.seq.desc())
        .limit(_MAX_SHOWN)
    )
    of_it = [
        sa.select(message.c.reply_id, message.c.timings).where(
            message.c.conversation_id == conversation_id, message.c.reply_id.is_not(None)
        ),
        mine.select(escalation).where(escalation.c.conversation_id == conversation_id, escalation.c.state != "closed"),
        mine.select(tool_call).where(tool_call.c.conversation_id == conversation_id).order_by(tool_call.c.id),
    ]
    with mine.store.read() as connection:
        found = connection.execute(said).mappings().all()
        answers, undone, called = (connection.execute(one).mappings().all() for one in of_it)
    timings = {one["reply_id"]: one["timings"] for one in answers}
    messages = []
    for one in reversed(found):
        shown = serializers.message(one)
        if one["role"] == "assistant":
            shown |= {"how": serializers.reply(one), "timings": timings.get(one["id"]) or {}}
        else:
            shown["calls"] = [serializers.tool_call(call) for call in called if call["message_id"] == one["id"]]
            shown["retrieved"] = one["retrieved"]
        messages.append(shown)
    return flask.render_template(
        "console/_talk.html" if part_only() else "console/talk.html",
        talk=serializers.conversation(row),
        messages=messages,
        escalation=undone[0] if undone else None,
        **more,
    )
