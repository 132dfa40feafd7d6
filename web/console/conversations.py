"""The inbox and each conversation, live, with what people do there; and the passage that an answer cites."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, part_only, refused, to
from web.http.api import scope, services
from web.schemas.conversations import MAX_CONTENT
from web.streaming.feeds import ConversationFeed
from web.streaming.responses import EventLines, StreamResponse, streams
from web.streaming.streams import Telling
from worker.conversations import inbox as agents_inbox
from worker.conversations import listing
from worker.errors import Invalid
from worker.knowledge import library
from worker.states import HandoffReason, Rating

_OWNERS = {"": "All", "human": "With a person", "bot": "With the bot", "closed": "Closed"}
_PAGE = 50
_MAX_MESSAGES = 200
_AROUND = 2_000


@blueprint.get("")
def inbox() -> str:
    """Show conversations, newest first; the list alone when it is looked at again."""
    owner, wanted = flask.request.args.get("owner", ""), flask.request.args.get("q", "").strip()[:200]
    owner = owner if owner in _OWNERS else ""
    found, cursor = agents_inbox.page(
        scope(), owner=owner or None, search=wanted, after=flask.request.args.get("cursor"), limit=_PAGE
    )
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
    listing.require(mine, conversation_id)
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
            summary, reason = "Taken over in the console.", HandoffReason.OWNED_BY_HUMAN
            built.actions.take_over(mine, conversation_id, summary=summary, reason=reason)
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
    conversation_id = listing.conversation_of(mine, message_id)
    try:
        if what in ("good", "bad"):
            built.actions.rate(mine.workspace_id, message_id, rating=Rating(what))
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
    document = library.get(scope(), document_id)
    text = document["text"] or ""
    start, end = (max(0, flask.request.args.get(name, 0, type=int)) for name in ("start", "end"))
    end = min(max(start, end), len(text))
    return flask.render_template(
        "console/document.html",
        document=document,
        before=text[max(0, start - _AROUND) : start],
        quote=text[start:end],
        after=text[end : end + _AROUND],
        cut_before=start > _AROUND,
        cut_after=len(text) > end + _AROUND,
    )


def _shown(conversation_id: str, **more: Any) -> str:
    found = agents_inbox.transcript(scope(), conversation_id, limit=_MAX_MESSAGES)
    return flask.render_template(
        "console/_talk.html" if part_only() else "console/talk.html",
        talk=found.conversation,
        messages=found.messages,
        escalation=found.escalation,
        **more,
    )
