"""The categories of each workspace, in each kind of database."""

import pytest

from worker.access.keys import Keys
from worker.categories import categories
from worker.categories.categories import Categories, of_row
from worker.categories.category import Category
from worker.errors import Invalid, NotFound
from worker.states import Priority

FLEET = Category(name="fleet", priority=Priority.HIGH, examples=tuple("abcde"), counter_examples=("f",))


def test_a_category_is_kept_replaced_and_deleted_for_its_workspace_alone(store, workspace_id):
    kept, other = Categories(store), Keys(store).workspace("other")
    assert kept.stamp(workspace_id) == ()
    kept.put(workspace_id, FLEET)
    assert of_row(kept.get(workspace_id, "fleet")) == FLEET
    assert kept.all(other) == []
    with pytest.raises(NotFound):
        kept.delete(other, "fleet")
    first = kept.stamp(workspace_id)
    kept.put(workspace_id, Category(name="fleet", examples=tuple("vwxyz")))
    assert kept.stamp(workspace_id) != first, "the clock stands still, and yet a worker has to see the change"
    assert of_row(kept.get(workspace_id, "fleet")).examples == tuple("vwxyz")
    kept.delete(workspace_id, "fleet")
    with pytest.raises(NotFound):
        kept.get(workspace_id, "fleet")


def test_a_workspace_has_a_bounded_number_of_categories(store, workspace_id, monkeypatch):
    monkeypatch.setattr(categories, "MAX_CATEGORIES", 1)
    kept = Categories(store)
    kept.put(workspace_id, FLEET)
    kept.put(workspace_id, FLEET)
    with pytest.raises(Invalid, match="at most 1 categories"):
        kept.put(workspace_id, Category(name="another", examples=tuple("abcde")))
