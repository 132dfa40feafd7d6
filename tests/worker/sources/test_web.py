"""Requests are polite: robots.txt is obeyed, a rate is kept to, and a server that asks to wait is waited for."""

import email.utils
import time

import pytest

from kb.errors import DocumentUnreadable
from tests.worker.sources.site import LOOPBACK, Answer
from worker.addresses import Guard
from worker.knowledge.fetching import Unreachable
from worker.sources.protocol import Fetched, Gone, SourceThrottled, Unchanged
from worker.sources.web import Robots, Web
from worker.store.rows import SourceItem


class Clock:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self):
        self.now = 100.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def web_clock():
    return Clock()


@pytest.fixture
def web(web_clock):
    opened = Web(guard=LOOPBACK, robots=Robots(clock=web_clock), rate=0, clock=web_clock, sleep=web_clock.sleep)
    yield opened
    opened.close()


def item(key, **fields):
    return SourceItem(source_id="s", key=key, workspace_id="w", pending=True, **fields)


def robots(centre, *lines):
    centre.pages["/robots.txt"] = Answer("\n".join(lines), kind="text/plain")


def test_robots_txt_is_obeyed_and_read_once_an_hour(web, web_clock, centre):
    robots(centre, "User-agent: *", "Disallow: /*?print=", "Disallow: /private/", "Allow: /private/open$")
    for path in ("/private/a", "/returns?print=1", "/private/open2"):
        with pytest.raises(DocumentUnreadable, match=r"robots\.txt of the site does not allow"):
            web.page(f"{centre.url}{path}")
    assert web.get(f"{centre.url}/private/open").status == 404
    assert web.page(f"{centre.url}/returns").media_type == "text/html"
    assert centre.asked.count("/robots.txt") == 1
    web_clock.now += 3_601
    web.page(f"{centre.url}/returns")
    assert centre.asked.count("/robots.txt") == 2


def test_rules_for_this_robot_come_before_those_for_all(web, centre):
    robots(centre, "User-agent: *", "Disallow: /", "", "User-agent: Answerback-Fetch", "Disallow: /payment")
    assert web.page(f"{centre.url}/returns")
    with pytest.raises(DocumentUnreadable):
        web.page(f"{centre.url}/payment")


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (500, False), (503, False), (429, False)])
def test_a_server_without_robots_txt_allows_everything_and_one_that_cannot_say_allows_nothing(
    web, centre, status, allowed
):
    centre.pages["/robots.txt"] = Answer(status=status)
    if allowed:
        assert web.page(f"{centre.url}/returns")
        return
    with pytest.raises(Unreachable, match=r"robots\.txt"):
        web.page(f"{centre.url}/returns")
    assert "/returns" not in centre.asked


def test_a_redirect_into_what_robots_txt_forbids_is_not_followed(web, centre):
    robots(centre, "User-agent: *", "Disallow: /private/")
    centre.pages["/old"] = Answer(status=302, headers={"Location": "/private/a"})
    with pytest.raises(DocumentUnreadable, match="does not allow"):
        web.page(f"{centre.url}/old")


def test_requests_keep_to_the_rate(web_clock, centre):
    web = Web(guard=LOOPBACK, robots=Robots(), rate=4, clock=web_clock, sleep=web_clock.sleep)
    for _ in range(3):
        web.page(f"{centre.url}/returns")
    assert web_clock.slept == [0.25, 0.25]


def test_a_crawl_delay_is_kept_to_and_a_long_one_does_not_hold_up_the_worker(web, web_clock, centre):
    robots(centre, "User-agent: *", "Crawl-delay: 2")
    web.get(f"{centre.url}/returns")
    web.get(f"{centre.url}/returns")
    assert web_clock.slept == [2.0]
    web_clock.now += 4_000
    robots(centre, "User-agent: *", "Crawl-delay: 30")
    web.get(f"{centre.url}/returns")
    with pytest.raises(SourceThrottled) as raised:
        web.get(f"{centre.url}/returns")
    assert raised.value.retry_after_s == 30


def test_a_listing_waits_no_longer_than_the_worker_sleeps(web, web_clock, centre):
    robots(centre, "User-agent: *", "Crawl-delay: 30")
    web.page(f"{centre.url}/returns")
    web.page(f"{centre.url}/returns")
    assert web_clock.slept == [2.0]


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [(429, "7", 7), (503, "7", 7), (429, None, 60), (429, "soon", 60), (429, "999999", 3_600), (429, "-3", 0)],
)
def test_a_server_that_asks_to_wait_is_waited_for(web, centre, status, header, seconds):
    centre.pages["/returns"] = Answer(status=status, headers={} if header is None else {"Retry-After": header})
    with pytest.raises(SourceThrottled) as raised:
        web.page(f"{centre.url}/returns")
    assert raised.value.retry_after_s == seconds


def test_a_server_may_ask_to_wait_until_a_time(web, centre):
    until = email.utils.formatdate(time.time() + 90, usegmt=True)
    centre.pages["/returns"] = Answer(status=429, headers={"Retry-After": until})
    with pytest.raises(SourceThrottled) as raised:
        web.page(f"{centre.url}/returns")
    assert 80 < raised.value.retry_after_s <= 90


def test_only_a_page_that_changed_is_sent_again(web, centre):
    url = f"{centre.url}/returns"
    first = web.read(item(url))
    assert isinstance(first, Fetched)
    assert first.new.title == "Returns"
    known = item(url, etag=first.etag, digest=first.digest, document_id="d")
    assert web.read(known) == Unchanged()
    assert isinstance(web.read(item(url, etag=first.etag, digest=first.digest)), Fetched), "its document is not there"
    centre.drop("/returns")
    assert web.read(known) == Gone()


def test_pages_that_did_not_change_are_asked_for_over_one_connection(web, centre):
    for path in ("/returns", "/delivery", "/payment", "/nothing"):
        url = f"{centre.url}{path}"
        first = web.get(url)
        web.get(url, headers={"if-none-match": first.headers.get("etag", "")})
    assert centre.connections == 1


def test_private_addresses_are_not_asked_also_not_for_robots_txt(centre):
    web = Web(guard=Guard(), robots=Robots(), rate=0)
    with pytest.raises(Unreachable, match="private or reserved"):
        web.page(f"{centre.url}/returns")
    assert centre.asked == []
