"""Conversations: open, read, post messages, hand off, resume, close, erase."""

from typing import Any

import flask
from flask import Response

from web.http import audience
from web.http.accepting import accepted, submission
from web.http.api import Blueprint, scope, services
from web.http.audience import visible
from web.http.auth import customers, needs
from web.http.operations import operation
from web.schemas import conversations as schemas
from web.schemas.fields import page_of
from web.streaming.feeds import ConversationFeed
from web.streaming.responses import StreamResponse, socket_of, streams
from web.streaming.sockets import SocketMessages, WebSocketFormat
from web.streaming.subscriptions import Subscription
from worker.access.permissions import Permission
from worker.conversations import erasure, listing
from worker.conversations.intake import Opening
from worker.telemetry import logs
from worker.time import to_rfc3339

blueprint = Blueprint("conversations", __name__, description="Conversations with customers")
log = logs.get(__name__)

Page = dict[str, Any]


@blueprint.post("/conversations")
@operation("conversations.create")
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.NewConversation)
@blueprint.response(201, schemas.Conversation)
def open_conversation(new: dict[str, Any]) -> tuple[Any, int, dict[str, str]]:
    """Open a conversation, or return the existing one with this `external_id`."""
    conversation = services().actions.open(flask.g.principal.workspace_id, Opening(**new))
    return conversation, 201, {"Location": conversation["links"]["self"]}


@blueprint.get("/conversations")
@operation("conversations.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.ConversationQuery, location="query")
@blueprint.response(200, page_of(schemas.Conversation))
def list_conversations(query: dict[str, Any]) -> Page:
    """List conversations, newest first."""
    found, cursor = listing.page(scope(), query, after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/conversations/<string:conversation_id>")
@operation("conversations.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.Conversation)
def show(conversation_id: str) -> dict[str, Any]:
    """Return a conversation."""
    return listing.get(scope(), conversation_id)


@blueprint.patch("/conversations/<string:conversation_id>")
@operation("conversations.update")
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.ConversationChange)
@blueprint.response(200, schemas.Conversation)
def change(new: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """Change the subject, requester, channel or metadata of a conversation."""
    return listing.change(scope(), conversation_id, **new)


@blueprint.delete("/conversations/<string:conversation_id>")
@operation("conversations.delete")
@needs(Permission.ERASE)
@blueprint.response(204)
def erase(conversation_id: str) -> None:
    """Erase a conversation with its messages, attachments, events and deliveries."""
    erasure.erase_conversation(scope(), services().sessions, services().deltas, conversation_id)


@blueprint.post("/conversations/<string:conversation_id>/messages")
@operation("conversations.send_message", "idempotency_mismatch", "address_refused", idempotent=True)
@needs(Permission.CONVERSE)
@customers
@blueprint.arguments(schemas.NewMessage)
@blueprint.response(202, schemas.Message)
def submit(new: dict[str, Any], conversation_id: str) -> Response:
    """Accept a customer's message; the answer follows by poll, stream or callback."""
    workspace_id = flask.g.principal.workspace_id
    return accepted(services().actions.accept(workspace_id, conversation_id, submission(new["content"], new)))


@blueprint.get("/conversations/<string:conversation_id>/messages")
@operation("conversations.list_messages")
@needs(Permission.READ)
@customers
@blueprint.arguments(schemas.MessageQuery, location="query")
@blueprint.response(200, page_of(schemas.Message))
def list_messages(query: dict[str, Any], conversation_id: str) -> Page:
    """List the messages of a conversation, oldest first."""
    after_seq = int(query.get("cursor", 0))
    found, next_seq = listing.messages(scope(), conversation_id, query, after_seq=after_seq, limit=query["limit"])
    return {
        "items": [visible(message) for message in found],
        "next_cursor": None if next_seq is None else str(next_seq),
    }


@blueprint.post("/conversations/<string:conversation_id>/token")
@operation("conversations.create_token")
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.NewToken, required=False)
@blueprint.response(201, schemas.Token)
def make_token(new: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """Create a token that lets a browser read and write this conversation, and nothing else."""
    listing.require(scope(), conversation_id)
    if not ({"read", "write"} <= flask.g.principal.scopes or "admin" in flask.g.principal.scopes):
        flask.abort(403, description="A token can read and write; this key lacks the scope `read`.")
    token, expires = services().tokens.make(
        flask.g.principal, conversation_id, for_s=new["expires_in_s"], origin=new.get("origin")
    )
    return {"token": token, "expires_at": to_rfc3339(expires * 1_000)}


@blueprint.get("/conversations/<string:conversation_id>/ws", websocket=True)
@operation("conversations.connect", "malformed", "rate_limited", "not_implemented")
@needs(Permission.READ)
@customers
@blueprint.response(101)
def connect(conversation_id: str) -> Response:
    """Open a WebSocket, which sends the events of this conversation and receives messages of the customer.

    `?after=` is the id of the last event received; without it, the stream starts now.
    """
    listing.require(scope(), conversation_id)
    try:
        format = WebSocketFormat(flask.request.headers.items(), flask.request.full_path)
    except ValueError as error:
        flask.abort(400, description=f"This URL accepts WebSocket requests only: {error}.")
    if socket_of(flask.request.environ) is None:
        flask.abort(
            501, description="This server cannot open WebSockets over TLS; terminate TLS in a proxy in front of it."
        )
    feed = ConversationFeed(
        services().deltas, scope(), conversation_id, last_id=flask.request.args.get("after", ""), view=audience.view()
    )
    messages = SocketMessages(
        services().actions,
        flask.g.principal,
        conversation_id,
        deadline_s=services().settings.deadline_s,
        request_id=flask.g.request_id,
        may_send=streams().may_send,
        valid=flask.g.valid,
        view=audience.for_customer if audience.is_customer() else None,
    )
    subscription = Subscription(
        conversation_id=conversation_id,
        source=feed,
        format=format,
        release=streams().reserve(flask.g.principal),
        handle=messages.handle,
        valid=flask.g.valid,
    )
    return StreamResponse(subscription)


@blueprint.post("/conversations/<string:conversation_id>/handoff")
@operation("conversations.hand_off", "conflict")
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.NewHandoff, required=False)
@blueprint.response(200, schemas.Conversation)
def hand_off(new: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """Hand a conversation off to a human; the bot stays silent until it is resumed."""
    summary = new.get("summary", "A human took over.")
    services().actions.take_over(flask.g.principal.workspace_id, conversation_id, summary=summary)
    return listing.get(scope(), conversation_id)


@blueprint.post("/conversations/<string:conversation_id>/resume")
@operation("conversations.resume", "conflict")
@needs(Permission.CONVERSE)
@blueprint.response(200, schemas.Conversation)
def resume(conversation_id: str) -> dict[str, Any]:
    """Return a conversation to the bot."""
    services().actions.resume(flask.g.principal.workspace_id, conversation_id)
    return listing.get(scope(), conversation_id)


@blueprint.post("/conversations/<string:conversation_id>/replies")
@operation("conversations.reply", "conflict")
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.NewReply)
@blueprint.response(201, schemas.Message)
def reply(new: dict[str, Any], conversation_id: str) -> tuple[Any, int, dict[str, str]]:
    """Send an agent's reply to the customer; the agent owns the conversation from then on."""
    message = services().actions.reply(flask.g.principal.workspace_id, conversation_id, **new)
    return message, 201, {"Location": message["links"]["self"]}


@blueprint.post("/conversations/<string:conversation_id>/close")
@operation("conversations.close")
@needs(Permission.CONVERSE)
@blueprint.response(200, schemas.Conversation)
def close(conversation_id: str) -> dict[str, Any]:
    """Close a conversation; a new message from the customer reopens it."""
    services().actions.close(flask.g.principal.workspace_id, conversation_id)
    return listing.get(scope(), conversation_id)
