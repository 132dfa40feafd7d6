"""Pages of Confluence are followed, in Cloud and Data Center; what some people only may read is never cited."""

import pytest

from tests.support.fakes import TableClock
from tests.worker.sources.help_centres import EMAIL, TOKEN
from tests.worker.sources.site import last_run, look
from worker.states import RunState


@pytest.fixture
def options(wiki):
    return {"token": TOKEN, **({"email": EMAIL} if wiki.is_cloud else {})}


@pytest.fixture
def made(following, wiki, options):
    """The space, looked at once and published."""
    assert following.make("confluence", f"{wiki.site}/spaces/HELP/overview", tags=["wiki"], **options) == (
        5,
        0,
        0,
        0,
        0,
    )
    following.embedded()
    wiki.asked.clear()
    return following


both = pytest.mark.parametrize("wiki", ["cloud", "data center"], indirect=True)


def reads(wiki):
    return [path for path in wiki.asked if "cql=id%3D" in path]


@both
def test_pages_come_with_labels_and_those_with_readers_and_below_are_internal(made, wiki):
    shown = made.shown()
    assert {title: each.audience for title, each in shown.items()} == {
        "Returns": "public",
        "Delivery": "public",
        "Payment": "public",
        "Refunds for staff": "internal",
        "Exceptions": "internal",
    }
    assert shown["Returns"].tags == ["wiki", "shop"]
    assert shown["Returns"].url == f"{wiki.site}/spaces/HELP/pages/1/Returns"
    assert shown["Exceptions"].url is None
    assert set(made.cited("returns delivery refunds exceptions")) == {"Returns", "Delivery", "Payment"}


@both
def test_only_what_changed_is_read_and_embedded(made, wiki):
    assert made.again() == (0, 0, 5, 0, 0)
    assert reads(wiki) == []
    wiki.write(1, "Returns", "<p>Sixty days.</p>")
    wiki.write(6, "Warranty")
    assert made.again() == (1, 1, 4, 0, 0)
    assert len(reads(wiki)) == 2
    assert made.embedded() == ["Returns", "Warranty"]
    assert made.again() == (0, 0, 6, 0, 0)


def test_a_page_that_is_deleted_or_put_in_the_trash_is_never_cited_again(made, wiki):
    del wiki.articles[2]
    wiki.articles[3]["status"] = "trashed"
    assert made.again() == (0, 0, 3, 2, 0)
    made.embedded()
    assert made.cited("delivery payment") == ["Returns"]


def test_readers_that_a_page_above_gets_hide_the_pages_below_without_a_new_version(made, wiki):
    wiki.write(7, "Root")
    wiki.write(1, "Returns", parent=7)
    assert made.again() == (1, 0, 5, 0, 0)
    wiki.write(7, "Root", readers=("ann",))
    assert made.again() == (0, 2, 4, 0, 0)
    made.embedded()
    assert "Returns" not in made.cited("returns")
    wiki.write(7, "Root", readers=())
    assert made.again() == (0, 2, 4, 0, 0)
    made.embedded()
    assert made.cited("returns")[0] == "Returns"


def test_a_page_that_gets_readers_is_not_cited_any_more_even_if_it_cannot_be_read(made, wiki):
    wiki.write(1, "Returns", "<p>About returns, for staff.</p>", readers=("ann",))
    wiki.broken_after = 3  # the list
    assert made.look()["failures"] == 1
    assert made.shown()["Returns"].audience == "internal"
    made.embedded()
    assert "Returns" not in made.cited("returns")
    wiki.broken_after = None
    assert made.again() == (0, 1, 4, 0, 0)


def test_a_page_below_one_that_cannot_be_seen_is_internal(following, wiki, options):
    wiki.write(8, "Hidden", status="draft")
    wiki.unreadable.add(8)
    wiki.write(1, "Returns", parent=8)
    following.make("confluence", f"{wiki.site}/display/HELP", **options)
    assert following.shown()["Returns"].audience == "internal"


def test_labels_come_and_go(made, wiki):
    wiki.write(1, "Returns", labels=("shop", "new"))
    wiki.write(2, "Delivery", labels=())
    assert made.again() == (0, 2, 3, 0, 0)
    shown = made.shown()
    assert (shown["Returns"].tags, shown["Delivery"].tags) == (["wiki", "shop", "new"], ["wiki"])


@both
def test_a_page_that_the_search_forgets_for_a_while_stays(made, wiki):
    wiki.unsearched = {1}
    run = made.look()
    assert (run["state"], run["gone"]) == (RunState.DONE, 0)
    assert "does not find it" in run["failed"]["1"]
    assert "Returns" in made.shown()
    wiki.unsearched = set()
    assert made.again() == (0, 0, 5, 0, 0)


@pytest.mark.parametrize("answered", [0, 1])
def test_a_list_that_fails_half_way_removes_nothing(made, wiki, answered):
    del wiki.articles[1]
    wiki.broken_after = answered
    assert made.look()["state"] == RunState.FAILED
    assert len(made.shown()) == 5


def test_a_list_that_leads_in_a_circle_ends(made, wiki, monkeypatch):
    first = wiki._search({"cql": 'space="HELP"', "expand": "", "limit": "2"})
    circle = {**first, "_links": {"next": "/rest/api/content/search?cursor=same"}}
    monkeypatch.setattr(wiki, "_search", lambda query: circle)
    run = made.look()
    assert "never ends" in run["error"]
    assert len(made.shown()) == 5


def test_a_space_that_lists_nothing_keeps_its_pages(made, wiki):
    wiki.articles.clear()
    assert "Its 5 documents stay" in made.look()["error"]


def test_without_a_space_all_are_read_but_those_of_people(following, wiki, options):
    wiki.write(6, "Elsewhere", space="DEV")
    wiki.write(7, "My notes", space="~ann")
    following.make("confluence", wiki.site, **options)
    assert "Elsewhere" in following.shown()
    assert "My notes" not in following.shown()


def test_a_page_that_moves_to_another_space_is_gone(made, wiki):
    wiki.write(1, "Returns", space="DEV")
    assert made.again() == (0, 0, 4, 1, 0)


def test_a_page_that_only_lists_its_children_is_no_document(made, wiki):
    wiki.write(6, "Index", '<ac:structured-macro ac:name="children"/>')
    assert made.again() == (0, 0, 5, 0, 0)
    wiki.write(1, "Returns", "<p />")
    assert made.again() == (0, 0, 4, 1, 0)


def test_pages_that_the_search_forgets_are_asked_for_with_patterns_as_well(made, wiki, workspace_id):
    made.sources.change(workspace_id, made.id, {"include": ["*/pages/*"]})
    wiki.unsearched = {1}
    look(made.runner, workspace_id)
    assert "Returns" in made.shown()


def test_excluded_pages_are_left_out(made, wiki, workspace_id):
    made.sources.change(workspace_id, made.id, {"exclude": ["*/Delivery"]})
    look(made.runner, workspace_id)
    assert last_run(made.store)["gone"] == 1
    assert "Delivery" not in made.shown()


def test_attached_files_are_counted_on_the_page(made, wiki):
    link = '<ac:link><ri:attachment ri:filename="form.pdf"/></ac:link>'
    image = '<ac:image><ri:attachment ri:filename="label.png"/></ac:image>'
    wiki.write(1, "Returns", f"<p>Fill in {link}.</p>{image}")
    made.again()
    made.embedded()
    assert made.left_out_of("Returns") == {"attachments": 2}
    assert "Fill in form.pdf." in made.text_of("Returns")


def test_a_rate_limit_is_waited_for(following, wiki, options):
    wiki.throttled = 1
    made = following.sources.make(following.workspace_id, {"kind": "confluence", "location": wiki.site, **options})
    look(following.runner, following.workspace_id)
    assert following.sources.show(following.workspace_id, made["id"])["last_run"]["state"] == RunState.RUNNING
    TableClock.advance(following.store, 31)
    look(following.runner, following.workspace_id)
    assert len(following.shown()) == 5


def test_a_refused_token_says_so_and_is_never_shown(following, wiki, options, caplog):
    new = {"kind": "confluence", "location": wiki.site, **options, "token": "wrong-token"}
    id = following.sources.make(following.workspace_id, new)["id"]
    look(following.runner, following.workspace_id)
    shown = following.sources.show(following.workspace_id, id)
    assert "the token is refused" in shown["error"]
    assert "wrong-token" not in f"{shown}{caplog.text}"
