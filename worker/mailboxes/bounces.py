"""Mail of ours that came back: shown on its delivery, and an address that takes none gets none again."""

import sqlalchemy as sa

from worker.mailboxes.recipients import refused_later
from worker.mailboxes.reports import Failure, Report
from worker.mailboxes.threads import Threads
from worker.states import DeliveryState, MailState
from worker.store.engine import Store
from worker.store.rows import Mailbox
from worker.store.tables import attempt, delivery, mail, mail_suppression
from worker.store.upsert import upsert_into


class Bounces:
    """Records bounces. Safe to share between threads."""

    def __init__(self, store: Store, threads: Threads) -> None:
        self._store = store
        self._threads = threads
        self._now = store.clock.sql()

    def record(self, mailbox: Mailbox, report: Report) -> str:
        """Record a report on a mail that was sent from here; return a sentence that says what it was.

        Only those count to whom that mail was sent: anybody can send a report.
        """
        mail_id = self._threads.sent(mailbox, report.message_id)
        with self._store.begin() as tx:
            row = tx.execute(sa.select(mail.c.headers).where(mail.c.id == mail_id)).first()
            headers = (row.headers or {}) if row is not None else {}
            recipients = set(headers.get("recipients", ()))
            failed = [
                failure for failure in report.failures if failure.action == "failed" and failure.address in recipients
            ]
            if not failed:
                return "A report without a failure of a recipient."
            reason = "; ".join(map(_sentence, failed))
            kept = refused_later(headers, {failure.address: _words(failure) for failure in failed})
            bounced = {"state": MailState.BOUNCED, "reason": reason[:500], "headers": kept}
            tx.execute(mail.update().where(mail.c.id == mail_id).values(bounced))
            self._show(tx, mailbox, str(mail_id), reason)
            for failure in failed:
                if failure.is_hard:
                    suppress(self._store, tx, mailbox, failure.address, _sentence(failure))
        return f"A bounce: {reason}"[:500]

    def _show(self, tx: sa.Connection, mailbox: Mailbox, delivery_id: str, reason: str) -> None:
        """Show a bounce on the delivery, which has ended: it can be replayed once the address is mended."""
        sent = tx.execute(sa.select(delivery.c.attempts).where(delivery.c.id == delivery_id)).first()
        if sent is None:
            return
        ended = {
            "state": DeliveryState.EXHAUSTED,
            "due_at": None,
            "finished_at": sa.func.coalesce(delivery.c.finished_at, self._now),
        }
        tx.execute(delivery.update().where(delivery.c.id == delivery_id).values(ended))
        tx.execute(
            attempt.insert().values(
                workspace_id=mailbox.workspace_id,
                delivery_id=delivery_id,
                number=sent.attempts,
                started_at=self._store.now(tx),
                duration_ms=0,
                status=550,
                error=f"Bounced: {reason}"[:500],
            )
        )


def suppress(store: Store, tx: sa.Connection, mailbox: Mailbox, address: str, reason: str) -> None:
    """Send nothing to an address any more."""
    row = {
        "mailbox_id": mailbox.id,
        "address": address[:320],
        "workspace_id": mailbox.workspace_id,
        "reason": reason[:500],
        "created_at": store.now(tx),
    }
    tx.execute(upsert_into(store, mail_suppression).values(**row).on_conflict_do_nothing())


def suppressed(tx: sa.Connection, mailbox: Mailbox, address: str) -> str | None:
    """Return why an address gets no mail, or None."""
    found = sa.select(mail_suppression.c.reason).where(
        mail_suppression.c.mailbox_id == mailbox.id, mail_suppression.c.address == address
    )
    return tx.execute(found).scalar()


def _sentence(failure: Failure) -> str:
    return f"{failure.address}: {failure.status} {failure.why}".strip()


def _words(failure: Failure) -> str:
    """Return a failure as a server says it that refuses at once: the status of SMTP first."""
    return f"550 {failure.status} {failure.why}".strip()[:500]
