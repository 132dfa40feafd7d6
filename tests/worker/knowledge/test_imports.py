"""Archives, pages and sitemaps become documents; what cannot says why; twice is once."""

import json

import pytest

from tests.support.fakes import TableClock
from tests.worker.knowledge.site import MEMBERS, archive, documents, importer_of, result
from worker.errors import DatabaseUnavailable
from worker.knowledge.imports import NewImport
from worker.knowledge.library import DocumentMetadata


def test_an_archive_becomes_documents_and_the_same_one_again_changes_nothing(store, workspace_id, importer):
    new = NewImport(
        kind="archive", name="help.zip", source=archive(MEMBERS), metadata=DocumentMetadata(tags=("manual",))
    )
    importer.add(workspace_id, new)
    assert importer.sweep() == (workspace_id,)
    assert importer.work_off(workspace_id) is False
    reasons = {"help/logo.gif": "unknown kind of file", "help/empty.txt": "The document is empty."}
    assert result(store) == ("done", 2, 0, reasons)
    assert documents(store) == [
        ("Returns", "https://shop.example/returns", ["manual"], "help.zip/help/returns.md"),
        ("Warranty", None, ["manual"], "help.zip/help/warranty.docx"),
    ]
    importer.add(workspace_id, new)
    importer.work_off(workspace_id)
    assert result(store) == ("done", 0, 2, reasons)
    assert importer.sweep() == ()


def test_an_import_whose_worker_died_goes_on_and_one_that_kills_is_given_up(store, workspace_id, importer):
    importer.add(workspace_id, NewImport(kind="archive", name="help.zip", source=archive(MEMBERS)))
    assert importer._claim(workspace_id).attempts == 1
    importer.work_off(workspace_id)
    assert result(store)[0] == "running"
    TableClock.advance(store, 301)
    importer.work_off(workspace_id)
    assert result(store)[:2] == ("done", 2)
    importer.add(workspace_id, NewImport(kind="archive", name="help.zip", source=archive(MEMBERS)))
    for _ in range(3):
        assert importer._claim(workspace_id)
        TableClock.advance(store, 301)
    importer.work_off(workspace_id)
    assert result(store)[0] == "failed"


def test_a_long_import_goes_on_where_it_stopped(store, workspace_id, guard):
    seconds = iter(range(0, 10_000, 3))
    importer = importer_of(store, guard, clock=lambda: float(next(seconds)))
    members = {f"{n}.md": f"# Doc {n}\n\nText." if n % 3 else " " for n in range(12)}
    importer.add(workspace_id, NewImport(kind="archive", name="many.zip", source=archive(members)))
    slices = 1
    while importer.work_off(workspace_id):
        assert (result(store)[0] == "queued") == (importer.sweep() == (workspace_id,))
        slices += 1
    state, added, unchanged, failed = result(store)
    assert (state, added, unchanged, len(failed), slices > 3) == ("done", 8, 0, 4, True)


def test_an_import_waits_for_a_database_that_is_away_and_keeps_what_it_came_with(
    store, workspace_id, importer, monkeypatch
):
    importer.add(workspace_id, NewImport(kind="archive", name="help.zip", source=archive(MEMBERS)))

    def away(*_arguments):
        raise DatabaseUnavailable

    monkeypatch.setattr(importer._library, "put_file", away)
    with pytest.raises(DatabaseUnavailable):
        importer.work_off(workspace_id)
    monkeypatch.undo()
    TableClock.advance(store, 301)
    importer.work_off(workspace_id)
    assert result(store)[:2] == ("done", 2)


def test_pages_are_fetched_and_each_that_fails_says_why(store, workspace_id, importer, site):
    paths = ("/returns", "/manual", "/old", "/plain.txt", "/gone", "/loop", "/image", "/huge", "/metadata")
    urls = [f"{site}{path}" for path in paths]
    importer.add(workspace_id, NewImport(kind="urls", name="urls", source=json.dumps({"urls": urls}).encode()))
    importer.work_off(workspace_id)
    state, added, _unchanged, failed = result(store)
    assert (state, added) == ("done", 4)
    assert {url.removeprefix(site): reason.split(".")[0].split(";")[0] for url, reason in failed.items()} == {
        "/gone": "The server answered 404",
        "/loop": "It leads to more than 5 redirects",
        "/image": "image/png cannot be read",
        "/huge": "It has more than 10,485,760 bytes",
        "/metadata": "The URL leads to a private or reserved address",
    }
    assert ("Returns", f"{site}/returns", None, f"{site}/old") in documents(store)
