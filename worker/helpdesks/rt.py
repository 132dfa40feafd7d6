"""Request Tracker 5: a scrip's webhook says that a ticket changed; what did is read through the REST API 2.

Options: `user`, the name of the token's user. `tags_field` names a custom field of tickets with several values, which
are the ticket's tags. `open_status`, `pending_status` and `closed_status` are for a lifecycle with names of its own.
"""

import re
from urllib.parse import quote

from worker.addresses import Caller
from worker.helpdesks.answers import field, optional_list, record, records
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
    hmac_hex,
    require_fresh,
    require_same,
    text_of,
    ticket_states,
)
from worker.helpdesks.rendering import to_html
from worker.helpdesks.rt_messages import Written, messages
from worker.helpdesks.rt_scrip import setup_steps
from worker.states import TicketEventKind

_STATUS = {"open": "open", "pending": "stalled", "closed": "resolved"}
_CLOSED = ("resolved", "rejected")
_GONE = "deleted"
_NOBODY = "Nobody"

#: RT itself, whose scrips and rules write too.
_SYSTEM = "RT_System"

#: A tag of the tickets that a user owns: with the bot's as `resume_tag`, agents give a ticket back by its owner.
_OWNER_TAG = "owner:{}"

_ATTEMPTS = 3


class RequestTracker:
    """The connector of Request Tracker."""

    def __init__(self, account: Account, caller: Caller) -> None:
        self._account = account
        self._api = Api(caller, f"{account.url.rstrip('/')}/REST/2.0", {"authorization": f"token {account.token}"})

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Check `X-Answerback-Signature`, which the scrip makes: sha256=hex(HMAC-SHA256(secret, timestamp.body))."""
        timestamp = headers.get("x-answerback-timestamp", "")
        expected = hmac_hex(self._account.webhook_secret, timestamp.encode() + b"." + body)
        require_same(headers.get("x-answerback-signature", ""), f"sha256={expected}")
        require_fresh(float(timestamp) if timestamp.isdecimal() else None, now=now)

    def delivery_id(self, payload: Json, headers: Headers) -> str | None:
        """Return None: a scrip runs once, and the messages that are read have ids."""
        del payload, headers
        return None

    def read(self, payload: Json, headers: Headers) -> list[TicketEvent]:
        """Report that the ticket changed, and that those are gone which were merged into it."""
        del headers
        ticket, merged = text_of(payload.get("ticket_id")), payload.get("merged_ids") or ()
        if not ticket.isdecimal():
            return []
        gone = [TicketEvent(kind=TicketEventKind.GONE, ticket=text_of(id)) for id in merged]
        return [*gone, TicketEvent(kind=TicketEventKind.CHANGED, ticket=ticket)]

    def look(self, ticket: str) -> list[TicketEvent]:
        """Read the messages of the customer and of agents, and the state of the ticket.

        A ticket that was merged answers as the other one, which has its messages then.
        """
        found, _version = self._ticket(ticket)
        if (other := text_of(field(found, "id"))) != ticket:
            return [
                TicketEvent(kind=TicketEventKind.GONE, ticket=ticket),
                TicketEvent(kind=TicketEventKind.CHANGED, ticket=other),
            ]
        status = text_of(field(found, "Status"))
        if status == _GONE:
            return [TicketEvent(kind=TicketEventKind.GONE, ticket=ticket)]
        requestors = {text_of(user.get("id")) for user in records(optional_list(found, "Requestor"))}
        subject = text_of(found.get("Subject")) or None
        kinds: dict[str, TicketEventKind] = dict.fromkeys(requestors, TicketEventKind.CUSTOMER)
        events = []
        for written in messages(self._api, ticket, without=(self._user, _SYSTEM)):
            if written.creator not in kinds:
                kinds[written.creator] = self._kind_of(written.creator)
            events.append(_event(ticket, written, kinds[written.creator], subject))
        owner = text_of(field(found, "Owner", "id"))
        return events + ticket_states(
            ticket,
            closed=status in (*_CLOSED, self._status("closed")),
            assignee=self._agent(owner),
            tags=[*self._tags(found), _OWNER_TAG.format(owner)],
        )

    def _kind_of(self, user: str) -> TicketEventKind:
        """Return who a user is that did not ask: a privileged one is an agent, any other a customer."""
        found = record(self._api("GET", f"/user/{quote(user, safe='')}"))
        return TicketEventKind.AGENT if found.get("Privileged") else TicketEventKind.CUSTOMER

    def _ticket(self, ticket: str) -> tuple[Json, str]:
        """Return a ticket, and its version for changes that must not overwrite another."""
        answer, headers = self._api.exchange("GET", f"/ticket/{ticket}")
        return record(answer), headers.get("etag", "")

    def _agent(self, owner: str) -> str:
        return "" if owner in (_NOBODY, self._user) else owner

    def _status(self, status: str) -> str:
        return self._account.option(f"{status}_status") or _STATUS[status]

    def _tags(self, ticket: Json) -> list[str]:
        name = self._account.option("tags_field")
        fields = records(optional_list(ticket, "CustomFields"))
        found = next((custom for custom in fields if name and custom.get("name") == name), {})
        return [text_of(value) for value in optional_list(found, "values")]

    @property
    def _user(self) -> str:
        return self._account.option("user")

    def find(self, ticket: str) -> list[Posted]:
        """Return the bot's newest replies and comments."""
        written = messages(self._api, ticket, types=("Correspond", "Comment"), only=self._user, newest=True)
        return [Posted(id=message.id, text=message.text) for message in written]

    def assignee(self, ticket: str) -> str:
        """Return the owner of a ticket, unless it is the bot or nobody."""
        return self._agent(text_of(field(self._ticket(ticket)[0], "Owner", "id")))

    def post(self, post: Post) -> str:
        """Reply or comment. RT answers with the transaction's address alone."""
        found, _version = self._ticket(post.ticket)  # a reply to a ticket that does not exist is a 400
        if found.get("Status") == _GONE:
            raise HelpdeskRefused("The ticket was deleted.", status=422)
        body = {"Content": to_html(post.text), "ContentType": "text/html"}
        how = "correspond" if post.public else "comment"
        _answer, headers = self._api.exchange("POST", f"/ticket/{post.ticket}/{how}", body)
        address = re.search(r"/transaction/(\d+)/?\Z", headers.get("location", ""))
        if address is None:
            raise UnreadableAnswer("The answer has no Location of a transaction.")
        return address[1]

    def change(self, post: Post) -> None:
        """Set status, owner and queue, and add tags; a ticket that changed since it was read is read again.

        RT answers 200 also when it refuses a change, with its reason in the user's language: so the result is read.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            found, version = self._ticket(post.ticket)
            new = self._changes(post, found)
            if not new:
                break
            try:
                said, _answered = self._api.exchange("PUT", f"/ticket/{post.ticket}", new, {"if-match": version})
            except HelpdeskRefused as error:
                if error.status != 412 or attempt == _ATTEMPTS:
                    raise
                continue
            after, _version = self._ticket(post.ticket)
            if left := self._changes(post, after):
                reasons = "; ".join(map(text_of, said)) if isinstance(said, list) else ""
                raise HelpdeskRefused(f"RT did not set {', '.join(left)}: {reasons}"[:500], status=422)
            break
        if post.tags and not self._account.option("tags_field"):
            raise HelpdeskRefused("No tags: name a custom field for them in the option tags_field.", status=422)

    def _changes(self, post: Post, ticket: Json) -> Json:
        """Return the fields in which a ticket differs from what a post makes of it."""
        new: Json = {}
        if post.status and ticket.get("Status") != self._status(post.status):
            new["Status"] = self._status(post.status)
        if post.assignee and field(ticket, "Owner", "id") != post.assignee:
            new["Owner"] = post.assignee
        if post.group and self._queue(ticket) != post.group:
            new["Queue"] = post.group
        name, known = self._account.option("tags_field"), self._tags(ticket)
        if name and (missing := [tag for tag in post.tags if tag not in known]):
            new["CustomFields"] = {name: [*known, *missing]}
        return new

    def _queue(self, ticket: Json) -> str:
        queue = text_of(field(ticket, "Queue", "id"))
        return text_of(record(self._api("GET", f"/queue/{queue}")).get("Name"))

    def check(self) -> list[tuple[str, str | None]]:
        """Try the version, the credentials, and that they are the bot's."""
        version = text_of(field(self._api("GET", "/rt"), "Version"))
        found: list[tuple[str, str | None]] = [(f"version {version}", None), ("credentials", None)]
        try:
            user = record(self._api("GET", f"/user/{quote(self._user, safe='')}"))
        except HelpdeskRefused as error:
            if error.status != 404:
                raise
            return [*found, ("user", f"RT has no user {self._user}.")]
        wrong = None
        owner = re.match(r"1-(\d+)-", self._account.token)
        if not user.get("Privileged"):
            wrong = "The user is not privileged: it cannot write into tickets as an agent."
        elif owner and owner[1] != text_of(user.get("id")):
            wrong = f"The token is not of the user {self._user}, but of the one with the number {owner[1]}."
        return [*found, ("user", wrong)]

    def setup(self, inbound: str) -> str:
        """Return the steps in RT, with the scrip."""
        return setup_steps(inbound, secret=self._account.webhook_secret, user=self._user)


def _event(ticket: str, written: Written, kind: TicketEventKind, subject: str | None) -> TicketEvent:
    return TicketEvent(
        kind=kind,
        ticket=ticket,
        message_id=written.id,
        text=written.text,
        author=written.author,
        subject=subject,
        automatic=kind == TicketEventKind.CUSTOMER and written.automatic,
    )
