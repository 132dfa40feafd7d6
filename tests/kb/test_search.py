"""Passages are found by meaning and by word."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kb import parts
from kb import snapshot as snapshots
from kb.search import fuse, search
from tests.support.snapshots import records


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


def test_words_count_as_a_share_of_what_is_attainable():
    assert fuse({}, {7: 3.0, 8: 1.5}, attainable=6.0) == [(7, 0.5), (8, 0.25)]
    (best, score), _ = fuse({1: 0.9, 2: 0.5}, {1: 3.0}, attainable=6.0, dense_weight=0.7)
    assert best == 1
    assert score == pytest.approx(0.7 * 0.9 + 0.3 * 0.5)


def test_a_typo_finds_what_was_meant(folder, embedder):
    opened = snapshots.open_snapshot(folder)
    hit = search("refnuds", snapshot=opened, embedder=embedder).hits[0]
    assert hit.record.document_id == "d2"
    assert hit.lexical > 0
    words_alone = search("refnuds", snapshot=opened, embedder=None).hits
    assert [found.record.document_id for found in words_alone] == ["d2"]


LETTER = (
    "I have been a customer for eleven years and never had to write such a letter. Last Tuesday I came home late, "
    "for the bus broke down in the rain, and my daughter had lost her keys again, so we sat on the stairs for an hour. "
    "My neighbour, who is a retired teacher, made tea for us and told us about her garden and her three grandchildren. "
    "{} "
    "The weather here is still terrible, but they say that it will be sunny at the end of the week. My number is 4471. "
    "We are leaving for the mountains on Friday with my mother in law and the dog, who is afraid of trains. "
    "I would be glad to hear from you before that. With kind regards from the rainy north, and greetings to Martin."
)


@pytest.mark.parametrize("in_threads", [False, True])
def test_a_question_inside_a_long_letter_is_found(folder, embedder, in_threads):
    opened = snapshots.open_snapshot(folder)
    for number, question in enumerate(("How can I set a new password?", "When do I get my money back after a return?")):
        letter = LETTER.format(question)
        with ThreadPoolExecutor(2) as pool:
            hits = search(letter, snapshot=opened, embedder=embedder, pool=pool if in_threads else None).hits
        assert hits[0].record.document_id == ("d0", "d2")[number]
        assert question in hits[0].part
        assert len({hit.record.passage_id for hit in hits}) == len(hits)
        assert all(hit.score <= 1 for hit in hits)


def test_the_relevance_of_a_letter_is_that_of_the_part_that_asks(folder, embedder):
    opened = snapshots.open_snapshot(folder)
    question = "How can I set a new password?"
    letter = LETTER.format(question)
    asked = search(question, snapshot=opened, embedder=embedder).relevance
    told = search(letter, snapshot=opened, embedder=embedder).relevance
    nothing = LETTER.format("")
    assert told > search(nothing, snapshot=opened, embedder=embedder).relevance + 0.1
    assert told > asked - 0.25


def test_a_short_query_is_embedded_once(folder, embedder):
    class Counting:
        calls = 0
        scale = embedder.scale

        def encode_query(self, text):
            self.calls += 1
            return embedder.encode_query(text)

        def count_tokens(self, text):
            return embedder.count_tokens(text)

    counting = Counting()
    search("How do I reset my password?", snapshot=snapshots.open_snapshot(folder), embedder=counting)
    assert counting.calls == 1
    search(LETTER.format("Where is my refund?") * 5, snapshot=snapshots.open_snapshot(folder), embedder=counting)
    assert counting.calls <= 2 + parts.MAX_PARTS
