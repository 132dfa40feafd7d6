"""A snapshot of three short passages."""

from pathlib import Path

import numpy as np

from kb import snapshot as snapshots
from kb.embedding import Embedder
from kb.records import Record

TEXTS = ("Reset your password on the sign-in page.", "Parcels arrive in two days.", "Refunds take five days.")


def records() -> list[Record]:
    """Return the records of the passages, each of a document of its own."""
    return [
        Record(
            passage_id=f"p{row}",
            document_id=f"d{row}",
            title=f"T{row}",
            url=None,
            headings=("H",),
            anchor="h",
            start=0,
            end=len(text),
            text=text,
        )
        for row, text in enumerate(TEXTS)
    ]


def write_snapshot(folder: Path, embedder: Embedder) -> None:
    """Write the snapshot, as version 1."""
    vectors = np.stack([embedder.encode(text) for text in TEXTS])
    new = snapshots.New(records=records(), texts=TEXTS, vectors=vectors)
    snapshots.write(folder, version="1", model=embedder.identity, new=new)
