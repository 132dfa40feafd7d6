"""Commands work on a server elsewhere as they do here, and say what is wrong with it."""

import itertools
import json

import click
import pytest
from redis import Redis

from tests.support.fakes import FakeSearch, hit
from worker.answering import direct_answers
from worker.cli.base import Failure
from worker.cli.remote import Server, Unreachable, checked_url, connect, follow
from worker.conversations.outcomes import Answer, Citation, Handoff
from worker.knowledge.search_service import ANSWERS, SEARCHES, Responder, searching

QUOTE = "You can delete cookies in the browser."


@pytest.fixture
def worker(served):
    """Respond as workers of the server do, with an outcome or with what is found; ends with the test."""
    settings = served.services.settings
    redis = Redis.from_url(settings.redis)
    begun = []

    def do(queue, **kinds):
        begun.append(Responder(redis, kinds, queue=queue, prefix=settings.redis_prefix, threads=1))
        begun[-1].start()

    yield do
    for one in begun:
        one.stop()
    redis.close()


def test_a_question_is_answered_by_a_server(remotely, worker):
    citation = Citation(number=1, document_id="doc_1", title="Cookies", url=None, quote=QUOTE, start=0, end=len(QUOTE))
    answered = Answer(content=f"{QUOTE} [1]", citations=(citation,), support=0.98, answerer="extractive")
    outcomes = [answered, answered, Handoff(reason="no_answer", summary="Nobody knows.")]
    worker(ANSWERS, answer=lambda **_asked: direct_answers.to_api(outcomes.pop(0)))
    shown = remotely("ask", "How do I delete cookies?")
    assert (shown.returncode, f"{QUOTE} [1]" in shown.stdout, "  Cookies" in shown.stdout) == (0, True, True)
    as_json = json.loads(remotely("ask", "How do I delete cookies?", "--json").stdout)
    assert (as_json["outcome"], as_json["citations"][0]["quote"]) == ("answer", QUOTE)
    assert "Nobody knows." in remotely("ask", "Where is my parcel?").stdout


def test_a_server_is_searched_with_the_filters_of_the_command(remotely, worker, served):
    search = FakeSearch([hit(QUOTE)])
    worker(SEARCHES, search=searching(search))
    found = remotely("search", "cookies", "--source", "help", "--audience", "public")
    assert (found.returncode, QUOTE in found.stdout) == (0, True), found.stderr


def test_a_server_without_a_worker_is_not_reachable_for_a_search(remotely, served):
    served.services.search_client._timeout_s = 0.2
    done = remotely("search", "cookies")
    assert (done.returncode, "try again" in done.stderr) == (3, True)


def test_what_is_no_server_of_answerback_is_said_so(receiver):
    url = receiver.url.removesuffix("/hook")
    with connect(Server(url=url, key="k", key_from="the test")) as remote:
        with pytest.raises(Failure, match="responded with 501"):
            remote.get("/v1/events")
        receiver.responses = [(200, {})]
        with pytest.raises(Failure, match="is the address right"):
            remote.post("/hook", {})


def test_a_key_without_the_scope_is_refused_with_a_status_of_its_own(remotely, served):
    keys = served.services.keys
    reader = keys.make(keys.workspace(), name="reader", scopes=["read"])
    done = remotely("trigger", "message.answered", ANSWERBACK_API_KEY=reader)
    assert (done.returncode, "scope" in done.stderr) == (4, True), done.stderr


class FakeRemote:
    """Answers a poll with the next of some pages, or with the error in its place."""

    def __init__(self, *pages):
        self.pages = iter(pages)

    def get(self, _path, **_query):
        page = next(self.pages)
        if isinstance(page, Exception):
            raise page
        return {"items": page, "next_cursor": "0-1"}


def test_an_outage_of_days_ends_no_follower():
    pauses = []
    remote = FakeRemote(*itertools.repeat(Unreachable("away"), 2_000), [{"id": "evt_1"}])
    feed = follow(remote, "now", interrupted=lambda _why: None, sleep=pauses.append)
    assert next(feed) == {"id": "evt_1"}
    assert len(pauses) == 2_000
    assert max(pauses) == 10.0


def test_a_server_that_does_not_wait_is_not_asked_without_a_pause():
    pauses = []
    feed = follow(
        FakeRemote([], [], [{"id": "evt_1"}]), "now", interrupted=print, sleep=pauses.append, clock=lambda: 0.0
    )
    assert next(feed) == {"id": "evt_1"}
    assert pauses == [1.0, 1.0]


@pytest.mark.parametrize("url", ["http://[::1", "http://shop.example:port", "shop.example", "ftp://shop.example", ""])
def test_what_is_no_address_is_refused_with_an_example(url):
    with pytest.raises(click.UsageError, match=r"https://answers\.example"):
        checked_url(url)
