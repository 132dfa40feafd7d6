"""Chatwoot: an agent bot's webhooks in, the application API out.

Option: `account_id`. A conversation is the bot's while it is `pending`; handing off opens it. The token is the bot's,
which may write, change the status and assign, but not list anything: the echo of a post confirms it. `webhook_secret`
may hold two secrets, separated by a space: the bot's and that of a webhook of the account.
"""

import re

from worker.addresses import Caller
from worker.helpdesks.answers import field, number, optional_list, record
from worker.helpdesks.protocol import (
    Account,
    Api,
    Headers,
    HelpdeskRefused,
    Json,
    Post,
    Posted,
    TicketEvent,
    UnreadableAnswer,
    WebhookRefused,
    hmac_hex,
    require_fresh,
    require_same,
    text_of,
)
from worker.helpdesks.rendering import to_markdown
from worker.states import TicketEventKind

_CLOSED = "resolved"
_INCOMING, _OUTGOING = (0, "incoming"), (1, "outgoing")
_STATUS = {"open": "open", "pending": "pending", "closed": "resolved"}

#: Changes of the status: the first since April 2026, the other two in older versions, which newer ones send too.
_STATUS_EVENTS = ("conversation_status_changed", "conversation_resolved", "conversation_opened")

#: The first version that signs the webhooks of bots.
_SIGNS = (4, 13)

_NO_LABELS = "this Chatwoot is from before June 2026 and refuses them to bots"

#: Seconds in which the echo of a post arrives whose answer was lost.
_ECHO_S = 30.0

#: A conversation that no account has: its numbers begin at one.
_NO_CONVERSATION = "/conversations/0"


class Chatwoot:
    """The connector of Chatwoot."""

    def __init__(self, account: Account, caller: Caller) -> None:
        self._account = account
        url = account.url.rstrip("/")
        token = {"api_access_token": account.token}
        self._api = Api(caller, f"{url}/api/v1/accounts/{account.option('account_id')}", token)
        self._server = Api(caller, url, {})

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Check `X-Chatwoot-Signature`: sha256=hex(HMAC-SHA256(secret, "timestamp.body")), with any of the secrets."""
        timestamp = headers.get("x-chatwoot-timestamp", "")
        signed = f"{timestamp}.".encode() + body
        ours = [f"sha256={hmac_hex(secret, signed)}" for secret in self._account.webhook_secret.split()]
        require_same(headers.get("x-chatwoot-signature", ""), *ours)
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
        if kind in _STATUS_EVENTS:
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
            labels = changed.get("label_list") or {}
            before = labels.get("previous_value") or ()
            added = tuple(text_of(label) for label in labels.get("current_value") or () if label not in before)
            if added:
                return [TicketEvent(kind=TicketEventKind.TAGGED, ticket=ticket, tags=added)]
        return []

    def _message(self, ticket: str, conversation: Json, payload: Json) -> list[TicketEvent]:
        sender = payload.get("sender") or {}
        kind, id = payload.get("message_type"), text_of(payload.get("id"))
        text = text_of(payload.get("content"))
        if kind in _OUTGOING and sender.get("type") == "agent_bot":
            return [TicketEvent(kind=TicketEventKind.POSTED, ticket=ticket, message_id=id, text=text)]
        if payload.get("private") or not (kind in _INCOMING or (kind in _OUTGOING and _is_humans(payload))):
            return []
        opened = _opened(ticket, conversation)
        email = (payload.get("content_attributes") or {}).get("email") or {}
        names = {name: text_of(sender[name]) for name in ("id", "name", "email") if sender.get(name)}
        return [
            TicketEvent(
                kind=TicketEventKind.CUSTOMER if kind in _INCOMING else TicketEventKind.AGENT,
                ticket=ticket,
                message_id=id,
                text=text,
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

    def find(self, ticket: str) -> list[Posted] | None:
        """Return None: bots may not list messages."""
        del ticket
        return None

    def post(self, post: Post) -> str:
        """Send a message, or a private one as a note; where no answer tells its id, have its echo waited for."""
        body = {"content": to_markdown(post.text), "message_type": "outgoing", "private": not post.public}
        try:
            return text_of(field(self._api("POST", f"/conversations/{post.ticket}/messages", body), "id"))
        except HelpdeskRefused as error:
            if error.status is None or error.status >= 500:
                error.retry_after_s = max(_ECHO_S, error.retry_after_s or 0.0)
            raise

    def change(self, post: Post) -> None:
        """Set the status, assign, and add labels (the API overwrites them: they are read first)."""
        at = f"/conversations/{post.ticket}"
        if post.status:
            self._api("POST", f"{at}/toggle_status", {"status": _STATUS[post.status]})
        if post.assignee or post.group:
            name, value = ("assignee_id", post.assignee) if post.assignee else ("team_id", post.group)
            self._api("POST", f"{at}/assignments", {name: number(name, value or "")})
        if post.tags:
            try:
                known = optional_list(record(self._api("GET", f"{at}/labels")), "payload")
                self._api("POST", f"{at}/labels", {"labels": [*known, *(tag for tag in post.tags if tag not in known)]})
            except HelpdeskRefused as error:
                if error.status == 401:
                    raise HelpdeskRefused(f"No labels: {_NO_LABELS}", status=422) from error  # final
                raise

    def assignee(self, ticket: str) -> None:
        """Return None: bots may not read conversations."""
        del ticket

    def check(self) -> list[tuple[str, str | None]]:
        """Try the version and the bot's token, by calls that bots may make about a conversation that does not exist."""
        version = text_of(field(self._server("GET", "/api"), "version"))
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
        unsigned = None if numbers >= _SIGNS else "Only 4.13 and later sign the webhooks of bots: upgrade it."
        found = [(f"version {version}", unsigned)]
        if (refused := self._refusal("POST", "messages")) is not None:
            raise refused
        found.append(("credentials", None))
        if self._refusal("GET", "labels") is not None:
            found.append((f"labels ({_NO_LABELS})", None))
        return found

    def _refusal(self, method: str, name: str) -> HelpdeskRefused | None:
        """Return how a call is refused that names a conversation that does not exist; None when only for that."""
        try:
            self._api(method, f"{_NO_CONVERSATION}/{name}", {} if method == "POST" else None)
        except HelpdeskRefused as error:
            return None if error.status == 404 else error
        return UnreadableAnswer("A conversation that cannot exist was found.")

    def setup(self, inbound: str) -> str:
        """Return the steps in Chatwoot."""
        return f"""\
1. Settings > Bots > Add bot, webhook URL: {inbound}
   Keep its access token here as `token`, its secret as `webhook_secret` (Chatwoot 4.13 and later sign).
2. Settings > Inboxes > your inbox > Bot configuration: choose the bot. New conversations are `pending`, the bot's.
3. Only for a Chatwoot from before April 2026, whose bots get no conversation_updated (assignment, labels):
   Settings > Integrations > Webhooks: the same URL for conversation_updated. This webhook has a secret of its own.
   Keep both secrets in `webhook_secret`, the bot's and the webhook's, separated by a space."""


def _is_humans(message: Json) -> bool:
    """Whether a human wrote an outgoing message, as Chatwoot counts it: a user, or somebody in the channel's own app.

    Automation rules, campaigns and Chatwoot's assistant write outgoing messages too.
    """
    content = message.get("content_attributes") or {}
    if content.get("automation_rule_id") or (message.get("additional_attributes") or {}).get("campaign_id"):
        return False
    return (message.get("sender") or {}).get("type") == "user" or bool(content.get("external_echo"))


def _opened(ticket: str, conversation: Json) -> TicketEvent:
    """Return whether an agent has a conversation: it is open, not pending."""
    status = text_of(conversation.get("status") or "pending")
    value = "" if status in ("pending", _CLOSED) else status
    return TicketEvent(kind=TicketEventKind.ASSIGNED, ticket=ticket, is_state=True, value=value)
