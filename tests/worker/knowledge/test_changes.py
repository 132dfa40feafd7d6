"""How two snapshots differ."""

import pytest

from kb.errors import SnapshotMissing
from tests.worker.knowledge.documents import new
from worker.knowledge.changes import changes


def test_what_a_publish_changed_can_be_told_document_by_document(store, workspace_id, library, indexer, tmp_path):
    kept = library.add(workspace_id, new("Kept", "Parcels arrive within two days."))
    changed = library.add(workspace_id, new("Changed", "Refunds take a week."))
    removed = library.add(workspace_id, new("Removed", "We sell no bikes."))
    indexer.index(workspace_id)
    library.replace(workspace_id, changed["id"], new("Changed", "Refunds take a day."))
    library.remove(workspace_id, removed["id"])
    added = library.add(workspace_id, new("Added", "Coupons end in May."))
    indexer.index(workspace_id)
    after, before = [one["version"] for one in library.snapshots(workspace_id)]
    folder = tmp_path / "snapshots" / workspace_id
    told = changes(folder, before=before, after=after)
    assert told == {
        "added": [{"document_id": added["id"], "title": "Added"}],
        "removed": [{"document_id": removed["id"], "title": "Removed"}],
        "changed": [{"document_id": changed["id"], "title": "Changed"}],
        "counts": {"added": 1, "removed": 1, "changed": 1},
    }
    assert kept["id"] not in str(told)
    assert changes(folder, before=after, after=after)["counts"] == {"added": 0, "removed": 0, "changed": 0}
    with pytest.raises(SnapshotMissing):
        changes(folder, before="0-gone", after=after)
