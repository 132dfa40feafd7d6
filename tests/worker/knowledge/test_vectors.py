"""No text is embedded twice."""

import sqlalchemy as sa

from tests.worker.knowledge.documents import new
from worker.store.tables import vector


def test_what_did_not_change_is_never_embedded_again(workspace_id, library, indexer, counting):
    library.put_file(workspace_id, new("A", "First text.", name="a.md"))
    library.put_file(workspace_id, new("B", "Second text.", name="b.md"))
    indexer.index(workspace_id)
    first = len(counting.encoded)
    _row, changed = library.put_file(workspace_id, new("A", "First text.", name="a.md"))
    assert not changed
    library.put_file(workspace_id, new("B", "Second text, changed.", name="b.md"))
    indexer.index(workspace_id)
    assert counting.encoded[first:] == ["B\nSecond text, changed."]


def test_vectors_are_kept_so_that_any_machine_can_rebuild(store, workspace_id, library, indexer, counting):
    library.add(workspace_id, new("One", "Cookies are small."))
    version = indexer.index(workspace_id)
    spent = len(counting.encoded)
    assert indexer.publish(workspace_id, force=True) == f"{version}.2"
    assert [one["version"] for one in library.snapshots(workspace_id) if one["active"]] == [f"{version}.2"]
    assert indexer.publish(workspace_id) is None
    assert len(counting.encoded) == spent
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(vector)).scalar_one() == 1
