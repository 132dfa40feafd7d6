"""Conversations are counted after each change, and stay counted."""

import pytest

from tests.support.fakes import TableClock, answer
from tests.worker.reports.test_figures import DAY, Desk
from worker.access.keys import Keys
from worker.reports import collecting
from worker.reports.collecting import FactCollector
from worker.store.tables import conversation


@pytest.fixture
def desk(store, workspace_id):
    """A desk from 1972-01-10 on, whose customers ask and whose bot and agents answer."""
    TableClock.advance(store, 739 * DAY)
    return Desk(store, workspace_id)


def test_erased_conversations_stay_counted_and_other_workspaces_are_not(desk):
    id = desk.ask(answer())["conversation_id"]
    assert desk.report()["totals"]["conversations"] == 1
    with desk.store.begin() as tx:
        tx.execute(conversation.delete().where(conversation.c.id == id))
    desk.ask(answer())
    assert desk.report()["totals"]["conversations"] == 2
    assert desk.report(workspace_id=Keys(desk.store).workspace("other"))["totals"]["conversations"] == 0


def test_a_conversation_is_counted_anew_only_after_it_changed(desk):
    desk.ask(answer())
    TableClock.advance(desk.store, 2)
    assert FactCollector(desk.store).collect() == 1
    assert FactCollector(desk.store).collect() == 0


def test_one_transaction_adds_up_few_days_and_the_next_ones_the_others(desk, monkeypatch):
    monkeypatch.setattr(collecting, "_MAX_DAYS", 2)
    first = desk.ask(answer())["conversation_id"]
    for _ in range(3):
        TableClock.advance(desk.store, DAY)
        desk.ask(answer())
        desk.ask(answer())
    TableClock.advance(desk.store, 2)
    collector = FactCollector(desk.store)
    assert [collector.collect() for _ in range(3)] == [3, 4, 0]
    desk.close(first)
    TableClock.advance(desk.store, 2)
    assert collector.collect() == 1
    assert desk.report(days=5)["totals"]["conversations"] == 7
