"""An agent without effects, for past tickets: as the desk's own, but it writes nothing and has a budget of its own."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from worker.answering.chat_api.spending import Account, BudgetSpent, Spender, Spending
from worker.answering.question import Question
from worker.budgets import Budget
from worker.conversations.outcomes import Outcome, Usage
from worker.errors import Invalid
from worker.states import SpendingScope
from worker.store.engine import Store

if TYPE_CHECKING:
    from worker.answering.agent import Agent
    from worker.services.agent import Knowledge
    from worker.services.common import Common


@dataclass
class RunBudget:
    """What a run may cost in US dollars, `spent` included, whatever pays for it; None is no limit.

    `stopped` says why no further call may be made.
    """

    max_usd: float | None = None
    spent_usd: float = 0.0
    stopped: str | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def open(self, store: Store, budgets: Sequence[Budget] = (), *, judge_budgets: Sequence[Budget] = ()) -> Spending:
        """Return the spending of a model whose calls count here as well."""
        return _Spending(self, store, budgets, judge_budgets=judge_budgets)

    def reserve(self, usd: float) -> None:
        """Book the most that a call may cost.

        Raises:
            BudgetSpent: it is more than is left.
        """
        with self._guard:
            if self.max_usd is not None and self.spent_usd + usd > self.max_usd:
                self.stopped = f"because the next call might exceed ${self.max_usd:g} (--max-cost)"
                raise BudgetSpent(SpendingScope.DAY)
            self.spent_usd += usd

    def correct(self, usd: float) -> None:
        """Add the difference between what was reserved and the actual cost."""
        with self._guard:
            self.spent_usd += usd


class _Spending(Spending):
    """The desk's accounts, which a backtest is charged to, and the run's own budget before them."""

    def __init__(
        self, run: RunBudget, store: Store, budgets: Sequence[Budget], *, judge_budgets: Sequence[Budget]
    ) -> None:
        super().__init__(store, budgets, judge_budgets=judge_budgets)
        self._run = run

    @contextmanager
    def call(self, spender: Spender | None, *, max_usage: Usage) -> Iterator[Account]:
        """Charge one call, as `Spending.call` does."""
        self._run.reserve(max_usage.cost_usd)
        actual = 0.0
        try:
            with super().call(spender, max_usage=max_usage) as account:
                try:
                    yield account
                finally:
                    actual = account.usage.cost_usd
        except BudgetSpent as error:
            if error.scope in (SpendingScope.DAY, SpendingScope.KEY) and not error.of_judge:
                self._run.stopped = f"because of ANSWERBACK_BUDGETS: {error}"
            raise
        finally:
            self._run.correct(actual - max_usage.cost_usd)


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """Answers past tickets (`worker.backtest.run.ShadowAgent`)."""

    agent: "Agent"
    budget: RunBudget

    @property
    def stopped(self) -> str | None:
        """Why no further model call may be made; None while calls may be made."""
        return self.budget.stopped

    def answer(self, question: Question) -> Outcome:
        """Return the outcome of a question, as a worker would get it."""
        return self.agent.answer(question)


def build_shadow(common: "Common", knowledge: "Knowledge", *, max_usd: float | None, spent_usd: float) -> Shadow:
    """Build the agent of a backtest.

    Raises:
        Invalid: the cost is to be limited, and that of a model is not known.
    """
    from worker.services.agent import build_agent

    settings = common.settings
    if max_usd is not None and settings.chosen_answerer == "llm":
        priced = {model for model, _prompt, _completion in settings.prices}
        used = {*settings.models, *((settings.judge_model,) if settings.judges and settings.judge_model else ())}
        if unknown := sorted(used - priced):
            raise Invalid(f"--max-cost needs the price of {', '.join(unknown)}: set ANSWERBACK_PRICES.")
    budget = RunBudget(max_usd=max_usd, spent_usd=spent_usd)
    return Shadow(agent=build_agent(common, knowledge, None, shadow=budget), budget=budget)
