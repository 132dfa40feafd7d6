"""A scope sees the rows of its workspace and no other's."""

import pytest

from tests.support.fakes import accept
from worker.access.keys import Keys
from worker.errors import Invalid, NotFound
from worker.store.scope import OLDEST_FIRST, Scope
from worker.store.tables import conversation, message


@pytest.fixture
def scope(store, workspace_id) -> Scope:
    return Scope(store, workspace_id)


@pytest.fixture
def other(store) -> Scope:
    return Scope(store, Keys(store).workspace("other"))


def test_a_row_of_another_workspace_is_not_there(store, workspace_id, scope, other):
    id = accept(store, workspace_id)["conversation_id"]
    assert scope.get(conversation, id)["id"] == id
    with pytest.raises(NotFound, match="no conversation with this id"):
        other.get(conversation, id)
    with store.begin() as tx:
        assert scope.lock(tx, conversation, id)["workspace_id"] == workspace_id
        with pytest.raises(NotFound):
            other.lock(tx, conversation, id)
    assert other.page(conversation, after=None, limit=10) == ([], None)


def test_only_the_columns_that_are_asked_for_are_read(store, workspace_id, scope):
    id = accept(store, workspace_id)["conversation_id"]
    assert dict(scope.get(conversation, id, columns=(conversation.c.id,))) == {"id": id}


def test_pages_are_newest_first_and_the_last_has_no_cursor(store, workspace_id, scope):
    ids = sorted((accept(store, workspace_id)["conversation_id"] for _ in range(5)), reverse=True)
    seen, cursor = [], None
    for expected in (2, 2, 1):
        rows, cursor = scope.page(conversation, after=cursor, limit=2)
        assert len(rows) == expected
        seen += [row["id"] for row in rows]
    assert (seen, cursor) == (ids, None)


def test_pages_can_be_read_oldest_first(store, workspace_id, scope):
    ids = sorted(accept(store, workspace_id)["conversation_id"] for _ in range(5))
    seen, cursor = [], None
    for expected in (2, 2, 1):
        rows, cursor = scope.page(conversation, after=cursor, limit=2, sort=OLDEST_FIRST)
        assert len(rows) == expected
        seen += [row["id"] for row in rows]
    assert (seen, cursor) == (ids, None)


def test_a_page_that_is_just_full_is_the_last_and_conditions_narrow_it(store, workspace_id, scope):
    sent = [accept(store, workspace_id, text)["id"] for text in ("a", "b")]
    assert scope.page(message, after=None, limit=2)[1] is None
    rows, _ = scope.page(message, message.c.content == "b", after=None, limit=2)
    assert [row["id"] for row in rows] == sent[1:]


def test_what_is_no_cursor_is_refused_by_name(scope):
    with pytest.raises(Invalid) as refused:
        scope.page(conversation, after="zzz", limit=2)
    assert refused.value.field == "cursor"
