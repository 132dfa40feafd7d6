"""Streams read the log from where they stopped, in order and of their workspace alone."""

import pytest

from tests.support.fakes import accept, answer
from worker.conversations import event_log
from worker.store.scope import Scope
from worker.turns.mailbox import Mailbox


@pytest.fixture
def scope(store, workspace_id) -> Scope:
    return Scope(store, workspace_id)


def test_a_stream_continues_after_the_last_event_it_has_seen(store, workspace_id, scope):
    sent = accept(store, workspace_id)
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer())

    first = event_log.after(scope, 0, message_id=sent["id"], limit=2)
    rest = event_log.after(scope, first[-1].id, conversation_id=sent["conversation_id"], limit=10)

    assert [event.type for event in (*first, *rest)] == ["queued", "running", "answered"]
    assert set(rest[-1].data) == {"reply_id"}


def test_the_position_of_a_conversation_is_its_newest_event_and_its_open_messages(store, workspace_id, scope):
    sent = accept(store, workspace_id)

    newest, open_ids = event_log.position(scope, sent["conversation_id"])

    assert newest == event_log.newest_id(store)
    assert open_ids == {sent["id"]}
    assert event_log.position(scope, "conv_unknown") == (0, frozenset())


def test_conversations_that_changed_are_found_without_a_wake_up(store, workspace_id):
    before = event_log.newest_id(store)
    ids = {accept(store, workspace_id)["conversation_id"] for _ in range(2)}

    changed, newest = event_log.changed_since(store, before, limit=10)

    assert (changed, newest) == (ids, event_log.newest_id(store))
    assert event_log.changed_since(store, newest, limit=10) == (set(), newest)


def test_another_workspace_reads_no_event(store, workspace_id):
    sent = accept(store, workspace_id)

    assert event_log.after(Scope(store, "other"), 0, conversation_id=sent["conversation_id"], limit=10) == []
