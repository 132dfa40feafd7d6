"""Passages are found by meaning and by word."""

import numpy as np
import pytest

from kb import snapshot as snapshots
from kb.search import fuse, search
from kb.snapshot import Record

TEXTS = ("Reset your password on the sign-in page.", "Parcels arrive in two days.", "Refunds take five days.")


def records():
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


@pytest.fixture
def folder(tmp_path, embedder):
    place = tmp_path / "ws" / "1"
    vectors = np.stack([embedder.encode(text) for text in TEXTS])
    snapshots.write(
        place,
        version="1",
        model=embedder.identity,
        new=snapshots.New(records=records(), texts=TEXTS, vectors=vectors),
    )
    return place


def test_what_was_written_is_found_by_meaning_and_by_word(folder, embedder):
    opened = snapshots.open_snapshot(folder, model=embedder.identity)
    found = search("I forgot my passphrase, how to log in again?", snapshot=opened, embedder=embedder)
    assert found.hits[0].record == records()[0]
    assert found.snapshot == "1"
    by_word = search("refunds", snapshot=opened, embedder=embedder).hits[0]
    assert by_word.record.document_id == "d2"
    assert by_word.lexical > 0
    assert by_word.dense > 0


def test_an_empty_knowledge_base_finds_nothing(tmp_path, embedder):
    none = np.zeros((0, embedder.dimensions), np.float32)
    snapshots.write(
        tmp_path / "1",
        version="1",
        model=embedder.identity,
        new=snapshots.New(records=[], texts=[], vectors=none),
    )
    opened = snapshots.open_snapshot(tmp_path / "1", model=embedder.identity)
    assert search("anything", snapshot=opened, embedder=embedder).hits == ()


def test_fusion_weighs_cosines_and_shares_of_the_best_word_score_and_breaks_ties_by_row():
    ranked = fuse({1: 0.9, 2: 0.5, 3: 0.1}, {2: 20.0, 3: 10.0, 4: 5.0}, dense_weight=0.7)
    assert [row for row, _score in ranked] == [2, 1, 3, 4]
    assert [score for _row, score in ranked] == pytest.approx([0.65, 0.63, 0.22, 0.145])
    assert fuse({2: 0.5, 1: 0.5}, {}, dense_weight=0.7) == [(1, 0.35), (2, 0.35)]
    assert fuse({}, {7: 3.0}) == [(7, 1.0)]
    assert fuse({}, {}) == []


def test_a_query_of_unknown_or_no_words_is_no_error(folder, embedder):
    opened = snapshots.open_snapshot(folder)
    for query in ("xqzzy", "?!", "AND OR NOT (", "the of and", "🍪"):
        assert opened.lexical(query, 5) == []
        assert len(search(query, snapshot=opened, embedder=embedder).hits) == 3
