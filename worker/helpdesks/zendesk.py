"""Zendesk Support: webhooks of events or of triggers in, the Tickets API in and out.

An event about a customer's comment has neither its HTML nor whether it is automatic, and that of a new ticket has no
comment at all: what customers write is read through the API.
Options: `email` of the user that the API token belongs to, that user's id as `bot_id`, and `brand_id` where only the
tickets of one brand are the bot's.
"""

import base64
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from worker.addresses import Caller
from worker.helpdesks.answers import field, number, optional_list, optional_record, record, records
from worker.helpdesks.protocol import (
    Account,
    Api,
    Headers,
    HelpdeskRefused,
    Json,
    Post,
    Posted,
    TicketEvent,
    hmac_base64,
    message_text,
    require_fresh,
    require_same,
    text_of,
    ticket_states,
)
from worker.helpdesks.rendering import to_html
from worker.states import TicketEventKind

_STATUS = {"open": "open", "pending": "pending", "closed": "solved"}
_CLOSED = ("SOLVED", "CLOSED")
_GONE = ("ticket.merged", "ticket.marked_as_spam", "ticket.soft_deleted", "ticket.permanently_deleted")

#: Flag of a comment that software wrote.
_AUTOMATIC = 4

#: Pages of a ticket's comments that are read; a ticket has at most 5,000 comments.
_PAGES = 50
_PAGE = 100

_IN_MESSAGING = (
    "In messaging, only agents and the bot of Zendesk can write. Suggested answer; send it, or a better one, there:"
)


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
        """Read an event: comments, messages, status, assignment, tags; of a trigger's webhook, which ticket it is."""
        del headers
        kind = text_of(payload.get("type")).rpartition(":")[2]
        detail, event = payload.get("detail") or {}, payload.get("event") or {}
        if not kind and payload.get("ticket_id"):
            ticket = text_of(payload["ticket_id"])
            return [TicketEvent(kind=TicketEventKind.CHANGED, ticket=ticket)] if ticket.isdecimal() else []
        ticket = text_of(detail.get("id")) or text_of(payload.get("subject")).rpartition(":")[2]
        if not self._is_of_brand(detail):
            return []
        if kind == "ticket.created":
            return [TicketEvent(kind=TicketEventKind.CHANGED, ticket=ticket)]
        if kind == "ticket.comment_added":
            return self._comment(ticket, detail, event.get("comment") or {})
        if kind == "messaging_ticket.message_added":
            return self._message(ticket, event)
        if kind == "ticket.status_changed" and text_of(event.get("current")).upper() in _CLOSED:
            return [TicketEvent(kind=TicketEventKind.CLOSED, ticket=ticket)]
        if kind in _GONE:
            return [TicketEvent(kind=TicketEventKind.GONE, ticket=ticket)]
        if kind == "ticket.agent_assignment_changed":
            return [self._assigned(ticket, event.get("current"))]
        if kind == "ticket.tags_changed":
            is_state = detail.get("tags") is not None
            tags = tuple(map(text_of, detail["tags"] if is_state else event.get("tags_added") or ()))
            return [TicketEvent(kind=TicketEventKind.TAGGED, ticket=ticket, is_state=is_state, tags=tags)]
        return []

    def _is_of_brand(self, ticket: Json) -> bool:
        brand = self._account.option("brand_id")
        return not brand or text_of(ticket.get("brand_id")) == brand

    def _comment(self, ticket: str, detail: Json, comment: Json) -> list[TicketEvent]:
        author = comment.get("author") or {}
        if not comment.get("is_public") or text_of(author.get("id")) == self._bot:
            return []
        if not author.get("is_staff"):
            return [TicketEvent(kind=TicketEventKind.CHANGED, ticket=ticket)]
        return [
            TicketEvent(
                kind=TicketEventKind.AGENT,
                ticket=ticket,
                message_id=text_of(comment.get("id")),
                text=text_of(comment.get("body")),
                author={"id": text_of(author.get("id")), "name": text_of(author.get("name"))},
                subject=detail.get("subject"),
                owned=bool(self._assigned(ticket, detail.get("assignee_id")).value),
            ),
            self._assigned(ticket, detail.get("assignee_id")),
        ]

    def _message(self, ticket: str, event: Json) -> list[TicketEvent]:
        """Read a message of a messaging ticket; what Zendesk's bot and triggers write there has no effect."""
        actor, message = event.get("actor") or {}, event.get("message") or {}
        kinds = {"end_user": TicketEventKind.CUSTOMER, "agent": TicketEventKind.AGENT}
        kind = kinds.get(text_of(actor.get("type")))
        if kind is None or text_of(actor.get("id")).removeprefix("zd:") == self._bot:
            return []
        author = {name: text_of(actor[name]) for name in ("id", "name") if actor.get(name)}
        id, text = text_of(message.get("id")), text_of(message.get("body"))
        return [TicketEvent(kind=kind, ticket=ticket, message_id=id, text=text, author=author)]

    def _assigned(self, ticket: str, assignee: object) -> TicketEvent:
        agent = text_of(assignee)
        value = "" if agent == self._bot else agent
        return TicketEvent(kind=TicketEventKind.ASSIGNED, ticket=ticket, is_state=True, value=value)

    @property
    def _bot(self) -> str:
        return self._account.option("bot_id")

    def look(self, ticket: str) -> list[TicketEvent]:
        """Read the public comments of a ticket, and its state."""
        found = record(self._api("GET", f"/api/v2/tickets/{ticket}.json"), "ticket")
        if not self._is_of_brand(found):
            return []
        closed = text_of(found.get("status")).upper() in _CLOSED
        assignee = self._assigned(ticket, found.get("assignee_id")).value
        states = ticket_states(ticket, closed=closed, assignee=assignee, tags=optional_list(found, "tags"))
        subject = text_of(found.get("subject")) or None
        return [*self._comments(ticket, subject), *states]

    def _comments(self, ticket: str, subject: str | None) -> Iterator[TicketEvent]:
        for page in range(1, _PAGES + 1):
            answer = self._api("GET", f"/api/v2/tickets/{ticket}/comments.json?include=users&page={page}")
            users = {text_of(user.get("id")): user for user in records(optional_list(answer, "users"))}
            comments = records(answer, "comments")
            for comment in comments:
                id = text_of(comment.get("author_id"))
                if comment.get("public") and id != self._bot and id in users:  # rules write as nobody
                    yield _event(ticket, comment, users[id], subject)
            if len(comments) < _PAGE:
                return

    def find(self, ticket: str) -> list[Posted]:
        """Return the newest comments."""
        comments = records(self._api("GET", f"/api/v2/tickets/{ticket}/comments.json?sort_order=desc"), "comments")
        return [Posted(id=text_of(field(comment, "id")), text=_without_preface(comment)) for comment in comments]

    def post(self, post: Post) -> str:
        """Add a comment, unless the ticket changed since it was read: then it is read again.

        In messaging, a comment reaches no customer: there an answer becomes a note for the agent.
        """

        def comment(ticket: Json) -> Json:
            public, text = post.public, post.text
            if public and _is_messaging(ticket):
                public, text = False, f"{_IN_MESSAGING}\n\n{text}"
            author = {"author_id": number("bot_id", self._bot)} if self._bot else {}
            return {"comment": {"html_body": to_html(text), "public": public, **author}}

        done = self._update(post.ticket, comment)
        comments = [event for event in records(done, "audit", "events") if event.get("type") == "Comment"]
        return text_of(field(comments, 0, "id"))

    def change(self, post: Post) -> None:
        """Set status, agent and group, and add tags; a closed ticket takes no changes."""

        def changes(ticket: Json) -> Json:
            if field(ticket, "status") == "closed":
                return {}
            status: Json = {"status": _STATUS[post.status]} if post.status else {}
            given = (("assignee_id", post.assignee), ("group_id", post.group))
            return status | {name: number(name, value) for name, value in given if value}

        if post.status or post.assignee or post.group:
            self._update(post.ticket, changes)
        if post.tags:
            self._api("PUT", f"/api/v2/tickets/{post.ticket}/tags.json", {"tags": list(post.tags)})

    def _update(self, ticket: str, fields: Callable[[Json], Json]) -> Any:
        """Update a ticket with what `fields` returns for it, as it was read just before; with nothing, leave it."""
        for attempt in (1, 2, 3):
            found = record(self._api("GET", f"/api/v2/tickets/{ticket}.json"), "ticket")
            new = fields(found)
            if not new:
                return None
            stamp = {"safe_update": True, "updated_stamp": field(found, "updated_at")}
            try:
                return self._api("PUT", f"/api/v2/tickets/{ticket}.json", {"ticket": {**new, **stamp}})
            except HelpdeskRefused as error:
                if error.status != 409 or attempt == 3:
                    raise
        raise AssertionError

    def assignee(self, ticket: str) -> str:
        """Return the agent who has a ticket, unless it is the bot."""
        found = record(self._api("GET", f"/api/v2/tickets/{ticket}.json"), "ticket")
        return self._assigned(ticket, found.get("assignee_id")).value

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
   comment added to ticket, ticket created, status changed, agent assignment changed, tags changed, ticket merged,
   ticket marked as spam, ticket soft deleted; and message added, if you use messaging.
3. Endpoint URL: {inbound}
   Request method POST, format JSON, no authentication: the signature is checked.
4. Reveal the signing secret and keep it here as `webhook_secret`.

If your plan has no events for tickets: connect the webhook to a trigger instead (Objects and rules > Triggers;
ticket is created or updated) with the action Notify active webhook and this JSON body:
   {{"ticket_id": "{{{{ticket.id}}}}"}}"""


def _event(ticket: str, comment: Json, author: Json, subject: str | None) -> TicketEvent:
    """Return a public comment as a message of the customer or of an agent."""
    is_customer = author.get("role") == "end-user"
    flags = optional_list(optional_record(comment, "metadata"), "flags")
    markup = text_of(comment.get("html_body"))
    return TicketEvent(
        kind=TicketEventKind.CUSTOMER if is_customer else TicketEventKind.AGENT,
        ticket=ticket,
        message_id=text_of(field(comment, "id")),
        text=message_text(markup) if markup else text_of(comment.get("plain_body") or comment.get("body")),
        author={name: text_of(author[name]) for name in ("id", "name", "email") if author.get(name)},
        subject=subject,
        automatic=is_customer and _AUTOMATIC in flags,
    )


def _without_preface(comment: Json) -> str:
    """Return the text of a comment as `post` was given it."""
    return text_of(comment.get("html_body") or field(comment, "body")).replace(to_html(_IN_MESSAGING), "", 1)


def _is_messaging(ticket: Json) -> bool:
    channel = text_of(optional_record(ticket, "via").get("channel"))
    return channel in ("native_messaging", "whatsapp") or channel.startswith("sunshine_conversations")


def _seconds(timestamp: str) -> float | None:
    try:
        return float(timestamp) if timestamp.isdigit() else datetime.fromisoformat(timestamp).timestamp()
    except ValueError:
        return None
