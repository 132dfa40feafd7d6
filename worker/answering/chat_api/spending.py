"""The cost of language models by message, conversation, API key and day, and their budgets.

A budget is hard: the maximum cost of a call is booked before the call and corrected after it. A call whose worker died
keeps the maximum, since the provider may bill it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from worker.budgets import Budget
from worker.conversations.outcomes import Usage
from worker.errors import AnswerbackError
from worker.ids import new_id
from worker.states import SpendingScope
from worker.store.engine import Store
from worker.store.rows import SpendingAccount
from worker.store.scope import Scope
from worker.store.tables import spending
from worker.store.upsert import upsert_into
from worker.time import to_rfc3339

#: The subject of the account of a day.
ALL = "all"

_DAILY_SCOPES = (SpendingScope.KEY, SpendingScope.DAY)


class BudgetSpent(AnswerbackError):
    """The budget does not allow another call of the language model."""

    code = "budget_spent"

    def __init__(self, scope: SpendingScope, *, of_judge: bool = False) -> None:
        super().__init__(_OF_JUDGE if of_judge else _MESSAGES[scope], scope=scope)
        self.scope = scope
        self.of_judge = of_judge


_MESSAGES = {
    SpendingScope.MESSAGE: "The budget of one message does not allow another call of the language model.",
    SpendingScope.CONVERSATION: "The budget of this conversation is spent.",
    SpendingScope.KEY: "Today's budget of the API key is spent.",
    SpendingScope.DAY: "Today's budget is spent.",
}
_OF_JUDGE = "The judge's own budget does not allow another call of the language model."


@dataclass(frozen=True, kw_only=True)
class Spender:
    """The accounts that a call is charged to; `key_id` is that of the API key that sent the message."""

    workspace_id: str
    conversation_id: str
    message_id: str
    key_id: str | None = None

    @property
    def subjects(self) -> dict[SpendingScope, str]:
        """The id of the account in each scope that applies."""
        ids = {
            SpendingScope.MESSAGE: self.message_id,
            SpendingScope.CONVERSATION: self.conversation_id,
            SpendingScope.KEY: self.key_id,
            SpendingScope.DAY: ALL,
        }
        return {scope: subject for scope, subject in ids.items() if subject}


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """An account to book on: `kind` is the scope of its row, `scope` that of the budgets that limit it."""

    kind: SpendingScope
    scope: SpendingScope
    subject: str
    budgets: Sequence[Budget]


class Spending:
    """Books the cost of calls in the database. Safe to share between threads and processes.

    With `judge_budgets`, all calls are the judge's: they are booked on its own accounts as well, which these limit.
    """

    def __init__(self, store: Store, budgets: Sequence[Budget] = (), *, judge_budgets: Sequence[Budget] = ()) -> None:
        self._store = store
        self._budgets = tuple(budgets)
        self._judge_budgets = tuple(judge_budgets)
        statement = upsert_into(store, spending)
        self._add = statement.on_conflict_do_update(
            index_elements=[spending.c.workspace_id, spending.c.scope, spending.c.subject, spending.c.day],
            set_={
                name: spending.c[name] + statement.excluded[name]
                for name in ("calls", "prompt_tokens", "completion_tokens", "cost_usd")
            }
            | {"updated_at": statement.excluded.updated_at},
        ).returning(spending)

    @contextmanager
    def call(self, spender: Spender | None, *, max_usage: Usage) -> Iterator["Account"]:
        """Charge one call of a model, made inside the block; set the yielded account's `usage` to its actual cost.

        `max_usage` is booked meanwhile. Without a spender nothing is booked.

        Raises:
            BudgetSpent: the call might exceed a budget; nothing was booked.
        """
        account = Account()
        if spender is None:
            yield account
            return
        is_limited = bool(self._budgets or self._judge_budgets)
        day = self._book(spender, None, max_usage, calls=1) if is_limited else None
        try:
            yield account
        finally:
            charge = account.usage
            if day is not None:
                charge = Usage(
                    prompt_tokens=charge.prompt_tokens - max_usage.prompt_tokens,
                    completion_tokens=charge.completion_tokens - max_usage.completion_tokens,
                    cost_usd=charge.cost_usd - max_usage.cost_usd,
                )
            if charge != Usage():
                self._book(spender, day, charge, calls=0 if day is not None else 1, checked=False)

    def _book(self, spender: Spender, day: str | None, usage: Usage, *, calls: int, checked: bool = True) -> str:
        """Add to each account and return the day (UTC, YYYY-MM-DD) of those that are kept by day."""
        with self._store.begin() as tx:
            now = self._store.now(tx)
            day = day or str(to_rfc3339(now))[:10]
            # All callers lock the accounts in the same order, so that they cannot deadlock.
            for entry in self._entries(spender):
                values = {
                    "id": new_id("acc"),
                    "workspace_id": spender.workspace_id,
                    "scope": entry.kind,
                    "subject": entry.subject,
                    "day": day if entry.scope in _DAILY_SCOPES else "",
                    "calls": calls,
                    "prompt_tokens": usage.prompt_tokens,
                    "completion_tokens": usage.completion_tokens,
                    "cost_usd": usage.cost_usd,
                    "updated_at": now,
                }
                booked = SpendingAccount.from_row(tx.execute(self._add, values).mappings().one())
                for budget in entry.budgets:
                    if checked and budget.scope == entry.scope and budget.of(booked) > budget.most:
                        raise BudgetSpent(entry.scope, of_judge=entry.kind == SpendingScope.JUDGE)
        return day

    def _entries(self, spender: Spender) -> Iterator[_Entry]:
        for scope, subject in spender.subjects.items():
            yield _Entry(kind=scope, scope=scope, subject=subject, budgets=self._budgets)
        for scope, subject in spender.subjects.items():
            if any(budget.scope == scope for budget in self._judge_budgets):
                yield _Entry(kind=SpendingScope.JUDGE, scope=scope, subject=subject, budgets=self._judge_budgets)


class Account:
    """The charge of one call; `usage` is its actual cost."""

    def __init__(self) -> None:
        self.usage = Usage()


def to_api(row: SpendingAccount) -> dict[str, Any]:
    """Return an account in the form of the API."""
    return {
        "by": row.scope,
        "subject": None if row.subject == ALL else row.subject,
        "day": row.day or None,
        "calls": row.calls,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "cost_usd": round(row.cost_usd, 6),
        "updated_at": to_rfc3339(row.updated_at),
    }


def page(
    scope: Scope, *, by: str, subject: str | None = None, after: str | None = None, limit: int = 20
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the accounts of one kind (`worker.budgets.SCOPES`), newest first, and the next page's cursor or None."""
    where = [spending.c.scope == by]
    if subject is not None:
        where.append(spending.c.subject == subject)
    rows, cursor = scope.page(spending, *where, after=after, limit=limit)
    return [to_api(SpendingAccount.from_row(row)) for row in rows], cursor


@dataclass(frozen=True, kw_only=True)
class Today:
    """Costs of today, UTC.

    Attributes:
        day: such as 2026-11-23.
        spent: the most that one account spent of each budget, None for those that do not begin anew each day.
        judge: the same of the judge's own budgets.
        keys: accounts of API keys, dearest first.
    """

    day: str
    spent: list[tuple[Budget, float | None]]
    judge: list[tuple[Budget, float | None]]
    keys: list[dict[str, Any]]


def today(scope: Scope, budgets: Sequence[Budget], *, judge_budgets: Sequence[Budget] = ()) -> Today:
    """Return the workspace's spending of today."""
    with scope.store.read() as connection:
        day = str(to_rfc3339(scope.store.now(connection)))[:10]
        kinds = (*_DAILY_SCOPES, SpendingScope.JUDGE)
        accounts = scope.select(spending).where(spending.c.scope.in_(kinds), spending.c.day == day)
        rows = [SpendingAccount.from_row(row) for row in connection.execute(accounts).mappings()]
    judged = [row for row in rows if row.scope == SpendingScope.JUDGE]
    of_judge = {
        SpendingScope.DAY: [row for row in judged if row.subject == ALL],
        SpendingScope.KEY: [row for row in judged if row.subject != ALL],
    }
    by_key = sorted((row for row in rows if row.scope == SpendingScope.KEY), key=lambda row: row.cost_usd, reverse=True)
    return Today(
        day=day,
        spent=[(budget, _most(budget, [row for row in rows if row.scope == budget.scope])) for budget in budgets],
        judge=[(budget, _most(budget, of_judge.get(SpendingScope(budget.scope), []))) for budget in judge_budgets],
        keys=[to_api(row) for row in by_key],
    )


def _most(budget: Budget, rows: Sequence[SpendingAccount]) -> float | None:
    return max((budget.of(row) for row in rows), default=None)
