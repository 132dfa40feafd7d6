"""Zammad: a trigger's webhook in, the REST API out.

A webhook has the article and the owner of the ticket; tags and the type of the state are read through the API.
Option: `bot_id`, the user that the token belongs to.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta

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
    hmac_hex,
    message_text,
    newest,
    require_same,
    text_of,
    ticket_states,
)
from worker.helpdesks.rendering import to_html, to_text
from worker.reading.markup import to_text as text_of_html
from worker.states import TicketEventKind

_NOBODY = "1"  # the system's user owns what nobody does

#: Ids of the types of states, which are the same everywhere; the names of states are changed and translated.
_TYPES = {"open": 2, "pending": 3, "closed": 5}
_MERGED, _REMOVED = 6, 7

#: When Zammad reminds the owner of a pending ticket; it takes no such state without a time.
_REMINDED_AFTER = timedelta(days=3)

#: Types of articles that Zammad sends as they are to the channel of the ticket, as plain text.
_CHATS = ("sms", "telegram personal-message", "whatsapp message")
_SMS_CHARACTERS = 160

#: Zammad puts this before what its article quotes, or before a signature.
_QUOTE = re.compile(r"<span\b[^>]*\bclass=[\"'][^\"'>]*\bjs-signatureMarker\b[^>]*>\s*</span>", re.I)


class Zammad:
    """The connector of Zammad."""

    def __init__(self, account: Account, caller: Caller) -> None:
        self._account = account
        self._api = Api(caller, account.url, {"authorization": f"Token token={account.token}"})

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Check `X-Hub-Signature`: sha1=hex(HMAC-SHA1(token, body)); Zammad signs no time."""
        del now
        expected = hmac_hex(self._account.webhook_secret, body, hashlib.sha1)
        require_same(headers.get("x-hub-signature", ""), f"sha1={expected}")

    def delivery_id(self, payload: Json, headers: Headers) -> str | None:
        """Return `X-Zammad-Delivery`."""
        del payload
        return headers.get("x-zammad-delivery")

    def read(self, payload: Json, headers: Headers) -> list[TicketEvent]:
        """Read what the trigger sends: the article that was added, if one was, and who owns the ticket."""
        del headers
        ticket, article = payload.get("ticket") or {}, payload.get("article") or {}
        id = text_of(ticket.get("id"))
        if not id:
            return []
        found: list[TicketEvent] = []
        if article.get("id") and not article.get("internal"):
            found += self._article(id, ticket, article)
        owner = self._owner((ticket.get("owner") or {}).get("id") or ticket.get("owner_id"))
        return [
            *found,
            TicketEvent(kind=TicketEventKind.ASSIGNED, ticket=id, is_state=True, value=owner),
            TicketEvent(kind=TicketEventKind.CHANGED, ticket=id),
        ]

    def _owner(self, owner: object) -> str:
        return "" if text_of(owner) in (_NOBODY, self._account.option("bot_id")) else text_of(owner)

    def _article(self, id: str, ticket: Json, article: Json) -> list[TicketEvent]:
        creator = text_of(article.get("created_by_id"))
        sender = _name(article.get("sender"))
        if creator == self._account.option("bot_id") or sender not in ("Customer", "Agent"):
            return []
        customer = ticket.get("customer") or {}
        writer = customer if sender == "Customer" else article.get("created_by") or {}
        name = " ".join(filter(None, (writer.get("firstname"), writer.get("lastname")))) or text_of(article.get("from"))
        author = {"id": text_of(writer.get("id")) or creator, "name": name, "email": text_of(writer.get("email"))}
        return [
            TicketEvent(
                kind=TicketEventKind.CUSTOMER if sender == "Customer" else TicketEventKind.AGENT,
                ticket=id,
                message_id=text_of(article["id"]),
                text=_text(article),
                author={key: value for key, value in author.items() if value},
                subject=ticket.get("title"),
                automatic=(article.get("preferences") or {}).get("is-auto-response") is True,
            )
        ]

    def look(self, ticket: str) -> list[TicketEvent]:
        """Read the tags, the owner and the state of a ticket."""
        found = record(self._api("GET", f"/api/v1/tickets/{ticket}"))
        kind = self._types().get(text_of(field(found, "state_id")))
        if kind in (_MERGED, _REMOVED):
            return [TicketEvent(kind=TicketEventKind.GONE, ticket=ticket)]
        return ticket_states(
            ticket,
            closed=kind == _TYPES["closed"],
            assignee=self._owner(found.get("owner_id")),
            tags=_tags(self._api("GET", f"/api/v1/tags?object=Ticket&o_id={ticket}")),
        )

    def _types(self) -> dict[str, object]:
        """Return the type of each state that is in use, by the state's id, in the order of the ids."""
        states = records(self._api("GET", "/api/v1/ticket_states"))
        return {
            text_of(field(state, "id")): field(state, "state_type_id")
            for state in sorted(states, key=lambda state: int(text_of(field(state, "id"))))
            if state.get("active") is not False
        }

    def find(self, ticket: str) -> list[Posted]:
        """Return the newest articles of agents."""
        articles = records(self._api("GET", f"/api/v1/ticket_articles/by_ticket/{ticket}"))
        return newest(
            Posted(id=text_of(field(article, "id")), text=text_of(article.get("body")))
            for article in articles
            if _name(article.get("sender")) == "Agent"
        )

    def post(self, post: Post) -> str:
        """Add an article: an answer leaves for the customer by their chat or by e-mail.

        Zammad sends no public note to anybody. An internal note is of type `note`: one of type `email` would be sent
        although it is internal.

        Raises:
            HelpdeskRefused: there is no address to send an answer to.
        """
        body = {"ticket_id": number("ticket", post.ticket), "sender": "Agent"}
        if post.public:
            how = self._way_to_customer(post)
        else:
            how = {"type": "note", "internal": True, "body": to_html(post.text), "content_type": "text/html"}
        return text_of(field(self._api("POST", "/api/v1/ticket_articles", {**body, **how}), "id"))

    def _way_to_customer(self, post: Post) -> Json:
        articles = records(self._api("GET", f"/api/v1/ticket_articles/by_ticket/{post.ticket}"))
        of_customer = (article for article in reversed(articles) if _name(article.get("sender")) == "Customer")
        last: Json = next(of_customer, {})
        kind = _name(last.get("type"))
        if kind in _CHATS:
            text = to_text(post.text)
            if kind == "sms" and len(text) > _SMS_CHARACTERS:
                raise HelpdeskRefused(f"The answer is longer than an SMS of {_SMS_CHARACTERS} characters.", status=422)
            return {"type": kind, "internal": False, "to": last.get("from"), "body": text, "content_type": "text/plain"}
        to = (last.get("reply_to") or last.get("from")) if kind == "email" else self._address(post.ticket)
        if not to:
            raise HelpdeskRefused("The customer has no e-mail address in Zammad: no answer reaches them.", status=422)
        mail = {"type": "email", "internal": False, "to": to, "subject": last.get("subject") or ""}
        if last.get("message_id"):
            mail["in_reply_to"] = last["message_id"]
        return {**mail, "body": to_html(post.text), "content_type": "text/html"}

    def _address(self, ticket: str) -> str:
        """Return the e-mail address of a ticket's customer; empty when Zammad knows none."""
        customer = field(record(self._api("GET", f"/api/v1/tickets/{ticket}")), "customer_id")
        return text_of(record(self._api("GET", f"/api/v1/users/{customer}")).get("email"))

    def change(self, post: Post) -> None:
        """Set state, owner and group, and add tags."""
        new: dict[str, object] = {}
        if post.status:
            new["state_id"] = self._state(post.status)
            if post.status == "pending":
                new["pending_time"] = (datetime.now(UTC) + _REMINDED_AFTER).strftime("%Y-%m-%dT%H:%M:%SZ")
        if post.assignee:
            new["owner_id"] = number("assignee", post.assignee)
        if post.group:
            new["group"] = post.group
        if new:
            self._api("PUT", f"/api/v1/tickets/{post.ticket}", new)
        for tag in post.tags:
            self._api(
                "POST", "/api/v1/tags/add", {"item": tag, "object": "Ticket", "o_id": number("ticket", post.ticket)}
            )

    def _state(self, status: str) -> int:
        id = next((id for id, kind in self._types().items() if kind == _TYPES[status]), None)
        if id is None:
            raise HelpdeskRefused(f"Zammad has no active state of the type {status}.", status=422)
        return int(id)

    def assignee(self, ticket: str) -> str:
        """Return the owner of a ticket, unless it is the bot or nobody."""
        return self._owner(record(self._api("GET", f"/api/v1/tickets/{ticket}")).get("owner_id"))

    def check(self) -> list[tuple[str, str | None]]:
        """Try the credentials, and that they are the bot's."""
        me = text_of(record(self._api("GET", "/api/v1/users/me")).get("id"))
        bot = self._account.option("bot_id")
        wrong = None if me == bot else f"bot_id is {bot or 'not set'}, but the token's user is {me}."
        return [("credentials", None), ("user", wrong)]

    def setup(self, inbound: str) -> str:
        """Return the steps in Zammad."""
        return f"""\
1. Make a user for the bot (role Agent) with an access token: Profile > Token Access, permission ticket.agent.
2. Manage > Webhook > New: endpoint {inbound}
   HMAC SHA1 signature token: a long random one, kept here as `webhook_secret`.
3. Manage > Trigger > New: ticket is updated or created, and an article was created; execute: that webhook.
4. The same for: state is closed; and for the tag that gives a ticket back to the bot."""


def _tags(answer: object) -> list[str]:

    tags = field(answer, "tags")
    return [text_of(tag) for tag in tags] if isinstance(tags, list) else []


def _text(article: Json) -> str:
    """Return the text of an article: as it is if it is plain, else with the marks of what it quotes."""
    body = text_of(article.get("body"))
    if text_of(article.get("content_type")).startswith("text/plain"):
        return body
    marker = _QUOTE.search(body)
    own = text_of_html(body[: marker.start()]).strip() if marker else ""
    if marker is None or not own:
        return message_text(body)
    return f"{own}\n\n{_quoted(text_of_html(body[marker.end() :]))}"


def _quoted(text: str) -> str:
    """Return a text with marks of a quote on its lines, up to the first that has one.

    What follows a marked line may be the customer's own again.
    """
    lines = text.strip().split("\n")
    first = next((at for at, line in enumerate(lines) if line.startswith(">")), len(lines))
    return "\n".join([*(f"> {line}" for line in lines[:first]), *lines[first:]])


def _name(value: object) -> str:
    return text_of(value.get("name")) if isinstance(value, dict) else text_of(value)
