"""A conversation that humans have gets its targets, in working time, and who is late is told once."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock, accept, conversation_actions
from worker.access.audit_log import AuditLog
from worker.conversations import event_feed, event_log, listing
from worker.conversations.intake import Submission
from worker.conversations.outcomes import Handoff
from worker.service_levels.service_levels import ServiceLevels
from worker.service_policy import Policy, TargetState
from worker.states import HandoffReason, Priority
from worker.store.scope import Scope
from worker.store.tables import service_target
from worker.turns.mailbox import Mailbox

MINUTE = 60
POLICY = Policy.of(["urgent=10m", "normal=1h"], ["normal=4h"], [])


class Desk:
    """A workspace with targets, whose clock is told."""

    def __init__(self, store, workspace_id) -> None:
        self.store, self.workspace_id, self.scope = store, workspace_id, Scope(store, workspace_id)
        self.policy = POLICY
        self.actions = conversation_actions(store)
        self.levels = ServiceLevels(store, policies=lambda: lambda _id: self.policy)
        self.levels.apply_policies()
        self.start = self.now()

    def now(self) -> int:
        with self.store.read() as connection:
            return self.store.now(connection)

    def wait(self, minutes: float) -> int:
        """Let time pass; return how many events the duty recorded."""
        TableClock.advance(self.store, minutes * MINUTE)
        return self.levels.follow()

    def hand_off(self, priority: Priority = Priority.NORMAL) -> str:
        sent = accept(self.store, self.workspace_id, "Where is my parcel?")
        mailbox = Mailbox(self.store, holder="one")
        handoff = Handoff(reason=HandoffReason.NO_ANSWER, summary="!", priority=priority)
        mailbox.finish(mailbox.claim(sent["conversation_id"]), handoff)
        self.levels.follow()
        return sent["conversation_id"]

    def reply(self, id: str) -> None:
        self.actions.reply(self.workspace_id, id, content="Let me see.", author="Grace")

    def write(self, id: str, text: str = "And now?") -> None:
        self.actions.accept(self.workspace_id, id, Submission(content=text, deadline_s=60))

    def due(self, id: str) -> tuple[str, float] | None:
        """Return the target that is due next and the minutes until then, from the beginning of the test."""
        sla = listing.get(self.scope, id)["sla"]
        if sla is None:
            return None
        at = sa.select(sa.func.min(service_target.c.due_at)).where(service_target.c.conversation_id == id)
        with self.store.read() as connection:
            return sla["target"], (connection.execute(at).scalar_one() - self.start) / 60_000

    def states(self, id: str) -> dict[str, str]:
        columns = (service_target.c.target, service_target.c.state)
        with self.store.read() as connection:
            rows = connection.execute(sa.select(*columns).where(service_target.c.conversation_id == id))
            return {row.target: row.state for row in rows}

    def events(self) -> list[tuple[str, str]]:
        page = event_feed.page(self.scope, after=event_feed.Position(), limit=100)
        return [
            (item["type"].removeprefix("conversation.sla_"), item["data"]["sla"]["target"])
            for _position, item in page.events
            if ".sla_" in item["type"]
        ]


@pytest.fixture
def desk(store, workspace_id) -> Desk:
    return Desk(store, workspace_id)


def test_the_first_reply_is_due_by_priority_and_reaches_its_target(desk):
    urgent, normal = desk.hand_off(Priority.URGENT), desk.hand_off()
    assert desk.due(urgent) == ("first_response", 10)
    assert desk.due(normal) == ("first_response", 60)
    assert desk.wait(5) == 0
    desk.reply(urgent)
    assert desk.wait(20) == 0
    assert desk.states(urgent) == {"first_response": TargetState.REACHED}
    assert desk.due(urgent) is None


def test_the_time_of_a_resolution_stands_still_while_the_customer_is_asked(desk):
    id = desk.hand_off()
    desk.wait(30)
    desk.reply(id)
    desk.wait(600)
    assert desk.due(id) is None
    desk.write(id)
    desk.wait(10)
    assert desk.due(id) == ("resolution", 30 + 600 + 4 * 60 - 30)
    assert desk.states(id) == {"first_response": TargetState.REACHED, "resolution": TargetState.RUNNING}
    desk.actions.close(desk.workspace_id, id)
    assert desk.wait(600) == 0
    assert desk.states(id)["resolution"] == TargetState.REACHED
    assert desk.events() == []


def test_a_reply_and_the_next_message_between_two_looks_lose_no_pause(desk):
    id = desk.hand_off()
    TableClock.advance(desk.store, 30 * MINUTE)
    desk.reply(id)
    TableClock.advance(desk.store, 90 * MINUTE)
    desk.write(id)
    assert desk.wait(0) == 0
    assert desk.due(id) == ("resolution", 120 + 210)


def test_who_is_late_is_warned_before_and_told_once_in_the_feed_and_the_audit_log(desk):
    id = desk.hand_off(Priority.URGENT)
    assert [desk.wait(minutes) for minutes in (7, 1, 1, 2, 1, 60)] == [0, 1, 0, 1, 0, 0]
    assert desk.events() == [("warning", "first_response"), ("breached", "first_response")]
    entries, _ = AuditLog(desk.store).page(desk.workspace_id)
    assert [(entry["action"], entry["via"], entry["subject"]) for entry in entries] == [
        ("conversation.sla_breached", "worker", id),
        ("conversation.sla_warning", "worker", id),
    ]
    seen = event_log.after(desk.scope, 0, conversation_id=id, limit=50)
    assert not any("sla" in event.type for event in seen)  # customers read this log


def test_a_reply_that_comes_too_late_counts_as_late_though_no_worker_looked_between(desk):
    id = desk.hand_off(Priority.URGENT)
    TableClock.advance(desk.store, 11 * MINUTE)
    desk.reply(id)
    assert desk.levels.follow() == 1
    assert desk.events() == [("breached", "first_response")]


def test_a_customer_who_becomes_urgent_has_less_time_from_the_beginning(desk):
    id = desk.hand_off()
    TableClock.advance(desk.store, 5 * MINUTE)
    from worker.conversations import escalations
    from worker.store.rows import Conversation
    from worker.store.tables import conversation

    with desk.store.begin() as tx:
        row = Conversation.from_row(desk.scope.get_in(tx, conversation, id))
        urgent = Handoff(reason=HandoffReason.RULE, summary="!", priority=Priority.URGENT).to_api()
        escalations.renew(tx, row, urgent, message_id=None)
    desk.wait(0)
    assert desk.due(id) == ("first_response", 10)


def test_new_targets_hold_for_conversations_that_wait_already_and_none_ends_them(desk):
    desk.policy = Policy.of([], [], [])
    desk.levels.apply_policies()
    id = desk.hand_off()
    assert desk.due(id) is None
    for targets, due in (
        (["normal=2h"], ("first_response", 120)),
        (["normal=30m"], ("first_response", 30)),
        ([], None),
    ):
        desk.policy = Policy.of(targets, [], [])
        assert desk.levels.apply_policies() == [desk.workspace_id]
        assert desk.levels.apply_policies() == []
        desk.wait(0)
        assert desk.due(id) == due
    assert desk.states(id) == {}


def test_a_conversation_that_the_bot_gets_back_owes_no_reply(desk):
    id = desk.hand_off()
    desk.actions.resume(desk.workspace_id, id)
    desk.wait(0)
    assert desk.states(id) == {"first_response": TargetState.CANCELLED, "resolution": TargetState.REACHED}
    assert desk.wait(600) == 0


def test_only_working_time_counts(desk):
    # The clock of the tests starts at 00:16:40 on Thursday, 1 January 1970.
    desk.policy = Policy.of(["normal=1h"], [], ["UTC", "mon-fri 09:00-17:00"])
    desk.levels.apply_policies()
    id = desk.hand_off()
    assert listing.get(desk.scope, id)["sla"]["due_at"] == "1970-01-01T10:00:00.000Z"


def test_what_is_overdue_is_found_by_its_due_time(desk):
    late, later = desk.hand_off(Priority.URGENT), desk.hand_off()
    found, _ = listing.page(desk.scope, {"due_before": desk.start + 11 * 60_000})
    assert [item["id"] for item in found] == [late]
    found, _ = listing.page(desk.scope, {"due_before": desk.start + 90 * 60_000})
    assert {item["id"] for item in found} == {late, later}


def test_a_target_that_an_edit_of_the_policy_cancelled_comes_back_with_another_edit(desk):
    id = desk.hand_off()
    for response, due in (([], ("resolution", 240)), (["normal=2h"], ("first_response", 120))):
        desk.policy = Policy.of(response, ["normal=4h"], [])
        desk.levels.apply_policies()
        desk.wait(10)
        assert desk.due(id) == due
    assert desk.states(id) == {"first_response": TargetState.RUNNING, "resolution": TargetState.RUNNING}


def test_a_first_response_that_was_given_while_it_had_no_target_is_not_asked_for_again(desk):
    id = desk.hand_off()
    desk.policy = Policy.of([], ["normal=4h"], [])
    desk.levels.apply_policies()
    desk.wait(10)
    desk.reply(id)
    desk.wait(10)
    desk.write(id)
    desk.policy = POLICY
    desk.levels.apply_policies()
    desk.wait(10)
    assert desk.states(id) == {"first_response": TargetState.CANCELLED, "resolution": TargetState.RUNNING}


@pytest.mark.parametrize("known", [POLICY, Policy.of([], [], [])], ids=["other targets", "none"])
def test_a_worker_that_read_the_policies_earlier_leaves_what_a_newer_one_concerns(desk, known):
    """Another worker applies a newer policy between this one's reading and its writing."""
    desk.policy = known
    desk.levels.apply_policies()
    newer = Policy.of(["normal=2h"], ["normal=4h"], [])
    other = ServiceLevels(desk.store, policies=lambda: lambda _id: newer)
    desk.levels = ServiceLevels(desk.store, policies=lambda: (other.apply_policies(), lambda _id: known)[1])
    id = desk.hand_off()
    other.follow()
    assert desk.due(id) == ("first_response", 120)
