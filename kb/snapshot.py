"""An immutable snapshot of one workspace's knowledge base.

A folder that appears complete or not at all:

    manifest.json      version, model, dimensions, counts, and a sha256 of every other file
    vectors.faiss      dense index
    lexical/           tantivy index
    passages.jsonl     what is shown of each passage, one a line
    passages.npy       int64 [count + 1], where each line begins
"""

import json
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.embedding import sha256_of
from kb.lexical import LexicalIndex
from kb.manifest import FORMAT, read_manifest, verify_files
from kb.vectors import VectorIndex, recipe


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


class Snapshot:
    """An open snapshot; safe to share between threads. A missing dense index means an empty knowledge base."""

    def __init__(
        self,
        *,
        manifest: Mapping[str, Any],
        vectors: VectorIndex | None,
        lexical: LexicalIndex | None,
        lines: mmap.mmap | bytes,
        offsets: npt.NDArray[np.int64],
    ) -> None:
        self.manifest = manifest
        self.version = str(manifest["version"])
        self.vectors = vectors
        self.lexical = lexical
        self._lines = lines
        self._offsets = offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def record(self, row: int) -> Record:
        """Return the passage in `row`."""
        fields = json.loads(self._lines[self._offsets[row] : self._offsets[row + 1]])
        fields["headings"] = tuple(fields["headings"])
        return Record(**fields)


def write(
    folder: Path,
    *,
    version: str,
    model: str,
    records: Sequence[Record],
    texts: Iterable[str],
    vectors: npt.NDArray[np.float32],
) -> dict[str, Any]:
    """Write a snapshot to `folder`, which must not exist yet; return its manifest.

    `texts` is what the lexical index holds of each record; `vectors` is float32 [len(records), dimensions].
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write_lines(staging, records)
        if records:
            VectorIndex.build(vectors).save(staging / "vectors.faiss")
            LexicalIndex.build(texts, staging / "lexical")
        manifest = {
            "format": FORMAT,
            "version": version,
            "model": model,
            "dimensions": int(vectors.shape[1]),
            "passages": len(records),
            "documents": len({record.document_id for record in records}),
            "index": recipe(len(records)) if records else None,
            "sha256": {str(path.relative_to(staging)): sha256_of(path) for path in _files(staging)},
        }
        (staging / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
        for path in (*_files(staging), staging):
            _sync(path)
        staging.rename(folder)
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return manifest


def open_snapshot(folder: Path, *, model: str | None = None, verify: bool = True) -> Snapshot:
    """Open the snapshot in `folder`; `model` is the embedding model that will search it.

    Raises:
        SnapshotMissing: there is none.
        SnapshotInvalid: a file is damaged, or it was made with another model or a newer format.
    """
    manifest = read_manifest(folder, model=model)
    if verify:
        verify_files(folder, manifest)
    offsets = np.load(folder / "passages.npy", mmap_mode="r")
    lines: mmap.mmap | bytes = b""
    if len(offsets) > 1:
        with (folder / "passages.jsonl").open("rb") as file:
            lines = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    filled = manifest["passages"] > 0
    return Snapshot(
        manifest=manifest,
        vectors=VectorIndex.open(folder / "vectors.faiss") if filled else None,
        lexical=LexicalIndex.open(folder / "lexical") if filled else None,
        lines=lines,
        offsets=offsets,
    )


def _write_lines(folder: Path, records: Sequence[Record]) -> None:
    offsets = np.zeros(len(records) + 1, dtype=np.int64)
    with (folder / "passages.jsonl").open("wb") as file:
        for row, record in enumerate(records):
            file.write(json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            offsets[row + 1] = file.tell()
    np.save(folder / "passages.npy", offsets)


def _files(folder: Path) -> list[Path]:
    """Return the files of a snapshot; tantivy's lock files are left out, they hold nothing."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock"))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
