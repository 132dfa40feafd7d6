"""The budget of a run over past tickets: what all its calls of language models may cost together."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from worker.answering.chat_api.spending import Account, BudgetSpent, Spender, Spending
from worker.budgets import Budget
from worker.conversations.outcomes import Usage
from worker.states import SpendingScope
from worker.store.engine import Store


@dataclass
class RunBudget:
    """The limit of a run's cost in US dollars, `spent` included; None is no limit.

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
