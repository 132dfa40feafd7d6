"""Retention deletes old rows and nothing else."""

import sqlalchemy as sa

from tests.support.fakes import TableClock, accept, answer
from worker.runtime import retention
from worker.runtime.retention import Retention
from worker.store.tables import attempt, delivery, event, helpdesk, mail, mailbox, message
from worker.turns.mailbox import Mailbox

DAY = 86_400


def count(store, table) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def finish(store, workspace_id, **fields):
    made = accept(store, workspace_id, **fields)
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(made["conversation_id"]), answer("Yes."))
    return made


def test_old_events_are_deleted_except_those_of_open_messages(store, workspace_id):
    finish(store, workspace_id)
    waiting = accept(store, workspace_id, deadline_s=100 * DAY)
    TableClock.advance(store, 10 * DAY)
    finish(store, workspace_id)
    kept = Retention(store, events_days=5, deliveries_days=0)
    assert kept.prune() == 3  # queued, running, answered
    assert kept.prune() == 0
    with store.read() as connection:
        left = connection.execute(sa.select(event.c.message_id)).scalars().all()
    assert waiting["id"] in left
    assert len(left) == 4
    assert count(store, message) == 5


def test_finished_deliveries_are_deleted_with_their_attempts(store, workspace_id):
    for state, finished in (("delivered", 1_000_000), ("exhausted", 1_000_000), ("pending", None)):
        finish(store, workspace_id, callback_url="https://shop.example/in")
        with store.begin() as tx:
            newest = sa.select(sa.func.max(delivery.c.id)).scalar_subquery()
            tx.execute(delivery.update().where(delivery.c.id == newest).values(state=state, finished_at=finished))
            id = tx.execute(sa.select(sa.func.max(delivery.c.id))).scalar_one()
            row = {"workspace_id": workspace_id, "delivery_id": id, "number": 1, "started_at": 1, "duration_ms": 1}
            tx.execute(attempt.insert().values(**row))
    kept = Retention(store, events_days=0, deliveries_days=5)
    TableClock.advance(store, 4 * DAY)
    assert kept.prune() == 0
    TableClock.advance(store, 2 * DAY)
    assert kept.prune() == 2
    assert (count(store, delivery), count(store, attempt)) == (1, 1)
    assert count(store, event) == 9


def test_a_retention_of_zero_days_deletes_nothing(store, workspace_id):
    finish(store, workspace_id, callback_url="https://shop.example/in")
    TableClock.advance(store, 10_000 * DAY)
    assert Retention(store, events_days=0, deliveries_days=0).prune() == 0


def test_many_rows_are_deleted_in_batches(store, workspace_id, monkeypatch):
    monkeypatch.setattr(retention, "_BATCH", 2)
    monkeypatch.setattr(retention, "_MAX_BATCHES", 3)
    for _ in range(4):
        finish(store, workspace_id)
    TableClock.advance(store, 10 * DAY)
    kept = Retention(store, events_days=1, deliveries_days=0)
    assert [kept.prune() for _ in range(3)] == [6, 6, 0]


def test_mail_lives_as_long_as_its_conversation_and_other_mail_as_long_as_deliveries(store, workspace_id):
    shared = {"workspace_id": workspace_id, "attempts": 0, "size": 1, "created_at": 1_000_000}
    desk = {"name": "support", "kind": "mailbox", "url": "mailto:a@b.example", "token": "", "webhook_secret": ""}
    desk |= {"options": {}, "mode": "reply", "state": "enabled", "created_at": 1, "updated_at": 1}
    lists = {"team": [], "notify": [], "folders": {}, "plus_addressing": 0, "saves_sent": 0, "lease_token": 0}
    rows = {
        "taken": {"ticket": "mail_1"},
        "erased": {"state": "taken"},
        "ignored": {},
        "failed": {"raw": b"x"},
        "received": {"raw": b"x"},
        "sent": {"ticket": "mail_1", "direction": "out"},
    }
    with store.begin() as tx:
        tx.execute(helpdesk.insert().values(id="mbx_1", workspace_id=workspace_id, **desk))
        tx.execute(mailbox.insert().values(id="mbx_1", workspace_id=workspace_id, address="a@b.example", **lists))
        for id, row in rows.items():
            fields = {"mailbox_id": "mbx_1", "direction": "in", "folder": "inbox", "state": id, **shared, **row}
            tx.execute(mail.insert().values(id=id, **fields))
    kept = Retention(store, events_days=0, deliveries_days=5)
    TableClock.advance(store, 4 * DAY)
    assert kept.prune() == 0
    TableClock.advance(store, 2 * DAY)
    assert kept.prune() == 3
    with store.read() as connection:
        assert set(connection.execute(sa.select(mail.c.id)).scalars()) == {"taken", "received", "sent"}
