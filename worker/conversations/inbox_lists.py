"""The lists of the inbox: which conversations each view has, in which order, and how many."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from worker.conversations import finding
from worker.states import Owner
from worker.store.scope import Scope
from worker.store.tables import HUMAN, SLA_DUE, WAITING, conversation

_NUMBER = re.compile(r"\d{1,18}")
_ID = re.compile(r"\w{1,48}")

Conditions = list[sa.ColumnElement[bool]]
Rows = list[sa.RowMapping]


class View(StrEnum):
    """Part of the inbox: who waits for a human, who got a human's reply, what the bot has, and what is closed."""

    WAITING = "waiting"
    REPLIED = "replied"
    BOT = "bot"
    CLOSED = "closed"


class Due(StrEnum):
    """When a target of the service level is due: it was missed, or its warning has passed."""

    OVERDUE = "overdue"
    SOON = "soon"


class Order(StrEnum):
    """Order of those who wait: by urgency and then by how long they wait, or by what is due next.

    Those without a target come last in the order of due times, by urgency.
    """

    URGENCY = "urgency"
    DUE = "due"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The conversations that a list has: all, or those of a view and of further filters.

    Attributes:
        search: words that they contain.
        order: of the view WAITING; the other views have one order each.
    """

    view: View | None = None
    search: str = ""
    due: Due | None = None
    order: Order = Order.URGENCY


EVERYTHING = Listed()

_BY_URGENCY = (conversation.c.urgency, conversation.c.waiting_since)

#: Begins a cursor within those without a target, in the order of due times.
_WITHOUT_TARGET = "none."

_IN_VIEW: dict[View | None, tuple[sa.ColumnElement[bool], ...]] = {
    None: (),
    View.WAITING: (WAITING,),
    View.REPLIED: (HUMAN, ~WAITING),
    View.BOT: (conversation.c.owner == Owner.BOT,),
    View.CLOSED: (conversation.c.owner == Owner.CLOSED,),
}


def page(scope: Scope, listed: Listed, *, after: str | None, limit: int) -> tuple[Rows, str | None]:
    """Return the rows of a list and the cursor of its next page or None.

    Those who wait come in the order that is asked for, those replied to by their last change, and others by their
    beginning, newest first.
    """
    where = [*_IN_VIEW[listed.view], *_narrowed(scope, listed)]
    if listed.order == Order.DUE and listed.view == View.WAITING:
        return _by_due_time(scope, where, after, limit, with_others=listed.due is None)
    if listed.view == View.WAITING:
        return _ordered(scope, where, _BY_URGENCY, after, limit)
    if listed.view == View.REPLIED:
        return _ordered(scope, where, [conversation.c.updated_at], after, limit, newest_first=True)
    return scope.page(conversation, *where, after=after, limit=limit)


def counts(scope: Scope, listed: Listed = EVERYTHING) -> dict[View | None, int]:
    """Return how many conversations each view has, and all of them as None, within the filters of a list."""
    where = [conversation.c.workspace_id == scope.workspace_id, *_narrowed(scope, listed)]
    by_owner = sa.select(conversation.c.owner, sa.func.count()).where(*where).group_by(conversation.c.owner)
    waiting = sa.select(sa.func.count()).select_from(conversation).where(WAITING, *where)
    with scope.store.read() as connection:
        owned: dict[str, int] = {row[0]: row[1] for row in connection.execute(by_owner)}
        waits = connection.execute(waiting).scalar_one()
    return {
        None: sum(owned.values()),
        View.WAITING: waits,
        View.REPLIED: owned.get(Owner.HUMAN, 0) - waits,
        View.BOT: owned.get(Owner.BOT, 0),
        View.CLOSED: owned.get(Owner.CLOSED, 0),
    }


def due_counts(scope: Scope) -> dict[Due | None, int]:
    """Return how many conversations are overdue or due soon, and how many have a target that runs as None."""
    now = scope.store.clock.sql()
    late = conversation.c.sla_due_at <= now
    soon = sa.and_(~late, conversation.c.sla_warn_at <= now)
    counted = (sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0) for condition in (late, soon))
    statement = scope.select(conversation, sa.func.count(), *counted).where(SLA_DUE)
    with scope.store.read() as connection:
        running, overdue, due_soon = connection.execute(statement).one()
    return {None: running, Due.OVERDUE: overdue, Due.SOON: due_soon}


def _narrowed(scope: Scope, listed: Listed) -> Conditions:
    """Return the conditions of a list beyond its view."""
    where: Conditions = []
    now = scope.store.clock.sql()
    if listed.search:
        where.append(finding.matching(scope.store, scope.workspace_id, listed.search))
    if listed.due is not None:
        where.append(SLA_DUE)
    if listed.due == Due.OVERDUE:
        where.append(conversation.c.sla_due_at <= now)
    if listed.due == Due.SOON:
        where += [conversation.c.sla_due_at > now, conversation.c.sla_warn_at <= now]
    return where


def _by_due_time(
    scope: Scope, where: Conditions, after: str | None, limit: int, *, with_others: bool
) -> tuple[Rows, str | None]:
    """Return a page of those with a target by due time, and `with_others` of those without one after them, by urgency.

    They are two lists one after the other, because each has an index.
    """
    rows: Rows = []
    rest = after.removeprefix(_WITHOUT_TARGET) if after and after.startswith(_WITHOUT_TARGET) else None
    if rest is None:
        rows, cursor = _ordered(scope, [SLA_DUE, *where], [conversation.c.sla_due_at], after, limit)
        if cursor is not None or not with_others:
            return rows, cursor
    left = limit - len(rows)
    others, cursor = _ordered(scope, [~SLA_DUE, *where], _BY_URGENCY, rest, max(1, left))
    if left == 0:
        return rows, _WITHOUT_TARGET if others else None
    return [*rows, *others], None if cursor is None else f"{_WITHOUT_TARGET}{cursor}"


def _ordered(
    scope: Scope,
    where: Conditions,
    columns: Sequence[sa.Column[int]],
    after: str | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> tuple[Rows, str | None]:
    """Return a page in the order of columns and then of the id, all of them ascending or descending."""
    order = (*columns, conversation.c.id)
    last = _position(after, len(columns))
    statement = scope.select(conversation).where(*where).limit(limit + 1)
    statement = statement.order_by(*(column.desc() if newest_first else column for column in order))
    if last is not None:
        here, there = sa.tuple_(*order), sa.tuple_(*last)
        statement = statement.where(here < there if newest_first else here > there)
    with scope.store.read() as connection:
        rows = list(connection.execute(statement).mappings())
    end = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], None if end is None else ".".join(str(end[column]) for column in order)


def _position(cursor: str | None, numbers: int) -> list[sa.BindParameter[str] | sa.BindParameter[int]] | None:
    """Return the values of a cursor: so many numbers and an id, with dots between; None for one of another order."""
    *found, id = (cursor or "").split(".")
    if len(found) != numbers or not all(map(_NUMBER.fullmatch, found)) or _ID.fullmatch(id) is None:
        return None
    return [*(sa.literal(int(number)) for number in found), sa.literal(id)]
