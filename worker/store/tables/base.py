"""The metadata and column types that all tables share."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ColumnElement, ForeignKey, Integer, MetaData, String, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

JSON_OR_NULL = JSON(none_as_null=True)
Serial = BigInteger().with_variant(Integer, "sqlite")


def id_column() -> Column[str]:
    """Return the primary key of a row that has an id of its own."""
    return Column("id", String(48), primary_key=True)


def workspace_column() -> Column[str]:
    """Return the workspace of a row, which every query is scoped by."""
    return Column("workspace_id", String(48), ForeignKey("workspace.id"), nullable=False)


def time_column(name: str, *, nullable: bool = True, server_default: str | None = None) -> Column[int]:
    """Return a time in ms since 1970 UTC."""
    return Column(name, BigInteger, nullable=nullable, server_default=server_default)


def lease_token_column() -> Column[int]:
    """Return the fencing token of a row that is leased: it grows with every lease (see `worker.store.leases`)."""
    return Column("lease_token", BigInteger, nullable=False, server_default="0")


class CurrentTransaction(FunctionElement[int]):
    """The number of the transaction of a statement on PostgreSQL, which grows; 0 on SQLite."""

    type = BigInteger()
    inherit_cache = True


@compiles(CurrentTransaction)
def _zero(_element: CurrentTransaction, _compiler: Any, **_options: Any) -> str:
    return "0"


@compiles(CurrentTransaction, "postgresql")
def _transaction_id(_element: CurrentTransaction, _compiler: Any, **_options: Any) -> str:
    return "(pg_current_xact_id()::text::bigint)"


class RequesterValue(FunctionElement[str]):
    """The `id`, or the `email` in lower case, of a conversation's customer, spelt as the indexes of it have it."""

    type = String()
    inherit_cache = True

    def __init__(self, field: str) -> None:
        super().__init__(literal_column(f"'{field}'"))
        self.field = field


@compiles(RequesterValue, "sqlite")
def _json_extract(element: RequesterValue, _compiler: Any, **_options: Any) -> str:
    value = f"json_extract(requester, '$.{element.field}')"
    return value if element.field == "id" else f"lower({value})"


@compiles(RequesterValue, "postgresql")
def _json_text(element: RequesterValue, _compiler: Any, **_options: Any) -> str:
    value = f"requester ->> '{element.field}'::text"
    return f"({value})" if element.field == "id" else f"lower({value})"


def in_text(column: Column[str], *values: str) -> ColumnElement[bool]:
    """Return `column IN (…)` with the values in the text.

    SQLite uses a partial index only when it sees in the statement itself that the index holds every row that is asked
    for; with parameters it reads the table from end to end (`make bench` found it).
    """
    return column.in_([literal_column(f"'{value}'") for value in values])
