"""Long lists in parts that fit one statement."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_BATCH = 500


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the items in parts that are small enough for one statement."""
    for first in range(0, len(items), _BATCH):
        yield items[first : first + _BATCH]
