"""An immutable snapshot of one workspace's knowledge base.

A folder that appears complete or not at all:

    manifest.json      version, model, dimensions, counts, and a sha256 of every other file
    vectors.faiss      dense index of the first passages, its size as `index` and `rows` say
    added.faiss        exact index of those that were added since
    lexical/           tantivy index of all
    passages.jsonl     what is shown of each of the first passages, one a line; added.jsonl of the others
    passages.npy       int64 [count + 1], where each line begins; added.npy likewise
    keys.npy           bytes [rows], the id of each passage
    facets.npz         rows by mark
    gone.npy           int64, rows that no longer count

A small change to a large knowledge base is not built anew: what is large is linked from the snapshot before, and what
is new stands beside it. Rows are numbered through both.
"""

import errno
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.embedding import Vector
from kb.errors import SnapshotInvalid
from kb.facets import Facets, Mask
from kb.files import link, sha256_of, sync
from kb.filters import Filters
from kb.lexical import Entry, LexicalIndex
from kb.manifest import FORMAT, read_manifest, verify_files
from kb.records import Lines, Record, ids_of, record_of, write_lines
from kb.relevance import SHIPPED, Calibration, weights
from kb.spelling import Speller
from kb.vectors import VectorIndex, recipe

#: Beyond this share of the first passages, or this many where that is less, changes are worth building anew for.
_MAX_CHANGED_SHARE = 0.10
_FEW = 1_000

#: No publish takes this long.
_STALE_S = 86_400.0

_LINKED = ("vectors.faiss", "passages.jsonl", "passages.npy")


@dataclass(frozen=True, kw_only=True)
class New:
    """Passages to write, each with the text that it is found by and its vector: float32 [count, dimensions]."""

    records: Sequence[Record]
    texts: Sequence[str]
    vectors: npt.NDArray[np.float32]

    def entries(self, first_row: int) -> Iterator[Entry]:
        """Yield the fields that the lexical index keeps of each."""
        for row, (record, text) in enumerate(zip(self.records, self.texts, strict=True), first_row):
            language = record.language
            yield Entry(row=row, key=record.passage_id, text=text, language=language, facets=record.facets)


class Snapshot:
    """An open snapshot; safe to share between threads."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self.manifest = manifest
        self.version = str(manifest["version"])
        self._size = int(manifest["passages"])
        self._vectors = VectorIndex.open(folder / "vectors.faiss") if manifest["rows"] else None
        self._added = VectorIndex.open(folder / "added.faiss") if manifest["added"] else None
        self._first = Lines(folder, "passages")
        self._later = Lines(folder, "added") if manifest["added"] else None
        self._gone = frozenset(np.load(folder / "gone.npy").tolist())
        self._lexical = LexicalIndex.open(folder / "lexical") if manifest["rows"] + manifest["added"] else None
        self.calibration = Calibration.of(manifest)
        self._speller = Speller(self._lexical) if self._lexical is not None else None
        self._facets = Facets.open(folder / "facets.npz")
        self._masks: dict[Filters, Mask] = {}

    def __len__(self) -> int:
        return self._size

    def record(self, row: int) -> Record:
        """Return the passage in `row`."""
        line = self._first[row] if row < len(self._first) else self._later_line(row - len(self._first))
        return record_of(line)

    def dense(self, vector: Vector, limit: int, filters: Filters | None = None) -> list[tuple[int, float]]:
        """Return up to `limit` (row, cosine), best first."""
        mask = None if filters is None else self._mask(filters)
        found = self._first_dense(vector, limit, mask)
        if self._added is not None:
            later = None if mask is None else mask[len(self._first) :]
            for row, score in self._added.search(vector, limit + self._gone_later, mask=later):
                if row + len(self._first) not in self._gone:
                    found.append((row + len(self._first), score))
            found.sort(key=lambda scored: (-scored[1], scored[0]))
        return found[:limit]

    def lexical(self, query: str, limit: int, filters: Filters | None = None) -> list[tuple[int, float]]:
        """Return up to `limit` (row, BM25 score), best first."""
        if self._lexical is None:
            return []
        return self._lexical.search(query, limit, groups=() if filters is None else filters.groups)

    def terms(self, text: str, language: str | None) -> frozenset[str]:
        """Return the words of a text as the lexical index has those of passages in a language."""
        return self._lexical.terms(text, language) if self._lexical is not None else frozenset()

    def weighted_terms(self, query: str, language: str | None) -> dict[str, float]:
        """Return the words of a query as passages in a language have them, each with its weight by rarity."""
        return weights(self.terms(query, language), self._lexical.rarity) if self._lexical is not None else {}

    def attainable(self, query: str) -> float:
        """Return the BM25 score that no passage exceeds."""
        return 0.0 if self._lexical is None else self._lexical.attainable(query)

    def spelled(self, query: str, *, is_word: Callable[[str], bool]) -> str:
        """Return a query as the passages spell it: see `kb.spelling.Speller.correct`."""
        return query if self._speller is None else self._speller.correct(query, is_word=is_word)

    def narrowed_by(self, filters: Filters) -> bool:
        """Whether the filters leave any passage out."""
        return int(self._mask(filters).sum()) < self._size

    @property
    def _gone_later(self) -> int:
        return sum(row >= len(self._first) for row in self._gone)

    def _first_dense(self, vector: Vector, limit: int, mask: Mask | None) -> list[tuple[int, float]]:
        if self._vectors is None:
            return []
        if mask is not None:
            return self._vectors.search(vector, limit, mask=mask[: len(self._first)])
        more = min(len(self._gone), limit)
        found = [pair for pair in self._vectors.search(vector, limit + more) if pair[0] not in self._gone]
        if len(found) < min(limit, self._size) and more:  # what is nearest is mostly gone
            return self._vectors.search(vector, limit, mask=self._mask(Filters())[: len(self._first)])
        return found[:limit]

    def _mask(self, filters: Filters) -> Mask:
        mask = self._masks.get(filters)
        if mask is None:
            mask = self._facets.mask(filters)
            mask[list(self._gone)] = False
            if len(self._masks) >= _MAX_MASKS:
                self._masks.clear()
            self._masks[filters] = mask
        return mask

    def _later_line(self, number: int) -> bytes:
        assert self._later is not None
        return self._later[number]


#: Masks kept of the filters that were used last: a byte a passage each.
_MAX_MASKS = 64


Calibrate = Callable[[Snapshot], Calibration]


def _as_shipped(_snapshot: Snapshot) -> Calibration:
    return SHIPPED


def write(folder: Path, *, version: str, model: str, new: New, calibrate: Calibrate = _as_shipped) -> dict[str, Any]:
    """Write a snapshot of these passages to `folder`, which must not exist yet; return its manifest.

    `calibrate` says how its relevance is calibrated, given the snapshot as it will be; see `kb.calibration.fit`.
    """
    count, dimensions = new.vectors.shape

    def fill(staging: Path) -> dict[str, Any]:
        write_lines(staging, "passages", new.records)
        if count:
            VectorIndex.build(new.vectors).save(staging / "vectors.faiss")
            LexicalIndex.build(new.entries(0), staging / "lexical")
        Facets.build(record.facets for record in new.records).save(staging / "facets.npz")
        np.save(staging / "keys.npy", ids_of(new.records))
        np.save(staging / "gone.npy", np.zeros(0, np.int64))
        counts = {
            "passages": count,
            "documents": len({record.document_id for record in new.records}),
            "rows": count,
            "added": 0,
            "index": recipe(count, dimensions) if count else None,
        }
        return _calibrated(staging, {"version": version, **counts}, calibrate)

    return _publish(folder, version, model, dimensions, fill, linked={})


def keys_of(folder: Path) -> list[str]:
    """Return the ids of the passages that a snapshot holds, by row; those that are gone as empty strings."""
    keys = [key.decode() for key in np.load(folder / "keys.npy").tolist()]
    for row in np.load(folder / "gone.npy").tolist():
        keys[row] = ""
    return keys


def worth_extending(base: Path, *, added: int, gone: int) -> bool:
    """Whether such a change is better written beside the snapshot in `base` than built anew with all of it."""
    manifest = read_manifest(base)
    changed = manifest["added"] + len(np.load(base / "gone.npy")) + added + gone
    return int(manifest["rows"]) >= _FEW and changed <= _MAX_CHANGED_SHARE * manifest["rows"]


def extend(
    folder: Path,
    *,
    base: Path,
    version: str,
    model: str,
    new: New,
    gone: Sequence[int],
    documents: int,
    calibrate: Calibrate = _as_shipped,
) -> dict[str, Any]:
    """Write a snapshot to `folder` that holds what the one in `base` does, less the rows `gone`, and `new` beside it.

    `documents` is how many documents it then holds; `calibrate` is that of `write`. Returns its manifest. The time that
    it takes depends on the change, and on the knowledge base by a few bytes a passage. What is damaged in the base is
    damaged in what stands upon it: `verify` it before.
    """
    before = read_manifest(base, model=model)
    first = int(before["rows"])

    def fill(staging: Path) -> dict[str, Any]:
        for name in _LINKED:
            link(base / name, staging / name)
        keys = np.load(base / "keys.npy")
        added = _write_added(staging, base if before["added"] else None, new)
        LexicalIndex.extend(
            base / "lexical",
            staging / "lexical",
            entries=new.entries(len(keys)),
            gone=[keys[row].decode() for row in gone],
        )
        marked = (record.facets for record in new.records)
        Facets.build(marked, after=Facets.open(base / "facets.npz")).save(staging / "facets.npz")
        np.save(staging / "keys.npy", np.concatenate([keys, ids_of(new.records)]) if new.records else keys)
        dead = sorted({*np.load(base / "gone.npy").tolist(), *gone})
        np.save(staging / "gone.npy", np.array(dead, np.int64))
        counts = {
            "passages": first + added - len(dead),
            "documents": documents,
            "rows": first,
            "added": added,
            "index": before["index"],
        }
        return _calibrated(staging, {"version": version, **counts}, calibrate)

    linked = {name: before["sha256"][name] for name in _LINKED}
    return _publish(folder, version, model, int(before["dimensions"]), fill, linked=linked)


def _write_added(staging: Path, base: Path | None, new: New) -> int:
    """Write the passages that `base` has beside its first ones, if any, and the new ones; return how many these are."""
    records, vectors = list(new.records), new.vectors
    if base is not None:
        records = [*(record_of(line) for line in _lines(base, "added")), *records]
        kept = VectorIndex.open(base / "added.faiss").vectors()
        vectors = np.concatenate([kept, vectors]) if len(vectors) else kept
    if records:
        write_lines(staging, "added", records)
        VectorIndex.build(vectors, exact=True).save(staging / "added.faiss")
    return len(records)


def _calibrated(staging: Path, manifest: Mapping[str, Any], calibrate: Calibrate) -> dict[str, Any]:
    """Return a manifest with the calibration of what it describes; without one where that is `SHIPPED`."""
    calibration = calibrate(Snapshot(staging, manifest))
    return dict(manifest) if calibration is SHIPPED else {**manifest, "calibration": calibration.to_json()}


def _publish(
    folder: Path,
    version: str,
    model: str,
    dimensions: int,
    fill: Callable[[Path], dict[str, Any]],
    *,
    linked: Mapping[str, str],
) -> dict[str, Any]:
    """Fill a folder out of sight, write its manifest, and let it appear; `linked` are sums that are known."""
    with _staging(folder) as staging:
        counts = fill(staging)
        sums = {str(path.relative_to(staging)): path for path in _files(staging)}
        manifest = {
            "format": FORMAT,
            "version": version,
            "model": model,
            "dimensions": dimensions,
            **counts,
            "sha256": {name: linked.get(name) or sha256_of(path) for name, path in sums.items()},
        }
        (staging / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
        for path in (*_files(staging), staging):
            if str(path.relative_to(staging)) not in linked:
                sync(path)
        try:
            staging.rename(folder)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise FileExistsError(f"{folder} was written by another process meanwhile.") from None
            raise
        sync(folder.parent)
    return manifest


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield staging
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def sweep(parent: Path) -> None:
    """Remove what a publish that was killed left half written, once it is a day old."""
    for left in parent.glob(".*-*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_S:
                shutil.rmtree(left)


def verify(folder: Path, *, model: str | None = None) -> None:
    """Check the snapshot in `folder` without opening it; raises as `open_snapshot` does."""
    verify_files(folder, read_manifest(folder, model=model))


def open_snapshot(folder: Path, *, model: str | None = None, verify: bool = True) -> Snapshot:
    """Open the snapshot in `folder`; `model` is the embedding model that will search it.

    Raises:
        SnapshotMissing: there is none.
        SnapshotInvalid: a file is damaged, or it was made with another model or format.
    """
    manifest = read_manifest(folder, model=model)
    if verify:
        verify_files(folder, manifest)
    return Snapshot(folder, manifest)


def lines_of(folder: Path) -> Iterator[bytes]:
    """Yield the line of every passage that counts, without opening an index.

    Raises:
        SnapshotMissing: there is no snapshot.
        SnapshotInvalid: it is of another format, or a file is missing.
    """
    manifest = read_manifest(folder)
    try:
        gone = frozenset(np.load(folder / "gone.npy").tolist())
        parts = [Lines(folder, name) for name in ("passages", *(["added"] if manifest["added"] else []))]
    except (OSError, ValueError) as error:
        raise SnapshotInvalid(f"The snapshot at {folder} cannot be read: {error}.") from None
    row = 0
    for part in parts:
        for number in range(len(part)):
            if row not in gone:
                yield part[number]
            row += 1


def _lines(folder: Path, name: str) -> list[bytes]:
    return (folder / f"{name}.jsonl").read_bytes().splitlines()


def _files(folder: Path) -> list[Path]:
    """Return the files of a snapshot; tantivy's lock files are left out, they hold nothing."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
