"""Articles of Freshdesk Solutions are followed; those in folders that not everybody sees are internal."""

import pytest

from tests.support.fakes import TableClock
from tests.worker.sources.help_centres import TOKEN
from tests.worker.sources.site import last_run, look
from worker.states import RunState


@pytest.fixture
def made(following, solutions):
    assert following.make("freshdesk", solutions.url, token=TOKEN, tags=["faq"]) == (4, 0, 0, 0, 0)
    following.embedded()
    solutions.asked.clear()
    return following


def reads(solutions):
    return [path for path in solutions.asked if path.startswith("/api/v2/solutions/articles/")]


def test_published_articles_come_with_tags_and_language_and_closed_folders_hide_those_inside(made, solutions):
    shown = made.shown()
    assert set(shown) == {"Returns", "Delivery", "Payment", "Internal"}
    assert (shown["Returns"].audience, shown["Returns"].language) == ("public", "en")
    assert shown["Returns"].tags == ["faq", "shop"]
    assert shown["Returns"].url == f"{solutions.url}/support/solutions/articles/1"
    assert (shown["Internal"].audience, shown["Internal"].url) == ("internal", None)
    assert set(made.cited("returns delivery internal")) == {"Returns", "Delivery", "Payment"}


def test_only_what_changed_is_read_and_embedded(made, solutions):
    assert made.again() == (0, 0, 4, 0, 0)
    assert reads(solutions) == []
    solutions.write(1, "Returns", "<p>Sixty days.</p>", tags=["shop"])
    solutions.write(9, "Warranty")
    solutions.write(2, "Delivery", status=1)
    assert made.again() == (1, 1, 2, 1, 0)
    assert len(reads(solutions)) == 3
    assert made.embedded() == ["Returns", "Warranty"]
    assert "Delivery" not in made.cited("delivery")


def test_a_deleted_article_is_gone_and_never_cited(made, solutions):
    del solutions.articles[3]
    assert made.again() == (0, 0, 3, 1, 0)
    made.embedded()
    assert "Payment" not in made.cited("payment")


@pytest.mark.parametrize("visibility", [2, 3, 4, 5, None])
def test_a_folder_that_is_closed_hides_its_articles_and_one_that_opens_shows_them(made, solutions, visibility):
    solutions.fold(10, visibility)
    assert made.again() == (0, 3, 1, 0, 0)
    assert {each.audience for each in made.shown().values()} == {"internal"}
    solutions.fold(10, 1)
    assert made.again() == (0, 3, 1, 0, 0)
    assert made.shown()["Returns"].audience == "public"


def test_an_article_that_moves_into_a_closed_folder_becomes_internal(made, solutions):
    solutions.articles[1]["folder_id"] = 21
    assert made.again() == (0, 1, 3, 0, 0)
    assert made.shown()["Returns"].audience == "internal"


def test_an_article_that_shifts_out_of_the_list_while_it_is_read_stays(made, solutions, monkeypatch):
    get = solutions.get

    def shifting(path, query, headers):
        status, found = get(path, query, headers)
        if path.endswith("folders/10/articles"):
            found = [article for article in found if article["id"] != 3]
        return status, found

    monkeypatch.setattr(solutions, "get", shifting)
    assert made.again() == (0, 0, 4, 0, 0)


@pytest.mark.parametrize("answered", [0, 3, 5])
def test_a_list_that_fails_half_way_removes_nothing(made, solutions, answered):
    del solutions.articles[1]
    solutions.broken_after = answered
    assert made.look()["state"] == RunState.FAILED
    assert len(made.shown()) == 4


def test_an_account_without_articles_any_more_keeps_them(made, solutions):
    solutions.articles.clear()
    assert "Its 4 documents stay" in made.look()["error"]


def test_an_empty_article_fails_by_itself(made, solutions):
    solutions.write(9, "Empty", "")
    assert made.again() == (0, 0, 4, 0, 1)


def test_a_rate_limit_is_waited_for(following, solutions):
    solutions.throttled = 1
    following.sources.make(following.workspace_id, {"kind": "freshdesk", "location": solutions.url, "token": TOKEN})
    look(following.runner, following.workspace_id)
    assert last_run(following.store)["state"] == RunState.RUNNING
    TableClock.advance(following.store, 31)
    look(following.runner, following.workspace_id)
    assert len(following.shown()) == 4


def test_a_refused_key_and_another_site_say_so(following, solutions, centre):
    for location, token, reason in (
        (solutions.url, "wrong", "the token is refused"),
        (centre.url, TOKEN, "no Freshdesk Solutions"),
    ):
        new = {"kind": "freshdesk", "location": location, "token": token, "name": location}
        following.sources.make(following.workspace_id, new)
        look(following.runner, following.workspace_id)
        assert reason in last_run(following.store)["error"]
