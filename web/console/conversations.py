"""The inbox, conversations with the actions of agents, and the source of a citation."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, part_only, refused, to
from web.http.api import scope, services
from web.schemas.conversations import MAX_CONTENT
from web.streaming.feeds import ConversationFeed
from web.streaming.responses import ServerSentEvents, StreamResponse, streams
from web.streaming.subscriptions import Subscription
from worker.conversations import inbox as agents_inbox
from worker.conversations import listing
from worker.errors import Invalid
from worker.knowledge import library
from worker.states import HandoffReason, Rating

_OWNERS = {"": "All", "human": "Agent", "bot": "Bot", "closed": "Closed"}
_PAGE = 50
_MAX_MESSAGES = 200
_CONTEXT = 2_000


@blueprint.get("")
def inbox() -> str:
    """Show conversations, newest first; only the list when htmx refreshes it."""
    owner, search = flask.request.args.get("owner", ""), flask.request.args.get("q", "").strip()[:200]
    owner = owner if owner in _OWNERS else ""
    found, cursor = agents_inbox.page(
        scope(), owner=owner or None, search=search, after=flask.request.args.get("cursor"), limit=_PAGE
    )
    return flask.render_template(
        "console/_rows.html" if part_only() else "console/inbox.html",
        rows=found,
        cursor=cursor,
        owner=owner,
        search=search,
        owners=_OWNERS,
        first_page="cursor" not in flask.request.args,
    )


@blueprint.get("/conversations/<string:conversation_id>")
def conversation(conversation_id: str) -> Page:
    """Show a conversation; only its messages when htmx refreshes them."""
    return _conversation(conversation_id)


@blueprint.get("/conversations/<string:conversation_id>/events")
def events(conversation_id: str) -> Response:
    """Stream the events of a conversation to its page."""
    listing.require(scope(), conversation_id)
    last_id = flask.request.headers.get("Last-Event-ID", "")
    subscription = Subscription(
        conversation_id=conversation_id,
        source=ConversationFeed(services().deltas, scope(), conversation_id, last_id=last_id),
        format=ServerSentEvents(),
        release=streams().reserve(flask.g.principal),
        valid=flask.g.valid,
    )
    return StreamResponse(subscription)


@blueprint.post("/conversations/<string:conversation_id>/<any(handoff, resume, close, replies):action>")
def act(conversation_id: str, action: str) -> Page | Response:
    """Take over, return to the bot, close, reply; the page shows why an action is refused."""
    actions, workspace_id = services().actions, flask.g.principal.workspace_id
    try:
        content = given("content", most=MAX_CONTENT)
        if action == "handoff":
            summary, reason = "Taken over in the console.", HandoffReason.OWNED_BY_HUMAN
            actions.take_over(workspace_id, conversation_id, summary=summary, reason=reason)
        elif action == "resume":
            actions.resume(workspace_id, conversation_id)
        elif action == "close":
            actions.close(workspace_id, conversation_id)
        elif not content:
            raise Invalid("Write a reply first.", field="content")
        else:
            author = given("author") or "Agent"
            actions.reply(workspace_id, conversation_id, content=content, author=author)
    except REFUSALS as error:
        return refused(error, _conversation, conversation_id)
    return to("conversation", conversation_id=conversation_id)


@blueprint.post("/messages/<string:message_id>/<any(cancel, retry, good, bad):action>")
def act_on_message(message_id: str, action: str) -> Page | Response:
    """Cancel or retry a message, or rate its answer."""
    actions, workspace_id = services().actions, flask.g.principal.workspace_id
    conversation_id = listing.conversation_of(scope(), message_id)
    try:
        if action in ("good", "bad"):
            actions.rate(workspace_id, message_id, rating=Rating(action))
        else:
            (actions.cancel if action == "cancel" else actions.retry)(workspace_id, message_id)
    except REFUSALS as error:
        return refused(error, _conversation, conversation_id)
    return to("conversation", conversation_id=conversation_id)


@blueprint.get("/documents/<string:document_id>")
def source(document_id: str) -> str:
    """Show the text of a document with the cited quote marked."""
    document = library.get(scope(), document_id)
    text = document["text"] or ""
    start, end = (max(0, flask.request.args.get(name, 0, type=int)) for name in ("start", "end"))
    end = min(max(start, end), len(text))
    return flask.render_template(
        "console/document.html",
        document=document,
        before=text[max(0, start - _CONTEXT) : start],
        quote=text[start:end],
        after=text[end : end + _CONTEXT],
        cut_before=start > _CONTEXT,
        cut_after=len(text) > end + _CONTEXT,
    )


def _conversation(conversation_id: str, **more: Any) -> str:
    found = agents_inbox.transcript(scope(), conversation_id, limit=_MAX_MESSAGES)
    return flask.render_template(
        "console/_conversation.html" if part_only() else "console/conversation.html",
        conversation=found.conversation,
        messages=found.messages,
        escalation=found.escalation,
        **more,
    )
