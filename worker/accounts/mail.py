"""Mail about accounts: queued as rows, so that no request waits for a mail server or tells by its time who exists.

The row of a mail has no link: the worker that sends the mail makes it, and only the mail carries it.
"""

from collections.abc import Callable
from typing import Protocol

import sqlalchemy as sa

from worker.accounts import letters
from worker.accounts.links import Links
from worker.errors import AnswerbackError
from worker.ids import new_id
from worker.states import LetterKind, LinkKind
from worker.store.engine import Store
from worker.store.rows import Account, AccountMail
from worker.store.tables import account, account_mail, membership, workspace
from worker.telemetry import logs

log = logs.get(__name__)

#: Attempts for a mail, and the pause after each in ms; it doubles.
_MAX_ATTEMPTS = 6
_PAUSE_MS = 30_000


class Mailer(Protocol):
    """Hands a mail to the operator's mail server (`worker.helpdesks.mail.MailServer`)."""

    def send(self, *, to: str, subject: str, text: str) -> None:
        """Send a mail.

        Raises:
            AnswerbackError: the server is unavailable or refuses it.
        """
        ...


#: Writes the weekly report to a person, of a workspace, with the address of the console; None: there is none to send.
ReportWriter = Callable[[Account, str, str], letters.Letter | None]


class AccountMails:
    """Queues and sends mail about accounts. Thread-safe; any number of processes may send.

    Args:
        mailer: None where no mail server is set; nothing is queued then.
        console_url: the address of the console, as people reach it.
        report: writes the weekly report of a workspace to a person, from the address of the console.
    """

    def __init__(
        self, store: Store, links: Links, *, mailer: Mailer | None, console_url: str, report: ReportWriter
    ) -> None:
        self._store = store
        self._links = links
        self._mailer = mailer
        self._report = report
        self.console_url = console_url.rstrip("/")

    @property
    def can_send(self) -> bool:
        """Whether there is a mail server."""
        return self._mailer is not None

    def queue(self, tx: sa.Connection, kind: LetterKind, email: str, *, workspace_id: str | None = None) -> None:
        """Have a mail sent after the commit; to nobody, if nobody has this address."""
        if self._mailer is None:
            return
        now = self._store.now(tx)
        row = AccountMail(
            id=new_id("mail"), kind=kind, email=email, workspace_id=workspace_id, attempts=0, due_at=now, created_at=now
        )
        tx.execute(account_mail.insert().values(**vars(row)))

    def send_due(self, *, limit: int = 20) -> int:
        """Send the mails that are due; return how many left."""
        return sum(self._send_next() for _ in range(limit)) if self._mailer is not None else 0

    def _send_next(self) -> bool:
        claimed = self._claim()
        if claimed is None:
            return False
        try:
            letter = self._letter(claimed)
            if letter is not None and self._mailer is not None:
                self._mailer.send(to=claimed.email, subject=letter.subject, text=letter.text)
        except AnswerbackError as error:
            log.warning("account_mail_refused", kind=claimed.kind, attempts=claimed.attempts, cause=str(error))
            if claimed.attempts < _MAX_ATTEMPTS:
                return False
            log.error("account_mail_lost", kind=claimed.kind)
        with self._store.begin() as tx:
            tx.execute(account_mail.delete().where(account_mail.c.id == claimed.id))
        return True

    def _claim(self) -> AccountMail | None:
        """Return a mail that is due, which is due again after a pause unless it is deleted."""
        due = account_mail.c.due_at <= self._store.clock.sql()
        with self._store.read() as connection:
            row = (
                connection.execute(sa.select(account_mail).where(due).order_by(account_mail.c.due_at).limit(1))
                .mappings()
                .first()
            )
        if row is None:
            return None
        found = AccountMail.from_row(row)
        with self._store.begin() as tx:
            later = self._store.now(tx) + _PAUSE_MS * 2**found.attempts
            due_still = account_mail.update().where(
                account_mail.c.id == found.id, account_mail.c.due_at == found.due_at
            )
            values = {"due_at": later, "attempts": found.attempts + 1}
            if not tx.execute(due_still.values(**values)).rowcount:
                return None  # another process sends it
        return AccountMail(**{**vars(found), **values})

    def _letter(self, mail: AccountMail) -> letters.Letter | None:
        """Return the mail as it is sent, with a new link; None for an address that nobody has."""
        with self._store.begin() as tx:
            row = tx.execute(sa.select(account).where(account.c.email == mail.email)).mappings().first()
            if row is None or row["disabled_at"] is not None:
                return None
            person = Account.from_row(row)
            if mail.kind == LetterKind.INVITATION:
                return self._invitation(tx, person, mail)
            if mail.kind == LetterKind.RESET:
                token = self._links.make(tx, LinkKind.RESET, account_id=person.id, by_mail=True)
                return letters.reset(person, f"{self.console_url}/reset?token={token}")
        if mail.kind == LetterKind.WEEKLY_REPORT:
            return self._report(person, mail.workspace_id or "", self.console_url)
        return letters.NOTICES[mail.kind](person, f"{self.console_url}/profile")

    def _invitation(self, tx: sa.Connection, person: Account, mail: AccountMail) -> letters.Letter | None:
        waiting = (
            sa.select(membership.c.invited_by, workspace.c.name)
            .join_from(membership, workspace, workspace.c.id == membership.c.workspace_id)
            .where(membership.c.account_id == person.id, membership.c.workspace_id == mail.workspace_id)
            .where(membership.c.accepted_at.is_(None), membership.c.disabled_at.is_(None))
        )
        row = tx.execute(waiting).first()
        if row is None:
            return None
        token = self._links.make(
            tx, LinkKind.INVITATION, account_id=person.id, workspace_id=mail.workspace_id, by_mail=True
        )
        url = f"{self.console_url}/invitation?token={token}"
        return letters.invitation(person, url, invited_by=row.invited_by, workspace=row.name)
