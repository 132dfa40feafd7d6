"""Freshdesk: an automation rule's webhook says that a ticket changed; what did is read through the API.

Its webhooks carry what the administrator wrote and no signature: they must bring `X-Answerback-Secret`.
Option: `bot_id`, the agent that the API key belongs to.
"""

import base64
from collections.abc import Mapping

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
    message_text,
    newest,
    require_same,
    text_of,
    ticket_states,
)
from worker.helpdesks.rendering import to_html
from worker.states import TicketEventKind

_STATUS = {"open": 2, "pending": 3, "closed": 4}
_CLOSED = (4, 5)

_MAILBOXES = "/api/v2/email_configs?per_page=100"

#: Sources of tickets whose description an agent wrote: notes of a phone call, and an e-mail to a customer.
_OF_AGENTS = (3, 10)


class Freshdesk:
    """The connector of Freshdesk."""

    def __init__(self, account: Account, caller: Caller) -> None:
        self._account = account
        user = base64.b64encode(f"{account.token}:X".encode()).decode()
        self._api = Api(caller, account.url, {"authorization": f"Basic {user}"})

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Check the secret header."""
        del body, now
        require_same(headers.get("x-answerback-secret", ""), self._account.webhook_secret)

    def delivery_id(self, payload: Json, headers: Headers) -> str | None:
        """Return None: the messages that are read have ids."""
        del payload, headers
        return None

    def read(self, payload: Json, headers: Headers) -> list[TicketEvent]:
        """Report that the ticket changed."""
        del headers
        ticket = text_of(payload.get("ticket_id"))
        return [TicketEvent(kind=TicketEventKind.CHANGED, ticket=ticket)] if ticket.isdigit() else []

    def look(self, ticket: str) -> list[TicketEvent]:
        """Read the messages of the customer and of agents, and the state of the ticket."""
        found = record(self._api("GET", f"/api/v2/tickets/{ticket}?include=requester"))
        if found.get("spam") or found.get("deleted"):
            return [TicketEvent(kind=TicketEventKind.GONE, ticket=ticket)]
        requester = optional_record(found, "requester")
        author = {name: text_of(requester[name]) for name in ("id", "name", "email") if requester.get(name)}
        described = {**found, "id": f"ticket-{ticket}", "incoming": found.get("source") not in _OF_AGENTS}
        messages = [described, *self._messages(ticket)]
        subject = text_of(found.get("subject")) or None
        events = [_event(ticket, message, author, subject) for message in messages if self._is_message(message)]
        return events + ticket_states(
            ticket,
            closed=found.get("status") in _CLOSED,
            assignee=self._agent(found),
            tags=optional_list(found, "tags"),
        )

    def _is_message(self, message: Json) -> bool:
        """Whether a person wrote it for the other side: no note, not the bot, and no rule of Freshdesk."""
        if message.get("private") or text_of(message.get("user_id")) == self._account.option("bot_id"):
            return False
        return bool(message.get("incoming")) or not (message.get("auto_response") or message.get("automation_id"))

    def _messages(self, ticket: str) -> list[Json]:
        messages: list[Json] = []
        for page in range(1, 11):
            part = records(self._api("GET", f"/api/v2/tickets/{ticket}/conversations?per_page=100&page={page}"))
            messages += part
            if len(part) < 100:
                break
        return messages

    def find(self, ticket: str) -> list[Posted]:
        """Return the newest replies and notes."""
        return newest(
            Posted(id=text_of(field(message, "id")), text=text_of(message.get("body") or message.get("body_text")))
            for message in self._messages(ticket)
            if not message.get("incoming")
        )

    def post(self, post: Post) -> str:
        """Reply from the address that the customer wrote to, or add a private note."""
        at, body = f"/api/v2/tickets/{post.ticket}", {"body": to_html(post.text)}
        if not post.public:
            return text_of(field(self._api("POST", f"{at}/notes", {**body, "private": True}), "id"))
        sender = self._sender(post.ticket)
        return text_of(field(self._api("POST", f"{at}/reply", {**body, **sender}), "id"))

    def _sender(self, ticket: str) -> dict[str, str]:
        """Return `from_email` of a ticket that came to one of several addresses, else nothing.

        Without it, Freshdesk replies from the account's address, which may be that of another brand.
        """
        about = record(self._api("GET", f"/api/v2/tickets/{ticket}"))
        mailbox, product = about.get("email_config_id"), about.get("product_id")
        if mailbox is None and product is None:
            return {}
        try:
            known = records(self._api("GET", _MAILBOXES))
        except HelpdeskRefused as error:
            if error.status != 403:
                raise
            return {}  # `check` tells that the agent may not read them
        of_ticket = [found for found in known if found.get("id") == mailbox]
        of_product = [found for found in known if product and found.get("product_id") == product]
        primary = [found for found in of_product if found.get("primary_role")]
        address = next((text_of(found.get("reply_email")) for found in (*of_ticket, *primary)), "")
        return {"from_email": address} if address else {}

    def change(self, post: Post) -> None:
        """Set status, agent, group and tags; tags are overwritten by the API and so read first."""
        new: dict[str, object] = {}
        if post.status:
            new["status"] = _STATUS[post.status]
        if post.assignee:
            new["responder_id"] = number("assignee", post.assignee)
        if post.group:
            new["group_id"] = number("group", post.group)
        if post.tags:
            known = optional_list(record(self._api("GET", f"/api/v2/tickets/{post.ticket}")), "tags")
            new["tags"] = [*known, *(tag for tag in post.tags if tag not in known)]
        if new:
            self._api("PUT", f"/api/v2/tickets/{post.ticket}", new)

    def assignee(self, ticket: str) -> str:
        """Return the agent who has a ticket, unless it is the bot."""
        return self._agent(record(self._api("GET", f"/api/v2/tickets/{ticket}")))

    def _agent(self, ticket: Json) -> str:
        responder = text_of(ticket.get("responder_id"))
        return "" if responder == self._account.option("bot_id") else responder

    def check(self) -> list[tuple[str, str | None]]:
        """Try the credentials, and that they are the bot's."""
        me = text_of(record(self._api("GET", "/api/v2/agents/me")).get("id"))
        bot = self._account.option("bot_id")
        wrong = None if me == bot else f"bot_id is {bot or 'not set'}, but the key's agent is {me}."
        return [("credentials", None), ("user", wrong), ("addresses of replies", self._unreadable_mailboxes())]

    def _unreadable_mailboxes(self) -> str | None:
        try:
            records(self._api("GET", _MAILBOXES))
        except HelpdeskRefused as error:
            if error.status != 403:
                raise
            return "The agent may not read the e-mail settings: every reply leaves from the account's own address."
        return None

    def setup(self, inbound: str) -> str:
        """Return the steps in Freshdesk."""
        return f"""\
1. Make an agent for the bot and keep its API key (Profile settings) here as `token`.
2. Admin > Automations > Ticket updates > New rule. Performed by: agent or requester. Events: reply is sent, status is
   changed, agent is changed, tag is added. And one for ticket creation.
3. Action: Trigger webhook, POST to {inbound}
   Custom headers: X-Answerback-Secret: {self._account.webhook_secret}
   Encoding JSON, advanced content: {{"ticket_id": "{{{{ticket.id}}}}"}}"""


def _event(ticket: str, message: Json, customer: Mapping[str, str], subject: str | None) -> TicketEvent:
    """Return the description or a message of a ticket as an event, by its HTML, which shows what is quoted."""
    incoming = bool(message.get("incoming"))
    markup = text_of(message.get("description") or message.get("body"))
    return TicketEvent(
        kind=TicketEventKind.CUSTOMER if incoming else TicketEventKind.AGENT,
        ticket=ticket,
        message_id=text_of(field(message, "id")),
        text=message_text(markup) if markup else text_of(message.get("description_text") or message.get("body_text")),
        author=customer if incoming else {"id": text_of(message.get("user_id")), "name": "an agent"},
        subject=subject,
        automatic=incoming and message.get("auto_response") is True,
    )
