"""Zammad: a trigger's webhook in, the REST API out.

Option: `bot_id`, the user that the token belongs to.
"""

import hashlib

from worker.addresses import Caller
from worker.helpdesks.answers import field, number, record, records
from worker.helpdesks.protocol import (
    Account,
    Api,
    Headers,
    Json,
    Post,
    Posted,
    TicketEvent,
    as_html,
    hmac_hex,
    message_text,
    newest,
    require_same,
    text_of,
    ticket_states,
)
from worker.states import TicketEventKind

_NOBODY = "1"  # the system's user owns what nobody does
_CLOSED = ("closed", "merged")
_STATUS = {"open": "open", "pending": "pending reminder", "closed": "closed"}


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
        """Read what the trigger sends: the ticket, with the article that was added if one was."""
        del headers
        ticket, article = payload.get("ticket") or {}, payload.get("article") or {}
        id = text_of(ticket.get("id"))
        found: list[TicketEvent] = []
        if article.get("id") and not article.get("internal"):
            found += self._article(id, ticket, article)
        owner = text_of((ticket.get("owner") or {}).get("id") or ticket.get("owner_id"))
        return found + ticket_states(
            id,
            closed=_name(ticket.get("state")) in _CLOSED,
            assignee="" if owner in (_NOBODY, self._account.option("bot_id")) else owner,
            tags=ticket.get("tags") or (),
        )

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
                text=message_text(text_of(article.get("body"))),
                author={key: value for key, value in author.items() if value},
                subject=ticket.get("title"),
                automatic=(article.get("preferences") or {}).get("is-auto-response") is True,
            )
        ]

    def look(self, ticket: str) -> list[TicketEvent]:
        """Return nothing: triggers report everything."""
        del ticket
        return []

    def find(self, ticket: str) -> list[Posted]:
        """Return the newest articles of agents."""
        articles = records(self._api("GET", f"/api/v1/ticket_articles/by_ticket/{ticket}"))
        return newest(
            Posted(id=text_of(field(article, "id")), text=text_of(article.get("body")))
            for article in articles
            if _name(article.get("sender")) == "Agent"
        )

    def post(self, post: Post) -> str:
        """Add an article: an e-mail to the customer where the ticket came by e-mail, else a public note.

        An internal note is of type `note`: one of type `email` would be sent although it is internal.
        """
        body = {
            "ticket_id": number("ticket", post.ticket),
            "body": as_html(post.text),
            "content_type": "text/html",
            "sender": "Agent",
        }
        if not post.public:
            made = self._api("POST", "/api/v1/ticket_articles", {**body, "type": "note", "internal": True})
            return text_of(field(made, "id"))
        articles = records(self._api("GET", f"/api/v1/ticket_articles/by_ticket/{post.ticket}"))
        of_customer = (article for article in reversed(articles) if _name(article.get("sender")) == "Customer")
        last: Json = next(of_customer, {})
        how = {"type": "note", "internal": False}
        if last.get("type") == "email":
            to = last.get("reply_to") or last.get("from")
            how = {"type": "email", "internal": False, "to": to, "subject": last.get("subject") or ""}
        return text_of(field(self._api("POST", "/api/v1/ticket_articles", {**body, **how}), "id"))

    def change(self, post: Post) -> None:
        """Set state, owner and group, and add tags."""
        new: dict[str, object] = {}
        if post.status:
            new["state"] = _STATUS[post.status]
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


def _name(value: object) -> str:
    return text_of(value.get("name")) if isinstance(value, dict) else text_of(value)
