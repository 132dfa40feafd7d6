"""The dense index. The only module that imports FAISS.

Index by size, from measurements on two shared cores (docs/decisions/0007-index-by-size.md):
Flat is exact and fast enough to about 20,000 passages; beyond, 4-bit product quantisation scanned in registers
and refined from 8-bit vectors gives a recall@10 of .991 in 0.23 ms at 100,000; from a million, inverted lists.
"""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from kb.embedding import Vector

FLAT_LIMIT = 20_000
REFINED_LIMIT = 500_000

#: Candidates that a quantised index refines, whatever is asked for: 20 times 10, as measured for recall@10 of .991.
_REFINED = 200

faiss.omp_set_num_threads(1)


def recipe(count: int) -> str:
    """Return the FAISS factory string for an index of `count` vectors."""
    if count <= FLAT_LIMIT:
        return "Flat"
    if count <= REFINED_LIMIT:
        return "PQ192x4fs,Refine(SQ8)"
    return "IVF4096,SQ8"


class VectorIndex:
    """Nearest passages by inner product; rows are numbered in the order they were given."""

    def __init__(self, index: Any) -> None:
        self._index = index
        if isinstance(index, faiss.IndexIVF):
            index.nprobe = 64

    @classmethod
    def build(cls, vectors: npt.NDArray[np.float32]) -> "VectorIndex":
        """Index unit vectors, float32 [count, dimensions]."""
        count, dimensions = vectors.shape
        index = faiss.index_factory(dimensions, recipe(count), faiss.METRIC_INNER_PRODUCT)
        if not index.is_trained:
            step = max(1, count // 100_000)
            index.train(np.ascontiguousarray(vectors[::step]))
        index.add(np.ascontiguousarray(vectors))
        return cls(index)

    @classmethod
    def open(cls, path: Path) -> "VectorIndex":
        """Map an index file into memory; what processes on one machine read, they share."""
        return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return int(self._index.d)

    def search(self, vector: Vector, limit: int) -> list[tuple[int, float]]:
        """Return up to `limit` (row, inner product), best first."""
        options: dict[str, Any] = {}
        if isinstance(self._index, faiss.IndexRefine):
            options["params"] = faiss.IndexRefineSearchParameters()
            options["params"].k_factor = max(2.0, _REFINED / limit)
        scores, rows = self._index.search(vector.reshape(1, -1), limit, **options)
        return [(row, score) for row, score in zip(rows[0].tolist(), scores[0].tolist(), strict=True) if row >= 0]
