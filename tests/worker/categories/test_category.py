"""A category is the same on its way through the API."""

from worker.categories.category import Category
from worker.states import Priority


def test_a_category_comes_back_as_it_was_shown():
    category = Category(name="fleet", priority=Priority.HIGH, examples=("a", "b"), counter_examples=("c",))
    assert Category.from_api("fleet", category.to_api()) == category
    assert Category.from_api("fleet", {"examples": ["a"]}).priority == Priority.NORMAL
