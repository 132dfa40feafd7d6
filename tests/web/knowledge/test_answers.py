"""Direct answers, through the API; tests/integration tries them with real workers."""

import threading

import pytest
from redis import Redis

from kb.errors import KnowledgeError
from tests.support.fakes import FakeSearch, hit
from worker.answering import direct_answers
from worker.answering.agent import Agent
from worker.answering.drafting.extractive import ExtractiveAnswerer
from worker.answering.questions.gate import Gate
from worker.errors import AnswerbackError
from worker.knowledge.search_service import ANSWERS, Responder
from worker.voice.voice import Voice


@pytest.fixture
def worker(settings, embedder):
    """Begin answering as a worker does, with these passages or this function; ends with the test."""
    redis = Redis.from_url(settings.redis)
    begun = []

    def do(*texts, instead=None):
        agent = Agent(
            knowledge=FakeSearch([hit(text) for text in texts]),
            answerer=ExtractiveAnswerer(embedder, min_confidence=0.0),
            gate=Gate(coverage=1.0),
        )
        kinds = {
            "answer": instead
            or direct_answers.answering(lambda _workspace_id, _tried: agent, voice=lambda _workspace_id: Voice())
        }
        begun.append(Responder(redis, kinds, queue=ANSWERS, prefix=settings.redis_prefix, threads=1))
        begun[-1].start()

    yield do
    for one in begun:
        one.stop()
    redis.close()


def test_a_question_is_answered_with_sources_and_nothing_is_stored(call, worker):
    worker("You can delete all cookies under Settings > Privacy.")
    response = call("POST", "/v1/answers", json={"question": "How do I delete cookies?"})
    assert response.status_code == 200, response.json
    shown = response.json
    assert shown["state"] == "answered"
    assert "Settings > Privacy" in shown["answer"]["content"]
    (citation,) = shown["answer"]["citations"]
    assert citation["quote"] in "You can delete all cookies under Settings > Privacy."
    assert shown["answer"]["support"] == 1.0
    assert shown["retrieved"]["items"]
    assert call("GET", "/v1/conversations").json["items"] == []
    assert call("GET", "/v1/escalations").json["items"] == []


def test_a_question_for_a_human_is_named_as_such_and_nobody_is_told(call, worker):
    worker("You can delete all cookies under Settings > Privacy.")
    shown = call("POST", "/v1/answers", json={"question": "I want to speak to a human"}).json
    assert (shown["state"], shown["answer"], shown["handoff"]["reason"]) == ("handed_off", None, "asked_for_person")
    assert "escalation_id" not in shown["handoff"]
    assert call("GET", "/v1/escalations").json["items"] == []


def test_the_time_and_the_key_go_with_the_question(call, worker):
    asked = []

    def note(**fields):
        asked.append(fields)
        return {"state": "handed_off"}

    worker(instead=note)
    call("POST", "/v1/answers", json={"question": "Why?", "wait_s": 7})
    (fields,) = asked
    assert (fields["question"], fields["remaining_s"]) == ("Why?", 7.0)
    assert fields["key_id"].startswith("key_")


@pytest.mark.parametrize("error", [AnswerbackError("The model is asleep."), KnowledgeError("The index is broken.")])
def test_a_worker_that_cannot_answer_says_why(call, worker, error):
    def fail(**_fields):
        raise error

    worker(instead=fail)
    response = call("POST", "/v1/answers", json={"question": "Why?"})
    assert (response.status_code, response.json["detail"]) == (503, str(error))


def test_without_a_worker_it_is_a_503(call):
    response = call("POST", "/v1/answers", json={"question": "Why?", "wait_s": 0.2})
    assert (response.status_code, response.json["code"]) == (503, "no_worker")


def test_no_more_requests_wait_than_may(call, app, worker):
    app.extensions["answerback_waiters"] = threading.Semaphore(0)
    worker("You can delete all cookies.")
    response = call("POST", "/v1/answers", json={"question": "Why?"})
    assert (response.status_code, response.json["code"]) == (503, "no_worker")


@pytest.mark.parametrize(
    ("sent", "field"),
    [({}, "question"), ({"question": "  "}, "question"), ({"question": "Why?", "wait_s": 61}, "wait_s")],
)
def test_what_is_no_question_is_refused(call, sent, field):
    response = call("POST", "/v1/answers", json=sent)
    assert response.status_code == 422
    assert [problem["field"] for problem in response.json["errors"]] == [field]
