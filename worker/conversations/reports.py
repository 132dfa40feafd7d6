"""How well the desk is served, by day: what was answered, handed off and rated, what it cost, and how long it took."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from worker.conversations import sla_figures
from worker.conversations.outcomes import CLARIFIED
from worker.conversations.sla_figures import no_figures
from worker.states import ENDED, HandoffReason, MessageState, Rating, ReplyKind, Role, SpendingScope
from worker.store.engine import Store
from worker.store.rows import SpendingAccount
from worker.store.tables import message, reply, spending

_DAY_MS = 86_400_000
_PERCENTILES = (50, 95, 99)

#: Clocks of processes, whose time is in ids, and of the database may differ by this.
_SKEW_MS = 3_600_000


@dataclass(frozen=True)
class _Group:
    """The number of messages that came on a day and ended in the same way."""

    day: int
    state: str
    reason: str | None
    rating: str | None
    kind: str | None
    count: int


def quality(store: Store, workspace_id: str, *, days: int) -> dict[str, Any]:
    """Return the outcomes of the customers' messages of the last `days` days, by the day (UTC) they came.

    Returns:
        `days`, oldest first, each with `day`; counts: `answered`, `partly_answered` (of these, those that leave a
        question of the message open), `clarified` (with a question back, which answers nothing), `handed_off` by
        reason, `failed`, `cancelled`, `confirmed` and `rejected` (answers rated good and bad), `reopened` (answers
        after which the customer's next message was handed off); `sla`, targets of the service level that were
        `reached` and `missed`; `cost_usd` and `tokens`; `latency_ms`, percentiles of the time from acceptance to
        answer, or None. And `curve`: for thresholds of support, from high to low, `coverage` (the share of all
        messages that were answered with at least that support) and `risk` (the share of rejected among those that were
        rated; None where none was), as Geifman and El-Yaniv (2017) draw selective answering. `confidence_curve` is the
        same by confidence, over the answers that have one.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    with store.read() as connection:
        now = store.now(connection)
        first = now // _DAY_MS - days + 1
        came = _came_since(workspace_id, first * _DAY_MS)
        groups = [_Group(*row) for row in connection.execute(_groups(came))]
        latencies = connection.execute(_latencies(came)).all()
        counted: dict[str, Mapping[int, Any]] = {
            "sla": sla_figures.by_day(connection, workspace_id, since_ms=first * _DAY_MS),
            "reopened": {row.day: row.reopened for row in connection.execute(_reopened(came))},
            "partly_answered": {row.day: row.partly for row in connection.execute(_partly_answered(came))},
        }
        supports = connection.execute(_by(reply.c.support, came)).all()
        confidences = connection.execute(_by(reply.c.confidence, came)).all()
        spent = connection.execute(_spent(workspace_id, _named(first))).mappings().all()
    table = {number: _empty(_named(number)) for number in range(first, first + days)}
    for group in groups:
        if group.day in table:
            _count(table[group.day], group)
    for day, rank, total, ms in latencies:
        if day in table:
            table[day]["latency_ms"] = {**(table[day]["latency_ms"] or {}), **_percentile(rank, total, ms)}
    for name, by_day in counted.items():
        for day in by_day.keys() & table.keys():
            table[day][name] = by_day[day]
    _add_costs(table.values(), map(SpendingAccount.from_row, spent))
    ended = max(sum(group.count for group in groups), sum(row.count_ for row in supports))
    return {
        "days": list(table.values()),
        "curve": list(_curve("support", supports, ended)),
        "confidence_curve": list(_curve("confidence", confidences, ended)),
    }


def first_id(since_ms: int) -> str:
    """Return an id that is below those of all messages that came since then."""
    return f"msg_{max(0, since_ms - _SKEW_MS):012x}"


def _came_since(workspace_id: str, since_ms: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        sa.func.coalesce(message.c.workspace_id, "") == workspace_id,  # not by an index, which has all there ever were
        message.c.id >= first_id(since_ms),  # but by this one: ids grow with time
        message.c.created_at >= since_ms,
        message.c.role == Role.CUSTOMER,
    )


def _day() -> sa.Label[Any]:
    return (message.c.created_at // _DAY_MS).label("day")


def _with_answer() -> sa.Join:
    """Return messages with the reply that answers them; questions back answer nothing."""
    return message.join(reply, sa.and_(reply.c.id == message.c.reply_id, reply.c.kind != ReplyKind.CLARIFICATION))


def _groups(came: sa.ColumnElement[bool]) -> sa.Select[Any]:
    columns = (
        _day(),
        message.c.state,
        message.c.handoff["reason"].as_string().label("reason"),
        message.c.feedback["rating"].as_string().label("rating"),
        reply.c.kind,
    )
    with_reply = message.outerjoin(reply, reply.c.id == message.c.reply_id)
    counted = sa.select(*columns).select_from(with_reply).where(came, message.c.state.in_(ENDED)).subquery()
    return sa.select(counted, sa.func.count().label("count")).group_by(*counted.c)


def _latencies(came: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The rows whose ranks are those of the percentiles (nearest rank)."""
    ms = (message.c.finished_at - message.c.created_at).label("ms")
    ranked = (
        sa.select(
            _day(),
            ms,
            sa.func.row_number().over(partition_by=_day().element, order_by=ms.element).label("rank"),
            sa.func.count().over(partition_by=_day().element).label("total"),
        )
        .select_from(_with_answer())
        .where(came, message.c.state == MessageState.ANSWERED)
        .subquery()
    )
    wanted = [ranked.c.rank == (ranked.c.total * percentile + 99) // 100 for percentile in _PERCENTILES]
    return sa.select(ranked.c.day, ranked.c.rank, ranked.c.total, ranked.c.ms).where(sa.or_(*wanted))


def _percentile(rank: int, total: int, ms: int) -> dict[str, int]:
    return {f"p{percentile}": ms for percentile in _PERCENTILES if rank == (total * percentile + 99) // 100}


def _reopened(came: sa.ColumnElement[bool]) -> sa.Select[Any]:
    following = sa.func.lead(message.c.state, type_=message.c.state.type).over(
        partition_by=sa.func.coalesce(message.c.conversation_id, ""), order_by=message.c.seq
    )
    with_reply = message.outerjoin(reply, reply.c.id == message.c.reply_id)
    columns = (_day(), message.c.state, reply.c.kind, following.label("following"))
    followed = sa.select(*columns).select_from(with_reply).where(came).subquery()
    return (
        sa.select(followed.c.day, sa.func.count().label("reopened"))
        .where(
            followed.c.state == MessageState.ANSWERED,
            followed.c.kind != ReplyKind.CLARIFICATION,
            followed.c.following == MessageState.HANDED_OFF,
        )
        .group_by(followed.c.day)
    )


def _partly_answered(came: sa.ColumnElement[bool]) -> sa.Select[Any]:
    answers = (
        sa.select(_day())
        .join_from(message, reply, reply.c.id == message.c.reply_id)
        .where(came, message.c.state == MessageState.ANSWERED, reply.c.unanswered.is_not(None))
        .subquery()
    )
    return sa.select(answers.c.day, sa.func.count().label("partly")).group_by(answers.c.day)


def _by(score: sa.ColumnElement[float | None], came: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Count answers by a score, to two places, and by rating."""
    rounded = sa.func.round(sa.cast(score, sa.Numeric), 2).label("score")
    rating = message.c.feedback["rating"].as_string().label("rating")
    answers = (
        sa.select(rounded, rating)
        .select_from(_with_answer())
        .where(came, message.c.state == MessageState.ANSWERED, score.is_not(None))
        .subquery()
    )
    return sa.select(answers, sa.func.count().label("count_")).group_by(*answers.c)


def _spent(workspace_id: str, since: str) -> sa.Select[Any]:
    return sa.select(spending).where(
        spending.c.workspace_id == workspace_id, spending.c.scope == SpendingScope.DAY, spending.c.day >= since
    )


def _empty(day: str) -> dict[str, Any]:
    names = ("answered", "partly_answered", "clarified", "failed", "cancelled", "confirmed", "rejected", "reopened")
    counts = dict.fromkeys(names, 0)
    return {
        "day": day,
        **counts,
        "handed_off": {},
        "sla": no_figures(),
        "cost_usd": 0.0,
        "tokens": 0,
        "latency_ms": None,
    }


def _count(day: dict[str, Any], group: _Group) -> None:
    """Add the messages of a group to the counts of their day."""
    if group.state == MessageState.HANDED_OFF:
        reason = group.reason or HandoffReason.OWNED_BY_HUMAN
        day["handed_off"][reason] = day["handed_off"].get(reason, 0) + group.count
    elif group.kind == ReplyKind.CLARIFICATION:
        day[CLARIFIED] += group.count
        return
    else:
        day[group.state] += group.count
    if group.state == MessageState.ANSWERED and group.rating:
        day["confirmed" if group.rating == Rating.GOOD else "rejected"] += group.count


def _add_costs(lines: Iterable[dict[str, Any]], spent: Iterable[SpendingAccount]) -> None:
    """Add the cost of models to the lines of their days."""
    costs = {row.day: row for row in spent}
    for line in lines:
        if cost := costs.get(line["day"]):
            line["cost_usd"] = round(cost.cost_usd, 6)
            line["tokens"] = cost.prompt_tokens + cost.completion_tokens


def _curve(name: str, rows: Sequence[Any], ended: int) -> Iterator[dict[str, Any]]:
    by_score: defaultdict[float, list[tuple[str | None, int]]] = defaultdict(list)
    for score, rating, count in rows:
        by_score[float(score)].append((rating, count))
    answered = rated = rejected = 0
    for score in sorted(by_score, reverse=True):
        for rating, count in by_score[score]:
            answered += count
            rated += count if rating else 0
            rejected += count if rating == Rating.BAD else 0
        risk = round(rejected / rated, 4) if rated else None
        yield {name: score, "coverage": round(answered / ended, 4), "risk": risk, "rated": rated}


def _named(day: int) -> str:
    return str((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date())
