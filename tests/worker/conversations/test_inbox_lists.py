"""The lists of the inbox go on where a page ended, in each order."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.support.fakes import accept
from worker.conversations.inbox_lists import Due, Listed, Order, View, due_counts, page
from worker.store.scope import Scope
from worker.store.tables import conversation


@pytest.fixture
def scope(store, workspace_id) -> Scope:
    return Scope(store, workspace_id)


@pytest.fixture
def waiting(store, workspace_id):
    """Three conversations that wait, due in the opposite order of their urgency; the clock stands at 1,000,000."""
    dues = {0: (1_900_000, 1_500_000), 1: (1_100_000, 900_000), 2: (900_000, 800_000)}
    ids = []
    for urgency, (due_at, warn_at) in dues.items():
        ids.append(accept(store, workspace_id)["conversation_id"])
        values = {"owner": "human", "waiting_since": 1_000, "urgency": urgency, "sla_target": "first_response"}
        with store.begin() as tx:
            here = conversation.update().where(conversation.c.id == ids[-1])
            tx.execute(here.values(sla_due_at=due_at, sla_warn_at=warn_at, **values))
    return ids


def all_pages(scope, listed, *, limit: int = 1) -> list[str]:
    ids, cursor = [], None
    while True:
        rows, cursor = page(scope, listed, after=cursor, limit=limit)
        ids += [row["id"] for row in rows]
        if cursor is None:
            return ids


def test_pages_go_on_in_the_order_of_urgency_and_of_due_times(scope, waiting):
    assert all_pages(scope, Listed(view=View.WAITING)) == waiting
    assert all_pages(scope, Listed(view=View.WAITING, order=Order.DUE)) == waiting[::-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_who_waits_without_a_target_comes_last_by_urgency_and_time(store, workspace_id, scope, waiting, limit):
    without = []
    for urgency, since in ((2, 3_000), (1, 5_000), (1, 4_000)):
        without.append(accept(store, workspace_id)["conversation_id"])
        values = {"owner": "human", "waiting_since": since, "urgency": urgency}
        with store.begin() as tx:
            tx.execute(conversation.update().where(conversation.c.id == without[-1]).values(**values))
    listed = Listed(view=View.WAITING, order=Order.DUE)
    assert all_pages(scope, listed, limit=limit) == [*waiting[::-1], *without[::-1]]
    assert all_pages(scope, replace(listed, due=Due.OVERDUE), limit=limit) == waiting[2:]


def test_each_part_of_the_order_by_due_time_has_an_index(store, scope):
    """Sorting what a large desk has would take a second each time that a browser looks."""
    if not store.is_sqlite:
        pytest.skip("PostgreSQL plans by the number of rows")
    statements = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *call: statements.append((call[2], call[3])))
    page(scope, Listed(view=View.WAITING, order=Order.DUE), after=None, limit=50)
    with store.read() as connection:
        plans = [
            " ".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values))
            for sql, values in list(statements)
            if "ORDER BY" in sql
        ]
    for plan, index in zip(plans, ("ix_conversation_sla_due", "ix_conversation_waiting"), strict=True):
        assert index in plan
        assert "TEMP B-TREE" not in plan


def test_a_cursor_of_another_order_begins_at_the_first_page(scope, waiting):
    _rows, cursor = page(scope, Listed(view=View.WAITING), after=None, limit=1)
    rows, _ = page(scope, Listed(view=View.WAITING, order=Order.DUE), after=cursor, limit=1)
    assert [row["id"] for row in rows] == waiting[2:]


def test_what_is_overdue_and_due_soon_is_listed_and_counted(scope, waiting):
    assert all_pages(scope, Listed(due=Due.OVERDUE)) == [waiting[2]]
    assert all_pages(scope, Listed(view=View.WAITING, due=Due.SOON)) == [waiting[1]]
    assert all_pages(scope, Listed(view=View.CLOSED, due=Due.SOON)) == []
    assert due_counts(scope) == {None: 3, Due.OVERDUE: 1, Due.SOON: 1}
