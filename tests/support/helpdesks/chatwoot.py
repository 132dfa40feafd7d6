"""A fake of Chatwoot, after its reference."""

import hashlib
import hmac
import uuid
from collections.abc import Callable
from typing import Any

from tests.support.helpdesks.fake import AGENT, BOT, CUSTOMER, SECRET, TOKEN, FakeDesk, need


class FakeChatwoot(FakeDesk):
    """Chatwoot with the token of a bot, after its source: `access_token_auth_helper.rb` and `webhooks/trigger.rb`.

    `may_label`: versions from June 2026 on. `account_secret` signs the account's webhooks, SECRET those of the bot.
    """

    kind = "chatwoot"
    prefix = "/api/v1/accounts/1"
    version = "4.15.0"
    account_secret = "account-hook-0123456789"
    may_label = True
    echoes = True
    routes = (
        ("GET", "/conversations", "listed"),
        ("POST", r"/conversations/(\d+)/messages", "message"),
        ("GET", r"/conversations/(\d+)/messages", "messages"),
        ("POST", r"/conversations/(\d+)/toggle_status", "toggle"),
        ("GET", r"/conversations/(\d+)/labels", "labels"),
        ("POST", r"/conversations/(\d+)/labels", "label"),
        ("POST", r"/conversations/(\d+)/assignments", "assign"),
    )

    def options(self):
        return {"account_id": "1"}

    def authorized(self, headers):
        return headers.get("api_access_token") == TOKEN

    def permitted(self, name):
        return name in {"message", "toggle", "assign", *(("labels", "label") if self.may_label else ())}

    def handle_call(self, method, path, headers, body):
        if (method, path) == ("GET", "/api"):  # which needs no token
            return {"version": self.version, "queue_services": "ok", "data_services": "ok"}
        return super().handle_call(method, path, headers, body)

    def message(self, ticket, body):
        need(body, "content", "message_type")
        entry = self.write(ticket, body["content"], public=not body.get("private"))
        return {"id": entry.id, "content": entry.text, "message_type": 1}

    def toggle(self, ticket, body):
        need(body, "status")
        self.tickets[ticket].status = body["status"]
        return {}

    def labels(self, ticket):
        return {"payload": self.tickets[ticket].tags}

    def label(self, ticket, body):
        self.tickets[ticket].tags = list(body["labels"])
        return {}

    def assign(self, ticket, body):
        self.tickets[ticket].assignee = body.get("assignee_id")
        return {}

    def signed(self, body, *, at, secret=SECRET):
        timestamp = str(int(at))
        digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        return {
            "X-Chatwoot-Signature": f"sha256={digest}",
            "X-Chatwoot-Timestamp": timestamp,
            "X-Chatwoot-Delivery": uuid.uuid4().hex,
        }

    def deliver(self, send: Callable[[bytes, dict[str, str]], int], ticket: int, *args: Any) -> bool:
        """Send a webhook of the bot: again after 429 and 500, three times in all, and then open the conversation."""
        body, headers = self.webhook(ticket, *args)
        for _attempt in range(3):
            status = send(body, headers)
            if 200 <= status < 300:
                return True
            if status not in (429, 500):
                break
        if self.tickets[ticket].status in ("new", "pending"):
            self.tickets[ticket].status = "open"
        return False

    def told(self, ticket, what, entry=None, tags=(), sender=None, **more):
        """`sender` and further fields replace those of the message."""
        one = self.tickets[ticket]
        conversation = {
            "id": ticket,
            "status": "pending" if one.status == "new" else one.status,
            "labels": list(one.tags),
            "channel": "Channel::WebWidget",
            "meta": {"sender": {"id": CUSTOMER, "name": "Ada"}, "assignee": None, "team": None},
        }
        if what == "written":
            assert entry is not None
            kinds = {CUSTOMER: {}, AGENT: {"type": "user"}, BOT: {"type": "agent_bot"}}
            return {
                "account": {"id": 1, "name": "Shop"},
                "event": "message_created",
                "id": entry.id,
                "content": entry.text,
                "content_type": "text",
                "content_attributes": {},
                "additional_attributes": {},
                "message_type": "incoming" if entry.author == CUSTOMER else "outgoing",
                "private": not entry.public,
                "sender": sender or {"id": entry.author, "name": "Ada", **kinds[entry.author]},
                "conversation": conversation,
                **more,
            }
        if what == "closed":
            return conversation | {"event": "conversation_status_changed", "status": "resolved"}
        changed = {
            "assigned": {"assignee_id": {"previous_value": None, "current_value": AGENT}},
            "tagged": {"label_list": {"previous_value": one.tags, "current_value": [*one.tags, *tags]}},
        }
        return conversation | {"event": "conversation_updated", "changed_attributes": [changed[what]]}
