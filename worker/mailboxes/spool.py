"""The mail that came and is not taken yet: stored as it is, so that no process can lose it."""

from dataclasses import dataclass

import sqlalchemy as sa

from worker.ids import new_id
from worker.reading.characters import clean
from worker.states import ConnectionState, MailFolder, MailState
from worker.store.engine import Store
from worker.store.rows import Mail, Mailbox
from worker.store.tables import FAILED_MAIL, UNREAD_MAIL, helpdesk, mail, mailbox

#: How long one process may take the mail of a mailbox before another does, in ms.
_LEASE_MS = 120_000

#: Seconds between tries to take a mail; after the last one it is left to a human.
_RETRIES_S = (5, 60, 600, 3_600)

#: What the `error` of a mailbox begins with while its mail waits for a process that can take it.
_WAITS = "Its mail waits. "

#: Mail that could not be taken is kept this long, in ms.
_KEPT_MS = 30 * 86_400_000


@dataclass(frozen=True, kw_only=True)
class SpoolLease:
    """The right to take the mail of one mailbox, whose `secret` signs addresses and is sealed as in its row."""

    mailbox: Mailbox
    secret: str


class Spool:
    """Stores mail and gives it out, oldest first, to one taker per mailbox. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = store.clock.sql()

    def add(self, target: Mailbox, data: bytes, folder: MailFolder) -> str:
        """Store a mail that came and return its id. When this returns, the mail is committed."""
        with self._store.begin() as tx:
            return self.add_in(tx, target, data, folder)

    def add_in(self, tx: sa.Connection, target: Mailbox, data: bytes, folder: MailFolder) -> str:
        """Do the same inside a transaction."""
        return self._add(tx, target, folder, state=MailState.RECEIVED, raw=data, size=len(data), due_at=self._now)

    def add_failed_in(self, tx: sa.Connection, target: Mailbox, folder: MailFolder, error: str) -> str:
        """Record, inside a transaction, a mail that its server does not give out, so that it is seen to be missing."""
        return self._add(
            tx, target, folder, state=MailState.FAILED, size=0, reason=_reason(error), finished_at=self._now
        )

    def _add(self, tx: sa.Connection, target: Mailbox, folder: MailFolder, **values: object) -> str:
        id = new_id("mail")
        tx.execute(
            mail.insert().values(
                id=id,
                workspace_id=target.workspace_id,
                mailbox_id=target.id,
                direction="in",
                folder=folder,
                attempts=0,
                created_at=self._now,
                **values,
            )
        )
        return id

    def due(self, *, limit: int) -> list[str]:
        """Return mailboxes with mail to take that nobody takes at the moment."""
        waits = sa.exists().where(mail.c.mailbox_id == mailbox.c.id, UNREAD_MAIL, mail.c.due_at <= self._now)
        statement = (
            sa.select(mailbox.c.id)
            .join(helpdesk, helpdesk.c.id == mailbox.c.id)
            .where(waits, self._is_free(), helpdesk.c.state == ConnectionState.ENABLED)
            .limit(limit)
        )
        with self._store.read() as connection:
            return list(connection.execute(statement).scalars())

    def lease(self, mailbox_id: str) -> SpoolLease | None:
        """Take the right to take a mailbox's mail; None while another has it."""
        with self._store.begin() as tx:
            taken = tx.execute(
                mailbox.update()
                .where(mailbox.c.id == mailbox_id, self._is_free())
                .values(lease_token=mailbox.c.lease_token + 1, due_at=self._now + _LEASE_MS)
                .returning(*mailbox.c)
            )
            row = taken.mappings().first()
            if row is None:
                return None
            secret = tx.execute(sa.select(helpdesk.c.webhook_secret).where(helpdesk.c.id == mailbox_id)).scalar_one()
            return SpoolLease(mailbox=Mailbox.from_row(row), secret=secret)

    def next(self, lease: SpoolLease) -> Mail | None:
        """Return the oldest mail to take, and renew the lease; None when there is none or the lease is lost."""
        oldest = (
            sa.select(mail)
            .where(mail.c.mailbox_id == lease.mailbox.id, UNREAD_MAIL, mail.c.due_at <= self._now)
            .order_by(mail.c.due_at, mail.c.id)
            .limit(1)
        )
        with self._store.begin() as tx:
            renewed = mailbox.update().where(self._is_held(lease)).values(due_at=self._now + _LEASE_MS)
            if not tx.execute(renewed).rowcount:
                return None
            row = tx.execute(oldest).mappings().first()
            return None if row is None else Mail.from_row(row)

    def release(self, lease: SpoolLease) -> None:
        """Give the right back."""
        with self._store.begin() as tx:
            tx.execute(mailbox.update().where(self._is_held(lease)).values(due_at=None))

    def report_problem(self, lease: SpoolLease, error: str) -> bool:
        """Say in the `error` of a mailbox why its mail waits; return False where it says so already."""
        said = f"{_WAITS}{error}"
        differs = sa.or_(mailbox.c.error.is_(None), mailbox.c.error != said)
        with self._store.begin() as tx:
            return bool(tx.execute(mailbox.update().where(self._is_held(lease), differs).values(error=said)).rowcount)

    def clear_problem(self, lease: SpoolLease) -> None:
        """Take back what `report_problem` said: the mail is taken."""
        if (lease.mailbox.error or "").startswith(_WAITS):
            ours = (self._is_held(lease), mailbox.c.error == lease.mailbox.error)
            with self._store.begin() as tx:
                tx.execute(mailbox.update().where(*ours).values(error=None))

    def ignore(self, ignored: Mail, reason: str, *, message_id: str) -> None:
        """End a mail that is not acted on."""
        self._end(ignored, MailState.IGNORED, raw=None, reason=_reason(reason), message_id=message_id)

    def postpone(self, failed: Mail, error: str) -> bool:
        """Try a mail again later; return False when that was the last try, and keep it as it came."""
        if failed.attempts >= len(_RETRIES_S):
            self._end(failed, MailState.FAILED, reason=_reason(error))
            return False
        with self._store.begin() as tx:
            due_at = self._now + _RETRIES_S[failed.attempts] * 1_000
            tx.execute(
                mail.update()
                .where(mail.c.id == failed.id, UNREAD_MAIL)
                .values(attempts=failed.attempts + 1, due_at=due_at, reason=_reason(error))
            )
        return True

    def clean_up(self, *, limit: int = 100) -> int:
        """Drop the content of mail that could not be taken a month ago; return how many."""
        old = (
            sa.select(mail.c.id)
            .where(FAILED_MAIL, mail.c.raw.is_not(None), mail.c.created_at < self._now - _KEPT_MS)
            .limit(limit)
        )
        with self._store.begin() as tx:
            return tx.execute(mail.update().where(mail.c.id.in_(old)).values(raw=None)).rowcount

    def _end(self, ended: Mail, state: MailState, **values: object) -> None:
        with self._store.begin() as tx:
            tx.execute(
                mail.update()
                .where(mail.c.id == ended.id, UNREAD_MAIL)
                .values(state=state, due_at=None, finished_at=self._now, **values)
            )

    def _is_free(self) -> sa.ColumnElement[bool]:
        return sa.or_(mailbox.c.due_at.is_(None), mailbox.c.due_at <= self._now)

    def _is_held(self, lease: SpoolLease) -> sa.ColumnElement[bool]:
        return sa.and_(mailbox.c.id == lease.mailbox.id, mailbox.c.lease_token == lease.mailbox.lease_token)


def _reason(text: str) -> str:
    """Return a reason that a database takes: an error may quote from the mail that it refused."""
    return clean(text)[:500]
