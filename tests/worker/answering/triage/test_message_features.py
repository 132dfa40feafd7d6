"""Words and their parts, with vectors or without, say how alike texts are."""

import numpy as np
import pytest

from worker.answering.triage.message_features import MAX_CHARACTERS, ExampleIndex, Extractor, rarities_of

TEXTS = ["My account was hacked", "How do I change my password?", "我的账号被盗了", ""]


def test_the_index_gives_the_sum_of_the_cosines_of_words_and_vectors():
    vectors = {text: np.eye(4, dtype=np.float32)[n] for n, text in enumerate(TEXTS)}
    extractor = Extractor(rarities_of(TEXTS), vectors.__getitem__)
    rows = [extractor.features(text) for text in TEXTS]
    found = np.stack([ExampleIndex(rows).similarities(row) for row in rows])
    dense = np.zeros((len(TEXTS), len(extractor.rarities)), np.float32)
    for n, row in enumerate(rows):
        dense[n, row.buckets] = row.values
    assert found == pytest.approx(dense @ dense.T + np.eye(4), abs=1e-5)
    assert ExampleIndex(rows).all_similarities() == pytest.approx(found, abs=1e-5)


def test_spelling_and_inflection_stay_near_and_scripts_without_spaces_are_read():
    extractor = Extractor(rarities_of(TEXTS), None)
    index = ExampleIndex([extractor.features(text) for text in TEXTS])
    assert index.similarities(extractor.features("acount hackd")).argmax() == 0
    assert index.similarities(extractor.features("账号被盗")).argmax() == 2
    assert index.similarities(extractor.features("")).max() == 0


def test_a_long_message_costs_no_more_than_its_beginning():
    extractor = Extractor(rarities_of(TEXTS), None)
    long = extractor.words("ab " * MAX_CHARACTERS)
    assert len(long.buckets) == len(extractor.words(("ab " * MAX_CHARACTERS)[:MAX_CHARACTERS]).buckets)
