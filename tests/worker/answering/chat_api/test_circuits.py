"""A model that fails is left alone for a while, by all threads, and then tried again."""

import pytest

from tests.support.fakes import hit
from worker.answering.chat_api.circuits import Circuit
from worker.answering.chat_api.client import Price, open_client
from worker.answering.chat_api.errors import ModelError
from worker.answering.drafting.llm import LlmAnswerer
from worker.answering.question import Question
from worker.conversations.outcomes import Usage

HITS = [hit("You can delete cookies in the browser.")]
QUESTION = Question(workspace_id="w", content="How do I delete cookies?", remaining_s=60)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_circuit_opens_after_failures_in_a_row_and_not_before():
    circuit = Circuit("m")
    for _ in range(4):
        circuit.record_failure(ModelError("no", recovery="retry"))
    assert circuit.open_for_s == 0
    circuit.record_success()
    for _ in range(4):
        circuit.record_failure(ModelError("no", recovery="retry"))
    assert circuit.open_for_s == 0
    circuit.record_failure(ModelError("no", recovery="retry"))
    assert 0 < circuit.open_for_s <= 10


def test_what_a_model_says_of_when_it_can_be_asked_again_is_respected_and_bounded():
    clock = Clock()
    circuit = Circuit("m", clock=clock)
    circuit.record_failure(ModelError("busy", recovery="retry"), after_s=7)
    assert circuit.open_for_s == 7
    clock.now += 7
    assert circuit.open_for_s == 0
    circuit.record_failure(ModelError("busy", recovery="retry"), after_s=86_400)
    assert circuit.open_for_s == 60


def answerer(url, *models, **options):
    client = open_client(api_key=None, base_url=f"{url}/v1")
    return LlmAnswerer(client=client, models=models, timeout_s=5, **options)


def test_while_one_rests_the_next_is_asked_and_without_a_next_it_is_said_when(model_url):
    alone = answerer(model_url, "fail-500")
    for _ in range(5):
        with pytest.raises(ModelError, match="answered 500"):
            alone.draft(QUESTION, HITS, revoked=lambda: False)
    with pytest.raises(ModelError, match="circuit breaker is open") as caught:
        alone.draft(QUESTION, HITS, revoked=lambda: False)
    assert caught.value.recovery == "retry"
    assert 0 < caught.value.after_s <= 10
    both = answerer(model_url, "fail-500", "good")
    for _ in range(7):
        assert both.draft(QUESTION, HITS, revoked=lambda: False).model == "good"
    assert both._circuits["fail-500"].open_for_s > 0


def test_a_call_costs_what_the_prices_say(model_url):
    made = answerer(model_url, "good", prices={"good": Price(prompt=2.0, completion=10.0)}).draft(
        QUESTION, HITS, revoked=lambda: False
    )
    usage = made.usage
    assert usage.cost_usd == pytest.approx((usage.prompt_tokens * 2 + usage.completion_tokens * 10) / 1e6)
    assert usage.cost_usd > 0
    assert answerer(model_url, "good").draft(QUESTION, HITS, revoked=lambda: False).usage.cost_usd == 0
    assert Price(prompt=0.15, completion=0.6).of(Usage(prompt_tokens=1_000_000)) == pytest.approx(0.15)
