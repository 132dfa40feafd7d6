"""Accept the mail that providers post, each in its own form; a worker takes it. What is accepted is committed."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from worker.errors import Invalid, NotFound
from worker.mailboxes import mailgun, postmark, sendgrid, ses
from worker.mailboxes.providers import require_password
from worker.mailboxes.spool import Spool
from worker.states import MailFolder
from worker.store.engine import Store
from worker.store.rows import Mailbox
from worker.store.tables import mailbox


class PostedMail:
    """Accepts mail that is posted. Safe to share between threads.

    Its methods raise NotFound when there is no such mailbox or it does not take mail of that provider, WebhookRefused
    when it is not known to be the provider's, and Invalid when it has no raw mail.
    """

    def __init__(self, store: Store, amazon: ses.Fetches) -> None:
        self._store = store
        self._amazon = amazon
        self._spool = Spool(store)

    def raw(self, row: Mailbox, data: bytes) -> str:
        """Accept a raw mail and return its id.

        Raises:
            Invalid: it is empty, or begins with no header.
        """
        head = data[:100_000].lstrip(b"\r\n")
        if not head.strip() or b":" not in head.split(b"\n", 1)[0]:
            raise Invalid("The body is no mail: it must be the raw message, headers first.")
        return self._spool.add(row, data, MailFolder.POSTED)

    def mailgun(self, id: str, form: Mapping[str, bytes], *, now: float) -> None:
        """Accept a mail that Mailgun posts, whose form's fields are not decoded; `now` in Unix seconds."""
        row = self._row(id)
        if row.mailgun_key is None:
            raise _not_taken()
        self.raw(row, mailgun.raw_mail(form, key=self._store.sealing.open(row.mailgun_key), now=now))

    def ses(self, id: str, body: bytes, *, now: float) -> None:
        """Accept a message of Amazon SNS: mail, or one that asks to confirm the subscription.

        Raises:
            WebhookPostponed: Amazon's certificate or API gave no answer.
        """
        row = self._row(id)
        if row.ses_topic is None:
            raise _not_taken()
        message = ses.message_of(body, self._amazon, topic=row.ses_topic, now=now)
        if message["Type"] == "SubscriptionConfirmation":
            ses.confirm(message, self._amazon)
        elif message["Type"] == "Notification" and (data := ses.raw_mail(message)) is not None:
            self.raw(row, data)

    def postmark(self, id: str, payload: Mapping[str, Any], authorization: str) -> None:
        """Accept a mail that Postmark posts; `authorization` is the header of that name."""
        row = self._row(id)
        if row.inbound_password is None:
            raise _not_taken()
        password = self._store.sealing.open(row.inbound_password)
        self.raw(row, postmark.raw_mail(payload, authorization, password=password))

    def check_sendgrid(self, id: str, body: bytes, headers: Mapping[str, str], *, now: float) -> Mailbox:
        """Return the mailbox that a form of SendGrid is for, whose body it signed, or which has the URL's password.

        `headers` are by lower-case name, `now` in Unix seconds.
        """
        row = self._row(id)
        if row.sendgrid_key is not None:
            sendgrid.verify(body, headers, key=row.sendgrid_key, now=now)
        elif row.inbound_password is not None:
            require_password(headers.get("authorization", ""), self._store.sealing.open(row.inbound_password))
        else:
            raise _not_taken()
        return row

    def sendgrid(self, row: Mailbox, form: Mapping[str, bytes]) -> None:
        """Accept a mail of a form that `check_sendgrid` checked, whose fields are not decoded."""
        self.raw(row, sendgrid.raw_mail(form))

    def _row(self, id: str) -> Mailbox:
        with self._store.read() as connection:
            found = connection.execute(sa.select(mailbox).where(mailbox.c.id == id)).mappings().first()
        if found is None:
            raise _not_taken()
        return Mailbox.from_row(found)


def _not_taken() -> NotFound:
    return NotFound("There is no mailbox with this id that this provider posts to.")
