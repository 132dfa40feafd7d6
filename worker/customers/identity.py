"""Who a customer is, over conversations."""

from collections.abc import Mapping
from typing import Any


def customer_of(facts: Mapping[Any, Any]) -> str | None:
    """Return what a customer is known by: the id that the desk gives them, or else their e-mail address."""
    id, email = facts.get("id"), facts.get("email")
    if id:
        return f"id:{id}"[:320]
    return f"email:{str(email).strip().casefold()}"[:320] if email else None
