"""Operators make, change, pause and delete sources."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock
from tests.worker.knowledge.documents import titles as found_titles
from tests.worker.sources.site import counts, last_run, look, runner_of, titles
from worker.addresses import AddressRefused, Guard
from worker.errors import Conflict, Invalid, NotFound
from worker.sources.sources import Sources
from worker.states import RunState
from worker.store.tables import document


def test_a_source_is_named_after_its_host_and_shows_how_it_is_doing(workspace_id, runner, make, centre, sources):
    id = make("sitemap", f"{centre.url}/sitemap.xml", tags=["a"])
    made = sources.show(workspace_id, id)
    assert (made["name"], made["state"], made["documents"], made["last_run"]) == ("127.0.0.1", "queued", 0, None)
    look(runner, workspace_id)
    shown = sources.show(workspace_id, id)
    assert (shown["state"], shown["documents"], shown["interval_s"], shown["tags"]) == ("idle", 3, 86_400, ["a"])
    assert (shown["last_run"]["state"], shown["last_run"]["seen"], shown["last_run"]["total"]) == ("done", 3, 3)
    assert sources.id_of(workspace_id, "127.0.0.1") == sources.id_of(workspace_id, id) == id
    with pytest.raises(Conflict, match="of this name"):
        make("page", f"{centre.url}/returns")


@pytest.mark.parametrize(
    ("new", "field"),
    [
        ({"kind": "page", "location": "/etc"}, "location"),
        ({"kind": "folder", "location": "https://a.example"}, "location"),
        ({"kind": "page", "location": "https://a.example", "branch": "main"}, "branch"),
        ({"kind": "page", "location": "https://a.example", "token": "t"}, "token"),
        ({"kind": "intercom", "location": "https://a.example"}, "token"),
        ({"kind": "zendesk", "location": "https://a.example", "token": "t"}, "email"),
        ({"kind": "confluence", "location": "https://a.example"}, "token"),
        ({"kind": "confluence", "location": "https://a.atlassian.net", "token": "t"}, "location"),
        ({"kind": "notion", "location": "https://www.notion.so/Help", "token": "t"}, "location"),
        ({"kind": "notion", "location": "https://api.notion.com"}, "token"),
        ({"kind": "notion", "location": "https://api.notion.com", "token": "t", "email": "a@b.example"}, "email"),
        ({"kind": "freshdesk", "location": "https://a.freshdesk.com"}, "token"),
        ({"kind": "freshdesk", "location": "https://a.freshdesk.com/support", "token": "t"}, "location"),
        ({"kind": "chatwoot", "location": "https://a.example/hc/help"}, "location"),
        ({"kind": "s3", "location": "s3://bucket"}, "location"),
        ({"kind": "s3", "location": "https://s3.amazonaws.com/bucket", "token": "t"}, "access_key"),
        ({"kind": "s3", "location": "https://s3.amazonaws.com/bucket", "access_key": "k"}, "token"),
        ({"kind": "page", "location": "https://a.example", "access_key": "k"}, "access_key"),
    ],
)
def test_what_does_not_fit_the_kind_is_refused_by_field(store, library, workspace_id, new, field):
    sources = Sources(store, library, Guard(resolve=lambda _host, _port: ["93.184.216.34"]), roots=())
    with pytest.raises(Invalid) as raised:
        sources.make(workspace_id, new)
    assert raised.value.field == field


def test_a_portal_that_loses_its_token_is_none_any_more(store, library, workspace_id):
    sources = Sources(store, library, Guard(resolve=lambda _host, _port: ["93.184.216.34"]), roots=())
    new = {"kind": "chatwoot", "location": "https://a.example/app/accounts/1/portals/help", "token": "t"}
    id = sources.make(workspace_id, new)["id"]
    with pytest.raises(Invalid) as raised:
        sources.change(workspace_id, id, {"token": None})
    assert raised.value.field == "location"


def test_private_addresses_are_refused(store, library, workspace_id):
    with pytest.raises(AddressRefused) as raised:
        Sources(store, library, Guard(), roots=()).make(
            workspace_id, {"kind": "page", "location": "http://169.254.169.254/latest"}
        )
    assert raised.value.field == "location"


def test_a_paused_source_is_not_looked_at_until_it_is_resumed(store, workspace_id, runner, make, centre, sources):
    id = make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    assert sources.pause(workspace_id, id)["next_look_at"] is None
    TableClock.advance(store, 86_401)
    assert runner.sweep() == ()
    with pytest.raises(Conflict, match="paused"):
        sources.look(workspace_id, id)
    sources.resume(workspace_id, id)
    look(runner, workspace_id)
    assert counts(store) == (0, 0, 3, 0, 0)
    sources.resume(workspace_id, id)
    assert runner.sweep() == (), "a source that is not paused is not hurried"


def test_a_source_that_is_paused_in_the_middle_goes_on_there(store, workspace_id, library, make, centre, sources):
    seconds = iter(range(0, 10_000, 3))
    for number in range(40):
        centre.write(f"/article-{number}", f"Article {number}.")
    runner = runner_of(store, library, clock=lambda: float(next(seconds)))
    id = make("sitemap", f"{centre.url}/sitemap.xml")
    assert runner.work_off(workspace_id)
    sources.pause(workspace_id, id)
    assert library.sweep() == (workspace_id,), "what was read is indexed"
    assert runner.work_off(workspace_id) is False
    sources.resume(workspace_id, id)
    look(runner, workspace_id)
    assert counts(store) == (43, 0, 0, 0, 0)
    assert centre.asked.count("/sitemap.xml") == 1


def test_a_source_goes_with_its_documents_or_without(store, workspace_id, runner, make, centre, sources):
    id = make("sitemap", f"{centre.url}/sitemap.xml", name="all")
    other = make("page", f"{centre.url}/returns", name="one")
    look(runner, workspace_id)
    sources.remove(workspace_id, id, with_documents=True)
    assert titles(store) == ["Returns"], "another source has it too"
    sources.remove(workspace_id, other, with_documents=False)
    assert titles(store) == ["Returns"]
    with pytest.raises(NotFound):
        sources.show(workspace_id, id)
    with pytest.raises(NotFound):
        sources.id_of(workspace_id, "all")


def test_a_page_that_one_source_loses_stays_for_the_other(store, workspace_id, runner, make, centre, sources):
    make("sitemap", f"{centre.url}/sitemap.xml", name="all")
    make("page", f"{centre.url}/returns", name="one")
    look(runner, workspace_id)
    centre.listed.remove("/returns")
    TableClock.advance(store, 86_401)
    look(runner, workspace_id)
    assert "Returns" in titles(store)


def test_a_source_that_becomes_internal_is_not_cited_from_the_next_publish_on(
    store, workspace_id, runner, make, centre, sources, indexer, snapshot_cache, clock
):
    id = make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    indexer.index(workspace_id)
    assert found_titles(snapshot_cache, clock, workspace_id, "returns")
    centre.pages["/sitemap.xml"] = centre.answer("/nothing")
    sources.change(workspace_id, id, {"audience": "internal"})
    with store.read() as connection:
        assert set(connection.execute(sa.select(document.c.audience)).scalars()) == {"internal"}
    look(runner, workspace_id)
    assert last_run(store)["state"] == RunState.FAILED
    indexer.index(workspace_id)
    clock.now += 10
    hits = snapshot_cache.search(workspace_id, "returns", limit=5).hits
    assert {hit.record.audience for hit in hits} <= {"internal"}


def test_changed_metadata_reaches_every_document_without_another_answer_of_the_site(
    store, workspace_id, runner, make, centre, sources
):
    id = make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    sources.change(workspace_id, id, {"tags": ["new"], "name": "help"})
    look(runner, workspace_id)
    assert counts(store) == (0, 3, 0, 0, 0)
    with store.read() as connection:
        rows = connection.execute(sa.select(document.c.tags, document.c.collection)).all()
    assert [tuple(row) for row in rows] == [(["new"], "help")] * 3


def test_a_shorter_interval_counts_from_the_last_look(store, workspace_id, runner, make, centre, sources):
    id = make("page", f"{centre.url}/returns")
    look(runner, workspace_id)
    TableClock.advance(store, 4_000)
    sources.change(workspace_id, id, {"interval_s": 3_600})
    assert runner.sweep() == (workspace_id,)
    with pytest.raises(Invalid):
        sources.change(workspace_id, id, {"token": "t"})


def test_a_source_that_is_changed_during_a_look_is_looked_at_anew(
    store, workspace_id, library, make, centre, sources, monkeypatch
):
    id = make("sitemap", f"{centre.url}/sitemap.xml")
    seconds = iter(range(0, 10_000, 3))
    slow = runner_of(store, library, clock=lambda: float(next(seconds)))
    write = slow._write

    def change_and_write(*arguments):
        if not changed:
            changed.append(sources.change(workspace_id, id, {"audience": "internal"}))
        write(*arguments)

    changed = []
    monkeypatch.setattr(slow, "_write", change_and_write)
    slow.work_off(workspace_id)
    look(runner_of(store, library), workspace_id)
    with store.read() as connection:
        assert set(connection.execute(sa.select(document.c.audience)).scalars()) == {"internal"}
    assert last_run(store)["state"] == RunState.DONE
