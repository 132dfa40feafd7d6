"""A message reads the same in responses, events and callbacks, with its reply or as the reply that it is."""

from dataclasses import replace

from tests.support.fakes import accept, answer
from worker.conversations import serializers
from worker.conversations.outcomes import Citation
from worker.states import Role
from worker.store.rows import Message, Reply
from worker.store.tables import message
from worker.turns.mailbox import Mailbox

CITATION = Citation(number=1, document_id="doc_1", title="Cookies", url=None, quote="Delete them.", start=0, end=12)


def answered(store, workspace_id) -> list[tuple[Message, Reply | None]]:
    """Return a question and its answer, as they are stored."""
    sent = accept(store, workspace_id)
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), replace(answer("Delete them [1]."), citations=(CITATION,)))
    with store.read() as connection:
        rows = connection.execute(serializers.with_reply().order_by(message.c.seq)).mappings()
        return [serializers.message_and_reply(row) for row in rows]


def test_a_question_shows_its_reply_and_an_answer_its_citations(store, workspace_id):
    question, reply = (serializers.message(*pair) for pair in answered(store, workspace_id))

    assert question["reply"]["content"] == "Delete them [1]."
    assert question["reply"]["id"] == reply["id"]
    assert question["citations"] == []
    assert (reply["role"], reply["reply"]) == (Role.ASSISTANT, None)
    assert [citation["quote"] for citation in reply["citations"]] == ["Delete them."]


def test_a_replayed_request_gets_the_message_as_it_was_accepted(store, workspace_id):
    question, reply = answered(store, workspace_id)[0]

    replayed = serializers.as_accepted(question, reply)

    assert (replayed["state"], replayed["attempts"], replayed["reply"]) == ("queued", 0, None)
    assert (replayed["finished_at"], replayed["timings"]) == (None, None)
    assert replayed["created_at"] == serializers.message(question, reply)["created_at"]


def test_an_open_message_has_no_reply(store, workspace_id):
    accept(store, workspace_id)
    with store.read() as connection:
        row = connection.execute(serializers.with_reply()).mappings().one()

    question, reply = serializers.message_and_reply(row)

    assert reply is None
    assert serializers.message(question)["reply"] is None
