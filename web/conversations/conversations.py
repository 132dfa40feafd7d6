"""Conversations: open, read, write into, hand off, give back, close, erase."""

from typing import Any

import flask
from flask import Response

from web.http import audience
from web.http.accepting import accepted, submission
from web.http.api import Blueprint, scope, services
from web.http.audience import seen
from web.http.auth import customers
from web.schemas import conversations as schemas
from web.schemas.fields import PageQuery, page_of
from web.streaming.feeds import ConversationFeed
from web.streaming.responses import StreamResponse, socket_of, streams
from web.streaming.sockets import Sender, WebSocketWire
from web.streaming.streams import Telling
from worker.conversations import erasure, listing, serializers
from worker.conversations.intake import Opening
from worker.telemetry import logs
from worker.time import to_rfc3339

blueprint = Blueprint("conversations", __name__, description="Conversations with customers")
log = logs.get(__name__)

Page = dict[str, Any]


@blueprint.post("/conversations")
@blueprint.arguments(schemas.NewConversation)
@blueprint.response(201, schemas.Conversation)
def open_conversation(new: dict[str, Any]) -> tuple[Any, int, dict[str, str]]:
    """Open a conversation, or return the one that has this external_id."""
    made = services().intake.open(flask.g.principal.workspace_id, Opening(**new))
    return made, 201, {"Location": made["links"]["self"]}


@blueprint.get("/conversations")
@blueprint.arguments(schemas.ConversationQuery, location="query")
@blueprint.response(200, page_of(schemas.Conversation))
def list_conversations(query: dict[str, Any]) -> Page:
    """List conversations, newest first."""
    found, cursor = listing.page(scope(), owner=query.get("owner"), after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/conversations/<string:conversation_id>")
@blueprint.response(200, schemas.Conversation)
def show(conversation_id: str) -> dict[str, Any]:
    """Return a conversation."""
    return listing.get(scope(), conversation_id)


@blueprint.patch("/conversations/<string:conversation_id>")
@blueprint.arguments(schemas.ConversationChange)
@blueprint.response(200, schemas.Conversation)
def change(new: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """Change what is known of a conversation."""
    return listing.change(scope(), conversation_id, **new)


@blueprint.delete("/conversations/<string:conversation_id>")
@blueprint.response(204)
def erase(conversation_id: str) -> None:
    """Erase a conversation and all that was said in it, everywhere."""
    erasure.erase_conversation(scope(), services().sessions, services().deltas, conversation_id)


@blueprint.post("/conversations/<string:conversation_id>/messages")
@customers
@blueprint.arguments(schemas.NewMessage)
@blueprint.response(202, schemas.Message)
def submit(new: dict[str, Any], conversation_id: str) -> Response:
    """Accept a customer's message; the answer follows by poll, stream or callback."""
    workspace_id = flask.g.principal.workspace_id
    return accepted(services().intake.accept(workspace_id, conversation_id, submission(new["content"], new)))


@blueprint.get("/conversations/<string:conversation_id>/messages")
@customers
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(schemas.Message))
def list_messages(query: dict[str, Any], conversation_id: str) -> Page:
    """Return the whole exchange, in order."""
    cursor = query.get("cursor", "0")
    after_seq = int(cursor) if cursor.isdecimal() and len(cursor) < 10 else 0
    found, next_seq = listing.messages(scope(), conversation_id, after_seq=after_seq, limit=query["limit"])
    return {"items": [seen(one) for one in found], "next_cursor": None if next_seq is None else str(next_seq)}


@blueprint.post("/conversations/<string:conversation_id>/token")
@blueprint.arguments(schemas.NewToken, required=False)
@blueprint.response(201, schemas.Token)
def make_token(new: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """Make a token with which a browser may read and write in this conversation, and nothing else."""
    listing.require(scope(), conversation_id)
    if not ({"read", "write"} <= flask.g.principal.scopes or "admin" in flask.g.principal.scopes):
        flask.abort(403, description="Who takes part reads and writes: this key lacks the scope `read`.")
    token, ends = services().tokens.make(
        flask.g.principal, conversation_id, for_s=new["expires_in_s"], origin=new.get("origin")
    )
    return {"token": token, "expires_at": to_rfc3339(ends * 1_000)}


@blueprint.get("/conversations/<string:conversation_id>/ws", websocket=True)
@customers
@blueprint.response(101)
def talk(conversation_id: str) -> Response:
    """Open a WebSocket: events of this conversation come, and messages of the customer go.

    `?after=` is the id of the last event that was received; without it, what happens from now on is told.
    """
    mine, built = scope(), services()
    listing.require(mine, conversation_id)
    try:
        socket_wire = WebSocketWire(flask.request.headers.items(), flask.request.full_path)
    except ValueError as error:
        flask.abort(400, description=f"This address is for WebSockets: {error}.")
    if socket_of(flask.request.environ) is None:
        flask.abort(501, description="This server cannot open WebSockets; encrypt in a proxy in front of it.")
    feed = ConversationFeed(
        built, mine, conversation_id, last_id=flask.request.args.get("after", ""), view=audience.view()
    )
    sender = Sender(
        built,
        flask.g.principal,
        conversation_id,
        request_id=flask.g.request_id,
        may_say=streams().may_say,
        valid=flask.g.valid,
        may_see=audience.for_customer if audience.is_customer() else None,
    )
    told = Telling(
        conversation_id=conversation_id,
        source=feed,
        wire=socket_wire,
        end=streams().reserve(flask.g.principal),
        handle=sender.take_in,
        valid=flask.g.valid,
    )
    return StreamResponse(told)


@blueprint.post("/conversations/<string:conversation_id>/handoff")
@blueprint.arguments(schemas.NewHandoff, required=False)
@blueprint.response(200, schemas.Conversation)
def hand_off(new: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """Give a conversation to a person; the bot stays silent until it is resumed."""
    summary = new.get("summary", "A person took over.")
    services().actions.take_over(flask.g.principal.workspace_id, conversation_id, summary=summary)
    return _changed(conversation_id)


@blueprint.post("/conversations/<string:conversation_id>/resume")
@blueprint.response(200, schemas.Conversation)
def resume(conversation_id: str) -> dict[str, Any]:
    """Give a conversation back to the bot."""
    services().actions.resume(flask.g.principal.workspace_id, conversation_id)
    return _changed(conversation_id)


@blueprint.post("/conversations/<string:conversation_id>/replies")
@blueprint.arguments(schemas.NewReply)
@blueprint.response(201, schemas.Message)
def reply(new: dict[str, Any], conversation_id: str) -> tuple[Any, int, dict[str, str]]:
    """Record what a person said to the customer; the conversation is theirs from then on."""
    row = services().actions.speak(flask.g.principal.workspace_id, conversation_id, **new)
    _changed(conversation_id)
    said = serializers.message(row)
    return said, 201, {"Location": said["links"]["self"]}


@blueprint.post("/conversations/<string:conversation_id>/close")
@blueprint.response(200, schemas.Conversation)
def close(conversation_id: str) -> dict[str, Any]:
    """Close a conversation; a new message from the customer opens it again."""
    services().actions.close(flask.g.principal.workspace_id, conversation_id)
    return _changed(conversation_id)


def _changed(conversation_id: str) -> dict[str, Any]:
    """Wake who waits for this conversation, hint at its callbacks, and return it."""
    built = services()
    built.wakeups.send(conversation_id)
    built.hints.deliver(conversation_id)
    return listing.get(scope(), conversation_id)
