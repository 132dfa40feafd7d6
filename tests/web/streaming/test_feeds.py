"""Feeds: events and deltas of an answer, in order, once."""

import json
from functools import partial

from tests.support.fakes import answer
from tests.web.calls import answer_all, submit
from web.streaming.feeds import ConversationFeed, MessageFeed, StreamEvent
from worker.conversations.outcomes import Handoff, Piece
from worker.store.scope import Scope
from worker.store.tables import conversation


def test_the_stream_sends_the_answer_while_it_is_written(call, services):
    made = submit(call)
    row = vars(services.mailbox.claim(made["conversation_id"]).messages[0])
    say = partial(services.deltas.add, made["conversation_id"], [row["id"]])
    say(take=1, piece=Piece(offset=0, text="A lost"))
    say(take=2, piece=Piece(offset=0, text="You can "))
    say(take=2, piece=Piece(offset=8, text="reset it."))
    services.deltas.add(made["conversation_id"], ["msg_other"], take=2, piece=Piece(offset=0, text="Not mine."))
    feed = MessageFeed(services.deltas, Scope(services.store, services.keys.workspace()), row)
    events = feed.poll()
    assert [event.type for event in events] == ["queued", "running", "delta", "delta"]
    assert [(event.data["offset"], event.data["text"]) for event in events[2:]] == [(0, "You can "), (8, "reset it.")]
    assert feed.poll() == []
    again = MessageFeed(services.deltas, Scope(services.store, services.keys.workspace()), row, last_id=events[2].id)
    assert [event.data["text"] for event in again.poll()] == ["reset it."]
    with services.store.begin() as tx:
        tx.execute(conversation.update().values(mailbox="ready", due_at=0))
    answer_all(services)
    (last,) = feed.poll()
    assert (last.type, feed.ended) == ("answered", True)
    # A later reader receives the same events, and without Redis the outcome.
    types = [
        key.type for key in MessageFeed(services.deltas, Scope(services.store, services.keys.workspace()), row).poll()
    ]
    assert types == ["queued", "running", "delta", "delta", "answered"]
    services.deltas.forget(made["conversation_id"])
    types = [
        key.type for key in MessageFeed(services.deltas, Scope(services.store, services.keys.workspace()), row).poll()
    ]
    assert types == ["queued", "running", "answered"]


def test_a_retried_message_streams_in_order(call, services):
    made = submit(call)
    conversation_id = made["conversation_id"]
    services.deltas.add(conversation_id, [made["id"]], take=1, piece=Piece(offset=0, text="First"))
    services.mailbox.finish(services.mailbox.claim(conversation_id), Handoff(reason="error", summary="?"))
    call("POST", f"/v1/messages/{made['id']}/retry")
    claim = services.mailbox.claim(conversation_id)
    services.deltas.add(conversation_id, [made["id"]], take=2, piece=Piece(offset=0, text="Second"))
    feed = MessageFeed(services.deltas, Scope(services.store, services.keys.workspace()), vars(claim.messages[0]))
    events = feed.poll()
    assert [event.type for event in events] == ["queued", "running", "handed_off", "queued", "running", "delta"]
    assert events[-1].data["text"] == "Second"
    services.mailbox.finish(claim, answer("Second"))
    assert [event.type for event in feed.poll()] == ["answered"]


def test_no_delta_is_sent_after_the_outcome(call, services):
    made = submit(call)
    conversation_id = made["conversation_id"]
    feed = ConversationFeed(services.deltas, Scope(services.store, services.keys.workspace()), conversation_id)
    claim = services.mailbox.claim(conversation_id)
    services.mailbox.finish(claim, Handoff(reason="error", summary="?"))
    assert feed.poll()[1].type == "handed_off"
    services.deltas.add(
        conversation_id, [made["id"]], take=claim.token, piece=Piece(offset=0, text="Late")
    )  # read after the outcome
    assert feed.poll() == []
    call("POST", f"/v1/messages/{made['id']}/retry")
    again = services.mailbox.claim(conversation_id)
    services.deltas.add(conversation_id, [made["id"]], take=again.token, piece=Piece(offset=0, text="Second"))
    assert [event.data.get("text") for event in feed.poll() if event.type == "delta"] == ["Second"]


def test_the_newest_deltas_are_sent_in_a_long_conversation(call, services):
    made = submit(call)
    for number in range(400):
        id = made["id"] if number >= 390 else f"msg_{number}"
        services.deltas.add(made["conversation_id"], [id], take=number, piece=Piece(offset=0, text=str(number)))
    row = vars(services.mailbox.claim(made["conversation_id"]).messages[0])
    feed = MessageFeed(services.deltas, Scope(services.store, services.keys.workspace()), row)
    assert [event.data["text"] for event in feed.poll() if event.type == "delta"] == ["399"]


def test_deltas_are_erased_with_their_conversation(call, services):
    made = submit(call)
    services.deltas.add(made["conversation_id"], [made["id"]], take=1, piece=Piece(offset=0, text="Dear Ada"))
    assert services.deltas.after(made["conversation_id"], "0-0")
    assert call("DELETE", f"/v1/conversations/{made['conversation_id']}").status_code == 204
    # Deltas of a turn that is still running are not stored either.
    services.deltas.add(made["conversation_id"], [made["id"]], take=1, piece=Piece(offset=8, text="of Paris"))
    assert services.deltas.after(made["conversation_id"], "0-0") == []


def test_an_event_is_one_line_of_json_whatever_it_holds():
    event = StreamEvent(id="1", type="delta", data={"text": "a\u2028b\u2029c\x85d"})
    assert len(event.frame.splitlines()) == 4  # id, event, data, and the blank line
    assert len(event.json.splitlines()) == 1
    assert json.loads(event.json)["data"] == event.data
