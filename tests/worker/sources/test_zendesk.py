"""Articles of Zendesk Guide are followed: changes by the incremental export, losses by the list of all."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock
from tests.worker.sources.help_centres import EMAIL, TOKEN
from tests.worker.sources.site import counts, keys, last_run, look, titles
from worker.sources import zendesk
from worker.states import RunState
from worker.store.tables import document


@pytest.fixture
def again(store, workspace_id, runner, make, guide, sources):
    """Look at the help centre."""
    id = make("zendesk", guide.url, email=EMAIL, token=TOKEN)
    look(runner, workspace_id)

    def do():
        guide.asked.clear()
        sources.look(workspace_id, id)
        look(runner, workspace_id)
        return counts(store)

    return do


@pytest.fixture(autouse=True)
def seconds(monkeypatch, guide):
    """The connector's clock is that of the help centre."""
    monkeypatch.setattr(zendesk, "time", SimpleNamespace(time=lambda: guide.clock))


def test_published_articles_come_page_by_page_and_drafts_do_not(store, again):
    assert counts(store) == (4, 0, 0, 0, 0)
    assert titles(store) == ["Delivery", "Internal", "Payment", "Returns"]
    with store.read() as connection:
        rows = connection.execute(sa.select(document.c.title, document.c.audience, document.c.language, document.c.url))
        found = {title: (audience, language, url) for title, audience, language, url in rows}
    assert found["Returns"] == ("public", "en", "https://shop.example/hc/en-us/articles/1-returns")
    assert found["Internal"] == ("internal", "en", None)


def test_the_incremental_export_tells_changes(again, guide):
    guide.write(1, "Returns", "<p>Sixty days.</p>")
    guide.write(9, "Warranty")
    guide.write(2, "Delivery", draft=True)
    assert again() == (1, 1, 0, 1, 0)
    assert not [path for path in guide.asked if path.startswith("/api/v2/help_center/articles?")]
    assert again() == (0, 0, 0, 0, 0)


def test_an_article_that_is_restricted_becomes_internal(store, again, guide):
    guide.write(1, "Returns", user_segment_id=7)
    assert again() == (0, 1, 0, 0, 0)
    with store.read() as connection:
        restricted = sa.select(document.c.title).where(document.c.audience == "internal")
        assert set(connection.execute(restricted).scalars()) == {"Internal", "Returns"}


def test_a_deleted_article_is_gone_with_the_next_list_of_all(again, guide):
    del guide.articles[3]
    assert again()[3] == 0
    guide.clock += 86_400
    assert again() == (0, 0, 3, 1, 0)


def test_a_rate_limit_is_waited_for(store, workspace_id, runner, make, guide):
    guide.throttled = 1
    make("zendesk", guide.url, email=EMAIL, token=TOKEN)
    look(runner, workspace_id)
    assert last_run(store)["state"] == RunState.RUNNING
    TableClock.advance(store, 31)
    look(runner, workspace_id)
    assert counts(store) == (4, 0, 0, 0, 0)


def test_a_refused_token_says_so_and_never_shows_it(store, workspace_id, runner, make, guide, sources):
    id = make("zendesk", guide.url, email=EMAIL, token="wrong-token")
    look(runner, workspace_id)
    assert "the token is refused" in last_run(store)["error"]
    assert "wrong-token" not in str(sources.show(workspace_id, id))
    assert keys(store) == []
