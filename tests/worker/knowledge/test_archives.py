"""A damaged archive or member is refused with its reason."""

import io
import zipfile

import pytest

from kb.errors import DocumentUnreadable
from tests.worker.knowledge.site import archive, documents, result
from worker.knowledge.imports import NewImport


def test_what_is_no_archive_is_refused_at_the_door_and_a_bomb_later(store, workspace_id, importer):
    with pytest.raises(DocumentUnreadable, match="not a zip archive"):
        importer.add(workspace_id, NewImport(kind="archive", name="x.zip", source=b"hello"))
    bomb = archive({f"{n}.md": b"x" for n in range(5_001)})
    importer.add(workspace_id, NewImport(kind="archive", name="x.zip", source=bomb))
    importer.work_off(workspace_id)
    assert result(store)[0] == "failed"
    assert documents(store) == []


def test_members_that_cannot_be_unpacked_fail_alone(store, workspace_id, importer):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("good.md", "# Good\n\nText.")
        file.writestr("broken.md", "# Broken\n\n" + "text " * 500)
        broken = file.getinfo("broken.md")
        file.writestr("evil.md", "---\nurl: javascript:alert(1)\n---\n# Evil\n\nText.")
    data = bytearray(made.getvalue())
    begins = broken.header_offset + 30 + len("broken.md")
    data[begins : begins + 12] = b"\xff" * 12
    importer.add(workspace_id, NewImport(kind="archive", name="x.zip", source=bytes(data)))
    importer.work_off(workspace_id)
    state, added, _unchanged, failed = result(store)
    assert (state, added, sorted(failed)) == ("done", 1, ["broken.md", "evil.md"])
    assert "http://" in failed["evil.md"]
