"""Ids that sort by the time they were made."""

import re
import secrets
import time


def new_id(kind: str) -> str:
    """Return `kind_` and 26 hexadecimal digits: 12 of the time in ms, 14 random."""
    return f"{kind}_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(7)}"


def is_id(text: str) -> bool:
    """Whether a text has the form of an id; old ones may end otherwise than new ones."""
    return re.fullmatch(r"[a-z]+_\w+", text, re.ASCII) is not None
