"""Accepting: one transaction, one message for one key, nothing half-done."""

import threading

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock, accept, conversation_actions
from worker.conversations.intake import Intake, Opening, Submission
from worker.errors import IdempotencyMismatch, NotFound
from worker.states import Owner
from worker.store.tables import conversation, event, message
from worker.turns.mailbox import Mailbox


def submission(key: str | None = None, fingerprint: str = "f", content: str = "Hi") -> Submission:
    return Submission(content=content, deadline_s=60, idempotency_key=key, fingerprint=fingerprint)


def count(store, table) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_twenty_twins_at_once_become_one_message(store, workspace_id):
    intake = Intake(store)
    ids: list[str] = []
    barrier = threading.Barrier(20)

    def send() -> None:
        barrier.wait()
        ids.append(intake.submit(workspace_id, Opening(), submission("k")).message["id"])

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 20
    assert len(set(ids)) == 1
    assert count(store, message) == count(store, conversation) == count(store, event) == 1


def test_the_same_key_with_another_body_is_refused(store, workspace_id):
    intake = Intake(store)
    intake.submit(workspace_id, Opening(), submission("k", "one"))
    with pytest.raises(IdempotencyMismatch):
        intake.submit(workspace_id, Opening(), submission("k", "two"))


def test_a_replay_shows_the_first_response_whatever_became_of_the_message(store, workspace_id):
    from tests.support.fakes import answer
    from worker.turns.mailbox import Mailbox

    intake = Intake(store)
    first = intake.submit(workspace_id, Opening(), submission("k")).message
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(first["conversation_id"]), answer())
    again = intake.submit(workspace_id, Opening(), submission("k"))
    assert again.message == first
    assert not again.ready


def test_a_replay_of_what_still_waits_is_hinted_at_again(store, workspace_id):
    """The front may have died between the commit and the hint: then the client's repetition brings it."""
    intake = Intake(store)
    intake.submit(workspace_id, Opening(), submission("k"))
    assert intake.submit(workspace_id, Opening(), submission("k")).ready


def test_a_key_is_forgotten_after_its_time_and_not_before(store, workspace_id):
    counted: list[str] = []
    intake = Intake(store, keys_kept_s=60, count=counted.append)
    first = intake.submit(workspace_id, Opening(), submission("k", "one")).message
    TableClock.advance(store, 59)
    assert intake.submit(workspace_id, Opening(), submission("k", "one")).message["id"] == first["id"]
    assert intake.forget_keys() == 0
    TableClock.advance(store, 1)
    other = intake.submit(workspace_id, Opening(), submission("k", "two")).message
    assert other["id"] != first["id"], "an expired key still refuses another request"
    assert counted == ["duplicates_refused"]
    TableClock.advance(store, 60)
    assert intake.forget_keys() == 1
    assert intake.forget_keys() == 0


def test_fifty_messages_from_ten_clients_have_seqs_without_gap_or_twin(store, workspace_id):
    intake = Intake(store)
    conversation_id = intake.open(workspace_id, Opening(external_id="x"))["id"]
    seqs: list[int] = []

    def send() -> None:
        for _ in range(5):
            seqs.append(intake.accept(workspace_id, conversation_id, submission()).message["seq"])

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seqs) == list(range(1, 51))


def test_one_bad_submission_does_not_undo_its_neighbours(store, workspace_id):
    """Writes that wait together share a transaction on SQLite; a failing one takes back its own only."""
    intake = Intake(store)
    results: list[object] = []
    barrier = threading.Barrier(16)

    def send(number: int) -> None:
        barrier.wait()
        try:
            if number % 2:
                results.append(intake.accept(workspace_id, "conv_none", submission()))
            else:
                results.append(intake.submit(workspace_id, Opening(), submission()))
        except NotFound as error:
            results.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(result, NotFound) for result in results) == 8
    assert count(store, message) == 8


def test_an_external_id_continues_its_conversation_and_twins_of_it_share_one(store, workspace_id):
    talks: list[str] = []
    barrier = threading.Barrier(8)

    def send() -> None:
        barrier.wait()
        talks.append(accept(store, workspace_id, external_id="T-1")["conversation_id"])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(talks)) == 1
    assert count(store, message) == 8


def test_another_workspaces_conversation_cannot_be_written_into(store, workspace_id):
    from worker.access.keys import Keys

    sent = accept(store, workspace_id)
    other = Keys(store).workspace("other")
    with pytest.raises(NotFound):
        Intake(store).accept(other, sent["conversation_id"], submission())


OUT_OF_OFFICE = "I am out of the office until Monday. For urgent matters please contact Jane."


def test_automatic_mail_ends_as_cancelled_without_a_turn_and_is_counted(store, workspace_id):
    counted: list[str] = []
    intake = Intake(store, count=counted.append)
    accepted = intake.submit(workspace_id, Opening(), Submission(content=OUT_OF_OFFICE, deadline_s=60))
    assert (accepted.message["state"], accepted.ready) == ("cancelled", False)
    assert accepted.message["error"]["code"] == "automatic_message"
    assert "out of the office" in accepted.message["error"]["message"]
    assert Mailbox(store, holder="one").claim_any() is None
    assert counted == ["automatic_messages"]


def test_automatic_mail_opens_no_closed_conversation_and_delays_no_question(store, workspace_id):
    intake, actions = Intake(store), conversation_actions(store)
    asked = intake.submit(workspace_id, Opening(external_id="x"), Submission(content="Why?", deadline_s=60)).message
    automatic = Submission(content="Noted.", deadline_s=60, email_headers={"Auto-Submitted": "auto-replied"})
    assert intake.submit(workspace_id, Opening(external_id="x"), automatic).message["state"] == "cancelled"
    claim = Mailbox(store, holder="one").claim(asked["conversation_id"])
    assert [message.content for message in claim.messages] == ["Why?"]
    actions.close(workspace_id, asked["conversation_id"])
    intake.accept(workspace_id, asked["conversation_id"], automatic)
    assert intake.open(workspace_id, Opening(external_id="x"))["owner"] == "closed"


def test_a_human_who_owns_the_conversation_gets_automatic_mail_too(store, workspace_id):
    intake = Intake(store)
    opening = Opening(external_id="x", owner="human")
    accepted = intake.submit(workspace_id, opening, Submission(content=OUT_OF_OFFICE, deadline_s=60))
    assert accepted.message["state"] == "handed_off"


@pytest.mark.parametrize("owner", [Owner.BOT, Owner.HUMAN])
def test_a_message_that_the_bot_does_not_read_is_looked_at_before_the_transaction(
    store, workspace_id, owner, monkeypatch
):
    done: list[str] = []

    def alarm(text):
        done.append(f"looked at {text}")
        return {"reason": "rule", "category": "safety", "priority": "urgent", "reasons": [text]}

    def spy(work, submit=store.submit):
        done.append("transaction")
        return submit(work)

    monkeypatch.setattr(store, "submit", spy)
    intake = Intake(store, alarm=alarm)
    sent = intake.submit(workspace_id, Opening(external_id="7", owner=owner), submission(content="one")).message
    intake.submit(workspace_id, Opening(external_id="7"), submission(content="two"))
    intake.accept(workspace_id, sent["conversation_id"], submission(content="three"))
    looks = [f"looked at {text}" if owner == Owner.HUMAN else None for text in ("one", "two", "three")]
    assert done == [step for look in looks for step in (look, "transaction") if step]


def test_a_message_is_looked_at_although_a_human_has_just_taken_the_conversation(store, workspace_id):
    looked_at = []
    intake = Intake(store, alarm=looked_at.append)

    def take(tx):
        tx.execute(conversation.update().values(owner=Owner.HUMAN))

    intake.submit(workspace_id, Opening(external_id="7"), submission(content="one"))
    intake.submit(workspace_id, Opening(external_id="7"), submission(content="two"), in_transaction=take)
    assert looked_at == ["two"]
