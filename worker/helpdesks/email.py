"""E-mail: agents are notified of handoffs. The URL is `mailto:` with the addresses; the server is the operator's."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote

from worker.addresses import Caller
from worker.helpdesks.mail import MailRefused, MailServer
from worker.helpdesks.protocol import Account, Headers, HelpdeskRefused, Json, Post, Posted, TicketEvent, WebhookRefused


class Email:
    """The connector of e-mail. Mail goes one way: replies to it are not read."""

    def __init__(self, account: Account, caller: Caller) -> None:
        del caller
        self._account = account

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Refuse: a mailbox sends no webhooks."""
        del body, headers, now
        raise WebhookRefused("E-mail sends no webhooks.")

    def delivery_id(self, payload: Json, headers: Headers) -> str | None:
        """Return nothing."""
        del payload, headers
        return None

    def read(self, payload: Json, headers: Headers) -> list[TicketEvent]:
        """Return nothing."""
        del payload, headers
        return []

    def look(self, ticket: str) -> list[TicketEvent]:
        """Return nothing."""
        del ticket
        return []

    def find(self, ticket: str) -> list[Posted]:
        """Return nothing: sent mail cannot be listed. A second attempt has the same Message-ID."""
        del ticket
        return []

    def post(self, post: Post) -> str:
        """Send a mail whose first line is the subject; `ticket` is in its Message-ID, so mailboxes know duplicates."""
        subject, _, text = post.text.partition("\n")
        message = EmailMessage()
        message["From"] = self._server.sender
        message["To"] = ", ".join(recipients(self._account.url))
        message["Subject"] = " ".join(subject.split())[:200]
        message["Date"] = formatdate()
        id = f"<{post.ticket}@{self._server.sender.rpartition('@')[2].rstrip('>') or 'answerback'}>"
        message["Message-ID"] = id
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text.strip() + "\n")
        with _refusals(), self._server.connected() as server:
            refused = server.send_message(message)
        if refused:  # the others have it, so it must not be sent again
            raise HelpdeskRefused(f"Refused for some, the others have it: {refused}"[:500], status=422)
        return id

    def change(self, post: Post) -> None:
        """Do nothing."""

    def assignee(self, ticket: str) -> None:
        """Return None: mail is assigned to nobody."""
        del ticket

    def check(self) -> list[tuple[str, str | None]]:
        """Reach the mail server and log in."""
        if self._account.mail is None:
            return [("mail server", _NO_SERVER)]
        with _refusals(), self._account.mail.connected() as server:
            server.noop()
        return [("mail server", None)]

    def setup(self, inbound: str) -> str:
        """Return the steps for the operator."""
        del inbound
        return f"""Set ANSWERBACK_SMTP_URL (smtp://user:password@host:587 or smtps://…) and ANSWERBACK_MAIL_FROM for the
workers, and restart them. Each handoff is sent once to {", ".join(recipients(self._account.url))}."""

    @property
    def _server(self) -> MailServer:
        if self._account.mail is None:
            raise HelpdeskRefused(_NO_SERVER)
        return self._account.mail


_NO_SERVER = "No mail server is set: ANSWERBACK_SMTP_URL."


@contextmanager
def _refusals() -> Iterator[None]:
    """Raise refusals of the mail server as HelpdeskRefused; a 5xx of SMTP is final, a 4xx may pass later."""
    try:
        yield
    except MailRefused as error:
        raise HelpdeskRefused(str(error), status=422 if (error.status or 0) >= 500 else error.status) from error


def recipients(url: str) -> list[str]:
    """Return the addresses of a `mailto:` URL; none when it is not one."""
    if not url.startswith("mailto:"):
        return []
    return [address.strip() for address in unquote(url.removeprefix("mailto:")).split(",") if address.strip()]
