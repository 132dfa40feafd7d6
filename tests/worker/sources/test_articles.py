"""Credentials of a help centre never leave its host."""

import pytest

from kb.errors import DocumentUnreadable
from tests.worker.sources.site import LOOPBACK, Answer
from worker.knowledge.fetching import Unreachable
from worker.sources.articles import ArticlesApi, basic
from worker.sources.protocol import SourceThrottled
from worker.sources.web import Robots, Web


@pytest.fixture
def api(centre):
    web = Web(guard=LOOPBACK, robots=Robots(), rate=0)
    opened = ArticlesApi(base=centre.url, web=web, headers={"authorization": "Bearer secret"})
    yield opened
    opened.close()


def test_a_redirect_to_another_host_is_not_followed(api, centre):
    centre.pages["/articles"] = Answer(status=302, headers={"Location": centre.url.replace("127.0.0.1", "127.0.0.2")})
    with pytest.raises(DocumentUnreadable, match="another host"):
        api.get("articles")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(status=401), DocumentUnreadable),
        (Answer(status=500), Unreachable),
        (Answer(status=429), SourceThrottled),
        (Answer("<html>Log in</html>"), DocumentUnreadable),
        (Answer("[]"), DocumentUnreadable),
    ],
)
def test_an_answer_that_is_no_json_object_fails(api, centre, answer, error):
    centre.pages["/articles"] = answer
    with pytest.raises(error):
        api.get("articles")


def test_nothing_there_is_none(api, centre):
    assert api.get("nothing") is None
    assert "/robots.txt" not in centre.asked, "an API is no crawl"


def test_basic_authentication():
    assert basic("a@b.example/token", "secret") == "Basic YUBiLmV4YW1wbGUvdG9rZW46c2VjcmV0"
