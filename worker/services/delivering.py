"""The parts of a worker that consumes the queue `callback`."""

import threading
from dataclasses import dataclass
from functools import partial

from worker.addresses import WORKER_RESOLVE_TIMEOUT_S
from worker.deliveries.dispatcher import Dispatcher
from worker.deliveries.sender import Sender
from worker.helpdesks.transport import RoutingTransport
from worker.runtime.duties import Duty, SendAccountMail, SendDueDeliveries, SendWeeklyReports
from worker.services.common import Common, build_guard
from worker.services.mailing import Mailing, build_mailing


@dataclass(frozen=True, kw_only=True)
class Delivering:
    """Sends callbacks, and posts to helpdesks and by mail; reads mailboxes."""

    dispatcher: Dispatcher
    mailing: Mailing
    duties: tuple[Duty, ...]

    def start(self) -> None:
        """Do nothing: the first delivery starts the threads."""

    def stop(self) -> None:
        """Take up nothing more and wait a few seconds for the attempts that are under way."""
        self.mailing.stop()
        self.dispatcher.stop()


def build_delivering(common: Common, stopping: threading.Event, *, holder: str) -> Delivering:
    """Build the role; `holder` is the name of this process."""
    settings = common.settings
    guard = build_guard(settings.callback_allow, resolve_timeout_s=WORKER_RESOLVE_TIMEOUT_S)
    conversation_url = partial(common.workspace_settings.value, name="conversation_url")
    mailing = build_mailing(
        common.store,
        settings,
        actions=common.actions,
        attachments=common.attachments,
        guard=guard,
        mail=common.mail,
        holder=holder,
        conversation_url=conversation_url,
        stopping=stopping,
    )

    def open_transport() -> RoutingTransport:
        return RoutingTransport(
            common.store,
            guard,
            common.inbound,
            mail=common.mail,
            conversation_url=conversation_url,
            open_mailbox=mailing.open_transport,
        )

    dispatcher = Dispatcher(Sender(common.store, meter=common.counters), open_transport)
    return Delivering(
        dispatcher=dispatcher,
        mailing=mailing,
        duties=(
            SendDueDeliveries(sweep=dispatcher.sweep, stopping=stopping),
            SendAccountMail(mails=common.accounts.mails, stopping=stopping),
            SendWeeklyReports(reports=common.accounts.weekly_reports),
            *mailing.duties,
        ),
    )
