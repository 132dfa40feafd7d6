"""Chatwoot: an agent bot's webhooks in, the application API out.

Option: `account_id`. A conversation is the bot's while it is `pending`; handing off opens it.
"""

from worker.addresses import Caller
from worker.helpdesks.answers import field, number, optional_list, record, records
from worker.helpdesks.protocol import (
    Account,
    Api,
    Headers,
    Json,
    Post,
    Posted,
    TicketEvent,
    WebhookRefused,
    hmac_hex,
    newest,
    require_fresh,
    require_same,
    text_of,
)
from worker.states import TicketEventKind

_CLOSED = "resolved"
_INCOMING, _OUTGOING = (0, "incoming"), (1, "outgoing")
_STATUS = {"open": "open", "pending": "pending", "closed": "resolved"}


class Chatwoot:
    """The connector of Chatwoot."""

    def __init__(self, account: Account, caller: Caller) -> None:
        self._account = account
        self._api = Api(
            caller,
            f"{account.url.rstrip('/')}/api/v1/accounts/{account.option('account_id')}",
            {"api_access_token": account.token},
        )

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Check `X-Chatwoot-Signature`: sha256=hex(HMAC-SHA256(secret, "timestamp.body"))."""
        timestamp = headers.get("x-chatwoot-timestamp", "")
        expected = hmac_hex(self._account.webhook_secret, f"{timestamp}.".encode() + body)
        require_same(headers.get("x-chatwoot-signature", ""), f"sha256={expected}")
        require_fresh(float(timestamp) if timestamp.isdigit() else None, now=now)

    def delivery_id(self, payload: Json, headers: Headers) -> str | None:
        """Return `X-Chatwoot-Delivery`, which all attempts share."""
        del payload
        return headers.get("x-chatwoot-delivery")

    def read(self, payload: Json, headers: Headers) -> list[TicketEvent]:
        """Read an event: messages, status, assignment, labels."""
        del headers
        if text_of((payload.get("account") or {}).get("id")) not in ("", self._account.option("account_id")):
            raise WebhookRefused("The webhook is of another account.")
        kind = payload.get("event")
        conversation = payload.get("conversation") if kind == "message_created" else payload
        ticket = text_of((conversation or {}).get("id"))
        if kind == "message_created":
            return self._message(ticket, conversation or {}, payload)
        if kind == "conversation_status_changed":
            opened = _opened(ticket, payload)
            if payload.get("status") == _CLOSED:
                return [TicketEvent(kind=TicketEventKind.CLOSED, ticket=ticket), opened]
            return [opened]
        if kind == "conversation_updated":
            changed = {
                name: change for part in payload.get("changed_attributes") or () for name, change in part.items()
            }
            if (changed.get("assignee_id") or {}).get("current_value"):
                return [TicketEvent(kind=TicketEventKind.ASSIGNED, ticket=ticket)]
            if changed.get("label_list"):
                labels = changed["label_list"].get("current_value") or ()
                return [TicketEvent(kind=TicketEventKind.TAGGED, ticket=ticket, tags=tuple(map(text_of, labels)))]
        return []

    def _message(self, ticket: str, conversation: Json, payload: Json) -> list[TicketEvent]:
        sender = payload.get("sender") or {}
        kind = payload.get("message_type")
        if payload.get("private") or sender.get("type") == "agent_bot":
            return []
        if kind not in (*_INCOMING, *_OUTGOING):
            return []
        opened = _opened(ticket, conversation)
        email = (payload.get("content_attributes") or {}).get("email") or {}
        names = {name: text_of(sender[name]) for name in ("id", "name", "email") if sender.get(name)}
        return [
            TicketEvent(
                kind=TicketEventKind.CUSTOMER if kind in _INCOMING else TicketEventKind.AGENT,
                ticket=ticket,
                message_id=text_of(payload.get("id")),
                text=text_of(payload.get("content")),
                author=names,
                subject=text_of(email.get("subject")) or None,
                automatic=email.get("auto_reply") is True,
                owned=bool(opened.value),
            ),
            opened,
        ]

    def look(self, ticket: str) -> list[TicketEvent]:
        """Return nothing: webhooks report everything."""
        del ticket
        return []

    def find(self, ticket: str) -> list[Posted]:
        """Return the newest outgoing messages."""
        messages = records(self._api("GET", f"/conversations/{ticket}/messages"), "payload")
        return newest(
            Posted(id=text_of(field(message, "id")), text=text_of(message.get("content")))
            for message in messages
            if message.get("message_type") in _OUTGOING
        )

    def post(self, post: Post) -> str:
        """Send a message, or a private one as a note."""
        body = {"content": post.text, "message_type": "outgoing", "private": not post.public}
        return text_of(field(self._api("POST", f"/conversations/{post.ticket}/messages", body), "id"))

    def change(self, post: Post) -> None:
        """Set the status, add labels (the API overwrites them: they are read first), assign."""
        at = f"/conversations/{post.ticket}"
        if post.status:
            self._api("POST", f"{at}/toggle_status", {"status": _STATUS[post.status]})
        if post.tags:
            known = optional_list(record(self._api("GET", f"{at}/labels")), "payload")
            self._api("POST", f"{at}/labels", {"labels": [*known, *(tag for tag in post.tags if tag not in known)]})
        if post.assignee or post.group:
            name, value = ("assignee_id", post.assignee) if post.assignee else ("team_id", post.group)
            self._api("POST", f"{at}/assignments", {name: number(name, value or "")})

    def check(self) -> list[tuple[str, str | None]]:
        """Try the credentials on the account."""
        self._api("GET", "/conversations?status=pending&page=1")
        return [("credentials", None)]

    def setup(self, inbound: str) -> str:
        """Return the steps in Chatwoot."""
        return f"""\
1. Settings > Bots > Add bot, webhook URL: {inbound}
   Keep its access token here as `token`, its secret as `webhook_secret` (Chatwoot 4.13 and later sign).
2. Settings > Inboxes > your inbox > Bot configuration: choose the bot. New conversations are `pending`, the bot's.
3. Settings > Integrations > Webhooks: the same URL for conversation_status_changed and conversation_updated."""


def _opened(ticket: str, conversation: Json) -> TicketEvent:
    """Return whether an agent has a conversation: it is open, not pending."""
    status = text_of(conversation.get("status") or "pending")
    value = "" if status in ("pending", _CLOSED) else status
    return TicketEvent(kind=TicketEventKind.ASSIGNED, ticket=ticket, is_state=True, value=value)
