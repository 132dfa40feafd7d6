"""Searches move to a new snapshot, and stay with the old one when it is damaged."""

from tests.worker.knowledge.documents import new, titles


def test_workspaces_do_not_see_each_other(store, workspace_id, library, indexer, snapshot_cache, clock):
    from worker.access.keys import Keys

    other = Keys(store).workspace("other")
    library.add(workspace_id, new("Mine", "Cookies are mine."))
    library.add(other, new("Theirs", "Cookies are theirs."))
    indexer.index(workspace_id)
    indexer.index(other)
    assert titles(snapshot_cache, clock, workspace_id, "cookies") == ["Mine"]
    assert titles(snapshot_cache, clock, other, "cookies") == ["Theirs"]


def test_a_damaged_new_snapshot_leaves_the_old_one_serving(
    workspace_id, library, indexer, snapshot_cache, clock, tmp_path
):
    library.add(workspace_id, new("One", "Cookies are small."))
    old = indexer.index(workspace_id)
    assert snapshot_cache.current(workspace_id).version == old
    library.add(workspace_id, new("Two", "Cookies are big."))
    version = indexer.index(workspace_id)
    (tmp_path / "snapshots" / workspace_id / version / "vectors.faiss").write_bytes(b"damaged")
    clock.now += 2
    assert snapshot_cache.current(workspace_id).version == old
