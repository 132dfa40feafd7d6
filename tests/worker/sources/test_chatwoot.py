"""Articles of a Chatwoot help centre are followed, by the API of the account or by the public one."""

import pytest

from tests.support.fakes import TableClock
from tests.worker.sources.help_centres import TOKEN
from tests.worker.sources.site import last_run, look
from worker.states import RunState


@pytest.fixture
def made(following, portal):
    """The portal by the API of the account."""
    location = f"{portal.url}/app/accounts/7/portals/help"
    assert following.make("chatwoot", location, token=TOKEN, tags=["faq"]) == (4, 0, 0, 0, 0)
    following.embedded()
    portal.asked.clear()
    return following


@pytest.fixture
def public(following, portal):
    """The portal as everybody sees it, in English."""
    assert following.make("chatwoot", f"{portal.url}/hc/help/en") == (3, 0, 0, 0, 0)
    following.embedded()
    portal.asked.clear()
    return following


def reads(portal):
    return [path for path in portal.asked if path.rpartition("/")[2].isdecimal()]


def test_published_articles_come_in_all_languages_with_tags(made, portal):
    shown = made.shown()
    assert set(shown) == {"Returns", "Delivery", "Payment", "Rückgabe"}
    assert (shown["Returns"].language, shown["Rückgabe"].language) == ("en", "de")
    assert shown["Returns"].tags == ["faq", "shop"]
    assert shown["Returns"].url == f"{portal.url}/hc/help/articles/1-returns"
    assert made.text_of("Returns").endswith("About returns.")


def test_only_what_changed_is_read_and_embedded(made, portal):
    assert made.again() == (0, 0, 4, 0, 0)
    assert reads(portal) == []
    portal.write(1, "Returns", "Sixty days.")
    portal.write(9, "Warranty")
    portal.write(2, "Delivery", status="archived")
    assert made.again() == (1, 1, 2, 1, 0)
    assert made.embedded() == ["Returns", "Warranty"]
    assert "Delivery" not in made.cited("delivery")


def test_deleted_articles_and_drafts_are_never_cited(made, portal):
    del portal.articles[3]
    portal.write(1, "Returns", status="draft")
    assert made.again() == (0, 0, 2, 2, 0)
    made.embedded()
    assert not {"Payment", "Returns"} & set(made.cited("payment returns"))


def test_one_language_alone_is_followed(following, portal):
    location = f"{portal.url}/app/accounts/7/portals/help/de/articles"
    assert following.make("chatwoot", location, token=TOKEN) == (1, 0, 0, 0, 0)
    assert list(following.shown()) == ["Rückgabe"]


def test_the_public_list_is_followed_without_a_token(public, portal):
    portal.write(1, "Returns", "Sixty days.")
    portal.write(9, "Warranty")
    portal.write(2, "Delivery", status="draft")
    assert public.again() == (1, 1, 1, 1, 0)
    assert public.embedded() == ["Returns", "Warranty"]
    assert reads(portal) == []


def test_drafts_that_an_older_version_shows_to_the_public_are_left_out_and_its_list_ends(following, portal):
    portal.is_old = True
    assert following.make("chatwoot", f"{portal.url}/hc/help/en") == (3, 0, 0, 0, 0)
    assert set(following.shown()) == {"Returns", "Delivery", "Payment"}


@pytest.mark.parametrize("answered", [0, 1, 2])
def test_a_list_that_fails_half_way_removes_nothing(made, portal, answered):
    del portal.articles[1]
    portal.broken_after = answered
    assert made.look()["state"] == RunState.FAILED
    assert len(made.shown()) == 4


def test_a_portal_that_lists_nothing_any_more_keeps_its_articles(made, portal):
    portal.articles.clear()
    assert "Its 4 documents stay" in made.look()["error"]


def test_a_rate_limit_is_waited_for(following, portal):
    portal.throttled = 1
    new = {"kind": "chatwoot", "location": f"{portal.url}/app/accounts/7/portals/help", "token": TOKEN}
    following.sources.make(following.workspace_id, new)
    look(following.runner, following.workspace_id)
    assert last_run(following.store)["state"] == RunState.RUNNING
    TableClock.advance(following.store, 31)
    look(following.runner, following.workspace_id)
    assert len(following.shown()) == 4


def test_a_refused_token_and_another_portal_say_so(following, portal):
    for portal_name, token, reason in (("help", "wrong", "the token is refused"), ("other", TOKEN, "no help centre")):
        location = f"{portal.url}/app/accounts/7/portals/{portal_name}"
        new = {"kind": "chatwoot", "location": location, "token": token, "name": portal_name}
        following.sources.make(following.workspace_id, new)
        look(following.runner, following.workspace_id)
        assert reason in last_run(following.store)["error"]
