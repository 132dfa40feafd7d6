"""Articles of Intercom are followed by the list of all."""

import pytest

from tests.worker.sources.help_centres import TOKEN
from tests.worker.sources.site import counts, look, titles


@pytest.fixture
def again(store, workspace_id, runner, make, articles, sources):
    id = make("intercom", articles.url, token=TOKEN)
    look(runner, workspace_id)

    def do():
        articles.asked.clear()
        sources.look(workspace_id, id)
        look(runner, workspace_id)
        return counts(store)

    return do


def test_published_articles_come_page_by_page_and_drafts_do_not(store, again):
    assert counts(store) == (3, 0, 0, 0, 0)
    assert titles(store) == ["Delivery", "Payment", "Returns"]


def test_changes_drafts_and_deletions_are_followed(store, again, articles):
    articles.write(1, "Returns", "<p>Sixty days.</p>")
    articles.write(2, "Delivery", state="draft")
    articles.write(9, "Warranty")
    assert again() == (1, 1, 1, 1, 0)
    assert len([path for path in articles.asked if path.startswith("/articles/")]) == 2
    del articles.articles[3]
    assert again() == (0, 0, 2, 1, 0)
    assert titles(store) == ["Returns", "Warranty"]


def test_an_article_without_a_body_fails_by_itself(again, articles):
    articles.write(9, "Empty", None)
    assert again() == (0, 0, 3, 0, 1)
