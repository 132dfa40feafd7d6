"""The sweeper's duties: each finds work that is due in SQL, so that no work depends on a hint.

`worker.services` chooses the duties of a process by the queues that it consumes.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from worker.accounts.mail import AccountMails
from worker.conversations.actions import ConversationActions
from worker.knowledge.imports import Importer
from worker.knowledge.library import Library
from worker.reports.weekly import WeeklyReports
from worker.runtime.presence import Presence
from worker.runtime.retention import Retention
from worker.runtime.sweeper import WorkerPool
from worker.sources.runner import SourceRunner
from worker.store.selection import Selection
from worker.suggestions.collecting import Collector
from worker.telemetry import logs
from worker.telemetry.counters import Meter
from worker.turns.mailbox import Mailbox
from worker.turns.slots import Slots

if TYPE_CHECKING:  # they load numpy, which most workers do without
    from worker.reports.collecting import FactCollector
    from worker.suggestions.drafting import Drafter

log = logs.get(__name__)

#: Batches of conversations that are counted for reports at a time, and the pause in which others may write.
_MAX_BATCHES = 10
_PAUSE_S = 0.1


class Duty(Protocol):
    """Is done every `interval_s` seconds."""

    @property
    def interval_s(self) -> float: ...

    def __call__(self) -> None: ...


class _Cleanable(Protocol):
    def clean_up(self) -> object: ...


@dataclass(frozen=True, kw_only=True)
class ReportPresence:
    """Report that this process is alive."""

    presence: Presence
    interval_s: float = 1.0

    def __call__(self) -> None:
        self.presence.report()


@dataclass(frozen=True, kw_only=True)
class AnswerReady:
    """Answer conversations that are ready, or whose lease has expired, with the free slots."""

    mailbox: Mailbox
    drain: Callable[[str], None]
    pool: WorkerPool
    slots: Slots
    stopping: threading.Event
    meter: Meter
    interval_s: float = 0.5

    def __call__(self) -> None:
        free = min(self.slots.free, self.pool.free)
        if free <= 0 or self.stopping.is_set():
            return
        ids = self.mailbox.sweep(limit=free)
        self.pool.do(self.drain, ids)
        if ids:
            self.meter.add("conversations_swept", len(ids))
            log.info("conversations_swept", count=len(ids))


@dataclass(frozen=True, kw_only=True)
class HandOffOverdue:
    """Hand off the messages that are past their deadline."""

    actions: ConversationActions
    meter: Meter
    interval_s: float = 1.0

    def __call__(self) -> None:
        ids = self.actions.hand_off_overdue()
        if ids:
            self.meter.add("deadlines_passed", len(ids))
            log.warning("deadlines_passed", conversations=len(ids))


@dataclass(frozen=True, kw_only=True)
class SendDueDeliveries:
    """Send the deliveries that are due."""

    sweep: Callable[[], object]
    stopping: threading.Event
    interval_s: float = 0.5

    def __call__(self) -> None:
        if not self.stopping.is_set():
            self.sweep()


@dataclass(frozen=True, kw_only=True)
class SendAccountMail:
    """Send the mail about accounts that is due."""

    mails: AccountMails
    stopping: threading.Event
    interval_s: float = 2.0

    def __call__(self) -> None:
        if not self.stopping.is_set() and (sent := self.mails.send_due()):
            log.info("account_mail_sent", count=sent)


class _VisitorMail(Protocol):
    def send_due(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class SendVisitorMail:
    """Send the replies that visitors of the chat did not see to the addresses that they left."""

    mails: _VisitorMail
    stopping: threading.Event
    interval_s: float = 5.0

    def __call__(self) -> None:
        if not self.stopping.is_set() and (sent := self.mails.send_due()):
            log.info("visitor_mail_sent", count=sent)


@dataclass(frozen=True, kw_only=True)
class HintAtDocuments:
    """Publish hints for pending documents, imports and sources; indexing takes minutes, in one task at a time."""

    library: Library
    importer: Importer
    source_runner: SourceRunner
    model: Callable[[], str]
    hint: Callable[[str], object]
    interval_s: float = 5.0

    def __call__(self) -> None:
        waiting = (
            *self.library.sweep(model=self.model()),
            *self.importer.sweep(),
            *self.source_runner.sweep(),
        )
        for workspace_id in dict.fromkeys(waiting):
            self.hint(workspace_id)


@dataclass(frozen=True, kw_only=True)
class DraftSuggestions:
    """Keep what agents replied where the bot had no answer, and draft articles of it.

    `workspaces` returns those that want suggestions now.
    """

    collector: Collector
    drafter: "Drafter"
    workspaces: Callable[[], Selection]
    pool: WorkerPool
    interval_s: float = 30.0

    def __call__(self) -> None:
        workspaces = self.workspaces()
        if workspaces.is_empty:
            return
        if found := self.collector.collect(workspaces=workspaces):
            log.info("exchanges_collected", count=found)
        if free := self.pool.free:
            self.pool.do(self.drafter.draft, self.drafter.due(limit=free))


@dataclass(frozen=True, kw_only=True)
class CountForReports:
    """Count the conversations that changed, for reports, for a few batches at most."""

    collector: "FactCollector"
    stopping: threading.Event
    interval_s: float = 10.0

    def __call__(self) -> None:
        for _ in range(_MAX_BATCHES):
            if self.stopping.is_set() or not self.collector.collect() or self.stopping.wait(_PAUSE_S):
                return


@dataclass(frozen=True, kw_only=True)
class SendWeeklyReports:
    """Queue the weekly reports that are due."""

    reports: WeeklyReports
    interval_s: float = 60.0

    def __call__(self) -> None:
        if queued := self.reports.queue_due():
            log.info("weekly_reports_queued", count=queued)


@dataclass(frozen=True, kw_only=True)
class ResumeQuiet:
    """Return conversations to the bot that agents have answered and that are idle for a time.

    `hours` returns this time by the ids of the workspaces with one of their own; 0 is never. A workspace where this
    fails is logged, and the others have their turn.
    """

    actions: ConversationActions
    default_h: float
    hours: Callable[[], Mapping[str, float]]
    interval_s: float = 10.0

    def __call__(self) -> None:
        own = self.hours()
        others = Selection(ids=frozenset(own))
        periods = [(self.default_h, others), *((h, Selection(ids=frozenset({id}), only=True)) for id, h in own.items())]
        for hours, workspaces in periods:
            if hours:
                try:
                    self._resume(hours, workspaces)
                except Exception:
                    log.exception("resume_failed", workspaces=sorted(workspaces.ids) if workspaces.only else "others")

    def _resume(self, hours: float, workspaces: Selection) -> None:
        for conversation_id in self.actions.resume_quiet(after_s=hours * 3_600, workspaces=workspaces):
            log.info("conversation_resumed", conversation_id=conversation_id, why="quiet")


class _ServiceLevels(Protocol):
    def follow(self) -> int: ...

    def apply_policies(self) -> list[str]: ...


@dataclass(frozen=True, kw_only=True)
class FollowServiceLevels:
    """Bring the targets of service levels up to date, and record those that are due soon or missed."""

    service_levels: _ServiceLevels
    interval_s: float = 1.0

    def __call__(self) -> None:
        if events := self.service_levels.follow():
            log.info("service_levels_noticed", count=events)


@dataclass(frozen=True, kw_only=True)
class ApplyServicePolicies:
    """Give the conversations of workspaces whose targets or hours changed their new due times."""

    service_levels: _ServiceLevels
    interval_s: float = 5.0

    def __call__(self) -> None:
        for workspace_id in self.service_levels.apply_policies():
            log.info("service_policy_applied", workspace_id=workspace_id)


@dataclass(frozen=True, kw_only=True)
class DropExpired:
    """Delete what has expired: idempotency keys, unused attachments, memories, old events and deliveries."""

    forget_keys: Callable[[], object]
    stores: Sequence[_Cleanable]
    retention: Retention
    sessions: _Cleanable
    interval_s: float = 60.0

    def __call__(self) -> None:
        self.forget_keys()
        for store in self.stores:
            store.clean_up()
        if pruned := self.retention.prune():
            log.info("pruned", rows=pruned)
        self.sessions.clean_up()  # last, because Redis may be unavailable


class _Mailboxes(Protocol):
    def due(self, *, limit: int) -> list[str]: ...


@dataclass(frozen=True, kw_only=True)
class WorkOnMailboxes:
    """Work on the mailboxes that are due: read them by IMAP, or take the mail that came into conversations.

    `when_full` is called instead while all threads of the pool work.
    """

    mailboxes: _Mailboxes
    work: Callable[[str], None]
    pool: WorkerPool
    stopping: threading.Event
    interval_s: float
    when_full: Callable[[], None] | None = None

    def __call__(self) -> None:
        if self.stopping.is_set():
            return
        if free := self.pool.free:
            self.pool.do(self.work, self.mailboxes.due(limit=free))
        elif self.when_full is not None:
            self.when_full()
