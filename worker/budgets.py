"""How much a language model may cost."""

import re
from dataclasses import dataclass
from typing import Protocol

#: The scopes of accounts and budgets. A `key` and a `day` begin anew at midnight UTC.
SCOPES = ("message", "conversation", "key", "day")

_BUDGET = re.compile(rf"({'|'.join(SCOPES)})=(\d+(?:\.\d+)?)(usd|tokens)")

#: The most of a budget: sums of this size are exact.
_MAX_BUDGET = 1e12


class Cost(Protocol):
    """The cost of calls of a language model."""

    @property
    def prompt_tokens(self) -> int: ...

    @property
    def completion_tokens(self) -> int: ...

    @property
    def cost_usd(self) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Budget:
    """At most `most` US dollars or tokens, prompt and completion together, for each one of a scope."""

    scope: str
    most: float
    unit: str  # usd or tokens

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """Read `day=20usd` or `conversation=50000tokens`.

        Raises:
            ValueError: it is not like that.
        """
        found = _BUDGET.fullmatch(text.lower().replace(" ", ""))
        if found is None or not 0 < float(found[2]) <= _MAX_BUDGET:
            raise ValueError(text)
        return cls(scope=found[1], most=float(found[2]), unit=found[3])

    def __str__(self) -> str:
        return f"{self.scope}={self.most:.10g}{self.unit}"

    def of(self, account: Cost) -> float:
        """Return how many of the budget's units an account has spent."""
        if self.unit == "usd":
            return account.cost_usd
        return float(account.prompt_tokens + account.completion_tokens)
