"""Long polls: how long a request prefers to wait (RFC 7240)."""

import re
from typing import Any

import flask

MAX_WAIT_S = 60
_WAIT = re.compile(r"""(?:^|[,;\s])wait\s*=\s*("?)(\d{1,6})\1\s*(?:$|[,;\s])""", re.I)

#: The parameter of the description; each operation adds what it waits for.
PREFER: dict[str, Any] = {"in": "header", "name": "Prefer", "schema": {"type": "string"}}


def preferred_wait() -> int | None:
    """Return the seconds that `Prefer: wait=N` asks for, at most 60; None without it."""
    preferred = _WAIT.search(flask.request.headers.get("Prefer", ""))
    return None if preferred is None else min(int(preferred.group(2)), MAX_WAIT_S)
