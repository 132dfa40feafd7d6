"""Duties do due work once, keep to what is free, and stop when the process does."""

import threading
from dataclasses import dataclass, field

import pytest

from tests.support.accounts import OWNER, Outbox, accounts_of
from worker.runtime.duties import (
    AnswerReady,
    CountForReports,
    DraftSuggestions,
    DropExpired,
    HintAtDocuments,
    ResumeQuiet,
    SendAccountMail,
    SendDueDeliveries,
    WorkOnMailboxes,
)
from worker.runtime.sweeper import WorkerPool
from worker.store.selection import Selection
from worker.telemetry.counters import Unmetered
from worker.turns.slots import Slots


@dataclass
class FakeMailbox:
    """Conversations that are ready."""

    ready: list[str]
    asked: list[int] = field(default_factory=list)

    def sweep(self, *, limit: int) -> list[str]:
        self.asked.append(limit)
        taken, self.ready = self.ready[:limit], self.ready[limit:]
        return taken


@dataclass
class FakeWaiting:
    """Workspaces with pending work."""

    waiting: list[str]

    def sweep(self, **_options: object) -> list[str]:
        return self.waiting


@pytest.fixture
def pool():
    opened = WorkerPool(2, name="test")
    yield opened
    opened.stop()


def duty(mailbox: FakeMailbox, drain, pool: WorkerPool, slots: Slots, stopping: threading.Event) -> AnswerReady:
    return AnswerReady(mailbox=mailbox, drain=drain, pool=pool, slots=slots, stopping=stopping, meter=Unmetered())


def test_no_more_conversations_are_taken_than_threads_and_slots_are_free(pool):
    drained, done = [], threading.Semaphore(0)

    def drain(id: str) -> None:
        drained.append(id)
        done.release()

    mailbox = FakeMailbox(ready=["a", "b", "c"])
    slots = Slots(3)
    with slots.take(), slots.take():
        duty(mailbox, drain, pool, slots, threading.Event())()
        assert done.acquire(timeout=10)
    assert (mailbox.asked, drained, mailbox.ready) == ([1], ["a"], ["b", "c"])


def test_a_process_without_free_slots_or_that_stops_takes_nothing(pool):
    mailbox = FakeMailbox(ready=["a"])
    slots, stopping = Slots(1), threading.Event()
    with slots.take():
        duty(mailbox, print, pool, slots, stopping)()
    stopping.set()
    duty(mailbox, print, pool, slots, stopping)()
    assert mailbox.asked == []


def test_deliveries_are_swept_until_the_process_stops():
    swept, stopping = [], threading.Event()
    send = SendDueDeliveries(sweep=lambda: swept.append(1), stopping=stopping)
    send()
    stopping.set()
    send()
    assert swept == [1]


def test_account_mail_is_sent_until_the_process_stops(store, workspace_id):
    outbox, stopping = Outbox(), threading.Event()
    accounts = accounts_of(store, outbox)
    send = SendAccountMail(mails=accounts.mails, stopping=stopping)
    accounts.invitations.invite(workspace_id, email="a@shop.example", role="agent", by=OWNER)
    send()
    accounts.invitations.invite(workspace_id, email="b@shop.example", role="agent", by=OWNER)
    stopping.set()
    send()
    assert [to for to, _subject, _text in outbox.sent] == ["a@shop.example"]


def test_a_workspace_with_documents_an_import_and_a_source_is_hinted_at_once():
    hinted: list[str] = []
    HintAtDocuments(
        library=FakeWaiting(["w1", "w2"]),
        importer=FakeWaiting(["w2"]),
        source_runner=FakeWaiting(["w3", "w1"]),
        model=lambda: "minilm",
        hint=hinted.append,
    )()
    assert hinted == ["w1", "w2", "w3"]


def test_sessions_are_cleaned_up_last_because_redis_may_be_unavailable():
    done: list[str] = []

    @dataclass
    class Store:
        name: str

        def clean_up(self) -> None:
            done.append(self.name)

    class Retention:
        def prune(self) -> int:
            done.append("retention")
            return 0

    DropExpired(
        forget_keys=lambda: done.append("keys"),
        stores=[Store("attachments"), Store("memories")],
        retention=Retention(),
        sessions=Store("sessions"),
    )()
    assert done == ["keys", "attachments", "memories", "retention", "sessions"]


class FakeActions:
    """Records which workspaces' conversations are looked for, by how long nobody wrote."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, Selection]] = []

    def resume_quiet(self, *, after_s: float, workspaces: Selection) -> list[str]:
        self.asked.append((after_s, workspaces))
        return []


def test_each_workspace_gets_its_quiet_conversations_back_after_its_own_time():
    actions, hours = FakeActions(), {"ws_1": 24.0, "ws_2": 0.0}
    ResumeQuiet(actions=actions, default_h=1.0, hours=lambda: hours)()
    assert actions.asked == [
        (3_600, Selection(ids=frozenset(hours))),
        (86_400, Selection(ids=frozenset({"ws_1"}), only=True)),
    ]
    actions.asked.clear()
    ResumeQuiet(actions=actions, default_h=0.0, hours=dict)()
    assert actions.asked == []


def test_a_workspace_that_fails_keeps_no_other_from_its_conversations():
    class Failing(FakeActions):
        def resume_quiet(self, *, after_s: float, workspaces: Selection) -> list[str]:
            if "ws_1" in workspaces.ids and workspaces.only:
                raise OverflowError
            return super().resume_quiet(after_s=after_s, workspaces=workspaces)

    actions = Failing()
    ResumeQuiet(actions=actions, default_h=0.0, hours=lambda: {"ws_1": 1e300, "ws_2": 24.0})()
    assert actions.asked == [(86_400, Selection(ids=frozenset({"ws_2"}), only=True))]


class FakeCollector:
    """Records whose exchanges are collected."""

    def __init__(self) -> None:
        self.asked: list[Selection] = []

    def collect(self, *, workspaces: Selection) -> int:
        self.asked.append(workspaces)
        return 0


class FakeDrafter:
    """Has nothing to draft."""

    def due(self, *, limit: int) -> list[str]:
        return []

    def draft(self, id: str) -> None:
        raise AssertionError(id)


def test_suggestions_are_made_for_the_workspaces_that_want_them_now(pool):
    collector, wanted = FakeCollector(), [Selection(ids=frozenset({"ws_1"})), Selection(only=True)]
    duty = DraftSuggestions(
        collector=collector, drafter=FakeDrafter(), workspaces=lambda: wanted[len(collector.asked)], pool=pool
    )
    duty()
    duty()
    assert collector.asked == [Selection(ids=frozenset({"ws_1"}))]


@dataclass
class FakeMailboxes:
    """Mailboxes that are due."""

    asked: list[int] = field(default_factory=list)

    def due(self, *, limit: int) -> list[str]:
        self.asked.append(limit)
        return ["mbx_1"]


def test_mailboxes_are_worked_on_as_long_as_there_are_threads_and_the_process_goes_on(pool):
    mailboxes, stopping, began, ends = FakeMailboxes(), threading.Event(), threading.Semaphore(0), threading.Event()

    def work(_id: str) -> None:
        began.release()
        ends.wait(5)

    full: list[bool] = []
    duty = WorkOnMailboxes(
        mailboxes=mailboxes,
        work=work,
        pool=pool,
        stopping=stopping,
        interval_s=1,
        when_full=lambda: full.append(True),
    )
    for _ in range(3):
        duty()
    assert began.acquire(timeout=5)
    assert full == [True], "nobody heard that no thread is free"
    assert mailboxes.asked == [2, 1], "it looked for work that no thread is free for"
    ends.set()
    stopping.set()
    duty()
    assert len(mailboxes.asked) == 2


def test_counting_for_reports_pauses_between_batches_and_ends_when_nothing_is_left_or_the_process_stops():
    counted, pauses = [], []

    class Stopping(threading.Event):
        def wait(self, timeout=None):
            pauses.append(timeout)
            return self.is_set()

    class Collecting:
        def collect(self) -> int:
            counted.append(1)
            if len(counted) == 5:
                stopping.set()
            return 100 if len(counted) != 3 else 0

    stopping = Stopping()
    count = CountForReports(collector=Collecting(), stopping=stopping)
    count()
    assert (len(counted), len(pauses)) == (3, 2)
    assert min(pauses) > 0
    count()
    assert len(counted) == 5
