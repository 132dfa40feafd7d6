"""A source is looked at again: what changed is read, what is gone is removed, and what is broken loses nothing."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock
from tests.worker.knowledge.documents import titles as found_titles
from tests.worker.sources.site import Answer, counts, keys, last_run, look, runner_of, titles
from worker.errors import DatabaseUnavailable
from worker.states import DocumentState, RunState, SourceState
from worker.store.tables import document, snapshot, source

DAY_S = 86_400


def row_of(store):
    with store.read() as connection:
        return dict(connection.execute(sa.select(source)).mappings().one())


def look_tomorrow(store, runner, workspace_id):
    TableClock.advance(store, DAY_S + 1)
    assert runner.sweep() == (workspace_id,)
    look(runner, workspace_id)


def test_a_look_a_day_later_reads_what_changed_adds_what_is_new_and_removes_what_is_gone(
    store, workspace_id, runner, make, centre
):
    make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    assert counts(store) == (3, 0, 0, 0, 0)
    assert runner.sweep() == ()
    centre.write("/returns", "Sixty days.")
    centre.write("/warranty", "Two years.")
    centre.drop("/payment")
    centre.sent.clear()
    look_tomorrow(store, runner, workspace_id)
    assert counts(store) == (1, 1, 1, 1, 0)
    assert titles(store) == ["Delivery", "Returns", "Warranty"]
    assert centre.sent == ["/sitemap.xml", "/returns", "/warranty"]


def test_fifty_pages_are_embedded_once_and_published_once_for_each_look(
    store, workspace_id, runner, make, centre, indexer, counting, snapshot_cache, clock
):
    for number in range(47):
        centre.write(f"/article-{number}", f"Article {number} is about subject {number}.")
    make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    indexer.index(workspace_id)
    first = len(counting.encoded)
    assert len([text for text in counting.encoded if "\n" in text]) == 50
    for number in range(3):
        centre.write(f"/article-{number}", f"Quokkas, part {number}.")
    centre.write("/extra", "Wombats sleep all day.")
    centre.drop("/article-40")
    look_tomorrow(store, runner, workspace_id)
    assert counts(store) == (1, 3, 46, 1, 0)
    indexer.index(workspace_id)
    passages = [text for text in counting.encoded[first:] if "\n" in text]  # with the title before it
    assert sorted(passages) == [
        *(f"Article-{number}\nQuokkas, part {number}." for number in range(3)),
        "Extra\nWombats sleep all day.",
    ]
    assert found_titles(snapshot_cache, clock, workspace_id, "wombats")[0] == "Extra"
    assert "Article-40" not in found_titles(snapshot_cache, clock, workspace_id, "subject 40")
    look_tomorrow(store, runner, workspace_id)
    assert counts(store) == (0, 0, 50, 0, 0)
    assert indexer.index(workspace_id) is None
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(snapshot)).scalar_one() == 2


def test_documents_are_held_back_until_the_look_ends_so_that_they_are_published_together(
    store, workspace_id, library, make, centre
):
    seconds = iter(range(0, 10_000, 3))
    runner = runner_of(store, library, clock=lambda: float(next(seconds)))
    for number in range(40):
        centre.write(f"/article-{number}", f"Article {number}.")
    make("sitemap", f"{centre.url}/sitemap.xml")
    assert runner.work_off(workspace_id)
    assert 0 < len(titles(store)) < 43
    with store.read() as connection:
        assert set(connection.execute(sa.select(document.c.due_at)).scalars()) == {None}
    assert library.sweep() == ()
    look(runner, workspace_id)
    assert library.sweep() == (workspace_id,)
    assert counts(store) == (43, 0, 0, 0, 0)
    assert centre.asked.count("/sitemap.xml") == 1


def test_a_look_whose_worker_died_goes_on_and_reads_no_page_twice(store, workspace_id, library, make, centre):
    for number in range(40):
        centre.write(f"/article-{number}", f"Article {number}.")

    class Killed(BaseException):
        """The worker is killed."""

    killed = runner_of(store, library)
    write, written = killed._write, []

    def write_and_die(*arguments):
        write(*arguments)
        written.append(1)
        if len(written) == 2:
            raise Killed

    killed._write = write_and_die
    make("sitemap", f"{centre.url}/sitemap.xml")
    with pytest.raises(Killed):
        killed.work_off(workspace_id)
    runner = runner_of(store, library)
    assert runner.work_off(workspace_id) is False, "its lease has not expired"
    before = len(centre.asked)
    assert 0 < len(titles(store)) < 43
    TableClock.advance(store, 301)
    look(runner, workspace_id)
    assert counts(store) == (43, 0, 0, 0, 0)
    assert len([path for path in centre.asked if path.startswith("/article")]) == 40
    assert len(centre.asked) - before < 43


def test_a_worker_that_lost_its_lease_writes_nothing(store, workspace_id, library, make, centre):
    slow, fast = runner_of(store, library), runner_of(store, library)
    make("sitemap", f"{centre.url}/sitemap.xml")
    write = slow._write

    def lose_and_write(*arguments):
        TableClock.advance(store, 301)
        look(fast, workspace_id)
        write(*arguments)

    slow._write = lose_and_write
    slow.work_off(workspace_id)
    assert counts(store) == (3, 0, 0, 0, 0)
    assert row_of(store)["state"] == SourceState.IDLE


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_is_removed_although_the_sitemap_still_names_it(
    store, workspace_id, runner, make, centre, status
):
    make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    centre.pages["/payment"] = Answer(status=status)
    look_tomorrow(store, runner, workspace_id)
    assert counts(store) == (0, 0, 2, 1, 0)
    assert titles(store) == ["Delivery", "Returns"]


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_page_that_cannot_be_read_keeps_its_document_and_says_why(store, workspace_id, runner, make, centre, status):
    make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    centre.pages["/payment"] = Answer(status=status)
    look_tomorrow(store, runner, workspace_id)
    assert counts(store) == (0, 0, 2, 0, 1)
    assert last_run(store)["failed"] == {f"{centre.url}/payment": f"The server answered {status}."}
    assert "Payment" in titles(store)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=500), "The server answered 500."),
        (Answer(status=404), "The server answered 404."),
        (Answer("<html>Down for maintenance</html>"), "It is not a sitemap."),
        (Answer("<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>"), "lists nothing any more. Its 3 doc"),
        (Answer(""), "It is not a sitemap."),
    ],
)
def test_a_source_that_fails_as_a_whole_keeps_its_documents_and_says_so(
    store, workspace_id, runner, make, centre, answer, reason
):
    make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    centre.pages["/sitemap.xml"] = answer
    look_tomorrow(store, runner, workspace_id)
    assert (last_run(store)["state"], len(titles(store))) == (RunState.FAILED, 3)
    row = row_of(store)
    assert reason in row["error"]
    assert row["failures"] == 1
    del centre.pages["/sitemap.xml"]
    TableClock.advance(store, 301)  # before the day is over
    look(runner, workspace_id)
    assert counts(store) == (0, 0, 3, 0, 0)
    assert (row_of(store)["error"], row_of(store)["failures"]) == (None, 0)


def test_a_site_that_is_down_is_not_asked_for_each_page(store, workspace_id, runner, make, centre):
    for number in range(40):
        centre.write(f"/article-{number}", f"Article {number}.")
    make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    for path in list(centre.pages):
        centre.pages[path] = Answer(status=502)
    centre.asked.clear()
    look_tomorrow(store, runner, workspace_id)
    assert last_run(store)["state"] == RunState.FAILED
    assert len(centre.asked) < 20
    assert len(titles(store)) == 43


@pytest.mark.parametrize("how", ["unlisted", "not there"])
def test_the_loss_of_more_than_half_is_held_until_it_is_accepted(
    store, workspace_id, runner, make, centre, sources, how
):
    for number in range(5):
        centre.write(f"/article-{number}", f"Article {number}.")
    id = make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    centre.write("/returns", "Sixty days.")
    for number in range(5):
        if how == "unlisted":
            centre.drop(f"/article-{number}")
        else:
            centre.pages[f"/article-{number}"] = Answer(status=404)
    look_tomorrow(store, runner, workspace_id)
    run = last_run(store)
    assert (run["state"], run["changed"], run["gone"], len(titles(store))) == (RunState.HELD, 1, 0, 8)
    assert row_of(store)["error"] == "5 of its 8 documents would be gone. They stay until that is accepted."
    sources.look(workspace_id, id, accepts_loss=True)
    look(runner, workspace_id)
    assert counts(store)[3] == 5
    assert titles(store) == ["Delivery", "Payment", "Returns"]
    assert row_of(store)["error"] is None


def test_an_emptied_source_is_emptied_once_that_is_accepted(store, workspace_id, runner, make, centre, sources):
    id = make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    for path in ("/returns", "/delivery", "/payment"):
        centre.drop(path)
    sources.look(workspace_id, id)
    look(runner, workspace_id)
    assert len(titles(store)) == 3
    sources.look(workspace_id, id, accepts_loss=True)
    look(runner, workspace_id)
    assert (titles(store), keys(store)) == ([], [])


def test_a_page_that_leads_to_another_page_of_the_source_is_not_kept_twice(store, workspace_id, runner, make, centre):
    make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    centre.pages["/payment"] = Answer(status=301, headers={"Location": "/returns"})
    look_tomorrow(store, runner, workspace_id)
    assert titles(store) == ["Delivery", "Returns"]


def test_bytes_that_change_without_the_text_change_no_document(store, workspace_id, runner, make, centre):
    page = "<html><head><meta name='csrf-token' content='{}'><title>Returns</title></head><p>Free.</p></html>"
    centre.pages["/returns"] = Answer(page.format("a1"))
    make("page", f"{centre.url}/returns")
    look(runner, workspace_id)
    centre.pages["/returns"] = Answer(page.format("b2"))
    centre.sent.clear()
    look_tomorrow(store, runner, workspace_id)
    assert centre.sent == ["/returns"]
    assert counts(store) == (0, 0, 1, 0, 0)


def test_a_page_without_etag_is_told_from_its_former_self_by_its_text(store, workspace_id, runner, make, centre):
    centre.write("/returns", "Thirty days.", has_etag=False)
    make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    look_tomorrow(store, runner, workspace_id)
    assert counts(store) == (0, 0, 3, 0, 0)
    centre.write("/returns", "Sixty days.", has_etag=False)
    look_tomorrow(store, runner, workspace_id)
    assert counts(store) == (0, 1, 2, 0, 0)


def test_a_document_that_was_deleted_by_hand_comes_back_with_the_next_look(
    store, workspace_id, runner, make, centre, library
):
    make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    with store.read() as connection:
        deleted = connection.execute(sa.select(document.c.id).where(document.c.title == "Payment")).scalar_one()
    library.remove(workspace_id, deleted)
    look_tomorrow(store, runner, workspace_id)
    assert counts(store) == (1, 0, 2, 0, 0)


def test_a_site_that_asks_to_wait_is_asked_again_later_and_the_look_goes_on(store, workspace_id, runner, make, centre):
    make("sitemap", f"{centre.url}/sitemap.xml")
    centre.pages["/payment"] = Answer(status=429, headers={"Retry-After": "120"})
    look(runner, workspace_id)
    assert (last_run(store)["state"], row_of(store)["state"]) == (RunState.RUNNING, SourceState.QUEUED)
    TableClock.advance(store, 119)
    assert runner.sweep() == ()
    centre.write("/payment", "By card.")
    TableClock.advance(store, 2)
    look(runner, workspace_id)
    assert counts(store) == (3, 0, 0, 0, 0)


def test_a_site_that_puts_off_a_look_again_and_again_fails_it(store, workspace_id, runner, make, centre):
    make("sitemap", f"{centre.url}/sitemap.xml")
    centre.pages["/sitemap.xml"] = Answer(status=429, headers={"Retry-After": "10"})
    for _ in range(6):
        look(runner, workspace_id)
        TableClock.advance(store, 11)
    assert last_run(store)["state"] == RunState.FAILED
    assert "put off" in row_of(store)["error"]


def test_metadata_of_the_source_comes_along_to_its_documents(store, workspace_id, runner, make, centre):
    make("sitemap", f"{centre.url}/sitemap.xml", name="help", language="de", tags=["a", "b"], audience="internal")
    look(runner, workspace_id)
    with store.read() as connection:
        rows = connection.execute(
            sa.select(document.c.collection, document.c.language, document.c.tags, document.c.audience)
        )
        assert {(name, language, tuple(tags), audience) for name, language, tags, audience in rows} == {
            ("help", "de", ("a", "b"), "internal")
        }


def test_a_database_that_is_away_loses_nothing(store, workspace_id, runner, make, centre, monkeypatch):
    make("sitemap", f"{centre.url}/sitemap.xml")

    def away(*_arguments):
        raise DatabaseUnavailable

    monkeypatch.setattr(runner._applier, "apply", away)
    with pytest.raises(DatabaseUnavailable):
        runner.work_off(workspace_id)
    monkeypatch.undo()
    TableClock.advance(store, 301)
    look(runner, workspace_id)
    assert counts(store) == (3, 0, 0, 0, 0)


def test_documents_of_a_look_that_fails_midway_are_indexed_all_the_same(store, workspace_id, runner, make, centre):
    for number in range(20):
        centre.write(f"/article-{number}", f"Article {number}.")
    for number in range(20):
        centre.pages[f"/z-{number}"] = Answer(status=500)
        centre.listed.append(f"/z-{number}")
    make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    assert last_run(store)["state"] == RunState.FAILED
    with store.read() as connection:
        rows = connection.execute(sa.select(document.c.state, document.c.due_at.is_not(None))).all()
    assert len(rows) == 23
    assert set(map(tuple, rows)) == {(DocumentState.QUEUED, True)}


def test_what_a_look_adds_does_not_excuse_what_it_loses(store, workspace_id, runner, make, centre):
    for number in range(5):
        centre.write(f"/old-{number}", f"Old article {number}.")
    make("sitemap", f"{centre.url}/sitemap.xml")
    look(runner, workspace_id)
    for number in range(5):
        centre.drop(f"/old-{number}")
        centre.write(f"/new-{number}", f"New article {number}.")
    look_tomorrow(store, runner, workspace_id)
    assert last_run(store)["state"] == RunState.HELD
    assert "Old-0" in titles(store)
