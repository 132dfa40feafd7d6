"""The passages of a snapshot, as they are kept."""

import json
import mmap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb import filters as marking
from kb.passages import Passage


@dataclass(frozen=True, kw_only=True)
class Record:
    """One passage as a snapshot keeps it."""

    passage_id: str
    document_id: str
    title: str
    url: str | None
    headings: tuple[str, ...]
    anchor: str
    start: int
    end: int
    text: str
    audience: str = "public"
    source: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()

    @classmethod
    def of_passage(cls, passage: Passage, *, document_id: str, title: str | None = None, **fields: Any) -> "Record":
        """Return a passage as the record with the id `DOCUMENT-ORDINAL`; `fields` are those that a passage has not."""
        return cls(
            passage_id=f"{document_id}-{passage.ordinal}",
            document_id=document_id,
            title=passage.title if title is None else title,
            url=fields.pop("url", None),
            headings=passage.headings,
            anchor=passage.anchor,
            start=passage.start,
            end=passage.end,
            text=passage.text,
            **fields,
        )

    @property
    def facets(self) -> tuple[str, ...]:
        """The facets that filters compare."""
        return marking.facets(
            document_id=self.document_id,
            audience=self.audience,
            source=self.source,
            language=self.language,
            tags=self.tags,
        )


def write_lines(folder: Path, name: str, records: Sequence[Record]) -> None:
    """Write passages to `name`.jsonl, one a line, and where each line begins to `name`.npy: int64 [count + 1]."""
    offsets = np.zeros(len(records) + 1, dtype=np.int64)
    with (folder / f"{name}.jsonl").open("wb") as file:
        for row, record in enumerate(records):
            file.write(json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            offsets[row + 1] = file.tell()
    np.save(folder / f"{name}.npy", offsets)


class Lines:
    """Lines of `NAME.jsonl` by number, mapped into memory; `NAME.npy` says where each begins."""

    def __init__(self, folder: Path, name: str) -> None:
        self._offsets = np.load(folder / f"{name}.npy", mmap_mode="r")
        self._lines: mmap.mmap | bytes = b""
        if len(self):
            with (folder / f"{name}.jsonl").open("rb") as file:
                self._lines = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, number: int) -> bytes:
        return self._lines[self._offsets[number] : self._offsets[number + 1]]


def record_of(line: bytes) -> Record:
    """Return the passage of a line."""
    fields = json.loads(line)
    return Record(**{**fields, "headings": tuple(fields["headings"]), "tags": tuple(fields["tags"])})


def ids_of(records: Sequence[Record]) -> npt.NDArray[np.bytes_]:
    """Return the ids of passages: bytes [count]."""
    return np.array([record.passage_id.encode() for record in records], "S48")
