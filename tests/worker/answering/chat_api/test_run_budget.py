import pytest

from worker.answering.chat_api.run_budget import RunBudget
from worker.answering.chat_api.spending import BudgetSpent, Spender
from worker.budgets import Budget
from worker.conversations.outcomes import Usage
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
