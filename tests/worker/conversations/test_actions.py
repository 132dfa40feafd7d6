"""Each action wakes streams and hints workers right after its commit, or its effects wait for a sweep."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.fakes import FakeHints, TableClock, accept, answer, conversation_actions
from worker.conversations.actions import ConversationActions
from worker.conversations.intake import Intake, Opening, Submission
from worker.conversations.outcomes import Handoff
from worker.errors import Conflict
from worker.hints import Hints
from worker.states import HandoffReason, Rating
from worker.store.tables import conversation, event
from worker.turns.mailbox import Mailbox


class Recorder:
    """Records notifications, each with the number of events that another connection sees at that moment."""

    def __init__(self, store) -> None:
        self.store = store
        self.calls: list[tuple[str, str]] = []
        self.events_seen: set[int] = set()

    def wake(self, conversation_id: str) -> None:
        self._record("wake", conversation_id)

    def drain(self, conversation_id: str) -> None:
        self._record("drain", conversation_id)

    def deliver(self, conversation_id: str) -> None:
        self._record("deliver", conversation_id)

    def _record(self, kind: str, conversation_id: str) -> None:
        self.calls.append((kind, conversation_id))
        self.events_seen.add(events(self.store))


def events(store) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(event)).scalar_one()


def submission(**fields: Any) -> Submission:
    return Submission(content="Where is my parcel?", deadline_s=60, **fields)


def answered(store, message: dict) -> None:
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(message["conversation_id"]), answer())


def handed_off(store, message: dict) -> None:
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(message["conversation_id"]), Handoff(reason=HandoffReason.ERROR, summary="?"))


def untouched(_store, _message: dict) -> None:
    """Leave the message queued."""


Act = Callable[[ConversationActions, str, dict], object]

#: Each action: the state of the conversation before, the action, and whom it notifies.
ACTIONS: dict[str, tuple[Callable[..., None], Act, list[str]]] = {
    "submit": (
        answered,
        lambda actions, workspace, _sent: actions.submit(workspace, Opening(external_id="x"), submission()),
        ["drain", "wake"],
    ),
    "accept": (
        answered,
        lambda actions, workspace, sent: actions.accept(workspace, sent["conversation_id"], submission()),
        ["drain", "wake"],
    ),
    "accept for a human": (
        handed_off,
        lambda actions, workspace, sent: actions.accept(workspace, sent["conversation_id"], submission()),
        ["deliver", "wake"],
    ),
    "rate": (
        answered,
        lambda actions, workspace, sent: actions.rate(workspace, sent["id"], rating=Rating.GOOD),
        ["wake"],
    ),
    "cancel": (
        untouched,
        lambda actions, workspace, sent: actions.cancel(workspace, sent["id"]),
        ["deliver", "wake"],
    ),
    "retry": (
        handed_off,
        lambda actions, workspace, sent: actions.retry(workspace, sent["id"]),
        ["drain", "deliver", "wake"],
    ),
    "take over": (
        untouched,
        lambda actions, workspace, sent: actions.take_over(workspace, sent["conversation_id"], summary="Mine."),
        ["deliver", "wake"],
    ),
    "reply": (
        untouched,
        lambda actions, workspace, sent: actions.reply(
            workspace, sent["conversation_id"], content="It comes today.", author="Ada"
        ),
        ["deliver", "wake"],
    ),
    "resume": (
        handed_off,
        lambda actions, workspace, sent: actions.resume(workspace, sent["conversation_id"]),
        ["deliver", "wake"],
    ),
    "close": (
        untouched,
        lambda actions, workspace, sent: actions.close(workspace, sent["conversation_id"]),
        ["deliver", "wake"],
    ),
    "hand off overdue": (
        untouched,
        lambda actions, _workspace, sent: _assert_found(actions.hand_off_overdue(), sent),
        ["deliver", "wake"],
    ),
    "resume quiet": (
        lambda store, sent: conversation_actions(store).take_over(
            sent["workspace_id"],
            sent["conversation_id"],
            summary="Mine.",
            reason=HandoffReason.OWNED_BY_HUMAN,
        ),
        lambda actions, _workspace, sent: _assert_found(actions.resume_quiet(after_s=60), sent),
        ["deliver", "wake"],
    ),
}


def _assert_found(found: list[str], sent: dict) -> None:
    assert found == [sent["conversation_id"]]


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_wakes_streams_and_hints_workers_once_it_is_committed(store, workspace_id, name):
    before, act, notified = ACTIONS[name]
    recorder = Recorder(store)
    actions = ConversationActions(store, intake=Intake(store), wake=recorder.wake, hints=recorder)
    sent = accept(store, workspace_id, external_id="x", deadline_s=60) | {"workspace_id": workspace_id}
    before(store, sent)
    TableClock.advance(store, 100)

    act(actions, workspace_id, sent)

    assert recorder.calls == [(kind, sent["conversation_id"]) for kind in notified]
    assert recorder.events_seen == {events(store)}


def test_an_action_that_changes_nothing_notifies_nobody(store, workspace_id):
    hints, woken = FakeHints(), []
    actions = conversation_actions(store, hints=hints, wake=woken.append)
    sent = accept(store, workspace_id)
    answered(store, sent)

    with pytest.raises(Conflict):
        actions.cancel(workspace_id, sent["id"])

    assert (hints.drained, hints.delivered, woken) == ([], [], [])


def test_an_unavailable_broker_fails_no_request(store, workspace_id):
    def publish(_task: str, _queue: str, _arguments: object) -> None:
        raise ConnectionError

    hints = Hints(publish, capacity=1)
    actions = ConversationActions(store, intake=Intake(store), wake=lambda _id: None, hints=hints)

    accepted = [actions.submit(workspace_id, Opening(), submission()) for _ in range(20)]

    hints.stop()
    assert [message["state"] for message in accepted] == ["queued"] * 20


def test_a_closed_conversation_is_answered_again_when_its_customer_writes(store, workspace_id):
    hints = FakeHints()
    actions = conversation_actions(store, hints=hints)
    sent = accept(store, workspace_id)
    actions.close(workspace_id, sent["conversation_id"])

    actions.accept(workspace_id, sent["conversation_id"], submission())

    assert hints.drained == [sent["conversation_id"]]
    with store.read() as connection:
        assert connection.execute(sa.select(conversation.c.owner)).scalar_one() == "bot"
