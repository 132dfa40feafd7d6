"""Load rows as typed values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from operator import itemgetter
from types import NoneType
from typing import Any, Self, get_args, get_type_hints

#: A JSON object as it is stored.
Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """A row of a table."""

    @classmethod
    def from_row(cls, row: Mapping[Any, Any], *, prefix: str = "") -> Self:
        """Return the typed value of a selected row, whose columns may be labelled with a prefix.

        Raises:
            ValueError: a state is not a member of its enumeration.
        """
        names, read, enums = _columns(cls, prefix)  # type: ignore[arg-type]  # a class is hashable
        values = dict(zip(names, read(row), strict=True))
        for name, members in enums:
            try:
                values[name] = members[values[name]]
            except KeyError as error:
                raise ValueError(f"{values[name]!r} is no {name} of a {cls.__name__}.") from error
        loaded = object.__new__(cls)
        loaded.__dict__.update(values)  # the __init__ of a frozen dataclass sets field by field, four times as slow
        return loaded


#: Gets the values of a row type's columns from a row.
_Getter = Callable[[Mapping[Any, Any]], tuple[Any, ...]]

#: The names of a row type's fields, the getter of their columns, and the members of each enumeration by their values.
_Columns = tuple[tuple[str, ...], _Getter, tuple[tuple[str, Mapping[Any, Any]], ...]]


@cache
def _columns(row_type: type[TableRow], prefix: str) -> _Columns:
    """Return how to load a row type, worked out once: its type hints are no business of each row."""
    hints = get_type_hints(row_type)
    names = tuple(field.name for field in fields(row_type))
    enums = []
    for name in names:
        options = get_args(hints[name]) or (hints[name],)
        for hint in options:
            if isinstance(hint, type) and issubclass(hint, StrEnum):
                members: dict[str | None, StrEnum | None] = {member.value: member for member in hint}
                if NoneType in options:
                    members[None] = None
                enums.append((name, members))
    return names, itemgetter(*(prefix + name for name in names)), tuple(enums)
