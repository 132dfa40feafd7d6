"""Zendesk Support: event webhooks in, the Tickets API out.

Options: `email` of the user that the API token belongs to, and that user's id as `bot_id`.
"""

import base64
from datetime import datetime
from typing import Any

from worker.addresses import Caller
from worker.helpdesks.answers import field, number, record, records
from worker.helpdesks.protocol import (
    Account,
    Api,
    Headers,
    HelpdeskRefused,
    Json,
    Post,
    Posted,
    TicketEvent,
    as_html,
    hmac_base64,
    require_fresh,
    require_same,
    text_of,
)
from worker.states import TicketEventKind

_STATUS = {"open": "open", "pending": "pending", "closed": "solved"}
_CLOSED = ("SOLVED", "CLOSED")


class Zendesk:
    """The connector of Zendesk Support."""

    def __init__(self, account: Account, caller: Caller) -> None:
        self._account = account
        user = f"{account.option('email')}/token:{account.token}"
        self._api = Api(caller, account.url, {"authorization": f"Basic {base64.b64encode(user.encode()).decode()}"})

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Check `X-Zendesk-Webhook-Signature`: base64(HMAC-SHA256(secret, timestamp + body))."""
        timestamp = headers.get("x-zendesk-webhook-signature-timestamp", "")
        expected = hmac_base64(self._account.webhook_secret, timestamp.encode() + body)
        require_same(headers.get("x-zendesk-webhook-signature", ""), expected)
        require_fresh(_seconds(timestamp), now=now)

    def delivery_id(self, payload: Json, headers: Headers) -> str | None:
        """Return the event's id, which all attempts share."""
        return text_of(payload.get("id")) or headers.get("x-zendesk-webhook-invocation-id")

    def read(self, payload: Json, headers: Headers) -> list[TicketEvent]:
        """Read an event: comments, status, assignment, tags."""
        del headers
        kind = text_of(payload.get("type")).rpartition(":")[2]
        detail, event = payload.get("detail") or {}, payload.get("event") or {}
        ticket = text_of(detail.get("id")) or text_of(payload.get("subject")).rpartition(":")[2]
        if kind in ("ticket.comment_added", "ticket.created"):
            return self._comment(ticket, detail, event.get("comment") or {})
        if kind == "ticket.status_changed" and text_of(event.get("current")).upper() in _CLOSED:
            return [TicketEvent(kind=TicketEventKind.CLOSED, ticket=ticket)]
        if kind == "ticket.agent_assignment_changed":
            return [self._assigned(ticket, event.get("current"))]
        if kind == "ticket.tags_changed":
            tags = tuple(map(text_of, event.get("tags_added") or ()))
            return [TicketEvent(kind=TicketEventKind.TAGGED, ticket=ticket, tags=tags)]
        return []

    def _comment(self, ticket: str, detail: Json, comment: Json) -> list[TicketEvent]:
        author = comment.get("author") or {}
        if not comment.get("is_public") or text_of(author.get("id")) == self._bot:
            return []
        return [
            TicketEvent(
                kind=TicketEventKind.AGENT if author.get("is_staff") else TicketEventKind.CUSTOMER,
                ticket=ticket,
                message_id=text_of(comment.get("id")),
                text=text_of(comment.get("body")),
                author={"id": text_of(author.get("id")), "name": text_of(author.get("name"))},
                subject=detail.get("subject"),
                owned=bool(self._assigned(ticket, detail.get("assignee_id")).value),
            ),
            self._assigned(ticket, detail.get("assignee_id")),
        ]

    def _assigned(self, ticket: str, assignee: object) -> TicketEvent:
        agent = text_of(assignee)
        value = "" if agent == self._bot else agent
        return TicketEvent(kind=TicketEventKind.ASSIGNED, ticket=ticket, is_state=True, value=value)

    @property
    def _bot(self) -> str:
        return self._account.option("bot_id")

    def look(self, ticket: str) -> list[TicketEvent]:
        """Return nothing: webhooks report everything."""
        del ticket
        return []

    def find(self, ticket: str) -> list[Posted]:
        """Return the newest comments."""
        comments = records(self._api("GET", f"/api/v2/tickets/{ticket}/comments.json?sort_order=desc"), "comments")
        return [
            Posted(id=text_of(field(comment, "id")), text=text_of(comment.get("html_body") or field(comment, "body")))
            for comment in comments
        ]

    def post(self, post: Post) -> str:
        """Add a comment, unless the ticket changed since it was read: then it is read again."""
        comment: dict[str, Any] = {"html_body": as_html(post.text), "public": post.public}
        if self._bot:
            comment["author_id"] = number("bot_id", self._bot)
        return self._update(post, {"comment": comment})

    def change(self, post: Post) -> None:
        """Add tags; status and assignment go with the comment."""
        if post.tags:
            self._api("PUT", f"/api/v2/tickets/{post.ticket}/tags.json", {"tags": list(post.tags)})

    def _update(self, post: Post, fields: Json) -> str:
        for attempt in (1, 2, 3):
            ticket = record(self._api("GET", f"/api/v2/tickets/{post.ticket}.json"), "ticket")
            changed = {**fields, "safe_update": True, "updated_stamp": field(ticket, "updated_at")}
            if field(ticket, "status") != "closed" and post.status:
                changed["status"] = _STATUS[post.status]
            for name, value in (("assignee_id", post.assignee), ("group_id", post.group)):
                if value:
                    changed[name] = number(name, value)
            try:
                done = self._api("PUT", f"/api/v2/tickets/{post.ticket}.json", {"ticket": changed})
            except HelpdeskRefused as error:
                if error.status != 409 or attempt == 3:
                    raise
                continue
            comments = [event for event in records(done, "audit", "events") if event.get("type") == "Comment"]
            return text_of(field(comments, 0, "id"))
        raise AssertionError

    def check(self) -> list[tuple[str, str | None]]:
        """Try the credentials, and that they are the bot's."""
        me = record(self._api("GET", "/api/v2/users/me.json"), "user")
        wrong = None
        if me.get("role") not in ("agent", "admin"):
            wrong = "The token's user is no agent: it cannot write into tickets."
        elif text_of(me.get("id")) != self._bot:
            wrong = f"bot_id is {self._bot or 'not set'}, but the token's user is {me.get('id')}."
        return [("credentials", None), ("user", wrong)]

    def setup(self, inbound: str) -> str:
        """Return the steps in Zendesk's Admin Center."""
        return f"""\
1. Make a user for the bot (role agent), and an API token (Apps and integrations > APIs > API tokens).
2. Apps and integrations > Webhooks > Create webhook, connect to Zendesk events:
   comment added to ticket, ticket created, status changed, agent assignment changed, tags changed.
3. Endpoint URL: {inbound}
   Request method POST, format JSON, no authentication: the signature is checked.
4. Reveal the signing secret and keep it here as `webhook_secret`."""


def _seconds(timestamp: str) -> float | None:
    try:
        return float(timestamp) if timestamp.isdigit() else datetime.fromisoformat(timestamp).timestamp()
    except ValueError:
        return None
