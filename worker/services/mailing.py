"""The parts that read and write mailboxes, in workers that consume the queue `callback`."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from worker.addresses import Guard
from worker.conversations.actions import ConversationActions
from worker.conversations.attachments import Attachments
from worker.helpdesks.mail import MailServer
from worker.mailboxes.inbound import MailIntake
from worker.mailboxes.mailboxes import Mailboxes
from worker.mailboxes.transport import MailboxTransport, Servers
from worker.mailboxes.visitor_mail import VisitorMail
from worker.mailboxes.watching import Watcher
from worker.runtime.duties import Duty, SendVisitorMail, WorkOnMailboxes
from worker.runtime.sweeper import WorkerPool
from worker.settings import Settings
from worker.store.engine import Store

#: Mailboxes that one process reads by IMAP, and those whose mail it takes at the same time.
_WATCHED = 32
_TAKEN = 4


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """Reads mailboxes, takes their mail, and sends for them."""

    store: Store
    conversation_url: Callable[[str], str | None]
    mailboxes: Mailboxes
    intake: MailIntake
    watcher: Watcher
    pools: tuple[WorkerPool, ...]
    duties: tuple[Duty, ...]

    def open_transport(self, mailbox_id: str) -> MailboxTransport:
        """Return the transport of a mailbox."""
        return MailboxTransport(
            self.store,
            mailbox_id,
            Servers(smtp=self.mailboxes.smtp, imap=self.mailboxes.open_imap),
            conversation_url=self.conversation_url,
        )

    def stop(self) -> None:
        """Take up nothing more; a wait for news ends by itself."""
        for pool in self.pools:
            pool.stop()


def build_mailing(
    store: Store,
    settings: Settings,
    *,
    actions: ConversationActions,
    attachments: Attachments,
    guard: Guard,
    mail: MailServer | None,
    holder: str,
    conversation_url: Callable[[str], str | None],
    stopping: threading.Event,
) -> Mailing:
    """Build the parts.

    Args:
        guard: decides which servers may be reached.
        mail: the operator's mail server.
        holder: the name of this process.
        conversation_url: returns, for a workspace, the page of a conversation for agents, with `{id}`.
        stopping: set when the process ends.
    """
    mailboxes = Mailboxes(store, guard, mail=mail)
    intake = MailIntake(store, actions, attachments, deadline_s=settings.deadline_s)
    watcher = Watcher(store, mailboxes.open_imap, holder=holder, stopping=stopping)
    watching, taking = WorkerPool(_WATCHED, name="mailbox"), WorkerPool(_TAKEN, name="mail")
    return Mailing(
        store=store,
        conversation_url=conversation_url,
        mailboxes=mailboxes,
        intake=intake,
        watcher=watcher,
        pools=(watching, taking),
        duties=(
            WorkOnMailboxes(
                mailboxes=watcher,
                work=watcher.watch,
                pool=watching,
                stopping=stopping,
                interval_s=2.0,
                when_full=watcher.report_unread,
            ),
            WorkOnMailboxes(mailboxes=intake.spool, work=intake.drain, pool=taking, stopping=stopping, interval_s=0.5),
            SendVisitorMail(mails=VisitorMail(store, mail), stopping=stopping),
        ),
    )
