"""Without an embedding model, texts that share words are similar."""

import numpy as np

from kb.lexical_only import LexicalOnlyEmbedder


def test_texts_that_share_stems_are_similar_and_an_empty_one_is_like_none():
    encode = LexicalOnlyEmbedder().encode
    assert np.dot(encode("reset the password"), encode("resetting passwords")) > 0.99
    assert np.dot(encode("reset the password"), encode("parcels arrive late")) < 0.01
    assert not encode("of the").any()
    assert LexicalOnlyEmbedder().count_tokens("three plain words") == 5
