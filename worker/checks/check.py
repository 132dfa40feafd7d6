"""A check of one component, and the functions that run checks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from worker.errors import AnswerbackError, DatabaseUnavailable, StartupFailed


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something to ask; `run` returns what it found in a few words, or raises.

    `why` says what hangs on it; where nothing does, it is not `needed`.
    """

    name: str
    run: Callable[[], str]
    why: str = ""
    needed: bool = True


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of a check: `problem` is one sentence that says what to do, or None. `latency_ms` is its time."""

    name: str
    detail: str
    problem: str | None
    latency_ms: float
    why: str = ""
    needed: bool = True


def run(check: Check) -> Finding:
    """Run one check; never raises."""
    began = time.perf_counter()
    try:
        detail, problem = check.run(), None
    except DatabaseUnavailable:
        detail, problem = "", "The database does not answer, or is not migrated: its own check says what to do."
    except Exception as error:  # noqa: BLE001 - a check that fails in an unforeseen way is a finding too
        known = isinstance(error, AnswerbackError) or hasattr(error, "code")
        detail, problem = "", str(error) if known else f"{type(error).__name__}: {error}"
    return Finding(
        name=check.name,
        detail=detail,
        problem=problem,
        latency_ms=round((time.perf_counter() - began) * 1000, 2),
        why=check.why,
        needed=check.needed,
    )


def require(checks: Sequence[Check]) -> None:
    """Run checks in order.

    Raises:
        StartupFailed: with the sentences of all that failed.
    """
    problems = [f"{finding.name}: {finding.problem}" for finding in map(run, checks) if finding.problem]
    if problems:
        raise StartupFailed("\n".join(problems))
