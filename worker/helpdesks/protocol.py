"""The protocol of helpdesk connectors, and what they share: signatures, API calls and text."""

import base64
import hashlib
import hmac
import html
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from worker.addresses import Caller
from worker.errors import AnswerbackError
from worker.helpdesks.mail import MailServer
from worker.helpdesks.rendering import to_html
from worker.http_headers import retry_after_s
from worker.reading.markup import is_html, to_text
from worker.states import TicketEventKind

#: A webhook whose signed time is further off is refused, in seconds.
TOLERANCE_S = 300.0

_MAX_BYTES = 2_000_000
_MAX_RETRY_AFTER_S = 3_600.0

#: The letters that a digest is made of at most, and the length of the text that they are taken from: enough for as
#: many in any markup, so that a post and its echo are cut at the same letter.
_MAX_LETTERS = 4_000
_MAX_DIGESTED = 100_000

Headers = Mapping[str, str]
Json = dict[str, Any]


class WebhookRefused(AnswerbackError):
    """The webhook is not signed by the helpdesk, or too old."""

    code = "webhook_refused"


class WebhookPostponed(AnswerbackError):
    """The webhook could not be stored at the moment; nothing was changed. Send it again."""

    code = "webhook_postponed"
    retry_after_s = 5


class HelpdeskRefused(AnswerbackError):
    """The helpdesk refused a call or did not answer it.

    `status` is None when no answer came. `retry_after_s` is the pause that it asks for.
    """

    code = "helpdesk_refused"

    def __init__(self, message: str, *, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s


class UnreadableAnswer(HelpdeskRefused):
    """The helpdesk's answer does not have the form that its API documents."""

    code = "helpdesk_answer_unreadable"


@dataclass(frozen=True, kw_only=True)
class Account:
    """The address and the credentials of a connected helpdesk.

    `options` are those of its kind, listed in the connector's module. `mail` is the operator's mail server, if any.
    """

    id: str
    url: str
    token: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    mail: MailServer | None = None

    def option(self, name: str) -> str:
        """Return an option as text; empty when it is not set."""
        value = self.options.get(name)
        return "" if value is None else str(value)


@dataclass(frozen=True, kw_only=True)
class TicketEvent:
    """Something that a helpdesk reports about a ticket.

    Attributes:
        automatic: the helpdesk takes it for automatic mail, which gets no automatic answer.
        owned: an agent has the ticket already.
        tags: all tags of the ticket where this is a state, else those that were just added.
        files: names of the files that a reply in a thread of agents has.
        is_state: this is a state of the ticket and not a change: it has an effect only when it differs from the last
            one. `value` is empty when the ticket is not assigned or not closed.
    """

    kind: TicketEventKind
    ticket: str
    message_id: str | None = None
    text: str = ""
    author: Mapping[str, str] = field(default_factory=dict)
    subject: str | None = None
    tags: tuple[str, ...] = ()
    automatic: bool = False
    owned: bool = False
    files: tuple[str, ...] = ()
    is_state: bool = False
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class Post:
    """Something to be written into a ticket, for the customer or as a note."""

    ticket: str
    text: str
    public: bool
    status: str | None = None  # open, pending, closed
    tags: tuple[str, ...] = ()
    assignee: str | None = None
    group: str | None = None
    loud: bool = False  # seen outside its thread too, where there are threads


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A message or note in a ticket."""

    id: str
    text: str
    digest: str = ""  # of the text as it was sent, where the helpdesk keeps it beside


class Desk(Protocol):
    """The connector of one helpdesk. Only `verify`, `delivery_id` and `read` make no calls."""

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Raise unless the helpdesk sent this; `headers` by lower-case name.

        Raises:
            WebhookRefused: the signature or the time is wrong.
        """

    def delivery_id(self, payload: Json, headers: Headers) -> str | None:
        """Return the id that stays the same when the helpdesk sends a webhook again, or None."""

    def read(self, payload: Json, headers: Headers) -> list[TicketEvent]:
        """Return the events that a webhook reports, oldest first; none when they have no effect here."""

    def look(self, ticket: str) -> list[TicketEvent]:
        """Read a ticket: return its messages, oldest first, and its state, for helpdesks whose webhooks lack them."""

    def find(self, ticket: str) -> list[Posted] | None:
        """Return the newest agents' messages and notes of a ticket; None where the bot may not list them."""

    def post(self, post: Post) -> str:
        """Write into a ticket and return the id of what was written."""

    def change(self, post: Post) -> None:
        """Give the ticket the status, tags, assignee and group of a post; may be repeated."""

    def assignee(self, ticket: str) -> str | None:
        """Return the agent who has a ticket, empty for the bot or nobody; None where this cannot be read."""

    def check(self) -> list[tuple[str, str | None]]:
        """Return the name of each check with what is wrong, or None."""

    def setup(self, inbound: str) -> str:
        """Return the steps for the helpdesk's administrator, with the URL for its webhooks."""


class Api:
    """A client of a helpdesk's API: JSON in and out."""

    def __init__(self, caller: Caller, base: str, headers: Headers) -> None:
        self._caller = caller
        self._base = base.rstrip("/")
        self._headers = {"accept": "application/json", "user-agent": "Answerback/1", **headers}

    def __call__(self, method: str, path: str, body: Json | None = None) -> Any:
        """Make a call and return its JSON, or None; see `exchange`."""
        return self.exchange(method, path, body)[0]

    def exchange(
        self, method: str, path: str, body: Json | None = None, more: Headers | None = None
    ) -> tuple[Any, Headers]:
        """Make a call, with `more` headers, and return its JSON, or None, and the headers of the answer.

        Raises:
            HelpdeskRefused: it answered with anything but 2xx, or not at all.
            UnreadableAnswer: its answer is not JSON.
            AddressRefused: its address may not be called.
        """
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {**self._headers, **(more or {})}
        if content is not None:
            headers["content-type"] = "application/json"
        try:
            with self._caller.stream(method, f"{self._base}{path}", content=content, headers=headers) as response:
                data = _bounded(response)
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise HelpdeskRefused(f"{type(error).__name__}: {error}"[:500]) from error
        if not 200 <= response.status_code < 300:
            beginning = data[:300].decode(errors="replace")
            raise HelpdeskRefused(
                f"{method} {urlsplit(path).path}: {response.status_code} {beginning}",
                status=response.status_code,
                retry_after_s=_retry_after(response),
            )
        try:
            return (json.loads(data) if data.strip() else None), response.headers
        except ValueError:
            raise UnreadableAnswer(f"{method} {urlsplit(path).path}: the answer is not JSON") from None


def _bounded(response: httpx.Response) -> bytes:
    data = bytearray()
    for piece in response.iter_bytes():
        data += piece
        if len(data) > _MAX_BYTES:
            raise ValueError("the answer is too long")
    return bytes(data)


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds to wait by `Retry-After`, or by the rate limit headers of Zendesk and Intercom after a 429."""
    now = time.time()
    wait_s = retry_after_s(response.headers.get("retry-after"), now=now, max_s=_MAX_RETRY_AFTER_S)
    if wait_s is not None or response.status_code != 429:
        return wait_s
    for name, since in (("x-ratelimit-retry-after", 0.0), ("x-ratelimit-reset", now)):
        with suppress(KeyError, ValueError):
            return min(_MAX_RETRY_AFTER_S, max(0.0, float(response.headers[name]) - since))
    return None


def hmac_hex(secret: str, signed: bytes, algorithm: Callable[..., Any] = hashlib.sha256) -> str:
    """Return an HMAC in hex."""
    return hmac.new(secret.encode(), signed, algorithm).hexdigest()


def hmac_base64(secret: str, signed: bytes) -> str:
    """Return an HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def require_same(given: str, *ours: str) -> None:
    """Raise unless what is given is one of ours, in a time that does not tell how much of it is.

    Raises:
        WebhookRefused: it is none of them.
    """
    if not any(own and hmac.compare_digest(given.encode(), own.encode()) for own in ours):
        raise WebhookRefused("The signature is not that of the helpdesk.")


def require_fresh(timestamp: float | None, *, now: float) -> None:
    """Raise unless a signed time is near.

    Raises:
        WebhookRefused: it is missing or too far off.
    """
    if timestamp is None or abs(now - timestamp) > TOLERANCE_S:
        raise WebhookRefused("The webhook is too old, or has no time.")


def plain(markup: str) -> str:
    """Return the text of what may be HTML: tags go, blocks end lines."""
    text = re.sub(r"(?i)<(?:br|/p|/div|/li|/tr|/h\d)\b[^<>]*>", "\n", markup)
    text = re.sub(r"<[^>]{1,2000}>", "", _without_hidden(text))
    return re.sub(r"\n{3,}", "\n\n", html.unescape(text)).strip()


def _without_hidden(markup: str) -> str:
    """Return markup without styles, scripts and comments, except those that do not end."""
    kept, at, endless = [], 0, set()
    for opening in re.finditer(r"<(?:(style|script)\b|!--)", markup):
        closing = f"</{opening[1]}>" if opening[1] else "-->"
        if opening.start() < at or closing in endless:
            continue
        end = markup.find(closing, opening.end())
        if end < 0:
            endless.add(closing)  # no other one ends either, and looking for each takes quadratic time
            continue
        kept.append(markup[at : opening.start()])
        at = end + len(closing)
    return "".join(kept) + markup[at:]


def message_text(markup: str) -> str:
    """Return the text of a message, which may be HTML, with the marks of what it quotes."""
    return to_text(markup) if is_html(markup.strip()) else plain(markup)


def digest(text: str) -> str:
    """Return a hash of a text that stays the same whatever a helpdesk does to its markup and white space.

    Markdown, the HTML made of it and the text that is left of that have the same, whatever addresses their links have.
    Of a long text only the beginning counts.
    """
    text = text[:_MAX_DIGESTED]
    markup = text if is_html(text.strip()) else to_html(text)
    # Twice: a text that mentions `<a name>` is then the same before and after it is made HTML.
    letters = re.sub(r"[\W_]+", "", re.sub(r"https?://\S+", "", plain(plain(markup)))).lower()
    return hashlib.sha256(letters[:_MAX_LETTERS].encode()).hexdigest()


def ticket_states(ticket: str, *, closed: bool, assignee: str, tags: Iterable[Any]) -> list[TicketEvent]:
    """Return the state of a ticket as events, for helpdesks that report no changes; `assignee` is empty for nobody."""
    return [
        TicketEvent(kind=TicketEventKind.TAGGED, ticket=ticket, is_state=True, tags=tuple(map(text_of, tags))),
        TicketEvent(kind=TicketEventKind.ASSIGNED, ticket=ticket, is_state=True, value=assignee),
        TicketEvent(kind=TicketEventKind.CLOSED, ticket=ticket, is_state=True, value="closed" if closed else ""),
    ]


def newest(items: Iterable[Posted], limit: int = 50) -> list[Posted]:
    """Return the last items of a list that is ordered oldest first."""
    return list(items)[-limit:]


def text_of(value: Any) -> str:
    """Return an id or text as text; helpdesks write the same id as number here and as text there."""
    return "" if value is None else str(value)
