"""Read mailboxes by IMAP: one process at a time each, at once where the server offers IDLE, else by polling.

How far a folder was read is written in the transaction that stores the mail, so a process that ends between the two
leaves neither a gap nor a mail that is stored twice.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from worker.errors import DatabaseUnavailable
from worker.mailboxes.imap import FolderState, ImapMailbox, MailboxUnavailable
from worker.mailboxes.spool import Spool
from worker.reading.characters import clean
from worker.states import ConnectionState, MailFolder
from worker.store.engine import Store
from worker.store.rows import Mailbox
from worker.store.tables import helpdesk, mail_folder, mailbox
from worker.telemetry import logs

log = logs.get(__name__)

#: How long a process keeps a mailbox without a sign of life, in ms.
_WATCH_MS = 90_000

#: Seconds of one wait for news; the folder of sent mail is read in between.
_WAIT_S = 20.0

#: Seconds after which a mailbox that could not be read is tried again; doubled after each failure, up to a limit.
_RETRY_S = 5.0
_MAX_RETRY_S = 1_800.0

#: Times that a server may fail to give out a mail before the next ones are read.
_MAX_FETCHES = 5

#: A mailbox that nobody has read for so long, in ms, while this process can read no more, is reported.
_UNREAD_MS = 120_000
_NO_FREE_READER = "No process is free to read this mailbox; start another worker for the queue `callback`."

#: When the numbers of a folder have changed, mail from this long before it was last read is looked at again.
_OVERLAP = timedelta(days=2)


class Watcher:
    """Reads mailboxes. Safe to share between threads; each mailbox is read by one.

    Args:
        holder: the name of this process.
        stopping: set when the process ends.
        open_imap: opens a mailbox.
    """

    def __init__(
        self,
        store: Store,
        open_imap: Callable[[Mailbox], AbstractContextManager[ImapMailbox]],
        *,
        holder: str,
        stopping: threading.Event,
    ) -> None:
        self._store = store
        self._open_imap = open_imap
        self._holder = holder
        self._stopping = stopping
        self._spool = Spool(store)
        self._now = store.clock.sql()
        # Both count in this process alone; a restart begins anew, which is what an operator wants from one.
        self._failures: dict[tuple[str, str | None], int] = {}
        self._fetches: dict[tuple[str, str, int, int], int] = {}

    def due(self, *, limit: int) -> list[str]:
        """Return mailboxes that no process reads at the moment."""
        statement = (
            sa.select(mailbox.c.id)
            .join(helpdesk, helpdesk.c.id == mailbox.c.id)
            .where(mailbox.c.imap_url.is_not(None), helpdesk.c.state == ConnectionState.ENABLED, self._is_free())
            .limit(limit)
        )
        with self._store.read() as connection:
            return list(connection.execute(statement).scalars())

    def report_unread(self) -> None:
        """Say of the mailboxes that no process reads that none is free to: in the log, and in their `error`.

        To be called while this process can take up no more.
        """
        since = sa.func.coalesce(mailbox.c.checked_at, helpdesk.c.created_at)
        unread = (
            sa.select(mailbox.c.id)
            .join(helpdesk, helpdesk.c.id == mailbox.c.id)
            .where(
                mailbox.c.imap_url.is_not(None),
                helpdesk.c.state == ConnectionState.ENABLED,
                self._is_free(),
                since < self._now - _UNREAD_MS,
                sa.or_(mailbox.c.error.is_(None), mailbox.c.error != _NO_FREE_READER),
            )
        )
        with self._store.read() as connection:
            found = list(connection.execute(unread).scalars())
        for id in found:
            log.warning("mailbox_not_read", mailbox_id=id, cause=_NO_FREE_READER)
            with self._store.begin() as tx:
                tx.execute(mailbox.update().where(mailbox.c.id == id, self._is_free()).values(error=_NO_FREE_READER))

    def poll(self, mailbox_id: str) -> int:
        """Read a mailbox once; return how many mails were stored, none while another process reads it.

        Raises:
            MailboxUnavailable: its server is unavailable; what was stored before stays stored.
        """
        row = self._claim(mailbox_id)
        if row is None:
            return 0
        try:
            with self._open_imap(row) as opened:
                return self.read(opened, row)
        finally:
            self._release(row, None)

    def watch(self, mailbox_id: str) -> None:
        """Read a mailbox until the process ends or the server fails; returns at once while another process does."""
        row = self._claim(mailbox_id)
        if row is None:
            return
        error: str | None = None
        try:
            with self._open_imap(row) as opened:
                while not self._stopping.is_set() and self._renew(row):
                    self.read(opened, row)
                    if not self._renew(row, checked_at=self._now, error=None):
                        break
                    self._failures.pop((row.id, row.imap_url), None)
                    if not opened.wait(_WAIT_S, stopping=self._stopping):
                        self._stopping.wait(_WAIT_S)
        except MailboxUnavailable as unavailable:
            error = str(unavailable)
            log.warning("mailbox_unavailable", mailbox_id=mailbox_id, cause=error)
        except DatabaseUnavailable:
            raise
        except Exception as bug:
            error = clean(f"{type(bug).__name__}: {bug}")[:500]
            log.exception("mailbox_not_read", mailbox_id=mailbox_id)
        finally:
            self._release(row, error)

    def read(self, opened: ImapMailbox, row: Mailbox) -> int:
        """Store what is new in the folder of sent mail and in the inbox; return how many there were.

        The inbox is left open, to be waited at. A mailbox that is read for the first time begins with what comes next:
        nobody wants answers to their old mail.
        """
        stored = 0
        for use in (MailFolder.SENT, MailFolder.INBOX):
            folder = opened.folder(use)
            if folder is not None:
                stored += self._read_folder(opened, row, folder, use)
        return stored

    def _read_folder(self, opened: ImapMailbox, row: Mailbox, folder: str, use: MailFolder) -> int:
        state = opened.open(folder)
        known = self._known(row, folder)
        if known is None:
            self._begin(row, folder, state)
            return 0
        uid_validity, last_uid, updated_at = known
        if uid_validity != state.uid_validity:
            since = datetime.fromtimestamp(updated_at / 1_000, UTC) - _OVERLAP
            log.warning("folder_renumbered", mailbox_id=row.id, since=since.date().isoformat())
            uids = opened.uids_since(since.date())
            last_uid = 0
        else:
            uids = opened.uids_after(last_uid)
        stored = 0
        for uid in uids:
            if self._stopping.is_set():
                return stored
            data, failed = self._fetch(opened, row, folder, state.uid_validity, uid)
            is_last = uid == uids[-1]
            # Until the last one, a renumbered folder counts as not read: should this end here, all comes again.
            validity = state.uid_validity if is_last or uid_validity == state.uid_validity else uid_validity
            current = validity == state.uid_validity
            if not self._store_mail(
                row, folder, use, data, uid=uid, uid_validity=validity, is_current=current, failed=failed
            ):
                return stored
            self._fetches.pop((row.id, folder, state.uid_validity, uid), None)
            stored += 1
        if not uids and uid_validity != state.uid_validity:
            self._store_mail(row, folder, use, None, uid=state.next_uid - 1, uid_validity=state.uid_validity)
        return stored

    def _fetch(
        self, opened: ImapMailbox, row: Mailbox, folder: str, uid_validity: int, uid: int
    ) -> tuple[bytes | None, str | None]:
        """Return a mail; or why it is passed over, once its server has failed to give it out several times.

        Raises:
            MailboxUnavailable: it failed, and is to be tried again.
        """
        key = (row.id, folder, uid_validity, uid)
        try:
            return opened.read(uid), None
        except Exception as error:
            self._fetches[key] = self._fetches.get(key, 0) + 1
            if self._fetches[key] < _MAX_FETCHES:
                raise
            log.error("mail_passed_over", mailbox_id=row.id, folder=folder, uid=uid, cause=str(error))
            return None, f"The server does not give out UID {uid} of {folder}: {error}"

    def _store_mail(
        self,
        row: Mailbox,
        folder: str,
        use: MailFolder,
        data: bytes | None,
        *,
        uid: int,
        uid_validity: int,
        is_current: bool = True,
        failed: str | None = None,
    ) -> bool:
        """Store a mail and how far the folder is read; return False when another process has the mailbox.

        `is_current` says that `uid_validity` is the server's. While it is not, the time that the folder was read stays
        as it is: should this end here, the folder is read again from then on.
        """
        read_at = {"updated_at": self._now} if is_current else {}
        with self._store.begin() as tx:
            if not self._renewed(tx, row):
                return False
            if data is not None:
                self._spool.add_in(tx, row, data, use)
            elif failed is not None:
                self._spool.add_failed_in(tx, row, use, failed)
            tx.execute(
                mail_folder.update()
                .where(mail_folder.c.mailbox_id == row.id, mail_folder.c.name == folder)
                .values(uid_validity=uid_validity, last_uid=uid, **read_at)
            )
            return True

    def _known(self, row: Mailbox, folder: str) -> tuple[int, int, int] | None:
        statement = sa.select(mail_folder.c.uid_validity, mail_folder.c.last_uid, mail_folder.c.updated_at).where(
            mail_folder.c.mailbox_id == row.id, mail_folder.c.name == folder
        )
        with self._store.read() as connection:
            found = connection.execute(statement).first()
        return None if found is None else (found.uid_validity, found.last_uid, found.updated_at)

    def _begin(self, row: Mailbox, folder: str, state: FolderState) -> None:
        with self._store.begin() as tx:
            tx.execute(
                mail_folder.insert().values(
                    mailbox_id=row.id,
                    name=folder,
                    workspace_id=row.workspace_id,
                    uid_validity=state.uid_validity,
                    last_uid=state.next_uid - 1,
                    updated_at=self._now,
                )
            )

    def _claim(self, mailbox_id: str) -> Mailbox | None:
        claimed = (
            mailbox.update()
            .where(mailbox.c.id == mailbox_id, self._is_free())
            .values(watcher=self._holder, watched_until=self._now + _WATCH_MS)
            .returning(*mailbox.c)
        )
        with self._store.begin() as tx:
            row = tx.execute(claimed).mappings().first()
        return None if row is None else Mailbox.from_row(row)

    def _renew(self, row: Mailbox, **values: object) -> bool:
        with self._store.begin() as tx:
            return self._renewed(tx, row, **values)

    def _renewed(self, tx: sa.Connection, row: Mailbox, **values: object) -> bool:
        """Keep the mailbox; False when another process has it, it was changed, or it is switched off."""
        enabled = sa.select(helpdesk.c.id).where(helpdesk.c.id == row.id, helpdesk.c.state == ConnectionState.ENABLED)
        kept = (
            mailbox.update()
            .where(
                mailbox.c.id == row.id,
                mailbox.c.watcher == self._holder,
                mailbox.c.imap_url == row.imap_url,
                enabled.exists(),
            )
            .values(watched_until=self._now + _WATCH_MS, **values)
        )
        return bool(tx.execute(kept).rowcount)

    def _release(self, row: Mailbox, error: str | None) -> None:
        later = None if error is None else self._now + int(self._pause_s(row) * 1_000)
        with self._store.begin() as tx:
            tx.execute(
                mailbox.update()
                .where(mailbox.c.id == row.id, mailbox.c.watcher == self._holder)
                .values(watcher=None, watched_until=later, **({} if error is None else {"error": error}))
            )

    def _pause_s(self, row: Mailbox) -> float:
        """Count a failure; return the seconds until the next try."""
        failures = self._failures[row.id, row.imap_url] = self._failures.get((row.id, row.imap_url), 0) + 1
        return min(_RETRY_S * 2.0 ** min(failures - 1, 10), _MAX_RETRY_S)

    def _is_free(self) -> sa.ColumnElement[bool]:
        return sa.or_(mailbox.c.watched_until.is_(None), mailbox.c.watched_until <= self._now)
