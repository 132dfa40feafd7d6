"""One call of the API, as data: both clients send it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar
from urllib.parse import quote

Result = TypeVar("Result", covariant=True)

#: A file to upload: its path, its name and content, or an open file. Its name tells the format.
File = str | os.PathLike[str] | tuple[str, bytes] | BinaryIO


@dataclass(frozen=True)
class Call(Generic[Result]):
    """One call of the API.

    Attributes:
        path: with its ids quoted.
        body: sent as JSON.
        file, fields: sent as a form.
        key: the `Idempotency-Key`.
        wait_s: seconds that the server may wait for the end of a message.
        repeatable: whether sending it twice has the effect of sending it once, even without a key.
    """

    method: str
    path: str
    query: Mapping[str, object] | None = None
    body: Mapping[str, object] | None = None
    file: File | None = None
    fields: Mapping[str, object] | None = None
    key: str | None = None
    wait_s: float | None = None
    repeatable: bool = False

    @property
    def may_repeat(self) -> bool:
        """Whether it may be sent again although the server may have carried it out."""
        return self.repeatable or self.key is not None


def new_key() -> str:
    """Return an idempotency key."""
    return uuid.uuid4().hex


def quoted(part: str) -> str:
    """Return an id as a part of a path.

    Raises:
        ValueError: it is empty or of dots alone, which would make another path.
    """
    if not part.strip("."):
        raise ValueError(f"{part!r} is no id.")
    return quote(part, safe="")


def content_of(file: File) -> tuple[str, bytes]:
    """Return the name and the content of a file; all of it is read, so that it can be sent again."""
    if isinstance(file, tuple):
        return file
    if isinstance(file, str | os.PathLike):
        path = Path(file)
        return path.name, path.read_bytes()
    return Path(str(getattr(file, "name", "file"))).name, file.read()
