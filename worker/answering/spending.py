"""What language models cost, by message, conversation, key and day, and the budgets that they must stay within.

A budget is hard: what a call can cost at most is booked before it is made, and corrected once it has ended. A call
whose end nobody saw, since its worker died, counts as what it could have cost; it may well be charged for.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from worker.budgets import Budget
from worker.conversations.outcomes import Usage
from worker.errors import AnswerbackError
from worker.ids import new_id
from worker.store.engine import Store
from worker.store.tables import spending
from worker.time import to_rfc3339

_DAILY = ("key", "day")


class BudgetSpent(AnswerbackError):
    """The budget does not allow another call of the language model."""

    code = "budget_spent"

    def __init__(self, scope: str) -> None:
        super().__init__(_SPENT[scope], scope=scope)
        self.scope = scope


_SPENT = {
    "message": "The budget of one message does not allow another call of the language model.",
    "conversation": "The budget of this conversation is spent.",
    "key": "Today's budget of the API key is spent.",
    "day": "Today's budget is spent.",
}


@dataclass(frozen=True, kw_only=True)
class Spender:
    """On whose account a call goes; `key_id` is that of the API key that brought the message."""

    workspace_id: str
    conversation_id: str
    message_id: str
    key_id: str | None = None

    @property
    def subjects(self) -> dict[str, str]:
        """What it is accounted by, by scope."""
        named = {"message": self.message_id, "conversation": self.conversation_id, "key": self.key_id, "day": "all"}
        return {scope: subject for scope, subject in named.items() if subject}


class Spending:
    """Books calls. Safe to share between threads and processes: the rows decide."""

    def __init__(self, store: Store, budgets: Sequence[Budget] = ()) -> None:
        self._store = store
        self._budgets = tuple(budgets)
        insert = sqlite.insert if store.is_sqlite else postgresql.insert
        statement = insert(spending)
        self._add = statement.on_conflict_do_update(
            index_elements=[spending.c.workspace_id, spending.c.scope, spending.c.subject, spending.c.day],
            set_={
                name: spending.c[name] + statement.excluded[name]
                for name in ("calls", "prompt_tokens", "completion_tokens", "cost_usd")
            }
            | {"updated_at": statement.excluded.updated_at},
        ).returning(spending)

    @contextmanager
    def call(self, spender: Spender | None, *, most: Usage) -> Iterator["Call"]:
        """Account one call of a model that costs `most` at most; set `usage` of what is yielded to what it did cost.

        Raises:
            BudgetSpent: it could go beyond a budget; nothing was booked.
        """
        call = Call()
        if spender is None:
            yield call
            return
        day = self._book(spender, None, most, calls=1) if self._budgets else None
        try:
            yield call
        finally:
            spent = call.usage
            if day is not None:
                spent = Usage(
                    prompt_tokens=spent.prompt_tokens - most.prompt_tokens,
                    completion_tokens=spent.completion_tokens - most.completion_tokens,
                    cost_usd=spent.cost_usd - most.cost_usd,
                )
            if spent != Usage() or (day is None and call.usage != Usage()):
                self._book(spender, day, spent, calls=0 if day is not None else 1, checked=False)

    def _book(self, spender: Spender, day: str | None, usage: Usage, *, calls: int, checked: bool = True) -> str:
        """Add to each account and return the day that it went to."""
        with self._store.begin() as tx:
            now = self._store.now(tx)
            day = day or str(to_rfc3339(now))[:10]
            # In one order for everyone, so that no two wait for each other.
            for scope, subject in spender.subjects.items():
                row = (
                    tx.execute(
                        self._add,
                        {
                            "id": new_id("acc"),
                            "workspace_id": spender.workspace_id,
                            "scope": scope,
                            "subject": subject,
                            "day": day if scope in _DAILY else "",
                            "calls": calls,
                            "prompt_tokens": usage.prompt_tokens,
                            "completion_tokens": usage.completion_tokens,
                            "cost_usd": usage.cost_usd,
                            "updated_at": now,
                        },
                    )
                    .mappings()
                    .one()
                )
                for budget in self._budgets:
                    if checked and budget.scope == scope and budget.of(row) > budget.most:
                        raise BudgetSpent(scope)
        return day


class Call:
    """A call that is accounted; `usage` is what it did cost."""

    def __init__(self) -> None:
        self.usage = Usage()


def wire(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return an account as clients see it."""
    return {
        "by": row["scope"],
        "subject": None if row["scope"] == "day" else row["subject"],
        "day": row["day"] or None,
        "calls": row["calls"],
        "prompt_tokens": row["prompt_tokens"],
        "completion_tokens": row["completion_tokens"],
        "cost_usd": round(row["cost_usd"], 6),
        "updated_at": to_rfc3339(row["updated_at"]),
    }
