"""How times are written: milliseconds since the epoch inside, RFC 3339 outside."""

from datetime import UTC, datetime
from typing import overload


@overload
def to_rfc3339(ms: int) -> str: ...
@overload
def to_rfc3339(ms: int | None) -> str | None: ...
def to_rfc3339(ms: int | None) -> str | None:
    """Return a time in RFC 3339, UTC, to the millisecond; None for None.

    Args:
        ms: milliseconds since 1970-01-01T00:00:00Z.
    """
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
