"""Rows are chosen by facets, also after the snapshot was extended and read again."""

import numpy as np
import pytest

from kb.facets import Facets
from kb.filters import Filters


def test_rows_are_chosen_by_any_of_a_group_and_all_groups(tmp_path):
    first = Facets.build([("tag:a", "audience:public"), ("tag:b", "audience:public")])
    Facets.build([("tag:a", "audience:internal")], after=first).save(tmp_path / "facets.npz")
    kept = Facets.open(tmp_path / "facets.npz")
    assert kept.mask(Filters(tags=("a", "b"))).tolist() == [True, True, True]
    assert kept.mask(Filters(tags=("a",), audience="public")).tolist() == [True, False, False]
    assert kept.mask(Filters(tags=("c",))).tolist() == [False, False, False]
    assert (kept.count("tag:a"), kept.count("tag:c"), kept.size) == (2, 0, 3)


def test_a_file_with_other_content_is_refused(tmp_path):
    path = tmp_path / "facets.npz"
    np.savez(path, names=np.frombuffer(b'["tag:a"]', np.uint8), starts=np.zeros(1, np.int64), rows=[], size=0)
    with pytest.raises(ValueError, match="1 facets and 1 positions"):
        Facets.open(path)
