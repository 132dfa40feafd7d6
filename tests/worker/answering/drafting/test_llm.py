"""The model's failures, over real HTTP, each turned into what helps."""

import json
import threading
import time
import urllib.request

import pytest

from tests.support.fakes import hit
from tests.support.processes import wait_for
from worker.answering import prompts
from worker.answering.chat_api.client import open_client
from worker.answering.chat_api.errors import ModelError
from worker.answering.drafting.llm import LlmAnswerer
from worker.answering.question import Question, Revoked

HITS = [hit("You can delete cookies in the browser. They come back.")]


def control(url: str, **settings: object) -> dict:
    data = json.dumps(settings).encode() if settings else None
    request = urllib.request.Request(f"{url}/control", data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)


@pytest.fixture(autouse=True)
def _calm(model_url: str):
    control(model_url, latency_s=0, mode="answer", tokens_per_s=0, comments=False, reset=True)


def draft(url: str, *models: str, timeout_s: float = 5, remaining_s: float = 60, revoked=lambda: False):
    answerer = LlmAnswerer(client=open_client(api_key=None, base_url=f"{url}/v1"), models=models, timeout_s=timeout_s)
    question = Question(workspace_id="w", content="How do I delete cookies?", remaining_s=remaining_s)
    return answerer.draft(question, HITS, revoked=revoked)


def test_a_model_sees_numbered_passages_and_its_tokens_are_counted(model_url):
    made = draft(model_url, "good")
    assert made.text == "You can delete cookies in the browser [1]."
    assert made.usage.completion_tokens > 0
    (seen,) = control(model_url)["seen"]
    assert "[1] Cookies\nYou can delete cookies" in seen["messages"][-1]["content"]
    assert "How do I delete cookies?" in seen["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("model", "then"),
    [
        ("fail-429", "retry"),
        ("fail-500", "retry"),
        ("fail-503", "retry"),
        ("fail-404", "fall_back"),
        ("fail-400", "fall_back"),
        ("fail-401", "give_up"),
        ("garbage", "retry"),
    ],
)
def test_each_failure_is_classified(model_url, model, then):
    with pytest.raises(ModelError) as caught:
        draft(model_url, model)
    assert caught.value.recovery == then
    if model == "fail-429":
        assert caught.value.after_s == 1.0


def test_the_next_model_answers_when_the_first_cannot(model_url):
    made = draft(model_url, "fail-500", "fail-404", "good")
    assert made.model == "good"


def test_the_failure_that_promises_most_decides_when_all_fail(model_url):
    with pytest.raises(ModelError) as caught:
        draft(model_url, "fail-401", "fail-429")
    assert caught.value.recovery == "retry"


def test_a_stalled_stream_ends_at_the_deadline(model_url):
    began = time.monotonic()
    with pytest.raises(ModelError) as caught:
        draft(model_url, "stall", timeout_s=1)
    assert caught.value.recovery == "retry"
    assert time.monotonic() - began < 5


def test_a_stream_kept_alive_by_comments_ends_at_the_deadline_too(model_url):
    control(model_url, comments=True)
    began = time.monotonic()
    with pytest.raises(ModelError):
        draft(model_url, "stall", timeout_s=1)
    assert time.monotonic() - began < 5


def test_cancelling_ends_a_stream_that_says_nothing(model_url):
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Revoked):
        draft(model_url, "stall", timeout_s=20, revoked=stop.is_set)
    assert time.monotonic() - began < 5


def test_a_model_that_drips_ends_at_the_deadline_too(model_url):
    control(model_url, tokens_per_s=2)
    with pytest.raises(ModelError):
        draft(model_url, "good", timeout_s=1.2)


def test_a_dead_endpoint_is_worth_a_retry():
    with pytest.raises(ModelError) as caught:
        draft("http://127.0.0.1:9", "good")
    assert caught.value.recovery == "retry"


def test_a_cancelled_message_closes_the_stream_so_that_spending_stops(model_url):
    control(model_url, tokens_per_s=5)
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    with pytest.raises(Revoked):
        draft(model_url, "good", revoked=stop.is_set)
    ends = time.monotonic() + 3
    while control(model_url)["counts"]["active"] and time.monotonic() < ends:
        time.sleep(0.05)
    assert control(model_url)["counts"]["active"] == 0
    assert control(model_url)["counts"]["finished"] == 0


def test_a_cancelled_message_stops_a_model_that_has_not_even_begun_to_answer(model_url):
    """The time to the first token is when a model costs most; the server sees the call end within a second."""
    control(model_url, latency_s=30)
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Revoked):
        draft(model_url, "good", timeout_s=30, revoked=stop.is_set)
    assert time.monotonic() - began < 5
    wait_for(lambda: control(model_url)["counts"]["closed_early"] == 1, timeout_s=5, what="the end of the call")


@pytest.mark.parametrize(("model", "wants_human"), [("refuse", False), ("person", True)])
def test_a_model_may_say_that_it_has_no_answer(model_url, model, wants_human):
    made = draft(model_url, model)
    assert made.text is None
    assert made.wants_human is wants_human


def test_the_model_is_given_quoted_text_as_context_and_told_so():
    asked = Question(workspace_id="w", content="Why?", quoted="> Because.")
    system, *_, user = prompts.messages(asked, [])
    assert "<quoted>\n> Because.\n</quoted>\n\n<customer>\nWhy?\n</customer>" in user["content"]
    assert "<quoted>" in system["content"]
    system, *_, user = prompts.messages(Question(workspace_id="w", content="Why?"), [])
    assert "<quoted>" not in system["content"] + user["content"]
