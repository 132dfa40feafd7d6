"""A Celery worker's process."""

import os
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from worker.app import app
from worker.hints import CANARY, publisher
from worker.mailboxes.spool import Spool
from worker.runtime import collector
from worker.runtime.duties import (
    ApplyServicePolicies,
    DropExpired,
    Duty,
    FollowServiceLevels,
    HandOffOverdue,
    ReportPresence,
    ResumeQuiet,
)
from worker.runtime.presence import Presence, state_of
from worker.runtime.retention import Retention
from worker.runtime.sweeper import Sweeper
from worker.runtime.watchdog import Watchdog
from worker.service_levels.service_levels import ServiceLevels
from worker.services.common import Common, build_common
from worker.settings import Settings
from worker.store.engine import ANSWERING_POOL_SIZE, MAX_IDLE_S, POOL_SIZE, Store
from worker.telemetry import logs, tracing
from worker.turns.mailbox import Mailbox
from worker.workspace_settings.service_policies import read_policies

if TYPE_CHECKING:  # a worker loads the modules of its own roles alone
    from worker.services.answering import Answering
    from worker.services.delivering import Delivering
    from worker.services.ingesting import Ingesting

log = logs.get(__name__)


@dataclass(frozen=True, kw_only=True)
class WorkerContext:
    """A process's place in its Celery worker.

    Args:
        canaries: the queue on which it sends canaries to itself; without it, consumption is not watched.
        slots: tasks that its pool runs at the same time.
        end: ends the worker.
        subscribed: whether the consumer asks the broker for its queues.
    """

    canaries: str | None = None
    slots: int = 1
    end: Callable[[], None] = lambda: None
    subscribed: Callable[[], bool] = lambda: True


@dataclass(frozen=True, kw_only=True)
class Worker:
    """The parts of a worker process; `roles` are the queues that it consumes, and each has its part."""

    common: Common
    holder: str
    roles: tuple[str, ...]
    stopping: threading.Event
    mailbox: Mailbox
    presence: Presence
    watchdog: Watchdog
    sweeper: Sweeper
    answering: "Answering | None"
    delivering: "Delivering | None"
    ingesting: "Ingesting | None"

    def start(self) -> None:
        """Start the threads of the roles, the sweeper and the watchdog."""
        for role in self._parts():
            role.start()
        self.sweeper.start()
        self.watchdog.start()
        collector.freeze()
        log.info(
            "worker_started",
            roles=self.roles,
            holder=self.holder,
            sessions=self.common.sessions.describe(),
            answerer=self.common.settings.chosen_answerer,
        )

    def stop(self) -> None:
        """Take up nothing more, give back what is held, and close."""
        self.stopping.set()
        self.watchdog.stop()
        self.sweeper.stop()
        for role in self._parts():
            role.stop()
        self.presence.withdraw()
        self.common.close()

    def _parts(self) -> "list[Answering | Delivering | Ingesting]":
        return [role for role in (self.answering, self.delivering, self.ingesting) if role is not None]


def build_worker(settings: Settings, *, roles: Sequence[str], context: WorkerContext = WorkerContext()) -> Worker:
    """Build the parts of a worker process from its settings, by the queues that it consumes."""
    tracing.configure(settings)
    common = build_common(
        settings,
        pool_size=ANSWERING_POOL_SIZE if "answer" in roles else POOL_SIZE,
        idle_s=None if set(roles) == {"ingest"} else MAX_IDLE_S,
    )
    holder = new_holder()
    stopping = threading.Event()
    mailbox = build_mailbox(common.store, settings, holder=holder)
    watchdog = _build_watchdog(context)
    answering, delivering, ingesting = _build_parts(common, mailbox, watchdog, stopping, roles, holder=holder)
    presence = Presence(
        common.store,
        holder=holder,
        roles=roles,
        state=lambda: state_of(watchdog.state, lexical_only=answering is not None and answering.lexical_only),
        leases=lambda: len(answering.leases) if answering is not None else 0,
        caches=answering.cache_statistics if answering is not None else list,
    )
    duties = [
        ReportPresence(presence=presence),
        *_common_duties(common),
        *(duty for role in (answering, delivering, ingesting) if role is not None for duty in role.duties),
    ]
    return Worker(
        common=common,
        holder=holder,
        roles=tuple(roles),
        stopping=stopping,
        mailbox=mailbox,
        presence=presence,
        watchdog=watchdog,
        sweeper=Sweeper([(duty, duty.interval_s) for duty in duties], beat=partial(watchdog.beat, "sweeper")),
        answering=answering,
        delivering=delivering,
        ingesting=ingesting,
    )


def _build_parts(
    common: Common,
    mailbox: Mailbox,
    watchdog: Watchdog,
    stopping: threading.Event,
    roles: Sequence[str],
    *,
    holder: str,
) -> "tuple[Answering | None, Delivering | None, Ingesting | None]":
    answering, delivering, ingesting = None, None, None
    if "answer" in roles:
        from worker.services.answering import build_answering

        answering = build_answering(common, mailbox, watchdog, stopping)
    if "callback" in roles:
        from worker.services.delivering import build_delivering

        delivering = build_delivering(common, stopping, holder=holder)
    if "ingest" in roles:
        from worker.services.ingesting import build_ingesting

        ingesting = build_ingesting(common)
    return answering, delivering, ingesting


def build_mailbox(store: Store, settings: Settings, *, holder: str) -> Mailbox:
    """Build the mailbox of one process; `holder` is the name under which it holds leases."""
    return Mailbox(
        store,
        holder=holder,
        lease_s=settings.lease_s,
        burst=settings.burst,
        max_attempts=settings.max_attempts,
    )


def new_holder() -> str:
    """Return a name for this process that no other ever has."""
    return f"{socket.gethostname()[:20]}-{os.getpid()}-{secrets.token_hex(4)}"


def _build_watchdog(context: WorkerContext) -> Watchdog:
    send = None if context.canaries is None else partial(publisher(app), CANARY, context.canaries, {})
    return Watchdog(send=send, slots=context.slots, end=context.end, subscribed=context.subscribed)


def _common_duties(common: Common) -> list[Duty]:
    """Return the duties of every worker, whatever it consumes."""
    settings = common.settings
    spool = Spool(common.store)
    retention = Retention(
        common.store,
        events_days=settings.events_days,
        deliveries_days=settings.deliveries_days,
        audit_days=settings.audit_days,
    )
    service_levels = ServiceLevels(common.store, policies=partial(read_policies, common.workspace_settings))
    return [
        HandOffOverdue(actions=common.actions, meter=common.counters),
        FollowServiceLevels(service_levels=service_levels),
        ApplyServicePolicies(service_levels=service_levels),
        DropExpired(
            forget_keys=common.intake.forget_keys,
            stores=(common.idempotency_keys, common.attachments, common.memories, common.inbound, spool),
            retention=retention,
            sessions=common.sessions,
        ),
        ResumeQuiet(
            actions=common.actions,
            default_h=settings.resume_after_h,
            hours=partial(common.workspace_settings.overriding, "resume_after_h"),
        ),
    ]
