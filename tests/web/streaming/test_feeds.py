"""Feeds: events and deltas of an answer, in order, once."""

from functools import partial

from tests.support.fakes import answer
from tests.web.calls import answer_all, submit
from web.streaming.feeds import ConversationFeed, MessageFeed
from worker.conversations.outcomes import Handoff, Piece
from worker.store.scope import Scope
from worker.store.tables import conversation


def test_the_stream_tells_the_answer_while_it_is_written(call, built):
    made = submit(call)
    (row,) = built.mailbox.claim(made["conversation_id"]).messages
    say = partial(built.deltas.add, made["conversation_id"], [row["id"]])
    say(take=1, piece=Piece(offset=0, text="A lost"))
    say(take=2, piece=Piece(offset=0, text="You can "))
    say(take=2, piece=Piece(offset=8, text="reset it."))
    built.deltas.add(made["conversation_id"], ["msg_other"], take=2, piece=Piece(offset=0, text="Not mine."))
    feed = MessageFeed(built, Scope(built.store, built.keys.workspace()), row)
    told = feed.look()
    assert [one.type for one in told] == ["queued", "running", "delta", "delta"]
    assert [(one.data["offset"], one.data["text"]) for one in told[2:]] == [(0, "You can "), (8, "reset it.")]
    assert feed.look() == []
    again = MessageFeed(built, Scope(built.store, built.keys.workspace()), row, last_id=told[2].id)
    assert [one.data["text"] for one in again.look()] == ["reset it."]
    with built.store.begin() as tx:
        tx.execute(conversation.update().values(mailbox="ready", due_at=0))
    answer_all(built)
    (last,) = feed.look()
    assert (last.type, feed.ended) == ("answered", True)
    # Who comes afterwards is told the same; and without Redis, the outcome.
    types = [one.type for one in MessageFeed(built, Scope(built.store, built.keys.workspace()), row).look()]
    assert types == ["queued", "running", "delta", "delta", "answered"]
    built.deltas.forget(made["conversation_id"])
    types = [one.type for one in MessageFeed(built, Scope(built.store, built.keys.workspace()), row).look()]
    assert types == ["queued", "running", "answered"]


def test_a_message_that_is_tried_again_streams_in_order(call, built):
    made = submit(call)
    talk = made["conversation_id"]
    built.deltas.add(talk, [made["id"]], take=1, piece=Piece(offset=0, text="First"))
    built.mailbox.finish(built.mailbox.claim(talk), Handoff(reason="error", summary="?"))
    call("POST", f"/v1/messages/{made['id']}/retry")
    claim = built.mailbox.claim(talk)
    built.deltas.add(talk, [made["id"]], take=2, piece=Piece(offset=0, text="Second"))
    feed = MessageFeed(built, Scope(built.store, built.keys.workspace()), dict(claim.messages[0]))
    told = feed.look()
    assert [one.type for one in told] == ["queued", "running", "handed_off", "queued", "running", "delta"]
    assert told[-1].data["text"] == "Second"
    built.mailbox.finish(claim, answer("Second"))
    assert [one.type for one in feed.look()] == ["answered"]


def test_no_piece_is_told_behind_the_outcome(call, built):
    made = submit(call)
    talk = made["conversation_id"]
    feed = ConversationFeed(built, Scope(built.store, built.keys.workspace()), talk)
    claim = built.mailbox.claim(talk)
    built.mailbox.finish(claim, Handoff(reason="error", summary="?"))
    assert feed.look()[1].type == "handed_off"
    built.deltas.add(talk, [made["id"]], take=claim.token, piece=Piece(offset=0, text="Late"))  # seen late
    assert feed.look() == []
    call("POST", f"/v1/messages/{made['id']}/retry")
    again = built.mailbox.claim(talk)
    built.deltas.add(talk, [made["id"]], take=again.token, piece=Piece(offset=0, text="Second"))
    assert [one.data.get("text") for one in feed.look() if one.type == "delta"] == ["Second"]


def test_the_newest_pieces_are_told_in_a_long_conversation(call, built):
    made = submit(call)
    for number in range(400):
        id = made["id"] if number >= 390 else f"msg_{number}"
        built.deltas.add(made["conversation_id"], [id], take=number, piece=Piece(offset=0, text=str(number)))
    (row,) = built.mailbox.claim(made["conversation_id"]).messages
    feed = MessageFeed(built, Scope(built.store, built.keys.workspace()), row)
    assert [one.data["text"] for one in feed.look() if one.type == "delta"] == ["399"]


def test_what_was_said_of_somebody_is_forgotten_with_them(call, built):
    made = submit(call)
    built.deltas.add(made["conversation_id"], [made["id"]], take=1, piece=Piece(offset=0, text="Dear Ada"))
    assert built.deltas.after(made["conversation_id"], "0-0")
    assert call("DELETE", f"/v1/conversations/{made['conversation_id']}").status_code == 204
    # What a turn that has not ended yet goes on to say is not kept either.
    built.deltas.add(made["conversation_id"], [made["id"]], take=1, piece=Piece(offset=8, text="of Paris"))
    assert built.deltas.after(made["conversation_id"], "0-0") == []
