"""Every call is accounted, and no budget is overspent, not even by calls at once or by workers that die."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from worker.answering.chat_api.spending import BudgetSpent, Spender, Spending, today
from worker.budgets import Budget
from worker.conversations.outcomes import Usage
from worker.store.scope import Scope
from worker.store.tables import spending

MAX = Usage(prompt_tokens=100, completion_tokens=50, cost_usd=0.10)
SPENT = Usage(prompt_tokens=60, completion_tokens=10, cost_usd=0.04)


def accounts(store):
    with store.read() as connection:
        rows = connection.execute(sa.select(spending)).mappings()
        return {
            (row["scope"], row["subject"]): (row["calls"], row["prompt_tokens"], row["completion_tokens"])
            for row in rows
        }


@pytest.fixture
def spender(workspace_id):
    return Spender(workspace_id=workspace_id, conversation_id="conv_1", message_id="msg_1", key_id="key_1")


def test_a_call_is_accounted_by_message_conversation_key_and_day(store, spender):
    for _ in range(2):
        with Spending(store).call(spender, max_usage=MAX) as call:
            call.usage = SPENT
    every = (2, 120, 20)
    assert accounts(store) == {
        ("message", "msg_1"): every,
        ("conversation", "conv_1"): every,
        ("key", "key_1"): every,
        ("day", "all"): every,
    }


def test_a_budget_is_booked_before_and_corrected_after(store, spender):
    spending = Spending(store, [Budget.parse("conversation=300tokens")])
    with spending.call(spender, max_usage=MAX) as call:
        assert accounts(store)[("conversation", "conv_1")] == (1, 100, 50)
        call.usage = SPENT
    assert accounts(store)[("conversation", "conv_1")] == (1, 60, 10)


@pytest.mark.parametrize("scope", ["message", "conversation", "key", "day"])
def test_what_could_go_beyond_a_budget_is_not_begun_and_books_nothing(store, spender, scope):
    spending = Spending(store, [Budget.parse(f"{scope}=0.15usd")])
    with spending.call(spender, max_usage=MAX) as call:
        call.usage = Usage(cost_usd=0.06)
    before = accounts(store)
    with pytest.raises(BudgetSpent) as caught, spending.call(spender, max_usage=MAX):
        raise AssertionError("begun")
    assert caught.value.scope == scope
    assert accounts(store) == before


def test_another_conversation_has_a_budget_of_its_own(store, spender, workspace_id):
    spending = Spending(store, [Budget.parse("conversation=150tokens")])
    with spending.call(spender, max_usage=MAX) as call:
        call.usage = MAX
    other = Spender(workspace_id=workspace_id, conversation_id="conv_2", message_id="msg_2")
    with spending.call(other, max_usage=MAX) as call:
        call.usage = MAX
    with pytest.raises(BudgetSpent), spending.call(spender, max_usage=MAX):
        pass


def test_many_at_once_stay_within(store, spender):
    spending = Spending(store, [Budget.parse("day=1500tokens")])

    def once(_number):
        try:
            with spending.call(spender, max_usage=MAX) as call:
                call.usage = MAX
        except BudgetSpent:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(once, range(30)))
    assert sum(begun) == 10
    assert accounts(store)[("day", "all")] == (10, 1000, 500)


def test_a_call_whose_worker_died_counts_as_what_it_could_have_cost(store, spender):
    spending = Spending(store, [Budget.parse("day=200tokens")])
    lost = spending.call(spender, max_usage=MAX)
    lost.__enter__()  # and never ended
    with pytest.raises(BudgetSpent), Spending(store, [Budget.parse("day=200tokens")]).call(spender, max_usage=MAX):
        pass


def test_a_call_that_failed_before_it_was_asked_costs_nothing(store, spender):
    spending = Spending(store, [Budget.parse("day=200tokens")])
    with pytest.raises(OSError, match="away"), spending.call(spender, max_usage=MAX):
        raise OSError("away")
    assert accounts(store)[("day", "all")] == (1, 0, 0)


@pytest.mark.parametrize("text", ["day", "day=", "day=5", "year=5usd", "day=0usd", "day=-1usd", "day=xusd"])
def test_a_budget_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=text[:3]):
        Budget.parse(text)


def test_budgets_are_read_as_people_write_them():
    assert Budget.parse("Day = 20 USD") == Budget(scope="day", most=20.0, unit="usd")


# -- the judge's own ---------------------------------------------------------------------------------------------------


def test_what_the_judge_costs_counts_for_all_and_on_its_own(store, spender):
    judge = Spending(store, [], judge_budgets=[Budget.parse("day=500tokens"), Budget.parse("message=500tokens")])
    with judge.call(spender, max_usage=MAX) as call:
        call.usage = SPENT
    with Spending(store).call(spender, max_usage=MAX) as call:
        call.usage = SPENT
    booked = accounts(store)
    assert booked[("day", "all")] == (2, 120, 20)
    assert booked[("judge", "all")] == booked[("judge", "msg_1")] == (1, 60, 10)
    assert ("judge", "conv_1") not in booked


@pytest.mark.parametrize("scope", ["message", "conversation", "key", "day"])
def test_the_judge_stops_at_its_budget_while_others_go_on(store, spender, scope):
    judge = Spending(store, judge_budgets=[Budget.parse(f"{scope}=0.15usd")])
    with judge.call(spender, max_usage=MAX) as call:
        call.usage = Usage(cost_usd=0.06)
    before = accounts(store)
    with pytest.raises(BudgetSpent, match="judge") as caught, judge.call(spender, max_usage=MAX):
        raise AssertionError("begun")
    assert caught.value.scope == scope
    assert accounts(store) == before
    with Spending(store, [Budget.parse(f"{scope}=5usd")]).call(spender, max_usage=MAX) as call:
        call.usage = SPENT


def test_a_budget_for_all_calls_stops_the_judge_as_well(store, spender):
    judge = Spending(store, [Budget.parse("day=100tokens")], judge_budgets=[Budget.parse("day=9000tokens")])
    with pytest.raises(BudgetSpent, match="Today's budget is spent"), judge.call(spender, max_usage=MAX):
        pass
    assert accounts(store) == {}


def test_the_judge_spends_no_more_than_its_budget_when_many_ask_at_once(store, spender):
    judge = Spending(store, judge_budgets=[Budget.parse("day=600tokens")])

    def once(_number):
        try:
            with judge.call(spender, max_usage=MAX) as call:
                call.usage = MAX
        except BudgetSpent:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(once, range(12))) == 4
    assert accounts(store)[("judge", "all")] == (4, 400, 200)


def test_today_shows_what_the_judge_spent(store, spender, workspace_id):
    budgets = [Budget.parse("day=500tokens"), Budget.parse("key=300tokens"), Budget.parse("message=300tokens")]
    with Spending(store, judge_budgets=budgets).call(spender, max_usage=MAX) as call:
        call.usage = SPENT
    shown = today(Scope(store, workspace_id), [], judge_budgets=budgets)
    assert [spent for _, spent in shown.judge] == [70, 70, None]
    assert [key["subject"] for key in shown.keys] == ["key_1"]
