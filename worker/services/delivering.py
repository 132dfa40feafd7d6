"""The parts of a worker that consumes the queue `callback`."""

import threading
from dataclasses import dataclass

from worker.addresses import WORKER_RESOLVE_TIMEOUT_S
from worker.deliveries.dispatcher import Dispatcher
from worker.deliveries.sender import Sender
from worker.helpdesks.transport import RoutingTransport
from worker.runtime.duties import Duty, SendAccountMail, SendDueDeliveries
from worker.services.common import Common, build_guard


@dataclass(frozen=True, kw_only=True)
class Delivering:
    """Sends callbacks, and posts to helpdesks."""

    dispatcher: Dispatcher
    duties: tuple[Duty, ...]

    def start(self) -> None:
        """Do nothing: the first delivery starts the threads."""

    def stop(self) -> None:
        """Take up nothing more and wait a few seconds for the attempts that are under way."""
        self.dispatcher.stop()


def build_delivering(common: Common, stopping: threading.Event) -> Delivering:
    """Build the role."""
    settings = common.settings
    guard = build_guard(settings.callback_allow, resolve_timeout_s=WORKER_RESOLVE_TIMEOUT_S)

    def open_transport() -> RoutingTransport:
        return RoutingTransport(
            common.store,
            guard,
            common.inbound,
            mail=common.mail,
            conversation_url=lambda workspace_id: common.workspace_settings.of(workspace_id).conversation_url,
        )

    dispatcher = Dispatcher(Sender(common.store, meter=common.counters), open_transport)
    return Delivering(
        dispatcher=dispatcher,
        duties=(
            SendDueDeliveries(sweep=dispatcher.sweep, stopping=stopping),
            SendAccountMail(mails=common.accounts.mails, stopping=stopping),
        ),
    )
