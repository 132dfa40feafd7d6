"""One drainer per conversation, under a lease with a fencing token, whatever is killed or late."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock, accept, answer, conversation_actions
from worker.conversations.intake import Intake, Submission
from worker.conversations.outcomes import Handoff, Retry
from worker.errors import DatabaseUnavailable
from worker.store.engine import Store
from worker.store.tables import conversation, delivery, event, message
from worker.turns.mailbox import LeaseLost, Mailbox


@pytest.fixture
def mailbox(store: Store) -> Mailbox:
    return Mailbox(store, holder="one", lease_s=10)


def state_of(store: Store, id: str) -> str:
    with store.read() as connection:
        return connection.execute(sa.select(message.c.state).where(message.c.id == id)).scalar_one()


def box_of(store: Store, conversation_id: str) -> str:
    with store.read() as connection:
        return connection.execute(
            sa.select(conversation.c.mailbox).where(conversation.c.id == conversation_id)
        ).scalar_one()


def test_a_conversation_is_worked_on_by_one_worker_only(store, workspace_id, mailbox):
    sent = accept(store, workspace_id)
    assert mailbox.claim(sent["conversation_id"]) is not None
    assert Mailbox(store, holder="two").claim(sent["conversation_id"]) is None


def test_an_answer_becomes_visible_with_its_events_in_one_step(store, workspace_id, mailbox):
    sent = accept(store, workspace_id)
    finished = mailbox.finish(mailbox.claim(sent["conversation_id"]), answer("Yes."))
    assert finished.seq == 2
    assert not finished.more
    assert state_of(store, sent["id"]) == "answered"
    assert box_of(store, sent["conversation_id"]) == "idle"
    with store.read() as connection:
        types = connection.execute(
            sa.select(event.c.type).where(event.c.message_id == sent["id"]).order_by(event.c.id)
        ).scalars()
        assert list(types) == ["queued", "running", "answered"]


def test_a_zombie_that_wakes_after_its_lease_writes_nothing(store, workspace_id, mailbox):
    sent = accept(store, workspace_id)
    zombie = mailbox.claim(sent["conversation_id"])
    TableClock.advance(store, 11)
    other = Mailbox(store, holder="two")
    theirs = other.claim(sent["conversation_id"])
    assert theirs.token == zombie.token + 1
    assert theirs.attempts == 2
    with pytest.raises(LeaseLost):
        mailbox.finish(zombie, answer("zombie"))
    with pytest.raises(LeaseLost):
        mailbox.retry(zombie, Retry(error={"code": "x", "message": "x"}))
    mailbox.release(zombie)  # silently nothing
    other.finish(theirs, answer("theirs"))
    with store.read() as connection:
        said = connection.execute(sa.select(message.c.content).where(message.c.role == "assistant")).scalars()
        assert list(said) == ["theirs"]


def test_a_lease_that_was_swept_is_lost_to_its_holder_even_before_another_claims(store, workspace_id, mailbox):
    sent = accept(store, workspace_id)
    claim = mailbox.claim(sent["conversation_id"])
    TableClock.advance(store, 11)
    assert mailbox.sweep() == (sent["conversation_id"],)
    assert mailbox.renew({claim.conversation_id: claim.token}) == {}
    with pytest.raises(LeaseLost):
        mailbox.finish(claim, answer())


def test_renewal_keeps_a_lease_alive(store, workspace_id, mailbox):
    sent = accept(store, workspace_id)
    claim = mailbox.claim(sent["conversation_id"])
    for _ in range(3):
        TableClock.advance(store, 8)
        assert mailbox.renew({claim.conversation_id: claim.token}) == {claim.conversation_id: False}
    mailbox.finish(claim, answer())
    assert state_of(store, sent["id"]) == "answered"


def test_messages_queued_together_get_one_reply(store, workspace_id, mailbox):
    first = accept(store, workspace_id, "Hello", external_id="x")
    second = accept(store, workspace_id, "and where is my parcel?", external_id="x")
    claim = mailbox.claim(first["conversation_id"])
    assert [message.content for message in claim.messages] == ["Hello", "and where is my parcel?"]
    mailbox.finish(claim, answer())
    with store.read() as connection:
        replies = connection.execute(
            sa.select(message.c.reply_id).where(message.c.id.in_([first["id"], second["id"]]))
        ).scalars()
        assert len(set(replies)) == 1


def test_with_the_policy_each_every_message_gets_its_own_reply_in_order(store, workspace_id):
    mailbox = Mailbox(store, holder="one", burst="each")
    first = accept(store, workspace_id, "one", external_id="x")
    accept(store, workspace_id, "two", external_id="x")
    finished = mailbox.finish(mailbox.claim(first["conversation_id"]), answer("reply one"))
    assert finished.more
    mailbox.finish(mailbox.claim(first["conversation_id"]), answer("reply two"))
    with store.read() as connection:
        said = connection.execute(sa.select(message.c.content).order_by(message.c.seq)).scalars()
        assert list(said) == ["one", "two", "reply one", "reply two"]


def test_a_message_that_arrives_during_an_answer_is_answered_next(store, workspace_id, mailbox):
    first = accept(store, workspace_id, external_id="x")
    claim = mailbox.claim(first["conversation_id"])
    late = accept(store, workspace_id, external_id="x")
    assert mailbox.finish(claim, answer()).more
    assert state_of(store, late["id"]) == "queued"
    assert [message.id for message in mailbox.claim_any().messages] == [late["id"]]


def test_a_retry_waits_for_its_backoff_and_never_past_the_deadline(store, workspace_id, mailbox):
    sent = accept(store, workspace_id, deadline_s=5)
    claim = mailbox.claim(sent["conversation_id"])
    mailbox.retry(claim, Retry(error={"code": "busy", "message": "busy"}, after_s=60))
    assert state_of(store, sent["id"]) == "queued"
    assert mailbox.claim(sent["conversation_id"]) is None
    TableClock.advance(store, 5)
    assert mailbox.sweep() == (sent["conversation_id"],)
    assert mailbox.claim(sent["conversation_id"]).remaining_s <= 0


def test_a_message_past_its_deadline_goes_to_a_person_even_when_its_worker_hangs(store, workspace_id, mailbox):
    sent = accept(store, workspace_id, deadline_s=5)
    claim = mailbox.claim(sent["conversation_id"])
    TableClock.advance(store, 9)
    mailbox.renew({claim.conversation_id: claim.token})
    assert conversation_actions(store).hand_off_overdue() == [sent["conversation_id"]]
    assert state_of(store, sent["id"]) == "handed_off"
    with pytest.raises(LeaseLost):
        mailbox.finish(claim, answer())


def test_what_waits_behind_a_handoff_goes_to_the_same_person(store, workspace_id):
    mailbox = Mailbox(store, holder="one", burst="each")
    first = accept(store, workspace_id, external_id="x")
    second = accept(store, workspace_id, external_id="x")
    mailbox.finish(mailbox.claim(first["conversation_id"]), Handoff(reason="no_answer", summary="?"))
    assert state_of(store, second["id"]) == "handed_off"
    third = accept(store, workspace_id, external_id="x")
    assert third["state"] == "handed_off"
    assert third["handoff"]["reason"] == "owned_by_person"


def test_a_lost_hint_is_noticed_by_a_sweeper_and_a_sweeper_that_died_by_the_next(store, workspace_id, mailbox):
    sent = accept(store, workspace_id)
    assert mailbox.sweep() == ()
    TableClock.advance(store, 2)
    assert mailbox.sweep() == (sent["conversation_id"],)
    assert mailbox.sweep() == (), "two sweepers took up the same conversation"
    TableClock.advance(store, 3)
    assert mailbox.sweep() == (sent["conversation_id"],)
    assert mailbox.claim(sent["conversation_id"]) is not None


def test_a_cancelled_message_tells_its_holder_to_stop(store, workspace_id, mailbox):
    sent = accept(store, workspace_id)
    claim = mailbox.claim(sent["conversation_id"])
    conversation_actions(store).cancel(workspace_id, sent["id"])
    assert state_of(store, sent["id"]) == "cancelled"
    assert mailbox.renew({claim.conversation_id: claim.token}) == {claim.conversation_id: True}
    assert mailbox.finish(claim, answer()).message_ids == ()
    assert state_of(store, sent["id"]) == "cancelled"


def test_a_callback_is_promised_in_the_transaction_of_the_outcome(store, workspace_id, mailbox):
    sent = accept(store, workspace_id, callback_url="https://desk.example/hook")
    claim = mailbox.claim(sent["conversation_id"])
    with store.read() as connection:
        assert connection.execute(sa.select(delivery)).first() is None
    mailbox.finish(claim, answer("Yes."))
    with store.read() as connection:
        promised = connection.execute(sa.select(delivery)).mappings().one()
    assert promised["state"] == "pending"
    assert '"type":"message.answered"' in promised["payload"]
    assert '"state":"answered"' in promised["payload"]


def test_a_person_who_takes_over_fences_off_the_bot(store, workspace_id, mailbox):
    sent = accept(store, workspace_id)
    claim = mailbox.claim(sent["conversation_id"])
    conversation_actions(store).take_over(workspace_id, sent["conversation_id"], summary="mine")
    with pytest.raises(LeaseLost):
        mailbox.finish(claim, answer())
    assert state_of(store, sent["id"]) == "handed_off"
    conversation_actions(store).resume(workspace_id, sent["conversation_id"])
    again = Intake(store).accept(workspace_id, sent["conversation_id"], Submission(content="and now?", deadline_s=60))
    assert again.message["state"] == "queued"
    assert mailbox.claim(sent["conversation_id"]) is not None


def test_work_given_back_at_shutdown_costs_no_attempt(store, workspace_id, mailbox):
    sent = accept(store, workspace_id)
    mailbox.release(mailbox.claim(sent["conversation_id"]))
    assert Mailbox(store, holder="two").claim(sent["conversation_id"]).attempts == 1


def test_a_crowd_is_served_in_its_order_however_often_it_was_hinted_at(store, workspace_id, mailbox):
    old = accept(store, workspace_id)
    for _ in range(4):
        TableClock.advance(store, 10)
        mailbox.sweep()
    accept(store, workspace_id)
    assert mailbox.claim_any().conversation_id == old["conversation_id"]


def test_claiming_what_waited_longest_takes_expired_leases_too(store, workspace_id, mailbox):
    old = accept(store, workspace_id)
    mailbox.claim(old["conversation_id"])
    TableClock.advance(store, 11)
    accept(store, workspace_id)
    assert Mailbox(store, holder="two").claim_any().conversation_id == old["conversation_id"]


def test_a_row_that_a_sleeping_process_holds_stops_no_sweeper(store, workspace_id, mailbox):
    """On PostgreSQL rows are locked one by one; who is stopped in the middle of a transaction keeps its own."""
    if store.is_sqlite:
        pytest.skip("SQLite has one lock for all")
    stuck = accept(store, workspace_id, deadline_s=5)
    other = accept(store, workspace_id, deadline_s=5)
    TableClock.advance(store, 9)
    with store.begin() as asleep:
        asleep.execute(conversation.update().where(conversation.c.id == stuck["conversation_id"]).values(updated_at=1))
        assert conversation_actions(store).hand_off_overdue() == [other["conversation_id"]]
        assert mailbox.sweep() == ()
        with pytest.raises(DatabaseUnavailable):
            mailbox.claim(stuck["conversation_id"])
    assert conversation_actions(store).hand_off_overdue() == [stuck["conversation_id"]]
