"""Facets of passages, such as `tag:returns`, for filters to choose by."""

import io
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.filters import Filters

Mask = npt.NDArray[np.bool_]


class Facets:
    """The rows of a snapshot by their facets."""

    def __init__(self, names: Sequence[str], starts: npt.NDArray[np.int64], rows: npt.NDArray[np.uint32], size: int):
        self._names = names
        self._starts = starts
        self._rows = rows
        self.size = size

    @classmethod
    def build(cls, marked: Iterable[Sequence[str]], *, after: "Facets | None" = None) -> "Facets":
        """Return the facets of these rows, which follow those of `after`."""
        found: dict[str, list[npt.NDArray[np.uint32]]] = {}
        size = 0
        if after is not None:
            size = after.size
            for position, name in enumerate(after._names):
                found[name] = [after._rows[after._starts[position] : after._starts[position + 1]]]
        added: dict[str, list[int]] = {}
        for names in marked:
            for name in names:
                added.setdefault(name, []).append(size)
            size += 1
        for name, rows in added.items():
            found.setdefault(name, []).append(np.array(rows, np.uint32))
        parts = [np.concatenate(rows) for rows in found.values()]
        starts = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(part) for part in parts], out=starts[1:])
        return cls(list(found), starts, np.concatenate(parts) if parts else np.zeros(0, np.uint32), size)

    def save(self, path: Path) -> None:
        """Write them to a file."""
        kept = io.BytesIO()
        np.savez(
            kept,
            names=np.frombuffer(json.dumps(self._names).encode(), np.uint8),
            starts=self._starts,
            rows=self._rows,
            size=np.int64(self.size),
        )
        path.write_bytes(kept.getvalue())

    @classmethod
    def open(cls, path: Path) -> "Facets":
        """Read them from a file.

        Raises:
            ValueError: it is not what `save` writes.
        """
        with np.load(path) as kept:
            names = json.loads(kept["names"].tobytes())
            if len(kept["starts"]) != len(names) + 1:
                raise ValueError(f"{path} has {len(names)} facets and {len(kept['starts'])} positions of them.")
            return cls(names, kept["starts"], kept["rows"], int(kept["size"]))

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self._names)}

    def count(self, name: str) -> int:
        """Return how many rows have a facet, those that are gone included."""
        position = self._positions.get(name)
        return 0 if position is None else int(self._starts[position + 1] - self._starts[position])

    def mask(self, filters: Filters) -> Mask:
        """Return which rows meet the filters."""
        met = np.ones(self.size, np.bool_)
        for group in filters.groups:
            any_of = np.zeros(self.size, np.bool_)
            for name in group:
                position = self._positions.get(name)
                if position is not None:
                    any_of[self._rows[self._starts[position] : self._starts[position + 1]]] = True
            met &= any_of
        return met
