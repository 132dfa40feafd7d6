"""Long lists are taken apart without losing any of it."""

from worker.store.batches import batches


def test_parts_join_to_the_whole():
    items = list(range(1_201))
    parts = list(batches(items))
    assert [len(part) for part in parts] == [500, 500, 201]
    assert [item for part in parts for item in part] == items
    assert list(batches([])) == []
