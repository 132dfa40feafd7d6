"""Every interleaving of accepting, twins, hints, crashes, expiry, zombies, cancels, people and sweeps."""

import contextlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support.fakes import TableClock, answer, conversation_actions, frozen_store
from tests.support.servers import postgresql_schema
from worker.access.keys import Keys
from worker.conversations.intake import Intake, Opening, Submission
from worker.conversations.outcomes import ENDED, Handoff, Retry
from worker.errors import Conflict, NotFound
from worker.store.tables import conversation, message, reply
from worker.turns.mailbox import Claim, LeaseLost, Mailbox

LEASE_S = 10
KEYS_KEPT_S = 30
CONVERSATIONS = ("a", "b")

MESSAGES = sa.select(message).where(message.c.role == "customer").order_by(message.c.conversation_id, message.c.seq)
MAILBOXES = sa.select(conversation.c.id, conversation.c.mailbox)
SEQS = sa.select(message.c.id, message.c.seq)
REPLIES = sa.select(reply.c.id)


class MailboxMachine(RuleBasedStateMachine):
    """Two conversations, any number of workers; `held` are claims that a worker believes in, dead or alive."""

    burst = "merge"

    def __init__(self) -> None:
        super().__init__()
        self.exits = contextlib.ExitStack()
        self.store = frozen_store(self.database_url())
        self.exits.callback(self.store.close)
        self.workspace_id = Keys(self.store).workspace()
        self.intake = Intake(self.store, keys_kept_s=KEYS_KEPT_S)
        self.actions = conversation_actions(self.store)
        self.mailbox = Mailbox(self.store, holder="worker", lease_s=LEASE_S, burst=self.burst, max_attempts=3)
        self.held: list[Claim] = []
        self.accepted: dict[str, str] = {}  # message id -> external id of its conversation
        self.keys: dict[str, tuple[str, float]] = {}  # idempotency key -> message id, when
        self.ended: dict[str, tuple] = {}
        self.now = 0.0
        self.leases: dict[str, tuple[int, float]] = {}  # what should hold: conversation -> token, end

    def database_url(self) -> str:
        folder = Path(tempfile.mkdtemp(prefix="mailbox-"))
        self.exits.callback(shutil.rmtree, folder, ignore_errors=True)
        return f"sqlite:///{folder / 'test.db'}"

    def teardown(self) -> None:
        """Whatever happened: once workers work again, every message ends, and none is lost."""
        for _ in range(200):
            TableClock.advance(self.store, LEASE_S + 1)
            self.mailbox.sweep()
            self.actions.hand_off_overdue()
            while (claim := self.mailbox.claim_any()) is not None:
                self.mailbox.finish(claim, answer("at last"))
            if all(row.state in ENDED for row in self.rows()):
                break
        assert all(row.state in ENDED for row in self.rows()), "a message never ended"
        self.each_message_ends_once(self.rows())
        self.exits.close()

    def rows(self) -> list:
        with self.store.read() as connection:
            return connection.execute(MESSAGES).all()

    @rule(
        external_id=st.sampled_from(CONVERSATIONS),
        key=st.none() | st.integers(0, 3),
        deadline_s=st.sampled_from([15, 600]),
    )
    def accept(self, external_id: str, key: int | None, deadline_s: int) -> None:
        name = None if key is None else f"{external_id}-{key}"
        submission = Submission(content=external_id, deadline_s=deadline_s, idempotency_key=name, fingerprint=name)
        id = self.intake.submit(self.workspace_id, Opening(external_id=external_id), submission).message["id"]
        if name is not None:
            first, at = self.keys.get(name, ("", -1e9))
            if self.now - at < KEYS_KEPT_S:
                assert id == first, "a twin became a second message"
            else:
                assert id not in self.accepted, "a key was remembered for ever"
                self.keys[name] = (id, self.now)
        self.accepted[id] = external_id

    @rule()
    def answer_what_is_due(self) -> None:
        while (claim := self.mailbox.claim_any()) is not None:
            self.take(claim)
            self.held.remove(claim)
            self.mailbox.finish(claim, answer(f"{claim.token}"))
            self.leases.pop(claim.conversation_id, None)

    @rule()
    def hand_off_and_give_back(self) -> None:
        claim = self.mailbox.claim_any()
        if claim is not None:
            self.take(claim)
            self.held.remove(claim)
            self.mailbox.finish(claim, Handoff(reason="error", summary="?"))
            self.actions.resume(self.workspace_id, claim.conversation_id)
            self.leases.pop(claim.conversation_id, None)

    @rule()
    def forget_keys(self) -> None:
        self.intake.forget_keys()

    def take(self, claim: Claim | None) -> None:
        if claim is not None:
            token, end = self.leases.get(claim.conversation_id, (0, 0.0))
            assert claim.token > token, "a token was given twice"
            assert end <= self.now, "a conversation was taken from a worker whose lease holds"
            self.leases[claim.conversation_id] = (claim.token, self.now + LEASE_S)
            self.held.append(claim)

    def forget_seized(self) -> None:
        """People and deadlines end leases; what the table no longer shows as running, holds no more."""
        with self.store.read() as connection:
            rows = connection.execute(
                sa.select(conversation.c.id, conversation.c.lease_token).where(conversation.c.mailbox == "running")
            )
            running = dict(rows.all())
        self.leases = {id: lease for id, lease in self.leases.items() if running.get(id) == lease[0]}

    @rule()
    def work_on_what_is_due(self) -> None:
        self.take(self.mailbox.claim_any())

    @precondition(lambda self: self.held)
    @rule()
    def a_lease_runs_out_and_another_worker_follows(self) -> None:
        self.time_passes(LEASE_S + 1)
        self.take(self.mailbox.claim(self.held[-1].conversation_id))

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def receive_a_hint_again(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.accepted)))
        conversation_id = next(row.conversation_id for row in self.rows() if row.id == id)
        self.take(self.mailbox.claim(conversation_id))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), how=st.sampled_from(["answer", "handoff", "retry", "release"]))
    def finish_perhaps_as_a_zombie(self, data: st.DataObject, how: str) -> None:
        claim = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        newest = all(other.token < claim.token for other in self.held if other.conversation_id == claim.conversation_id)
        try:
            if how == "answer":
                self.mailbox.finish(claim, answer(f"{claim.token}"))
            elif how == "handoff":
                self.mailbox.finish(claim, Handoff(reason="no_answer", summary="?"))
            elif how == "retry":
                self.mailbox.retry(claim, Retry(error={"code": "x", "message": "x"}))
            else:
                self.mailbox.release(claim)
            assert newest or how == "release", "a fenced claim was let through"
            if newest:
                self.leases.pop(claim.conversation_id, None)
        except LeaseLost:
            token, end = self.leases.get(claim.conversation_id, (0, 0.0))
            assert token != claim.token or end <= self.now, "a lease that holds was lost"

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))

    @rule(seconds=st.sampled_from([1, 3, LEASE_S + 1, 40]))
    def time_passes(self, seconds: int) -> None:
        TableClock.advance(self.store, seconds)
        self.now += seconds

    @rule()
    def renew(self) -> None:
        newest = {claim.conversation_id: claim.token for claim in sorted(self.held, key=lambda claim: claim.token)}
        for id in self.mailbox.renew(newest):
            self.leases[id] = (newest[id], self.now + LEASE_S)

    @rule()
    def sweep(self) -> None:
        self.mailbox.sweep()
        self.actions.hand_off_overdue()
        self.forget_seized()

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.accepted)))
        with contextlib.suppress(Conflict):
            self.actions.cancel(self.workspace_id, id)

    @rule(data=st.data())
    def an_operator_tries_again(self, data: st.DataObject) -> None:
        with_people = [row.id for row in self.rows() if row.state == "handed_off"]
        id = data.draw(st.sampled_from(with_people or sorted(self.accepted) or ["msg_unknown"]))
        with contextlib.suppress(Conflict, NotFound):
            self.actions.retry(self.workspace_id, id)
            for row in self.rows():  # what is tried again may end once more
                if row.state not in ENDED:
                    assert self.ended.pop(row.id, ("handed_off",))[0] == "handed_off", "what was answered was undone"
        self.forget_seized()

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), how=st.sampled_from(["take_over", "resume", "speak", "close"]))
    def a_person_steps_in(self, data: st.DataObject, how: str) -> None:
        id = data.draw(st.sampled_from(sorted(self.accepted)))
        conversation_id = next(row.conversation_id for row in self.rows() if row.id == id)
        with contextlib.suppress(Conflict):
            if how == "take_over":
                self.actions.take_over(self.workspace_id, conversation_id, summary="mine")
            elif how == "speak":
                self.actions.reply(self.workspace_id, conversation_id, content="I am here", author="Ada")
            else:
                getattr(self.actions, how)(self.workspace_id, conversation_id)
        self.forget_seized()

    @invariant()
    def nothing_is_lost_undone_or_out_of_order(self) -> None:
        """All in one: reading the tables once a step is most of what these checks cost."""
        with self.store.read() as connection:
            rows = connection.execute(MESSAGES).all()
            boxes = dict(connection.execute(MAILBOXES).all())
            spoken = dict(connection.execute(SEQS).all())
            replies = set(connection.execute(REPLIES).scalars())
        self.what_waits_is_never_in_an_idle_mailbox(rows, boxes)
        assert set(self.accepted) == {row.id for row in rows}, "what was accepted is lost"
        self.each_message_ends_once(rows)
        self.answers_come_in_order_and_once(rows, spoken, replies)

    def what_waits_is_never_in_an_idle_mailbox(self, rows: Sequence[sa.Row], boxes: Mapping[str, str]) -> None:
        for row in rows:
            assert row.state in ENDED or boxes[row.conversation_id] != "idle", "a message that nobody will look for"

    def each_message_ends_once(self, rows: Sequence[sa.Row]) -> None:
        for row in rows:
            seen = (row.state, row.reply_id, row.finished_at)
            if row.id in self.ended:
                assert seen == self.ended[row.id], "an outcome changed after it was visible"
            elif row.state in ENDED:
                self.ended[row.id] = seen

    def answers_come_in_order_and_once(
        self, rows: Sequence[sa.Row], spoken: Mapping[str, int], replies: set[str]
    ) -> None:
        used: dict[str, set[str]] = {}
        for conversation_id in {row.conversation_id for row in rows}:
            answered = [row for row in rows if row.conversation_id == conversation_id and row.reply_id]
            seqs = [spoken[row.reply_id] for row in answered]
            assert seqs == sorted(seqs), "answered out of order"
            used[conversation_id] = {row.reply_id for row in answered}
        assert set().union(*used.values()) == replies if used else not replies, "a reply that answers nothing"


_SETTINGS = settings(
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

#: Minutes of random histories: `make test` runs them, `make quick` does not.
pytestmark = pytest.mark.slow

TestMailboxOnSqlite = MailboxMachine.TestCase
TestMailboxOnSqlite.settings = _SETTINGS


class EachMachine(MailboxMachine):
    burst = "each"


TestMailboxAnsweringEach = EachMachine.TestCase
TestMailboxAnsweringEach.settings = settings(_SETTINGS, max_examples=60)


class PostgresqlMachine(MailboxMachine):
    url: str

    def database_url(self) -> str:
        return self.url


@pytest.mark.postgresql
class TestMailboxOnPostgresql(PostgresqlMachine.TestCase):
    settings = settings(_SETTINGS, max_examples=25)

    @classmethod
    def setUpClass(cls) -> None:
        url = cls.enterClassContext(postgresql_schema(durable=False))
        PostgresqlMachine.url = url.replace("postgresql://", "postgresql+psycopg://")
