"""A budget is read as an operator writes it, and counts what it is meant to count."""

import re

import pytest

from worker.budgets import Budget
from worker.conversations.outcomes import Usage


@pytest.mark.parametrize(
    ("text", "scope", "most", "unit"),
    [
        ("day=20usd", "day", 20.0, "usd"),
        ("conversation=50000tokens", "conversation", 50_000.0, "tokens"),
        (" Message = 0.05 USD ", "message", 0.05, "usd"),
    ],
)
def test_a_budget_is_read(text, scope, most, unit):
    assert Budget.parse(text) == Budget(scope=scope, most=most, unit=unit)


@pytest.mark.parametrize(
    "text", ["usd", "day", "day=20", "day=20eur", "year=20usd", "day=-1usd", "day=0usd", "day=1e3usd"]
)
def test_what_is_no_budget_is_refused(text):
    with pytest.raises(ValueError, match=re.escape(text)):
        Budget.parse(text)


def test_tokens_of_prompt_and_completion_count_together_and_dollars_apart():
    spent = Usage(prompt_tokens=700, completion_tokens=50, cost_usd=0.02)
    assert Budget.parse("day=1000tokens").of(spent) == 750
    assert Budget.parse("day=1usd").of(spent) == 0.02
