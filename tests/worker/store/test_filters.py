"""Lists are filtered alike on both databases."""

import sqlalchemy as sa

from tests.worker.knowledge.documents import new
from worker.knowledge.library import DocumentMetadata, Library
from worker.store.filters import conditions, holds
from worker.store.idempotency import IdempotencyKeys
from worker.store.tables import document


def test_a_list_in_json_holds_a_whole_string_in_its_very_case(store, workspace_id):
    library = Library(store, IdempotencyKeys(store, kept_s=60))
    tags = {"a": ("Manual", 'q"uote'), "b": ("manual", "man%l"), "c": (), "d": ('x","manual',)}
    for title, given in tags.items():
        library.add(workspace_id, new(title, "Text.", metadata=DocumentMetadata(tags=given)))

    def found(value):
        with store.read() as connection:
            which = sa.select(document.c.title).where(holds(store, document.c.tags, value))
            return sorted(connection.execute(which).scalars())

    assert found("manual") == ["b"]
    assert found("Manual") == found('q"uote') == ["a"]
    assert found("man%l") == ["b"]
    assert found("m") == found("") == []


def test_conditions_are_those_that_are_asked_for_and_the_bounds_meet(store, workspace_id):
    library = Library(store, IdempotencyKeys(store, kept_s=60))
    library.add(workspace_id, new("a", "Text."))
    names = {"title": document.c.title}

    def count(**which):
        where = conditions(which, names, created=document.c.created_at)
        with store.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(document).where(*where)).scalar_one()

    at = 1_000_000
    assert count(cursor="x", limit=3) == count(title="a") == count(created_after=at) == 1
    assert count(title="b") == count(created_before=at) == count(created_after=at + 1) == 0
    assert count(created_before=at + 1, created_after=at) == 1
