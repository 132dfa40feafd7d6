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
from kb.facets import Mask

FLAT_LIMIT = 20_000
REFINED_LIMIT = 500_000

#: Candidates that a quantised index refines, whatever is asked for: 20 times 10, as measured for recall@10 of .991.
_REFINED = 200

#: Lists of an inverted index that are looked through.
_PROBES = 64

faiss.omp_set_num_threads(1)

#: Its types say less than it can do.
_fs: Any = faiss


#: Numbers of a vector that product quantisation takes together: measured with 384 dimensions in 192 parts.
_TOGETHER = 2


def recipe(count: int, dimensions: int = 384) -> str:
    """Return the FAISS factory string for an index of `count` vectors; odd dimensions cannot be cut into parts."""
    if count <= FLAT_LIMIT:
        return "Flat"
    if count <= REFINED_LIMIT:
        return f"PQ{dimensions // _TOGETHER}x4fs,Refine(SQ8)" if dimensions % _TOGETHER == 0 else "SQ8"
    return "IVF4096,SQ8"


class VectorIndex:
    """Nearest passages by inner product; rows are numbered in the order they were given."""

    def __init__(self, index: Any) -> None:
        self._index = index
        if isinstance(index, faiss.IndexIVF):
            index.nprobe = _PROBES

    @classmethod
    def build(cls, vectors: npt.NDArray[np.float32], *, exact: bool = False) -> "VectorIndex":
        """Index unit vectors, float32 [count, dimensions]; whatever their number without loss if `exact`."""
        count, dimensions = vectors.shape
        index = faiss.index_factory(
            dimensions, "Flat" if exact else recipe(count, dimensions), faiss.METRIC_INNER_PRODUCT
        )
        if not index.is_trained:
            step = max(1, count // 200_000)
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

    def vectors(self) -> npt.NDArray[np.float32]:
        """Return the vectors of an exact index, float32 [count, dimensions]."""
        return np.asarray(self._index.reconstruct_n(0, len(self)), np.float32)

    def search(self, vector: Vector, limit: int, *, mask: Mask | None = None) -> list[tuple[int, float]]:
        """Return up to `limit` (row, inner product), best first; with a mask, of the rows that it has."""
        index: Any = self._index
        options: Any = None
        if mask is not None:
            selector = _fs.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
            if isinstance(index, faiss.IndexRefine):  # its first stage cannot choose; the second is exact enough alone
                index = faiss.downcast_index(index.refine_index)
            if isinstance(index, faiss.IndexIVF):
                options = _fs.SearchParametersIVF(sel=selector, nprobe=_PROBES)
            else:
                options = _fs.SearchParameters(sel=selector)
        elif isinstance(index, faiss.IndexRefine):
            options = _fs.IndexRefineSearchParameters()
            options.k_factor = max(2.0, _REFINED / limit)
        scores, rows = index.search(vector.reshape(1, -1), limit, params=options)
        return [(row, score) for row, score in zip(rows[0].tolist(), scores[0].tolist(), strict=True) if row >= 0]
