"""The inbox, conversations with the actions of agents, and the source of a citation."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode

import flask
from werkzeug.wrappers import Response

from web.console.onboarding import open_steps
from web.console.site import (
    INBOX_COOKIE,
    REFUSALS,
    Page,
    blueprint,
    given,
    inbox_filter,
    inbox_query,
    inbox_seen_last,
    part_only,
    refused,
    to,
)
from web.http.api import scope, services
from web.http.auth import needs
from web.schemas.conversations import MAX_CONTENT
from web.streaming.feeds import ConversationFeed
from web.streaming.responses import ServerSentEvents, StreamResponse, streams
from web.streaming.subscriptions import Subscription
from worker.access.permissions import Permission
from worker.conversations import attachments, customer_context, inbox_lists, listing, reach
from worker.conversations import inbox as agents_inbox
from worker.conversations.inbox_lists import Listed, View
from worker.errors import Invalid
from worker.knowledge import library
from worker.states import HandoffReason, Rating, Role

_VIEWS = {
    None: "All",
    View.WAITING: "Needs reply",
    View.REPLIED: "Replied",
    View.BOT: "Bot",
    View.CLOSED: "Closed",
}
_PAGE = 50

#: The numbers of citations, which an agent's own reply has no sources for.
_CITATION = re.compile(r" ?\[\d{1,4}\]")
_MAX_MESSAGES = 200
_CONTEXT = 2_000


@blueprint.get("")
@needs(Permission.READ)
def inbox() -> Response:
    """Show a view of the inbox; only its list when htmx refreshes it. The browser remembers the view."""
    listed = inbox_filter(flask.request.args)
    response = flask.make_response(_inbox(listed))
    if not part_only():
        secure = flask.request.is_secure or flask.request.headers.get("X-Forwarded-Proto") == "https"
        response.set_cookie(
            INBOX_COOKIE,
            urlencode(inbox_query(listed)),
            httponly=True,
            samesite="Lax",
            secure=secure,
            path="/console",
        )  # until the browser is closed
    return response


def start_page(**more: Any) -> str:
    """Return the inbox, with the first steps of a new workspace above it."""
    return _inbox(inbox_filter(flask.request.args), **more)


def _inbox(listed: Listed, **more: Any) -> str:
    found, cursor = agents_inbox.page(scope(), listed, after=flask.request.args.get("cursor"), limit=_PAGE)
    return flask.render_template(
        "console/_rows.html" if part_only() else "console/inbox.html",
        rows=found,
        cursor=cursor,
        listed=listed,
        views=_VIEWS,
        counts=inbox_lists.counts(scope(), listed),
        due_counts=inbox_lists.due_counts(scope()),
        first_page="cursor" not in flask.request.args,
        welcome=None if part_only() else open_steps(),
        **more,
    )


@blueprint.get("/conversations/<string:conversation_id>/others")
@needs(Permission.READ)
def others(conversation_id: str) -> str:
    """Show the list of the inbox that was seen last, beside a conversation of it."""
    listed = inbox_seen_last()
    found, _ = agents_inbox.page(scope(), listed, limit=_PAGE)
    return flask.render_template("console/_others.html", rows=found, current=conversation_id, label=_VIEWS[listed.view])


@blueprint.get("/conversations/<string:conversation_id>")
@needs(Permission.READ)
def conversation(conversation_id: str) -> Page:
    """Show a conversation; only its messages when htmx refreshes them."""
    return _conversation(conversation_id)


@blueprint.get("/conversations/<string:conversation_id>/events")
@needs(Permission.READ)
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
@needs(Permission.CONVERSE)
def act(conversation_id: str, action: str) -> Page | Response:
    """Take over, return to the bot, close, reply; the page shows why an action is refused."""
    actions, workspace_id = services().actions, flask.g.principal.workspace_id
    try:
        content = given("content", most=MAX_CONTENT)
        if action == "handoff":
            name = flask.g.principal.name
            summary, reason = f"Taken over by {name or 'an agent'}.", HandoffReason.OWNED_BY_HUMAN
            actions.take_over(workspace_id, conversation_id, summary=summary, reason=reason, agent=name or "an agent")
        elif action == "resume":
            actions.resume(workspace_id, conversation_id)
        elif action == "close":
            actions.close(workspace_id, conversation_id)
        elif not content:
            raise Invalid("Write a reply first.", field="content")
        else:
            # A person replies in their own name; a key stands for whoever holds it, who says who they are.
            author = flask.g.principal.name or given("author") or "Agent"
            seen = flask.request.form.get("seen_seq", type=int)
            actions.reply(workspace_id, conversation_id, content=content, author=author, seen_seq=seen)
            return to("conversation", conversation_id=conversation_id, sent=1)  # the browser forgets its draft
    except REFUSALS as error:
        return refused(error, _conversation, conversation_id)
    return to("conversation", conversation_id=conversation_id)


@blueprint.post("/messages/<string:message_id>/<any(cancel, retry, good, bad):action>")
@needs(Permission.CONVERSE)
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


@blueprint.get("/attachments/<string:attachment_id>")
@needs(Permission.READ)
def attachment(attachment_id: str) -> Response:
    """Download a customer's file; a browser does not open it, whatever it holds."""
    file = attachments.file(scope(), attachment_id)
    response = flask.send_file(
        io.BytesIO(file.source), mimetype="application/octet-stream", as_attachment=True, download_name=file.name
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.get("/documents/<string:document_id>")
@needs(Permission.READ)
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
    draft = _draft_of(found.messages)
    if draft is not None and "draft" in flask.request.args:
        more.setdefault("typed_content", _CITATION.sub("", draft["text"]))
    return flask.render_template(
        "console/_conversation.html" if part_only() else "console/conversation.html",
        conversation=found.conversation,
        messages=found.messages,
        escalation=found.escalation,
        targets=found.targets,
        draft=draft,
        obstacle=None if part_only() else reach.obstacle(scope(), conversation_id),
        customer=None if part_only() else customer_context.around(scope(), found.conversation),
        **more,
    )


def _draft_of(messages: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the draft that failed the check, if the customer has no reply to that message yet."""
    for message in reversed(messages):
        if message["role"] != Role.CUSTOMER:
            return None
        if message["draft"]:
            return cast(Mapping[str, Any], message["draft"])
    return None
