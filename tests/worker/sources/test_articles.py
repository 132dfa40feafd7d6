"""Credentials of a help centre never leave its host."""

import pytest

from kb.errors import DocumentTooLarge, DocumentUnreadable
from tests.worker.sources.site import LOOPBACK, Answer
from worker.knowledge.fetching import Unreachable
from worker.sources.articles import ArticlesApi, basic, internal_of, language_of, mark_of, numbered, paged
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
        (Answer(status=529, headers={"Retry-After": "5"}), SourceThrottled),
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


def test_a_list_is_read_to_its_end_however_short_its_pages_are():
    pages = {1: [1, 2, 3], 2: [4], 3: [5, 6], 4: []}
    assert [entry["id"] for entry in numbered(lambda number: [{"id": id} for id in pages[number]])] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]


def test_a_server_that_knows_no_pages_sends_its_list_twice_and_no_more():
    asked = []
    found = numbered(lambda number: asked.append(number) or [{"id": 1}, {"id": 2}])
    assert [entry["id"] for entry in found] == [1, 2]
    assert asked == [1, 2]


def test_a_list_that_leads_in_a_circle_or_grows_without_end_fails():
    with pytest.raises(DocumentUnreadable, match="never ends"):
        list(paged(lambda cursor: ([], "b" if cursor == "a" else "a"), "a"))
    with pytest.raises(DocumentUnreadable, match="never ends"):
        list(paged(lambda cursor: ([], cursor + 1), 1))
    with pytest.raises(DocumentTooLarge):
        list(paged(lambda cursor: ([{}] * 5_000, cursor + 1), 1))


def test_a_server_that_says_how_many_requests_it_serves_is_left_a_quarter_of_them(centre):
    waits = []
    web = Web(guard=LOOPBACK, robots=Robots(), rate=5, sleep=waits.append, clock=lambda: 0.0)
    api = ArticlesApi(base=centre.url, web=web, headers={}, minute_limit="x-ratelimit-total")
    centre.pages["/articles"] = Answer("{}", headers={"X-RateLimit-Total": "50"})
    api.get("articles")
    assert web.rate == 0.625
    api.get("articles")
    assert waits == [0.2]
    api.get("articles")
    with pytest.raises(SourceThrottled):
        api.get("articles")
    api.close()


@pytest.mark.parametrize(
    ("locale", "language"),
    [("en-us", "en"), ("pt_BR", "pt"), ("DE", "de"), ("fil", "fil"), ("", None), (None, None), ("x-1", None)],
)
def test_a_locale_has_a_language(locale, language):
    assert language_of(locale) == language


def test_a_label_is_never_taken_for_the_audience():
    marks = {"open": mark_of(3, "internal", is_internal=False), "closed": mark_of(3, "internal", is_internal=True)}
    assert internal_of(marks) == ["closed"]
