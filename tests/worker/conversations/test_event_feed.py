"""Whoever polls the feed misses nothing, whatever commits in between, and never sees another workspace's events."""

import time

import pytest
import sqlalchemy as sa

from tests.support.fakes import accept, answer
from worker.access.keys import Keys
from worker.conversations import event_feed
from worker.conversations.event_feed import NOW, Position
from worker.deliveries import outbox
from worker.errors import Invalid, NotFound
from worker.store.scope import Scope
from worker.store.tables import conversation, event
from worker.turns.mailbox import Mailbox


@pytest.fixture
def scope(store, workspace_id) -> Scope:
    return Scope(store, workspace_id)


def _read(scope, which=(), *, after=None, limit=100, until=1):
    """Return the events and where they end. A transaction of another test in the cluster may hold them back."""
    ends = time.monotonic() + 20
    while True:
        page = event_feed.page(scope, dict(which), after=after or Position(), limit=limit)
        if len(page.events) >= until or time.monotonic() > ends:
            return [item for _position, item in page.events], page
        time.sleep(0.02)


def _record(tx, workspace_id, type):
    tx.execute(event.insert().values(workspace_id=workspace_id, type=type, data={}, created_at=1))


def _types(items):
    return [item["type"] for item in items]


def test_a_feed_has_the_messages_and_conversations_that_webhooks_have(store, workspace_id, scope):
    sent = accept(store, workspace_id)
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer("By mail."))
    with store.begin() as tx:
        outbox.publish(tx, workspace_id, "document.ready", [{"document": {"id": "doc_1"}}], now=5)

    items, page = _read(scope, until=4)

    assert _types(items) == ["message.queued", "message.running", "message.answered", "document.ready"]
    assert items[2]["data"]["message"]["reply"]["content"] == "By mail."
    assert items[2]["data"]["conversation"]["id"] == sent["conversation_id"]
    assert items[3]["data"] == {"document": {"id": "doc_1"}}
    assert event_feed.get(scope, items[2]["id"]) == items[2]
    assert not page.has_more
    assert event_feed.page(scope, after=page.end, limit=10).events == []


def test_pages_follow_one_another_and_a_filter_ends_where_all_was_read(store, workspace_id, scope):
    for _ in range(3):
        accept(store, workspace_id)
    everything, whole = _read(scope, until=3)
    first, page = _read(scope, limit=2)
    rest, last = _read(scope, after=page.end)
    assert [*first, *rest] == everything
    assert (page.has_more, last.has_more) == (True, False)
    nothing = event_feed.page(scope, {"type": ["message.failed"]}, after=Position(), limit=2)
    assert (nothing.events, nothing.end) == ([], whole.end)


def test_filters_find_types_one_conversation_and_a_time(store, workspace_id, scope):
    one, _other = accept(store, workspace_id), accept(store, workspace_id)
    with store.begin() as tx:
        _record(tx, workspace_id, "message.failed")  # a test event
        _record(tx, workspace_id, "snapshot.published")
    _read(scope, until=4)
    assert _types(_read(scope, {"type": ["message.failed", "snapshot.published"]}, until=2)[0]) == [
        "message.failed",
        "snapshot.published",
    ]
    (only,), _page = _read(scope, {"conversation_id": one["conversation_id"]})
    assert only["message_id"] == one["id"]
    assert len(_read(scope, {"created_after": 2}, until=2)[0]) == 2
    assert len(_read(scope, {"created_before": 2}, until=2)[0]) == 2


def test_another_workspace_sees_nothing(store, workspace_id, scope):
    accept(store, workspace_id)
    (item,), _page = _read(scope)
    other = Scope(store, Keys(store).workspace("other"))
    assert event_feed.page(other, after=Position(), limit=10).events == []
    with pytest.raises(NotFound):
        event_feed.get(other, item["id"])
    with pytest.raises(NotFound):
        event_feed.get(scope, "evt_0x1")


def test_an_event_that_commits_late_is_not_skipped(store, workspace_id, scope):
    """Its id is lower than that of an event which committed before it: PostgreSQL draws ids before commits."""
    if store.is_sqlite:
        pytest.skip("SQLite has one transaction that writes at a time")
    with store.engine.connect() as slow, slow.begin() as slow_transaction:
        _record(slow, workspace_id, "late")
        with store.begin() as tx:
            _record(tx, workspace_id, "early")
        held_back = event_feed.page(scope, after=Position(), limit=10)
        now = event_feed.start(scope, NOW)
        slow_transaction.commit()
    assert held_back.events == []
    items, _page = _read(scope, after=held_back.end, until=2)
    assert _types(items) == ["late", "early"]
    assert _types(_read(scope, after=now, until=2)[0]) == ["late", "early"]


def test_an_id_that_was_drawn_before_the_transaction_began_is_not_skipped(store, workspace_id, scope):
    if store.is_sqlite:
        pytest.skip("SQLite has one transaction that writes at a time")
    with store.begin() as tx:
        drawn = tx.execute(sa.text("SELECT nextval('event_id_seq')")).scalar_one()
    with store.begin() as tx:
        _record(tx, workspace_id, "early")
    (early,), page = _read(scope)
    with store.begin() as tx:
        tx.execute(event.insert().values(id=drawn, workspace_id=workspace_id, type="late", data={}, created_at=1))
    (late,), _page = _read(scope, after=page.end)
    assert (early["type"], late["type"]) == ("early", "late")
    assert int(late["id"][4:]) < int(early["id"][4:])


def test_erasing_the_newest_conversation_hides_nothing_that_follows(store, workspace_id, scope):
    accept(store, workspace_id)
    erased = accept(store, workspace_id)
    _items, page = _read(scope, until=2)
    with store.begin() as tx:
        tx.execute(conversation.delete().where(conversation.c.id == erased["conversation_id"]))
    next_one = accept(store, workspace_id)
    (item,), _page = _read(scope, after=page.end)
    assert item["message_id"] == next_one["id"]


def test_a_feed_starts_at_the_beginning_at_a_cursor_or_now(store, workspace_id, scope):
    assert event_feed.start(scope, None) == event_feed.start(scope, NOW) == Position()
    accept(store, workspace_id)
    _items, page = _read(scope)
    assert event_feed.start(scope, str(page.end)) == page.end == event_feed.start(scope, NOW)
    for wrong in ("zzz", "1", "evt_1", "1-", "-1-1", "1-1-1", "9" * 40 + "-1"):
        with pytest.raises(Invalid, match="next_cursor"):
            event_feed.start(scope, wrong)


def test_a_database_that_was_restored_into_another_cluster_goes_on_after_its_old_events(store, workspace_id, scope):
    if store.is_sqlite:
        pytest.skip("SQLite has no numbers of transactions")
    with store.begin() as tx:
        _record(tx, workspace_id, "old")
        tx.execute(event.update().values(transaction_id=10**15))
        cursor = f"{10**15}-{tx.execute(sa.select(event.c.id)).scalar_one()}"
    event_feed.forget_other_cluster(store)
    with store.begin() as tx:
        _record(tx, workspace_id, "new")
    assert _types(_read(scope, until=2)[0]) == ["old", "new"]
    assert _types(_read(scope, after=event_feed.start(scope, cursor))[0]) == ["new"]


def test_a_page_reads_the_index_from_its_cursor_on(store, scope):
    if not store.is_sqlite:
        pytest.skip("PostgreSQL plans by the number of rows")
    statements = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *call: statements.append((call[2], call[3])))
    event_feed.page(scope, after=Position(0, 5), limit=10)
    sql, values = statements[-1]
    with store.read() as connection:
        plan = " ".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values))
    assert plan == "SEARCH event USING INDEX ix_event_feed (workspace_id=? AND transaction_id=? AND id>?)"
