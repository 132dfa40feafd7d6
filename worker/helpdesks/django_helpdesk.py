"""django-helpdesk 2: webhooks with the whole ticket in, its REST API out.

Its webhooks are not signed: they bring the secret as the password in their URL. It has no tags, and no API that tells
who is an agent: what somebody with an account writes counts as an agent's, what comes by mail or from a visitor as the
customer's. Option: `bot_id`, the number of the user that the token belongs to.
"""

import base64
from urllib.parse import quote, urlsplit, urlunsplit

from worker.addresses import Caller
from worker.helpdesks.answers import field, number, optional_list, record, records
from worker.helpdesks.protocol import (
    Account,
    Api,
    Headers,
    HelpdeskRefused,
    Json,
    Post,
    Posted,
    TicketEvent,
    newest,
    require_same,
    text_of,
    ticket_states,
)
from worker.helpdesks.rendering import to_markdown
from worker.states import TicketEventKind

_OPEN, _REOPENED, _RESOLVED, _CLOSED, _DUPLICATE = 1, 2, 3, 4, 5
_ENDED = (_RESOLVED, _CLOSED, _DUPLICATE)

#: The user of the webhooks' URL, whose password is the secret.
_WEBHOOK_USER = "answerback"

#: A tag of the tickets that a user has: with the bot's as `resume_tag`, agents give a ticket back by assigning it.
_OWNER_TAG = "owner:{}"


class DjangoHelpdesk:
    """The connector of django-helpdesk."""

    def __init__(self, account: Account, caller: Caller) -> None:
        self._account = account
        self._api = Api(caller, f"{account.url.rstrip('/')}/api", {"authorization": f"Token {account.token}"})

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Check the secret, which comes as the password of basic authentication."""
        del body, now
        given = f"{_WEBHOOK_USER}:{self._account.webhook_secret}".encode()
        require_same(headers.get("authorization", ""), f"Basic {base64.b64encode(given).decode()}")

    def delivery_id(self, payload: Json, headers: Headers) -> str | None:
        """Return None: the messages have ids."""
        del payload, headers
        return None

    def read(self, payload: Json, headers: Headers) -> list[TicketEvent]:
        """Read the ticket of a webhook, with all its messages."""
        del headers
        ticket = payload.get("ticket")
        if not isinstance(ticket, dict) or not ticket.get("id"):
            return []
        try:
            return self._events(ticket)
        except HelpdeskRefused as error:
            raise ValueError(str(error)) from error

    def look(self, ticket: str) -> list[TicketEvent]:
        """Read the messages of the customer and of agents, and the state of the ticket."""
        return self._events(self._ticket(ticket))

    def _ticket(self, ticket: str) -> Json:
        return record(self._api("GET", f"/tickets/{ticket}/"))

    def _events(self, ticket: Json) -> list[TicketEvent]:
        id = text_of(field(ticket, "id"))
        if merged := text_of(ticket.get("merged_to")):
            return [
                TicketEvent(kind=TicketEventKind.GONE, ticket=id),
                TicketEvent(kind=TicketEventKind.CHANGED, ticket=merged),
            ]
        owner = text_of(ticket.get("assigned_to"))
        return [
            *self._messages(id, ticket),
            *ticket_states(
                id,
                closed=ticket.get("status") in _ENDED,
                assignee=self._agent(owner),
                tags=[_OWNER_TAG.format(owner)] if owner else [],
            ),
        ]

    def _messages(self, id: str, ticket: Json) -> list[TicketEvent]:
        """Return the description of a ticket and its public follow-ups that have text, oldest first.

        The description is there twice: the first follow-up has it again, with its writer.
        """
        subject, submitter = text_of(ticket.get("title")) or None, text_of(ticket.get("submitter_email"))
        customer = {"id": submitter, "email": submitter} if submitter else {}
        description = text_of(ticket.get("description"))
        follow_ups = _follow_ups(ticket)
        opening: Json = {"id": f"ticket-{id}", "user": None, "public": True, "comment": description}
        if follow_ups and _repeats(follow_ups[0], description):
            opening["user"] = follow_ups.pop(0).get("user")
        found = []
        for follow_up in (opening, *follow_ups):
            user = text_of(follow_up.get("user"))
            is_said = follow_up is opening or bool(text_of(follow_up.get("comment")).strip())
            if not (follow_up.get("public") and is_said) or user == self._bot:
                continue
            found.append(
                TicketEvent(
                    kind=TicketEventKind.AGENT if user else TicketEventKind.CUSTOMER,
                    ticket=id,
                    message_id=text_of(follow_up["id"]),
                    text=text_of(follow_up["comment"]),
                    author={"id": user, "name": "an agent"} if user else customer,
                    subject=subject,
                )
            )
        return found

    def _agent(self, owner: str) -> str:
        return "" if owner == self._bot else owner

    @property
    def _bot(self) -> str:
        return self._account.option("bot_id")

    def find(self, ticket: str) -> list[Posted]:
        """Return the bot's newest follow-ups."""
        return newest(
            Posted(id=text_of(follow_up["id"]), text=text_of(follow_up.get("comment")))
            for follow_up in _follow_ups(self._ticket(ticket))
            if text_of(follow_up.get("user")) == self._bot
        )

    def assignee(self, ticket: str) -> str:
        """Return the user who has a ticket, unless it is the bot."""
        return self._agent(text_of(self._ticket(ticket).get("assigned_to")))

    def post(self, post: Post) -> str:
        """Add a follow-up, which django-helpdesk mails when it is public; another title would rename the ticket."""
        title = field(self._ticket(post.ticket), "title")
        made = self._api(
            "POST",
            "/followups/",
            {
                "ticket": number("ticket", post.ticket),
                "title": title,
                "comment": to_markdown(post.text),
                "public": post.public,
            },
        )
        return text_of(field(made, "id"))

    def change(self, post: Post) -> None:
        """Set status, user and queue; `pending` puts the ticket on hold. There are no tags."""
        new: Json = {}
        if post.status:
            found = self._ticket(post.ticket)
            ended = field(found, "status") in _ENDED
            new["on_hold"] = post.status == "pending"
            if post.status == "closed" and not ended:
                new["status"] = _RESOLVED
            elif post.status == "open" and ended:
                new["status"] = _REOPENED
        if post.assignee:
            new["assigned_to"] = number("assignee", post.assignee)
        if post.group:
            new["queue"] = number("group", post.group)
        if new:
            self._api("PATCH", f"/tickets/{post.ticket}/", new)

    def check(self) -> list[tuple[str, str | None]]:
        """Try the credentials; whose they are is not told by the API."""
        field(self._api("GET", "/tickets/?page_size=1"), "results")
        return [("credentials", None)]

    def setup(self, inbound: str) -> str:
        """Return the steps for the administrator of the Django project."""
        return f"""\
1. In the project's settings: add rest_framework.authtoken to INSTALLED_APPS, and
   rest_framework.authentication.TokenAuthentication to REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"]; migrate.
2. Make a user for the bot with the staff status, and a token: python manage.py drf_create_token answerback
   The user's number is `bot_id`: it stands in the address of its page in the admin site.
3. Let the project's processes have both environment variables, and restart them:
   HELPDESK_NEW_TICKET_WEBHOOK_URLS={_with_secret(inbound, self._account.webhook_secret)}
   HELPDESK_FOLLOWUP_WEBHOOK_URLS={_with_secret(inbound, self._account.webhook_secret)}"""


def _follow_ups(ticket: Json) -> list[Json]:
    """Return the follow-ups of a ticket, oldest first."""
    found = records(optional_list(ticket, "followup_set"))
    return sorted(found, key=lambda follow_up: number("the id of a follow-up", text_of(field(follow_up, "id"))))


def _repeats(follow_up: Json, description: str) -> bool:
    """Whether a follow-up is the form or the mail that its ticket was made of: mail has what it quotes there too."""
    begin, comment = (" ".join(text.split()) for text in (description, text_of(follow_up.get("comment"))))
    if not follow_up.get("public") or not begin:
        return False
    return comment.startswith(begin) if follow_up.get("message_id") else comment == begin


def _with_secret(url: str, secret: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{_WEBHOOK_USER}:{quote(secret, safe='')}@{parts.netloc}"))
