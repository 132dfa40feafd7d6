"""The index by size, and the nearest of the rows that a mask leaves."""

import numpy as np
import pytest

from kb import vectors as indexes
from kb.vectors import VectorIndex, recipe


def test_a_small_index_is_exact_and_a_large_one_is_compressed():
    assert recipe(20_000) == "Flat"
    assert recipe(20_001) == "PQ192x4fs,Refine(SQ8)"
    assert recipe(500_001).startswith("IVF")


def test_the_nearest_are_found_in_an_index_read_from_a_file_and_among_masked_rows(tmp_path):
    vectors = np.eye(4, dtype=np.float32)
    VectorIndex.build(vectors).save(tmp_path / "index")
    index = VectorIndex.open(tmp_path / "index")
    query = np.array([0.9, 0.4, 0.1, 0.0], np.float32)
    assert [row for row, _ in index.search(query, 2)] == [0, 1]
    assert [row for row, _ in index.search(query, 2, mask=np.array([False, False, True, True]))] == [2, 3]
    assert (len(index), index.dimensions) == (4, 4)


@pytest.mark.parametrize("dimensions", [64, 250, 31])
def test_vectors_of_any_length_can_be_compressed(tmp_path, monkeypatch, dimensions):
    monkeypatch.setattr(indexes, "FLAT_LIMIT", 100)
    vectors = np.random.default_rng(1).standard_normal((300, dimensions), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    VectorIndex.build(vectors).save(tmp_path / "index")
    index = VectorIndex.open(tmp_path / "index")
    assert recipe(300, dimensions) != "Flat"
    assert [index.search(vectors[row], 1)[0][0] for row in range(0, 300, 30)] == list(range(0, 300, 30))
