"""Conditions of lists, spelt the same way for each: columns that equal a value, and when a row was created."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from worker.store.engine import Store

#: What a list is asked for: values by the names of its filters.
Which = Mapping[str, Any]

EVERYTHING: Which = {}


def conditions(
    which: Which, equal: Mapping[str, sa.ColumnElement[Any]], *, created: sa.ColumnElement[int]
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of a list.

    Args:
        which: names that are not in `equal` do not count, but for `created_after` and `created_before`, in ms.
        equal: the column of each filter.
        created: the column with the time by which the list is bounded; from `created_after` on, before
            `created_before`.
    """
    where = [column == which[name] for name, column in equal.items() if name in which]
    if "created_after" in which:
        where.append(created >= which["created_after"])
    if "created_before" in which:
        where.append(created < which["created_before"])
    return where


def holds(store: Store, column: sa.ColumnElement[Any], value: str) -> sa.ColumnElement[bool]:
    """Return the condition that a JSON list holds a string."""
    if store.is_sqlite:
        each = sa.func.json_each(column).table_valued("value")
        return sa.exists(sa.select(sa.literal(1)).select_from(each).where(each.c.value == value))
    return sa.cast(column, JSONB).contains([value])
