"""What the web server asks workers: answered soon, told when it cannot be, and never behind what takes long."""

import threading
import time

import pytest
from redis import Redis

from kb.errors import KnowledgeError
from tests.support.fakes import FakeSearch, hit
from worker.errors import DatabaseUnavailable
from worker.knowledge import search_service
from worker.knowledge.search_service import ANSWERS, QUESTIONS, SEARCHES, NoWorker, Responder, SearchClient, searching


@pytest.fixture
def redis(valkey_url):
    client = Redis.from_url(valkey_url)
    yield client
    client.close()


@pytest.fixture
def respond(redis, tmp_path):
    """Begin answering a queue; ends with the test."""
    begun = []

    def do(queue, **kinds):
        begun.append(Responder(redis, kinds, queue=queue, prefix=f"{tmp_path.name}:", threads=1))
        begun[-1].start()

    yield do
    for one in begun:
        one.stop()


@pytest.fixture
def client(redis, tmp_path):
    return SearchClient(redis, redis, prefix=f"{tmp_path.name}:", timeout_s=1.5)


def test_a_search_is_answered_with_the_score_of_each_leg(client, respond):
    respond(SEARCHES, search=searching(FakeSearch([hit("You can delete cookies.")])))
    (item,) = client.search("ws", "cookies", limit=5)["items"]
    assert (item["text"], item["scores"]) == ("You can delete cookies.", {"dense": 0.9, "lexical": 1.0})


def test_what_takes_long_holds_up_no_search(client, respond):
    over = threading.Event()

    def slow(**_asked):
        over.wait(10)
        return {"items": []}

    respond(SEARCHES, search=searching(FakeSearch()))
    respond(QUESTIONS, unanswered_questions=slow)
    waiting = threading.Thread(target=lambda: client.unanswered_questions("ws", days=30))
    waiting.start()
    time.sleep(0.2)
    assert client.search("ws", "cookies", limit=5)["items"] == []
    assert waiting.is_alive()
    over.set()
    waiting.join()


def test_a_worker_that_cannot_says_why(client, respond):
    def away(**_asked):
        raise DatabaseUnavailable

    respond(QUESTIONS, unanswered_questions=away)
    with pytest.raises(KnowledgeError, match="The database cannot be reached"):
        client.unanswered_questions("ws", days=30)
    with pytest.raises(KnowledgeError, match="of an earlier version"):
        client.changes("ws", before="1-a", after="2-a")


@pytest.mark.alone
def test_who_asks_while_as_many_wait_as_may_is_told_at_once(redis, tmp_path):
    client = SearchClient(redis, redis, prefix=f"{tmp_path.name}:", timeout_s=3.0, most_at_once=1)

    def ask():
        with pytest.raises(NoWorker):
            client.search("ws", "cookies", limit=5)

    waits = threading.Thread(target=ask)
    waits.start()
    time.sleep(0.3)
    began = time.monotonic()
    ask()
    assert time.monotonic() - began < 1.5
    waits.join()


def test_nobody_there_is_noticed_in_time(client):
    began = time.monotonic()
    with pytest.raises(NoWorker):
        client.search("ws", "cookies", limit=5)
    assert time.monotonic() - began < 10


def test_a_question_that_nobody_waits_for_any_more_is_left(client, respond, redis, tmp_path):
    asked = []

    def count(**given):
        asked.append(given)
        return {"snapshot": None, "items": []}

    with pytest.raises(NoWorker):
        client.search("ws", "too early", limit=5)
    redis.rpush(f"{tmp_path.name}:searches", b'{"reply": "x", "kind": "search"}')
    respond(SEARCHES, search=count)
    client.search("ws", "in time", limit=5)
    assert [one["query"] for one in asked] == ["in time"]


def test_a_worker_that_breaks_says_so_at_once(client, respond):
    def broken(**_asked):
        raise ZeroDivisionError

    respond(ANSWERS, answer=broken)
    began = time.monotonic()
    with pytest.raises(KnowledgeError, match="not foreseen"):
        client.answer("ws", "Why?", key_id=None, timeout_s=20.0)
    assert time.monotonic() - began < 10


def test_an_answer_may_take_longer_than_a_call_of_redis(respond, redis, valkey_url, tmp_path, monkeypatch):
    monkeypatch.setattr(search_service, "_BLOCK_S", 0.2)
    impatient = Redis.from_url(valkey_url, socket_timeout=0.6)
    client = SearchClient(redis, impatient, prefix=f"{tmp_path.name}:")

    def slow(**_asked):
        time.sleep(1.2)
        return {"state": "answered"}

    respond(ANSWERS, answer=slow)
    assert client.answer("ws", "Why?", key_id=None, timeout_s=20.0) == {"state": "answered"}
    impatient.close()


def test_who_waits_briefly_drops_nobody_elses_question(client, redis, tmp_path):
    with pytest.raises(NoWorker):
        client.answer("ws", "Why?", key_id=None, timeout_s=0.2)
    assert redis.ttl(f"{tmp_path.name}:{ANSWERS}") > 60


def test_who_waits_for_an_answer_holds_up_no_search(redis, respond, tmp_path):
    client = SearchClient(redis, redis, prefix=f"{tmp_path.name}:", timeout_s=1.5, most_at_once=1)
    over = threading.Event()

    def slow(**_asked):
        over.wait(10)
        return {}

    respond(ANSWERS, answer=slow)
    respond(SEARCHES, search=searching(FakeSearch()))
    waiting = threading.Thread(target=lambda: client.answer("ws", "Why?", key_id=None, timeout_s=10.0))
    waiting.start()
    time.sleep(0.2)
    assert client.search("ws", "cookies", limit=5)["items"] == []
    over.set()
    waiting.join()
