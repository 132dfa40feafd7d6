"""The identity of a customer across conversations."""

from collections.abc import Mapping
from typing import Any


def customer_of(facts: Mapping[str, Any]) -> str | None:
    """Return a customer's key: `id:` and the desk's id of them, else `email:` and their address, else None."""
    id, email = facts.get("id"), facts.get("email")
    if id:
        return f"id:{id}"[:320]
    return f"email:{str(email).strip().casefold()}"[:320] if email else None
