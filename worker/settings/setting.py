"""A field of the settings."""

from collections.abc import Callable
from dataclasses import MISSING, field
from typing import Any


def setting(
    env: str, help: str, parse: Callable[[str], Any] = str, default: Any = MISSING, *, secret: bool = False
) -> Any:
    """Return a dataclass field with the name of its environment variable, its description and its parser.

    A secret is left out of `repr` and of messages.
    """
    metadata = {"env": env, "help": help, "parse": parse}
    return field(default=default, repr=not secret, metadata=metadata)
