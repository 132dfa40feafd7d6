"""Ids that sort by the time they were made."""

import secrets
import time


def new_id(kind: str) -> str:
    """Return `kind_` and 26 hexadecimal digits: 12 of the time in ms, 14 random."""
    return f"{kind}_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(7)}"
