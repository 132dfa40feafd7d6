"""Files of a folder become documents, and follow it."""

import os

import pytest

from kb.errors import DocumentUnreadable
from tests.support.fakes import TableClock
from tests.worker.sources.site import counts, keys, last_run, look, runner_of, sources_of, titles
from worker.errors import Invalid
from worker.sources.folder import allowed_folder
from worker.states import RunState


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "open" / "help"
    (made / "pay").mkdir(parents=True)
    (made / "returns.md").write_text("---\nurl: https://shop.example/returns\n---\n# Returns\n\nThirty days.")
    (made / "pay" / "card.txt").write_text("By card.")
    (made / ".hidden.md").write_text("# Hidden")
    (made / ".git").mkdir()
    (made / ".git" / "config.md").write_text("# Git")
    (made / "logo.gif").write_bytes(b"GIF89a")
    return made


@pytest.fixture
def looking(store, library, workspace_id, folder):
    """Make a source of the folder, and return what looks at it."""
    roots = [str(folder.parent)]
    sources_of(store, library, roots=roots).make(workspace_id, {"kind": "folder", "location": str(folder)})
    runner = runner_of(store, library, roots=roots)

    def again():
        TableClock.advance(store, 86_401)
        look(runner, workspace_id)

    look(runner, workspace_id)
    return again


def test_files_that_are_written_changed_and_deleted_are_followed(store, looking, folder):
    assert counts(store) == (2, 0, 0, 0, 0)
    assert titles(store) == ["Card", "Returns"]
    looking()
    assert counts(store) == (0, 0, 2, 0, 0)
    (folder / "returns.md").write_text("# Returns\n\nSixty days.")
    (folder / "warranty.md").write_text("# Warranty\n\nTwo years.")
    (folder / "pay" / "card.txt").unlink()
    looking()
    assert counts(store) == (1, 1, 0, 1, 0)
    assert keys(store) == ["returns.md", "warranty.md"]


def test_a_file_of_the_same_size_and_time_is_read_when_its_content_is_another(store, looking, folder):
    path = folder / "pay" / "card.txt"
    before = path.stat()
    path.write_text("In cash")
    path.write_text("In cas.h"[: before.st_size].ljust(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    looking()
    assert counts(store) == (0, 1, 1, 0, 0)


def test_a_folder_that_is_not_there_any_more_or_empty_loses_nothing(store, looking, folder):
    moved = folder.rename(folder.with_name("moved"))
    looking()
    assert (last_run(store)["state"], last_run(store)["error"]) == (RunState.FAILED, "The folder is not there.")
    folder.mkdir()
    looking()
    assert "lists nothing any more" in last_run(store)["error"]
    assert titles(store) == ["Card", "Returns"]
    folder.rmdir()
    moved.rename(folder)
    looking()
    assert counts(store) == (0, 0, 2, 0, 0)


def test_a_file_that_cannot_be_used_says_why(store, looking, folder):
    (folder / "broken.pdf").write_bytes(b"no pdf")
    (folder / "empty.md").write_text(" ")
    looking()
    assert last_run(store)["failed"] == {
        "broken.pdf": "The file is not application/pdf.",
        "empty.md": "The document is empty.",
    }


def test_links_do_not_lead_out_of_the_folder(store, looking, folder, tmp_path):
    (tmp_path / "secret.md").write_text("# Secret\n\nPassword.")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "up").symlink_to(tmp_path)
    looking()
    assert titles(store) == ["Card", "Returns"]
    assert last_run(store)["failed"] == {"link.md": "It leads out of the folder."}


@pytest.mark.parametrize("location", ["/etc", "open/help", "{root}/../elsewhere", "{root}/link"])
def test_folders_that_the_operator_did_not_open_are_refused(store, library, workspace_id, folder, location):
    root = folder.parent
    (root / "link").symlink_to("/etc")
    location = location.format(root=root)
    with pytest.raises(DocumentUnreadable, match="ANSWERBACK_SOURCE_FOLDERS"):
        allowed_folder(location, [str(root)])
    with pytest.raises(Invalid) as raised:
        sources_of(store, library, roots=[str(root)]).make(workspace_id, {"kind": "folder", "location": location})
    assert raised.value.field == "location"
