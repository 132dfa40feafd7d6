"""An agent for past tickets: nothing is written, and its budget holds before the call."""

import json

import pytest

from tests.support import endpoint as model_endpoint
from worker.answering.chat_api.spending import BudgetSpent, Spender
from worker.answering.question import Question
from worker.budgets import Budget
from worker.conversations.outcomes import Usage
from worker.errors import Invalid
from worker.services.shadow import RunBudget, build_shadow
from worker.states import SpendingScope


def call(spending, workspace_id, *, most, actual):
    spender = Spender(workspace_id=workspace_id, conversation_id="backtest_1", message_id="backtest_1")
    with spending.call(spender, max_usage=Usage(cost_usd=most)) as account:
        account.usage = Usage(cost_usd=actual)


def test_a_call_that_might_exceed_the_budget_of_the_run_is_not_made(store, workspace_id):
    budget = RunBudget(max_usd=1.0, spent_usd=0.5)
    spending = budget.open(store)
    call(spending, workspace_id, most=0.4, actual=0.1)
    assert budget.spent_usd == pytest.approx(0.6)
    assert budget.stopped is None
    with pytest.raises(BudgetSpent):
        call(spending, workspace_id, most=0.5, actual=0.1)
    assert "--max-cost" in budget.stopped
    assert budget.spent_usd == pytest.approx(0.6)


def test_a_call_that_breaks_counts_with_what_it_cost(store, workspace_id):
    budget = RunBudget(max_usd=1.0)
    spender = Spender(workspace_id=workspace_id, conversation_id="c", message_id="m")

    def broken():
        with budget.open(store).call(spender, max_usage=Usage(cost_usd=0.9)) as account:
            account.usage = Usage(cost_usd=0.2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert budget.spent_usd == pytest.approx(0.2)


def test_the_desks_daily_budget_stops_a_run_and_that_of_a_message_does_not(store, workspace_id):
    for scope, stops in (("day", True), ("message", False)):
        budget = RunBudget()
        spending = budget.open(store, [Budget.parse(f"{scope}=0.1usd")])
        with pytest.raises(BudgetSpent) as spent:
            call(spending, workspace_id, most=0.2, actual=0.2)
        assert spent.value.scope == SpendingScope(scope)
        assert (budget.stopped is not None) is stops, scope


@pytest.fixture
def common(settings):
    from worker.services.common import build_common

    made = []

    def do(**changes):
        import dataclasses

        made.append(build_common(dataclasses.replace(settings, **changes)))
        return made[-1]

    yield do
    for one in made:
        one.close(timeout_s=0.1)


def test_tools_that_change_something_are_not_offered_unless_they_ask_first(common, tmp_path):
    from worker.services.agent import build_knowledge

    tool = {"title": "T", "description": "d", "parameters": {"type": "object", "properties": {}}}
    declared = [
        {**tool, "name": "order", "url": "http://127.0.0.1:9/o"},
        {**tool, "name": "cancel", "url": "http://127.0.0.1:9/c", "method": "POST", "unconfirmed": True},
        {**tool, "name": "refund", "url": "http://127.0.0.1:9/r", "method": "POST", "confirmation": "Refund?"},
    ]
    (tmp_path / "tools.json").write_text(json.dumps({"tools": declared}))
    with model_endpoint.endpoint(lambda _body: model_endpoint.stream("We are ", "open.")) as model:
        built = common(
            answerer="llm",
            openai_base_url=model.url,
            models=("any",),
            tools=tmp_path / "tools.json",
            openai_api_key="x",
        )
        shadow = build_shadow(built, build_knowledge(built), max_usd=None, spent_usd=0.0)
        registry = shadow.agent.answerer.registry
        assert {one.name for one in registry.tools} == {"search", "escalate", "order", "refund"}
        question = Question(workspace_id="w", conversation_id="backtest_1", content="Refund me")
        asked = registry.call(question, "refund", "{}")
        assert asked.fixed_reply == "Refund?"
        assert registry.resolve_pending(Question(workspace_id="w", conversation_id="backtest_1", content="Yes")) is None


def test_a_limit_needs_the_prices_of_the_models(common):
    from worker.services.agent import build_knowledge

    built = common(answerer="llm", openai_api_key="x", models=("unpriced",), prices=())
    with pytest.raises(Invalid, match="price of unpriced"):
        build_shadow(built, build_knowledge(built), max_usd=1.0, spent_usd=0.0)
