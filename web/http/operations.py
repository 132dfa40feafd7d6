"""The description of a view beyond its schemas: its operation id, its own errors, and idempotency."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """An operation of the API.

    Attributes:
        id: resource and verb, such as `tickets.create`; clients are generated with it, so it never changes.
        errors: codes of errors that this operation has beside those that its arguments and its key may have.
        idempotent: whether it accepts an `Idempotency-Key`.
        headers: parameters in headers, as OpenAPI describes them, for a view that has others as well.
    """

    id: str
    errors: tuple[str, ...] = ()
    idempotent: bool = False
    headers: tuple[Mapping[str, Any], ...] = ()


def operation(
    id: str, *errors: str, idempotent: bool = False, headers: tuple[Mapping[str, Any], ...] = ()
) -> Callable[[View], View]:
    """Name a view as an operation of the API; see `Operation`."""

    def named(view: View) -> View:
        view.operation = Operation(id, errors, idempotent, headers)  # type: ignore[attr-defined]
        return view

    return named
