"""What servers send as embeddings: OpenAI, Ollama, text-embeddings-inference and vLLM, and what they should not."""

import numpy as np
import pytest

from kb.errors import EmbedderRefused, EmbedderUnavailable
from tests.support.embeddings import as_base64
from worker.embeddings.responses import parsed, tokens_of, vectors_of


def data(*embeddings, indexes=None):
    indexes = range(len(embeddings)) if indexes is None else indexes
    return {"data": [{"index": index, "embedding": one} for index, one in zip(indexes, embeddings, strict=True)]}


def test_numbers_and_base64_are_the_same_vectors_and_of_length_1():
    numbers = vectors_of(data([3.0, 4.0], [0.0, 2.0]), count=2, dimensions=2)
    coded = vectors_of(data(as_base64([3.0, 4.0]), as_base64([0.0, 2.0])), count=2, dimensions=2)
    assert np.allclose(numbers, [[0.6, 0.8], [0.0, 1.0]])
    assert np.array_equal(numbers, coded)
    assert numbers.dtype == coded.dtype == np.float32


def test_vectors_are_put_in_the_order_of_the_texts():
    found = vectors_of(data([1.0, 0.0], [0.0, 1.0], [1.0, 1.0], indexes=[2, 0, 1]), count=3, dimensions=2)
    assert np.allclose(found, [[0, 1], [0.70710677, 0.70710677], [1, 0]])


def test_without_any_index_the_order_is_that_of_the_request():
    found = vectors_of({"data": [{"embedding": [1, 0]}, {"embedding": [0, 1]}]}, count=2, dimensions=2)
    assert np.allclose(found, [[1, 0], [0, 1]])


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        None,
        {"data": None},
        {"data": ["x"]},
        {"data": []},
        data([1, 0]),
        data([1, 0], [0, 1], [1, 1]),
        data([1, 0], [0, 1], indexes=[0, 0]),
        data([1, 0], [0, 1], indexes=[1, 2]),
        data([1, 0], [0, 1], indexes=[0, None]),
        data([1, 0], [0, 1], indexes=["0", "1"]),
        data([1, 0], None),
        data([1, 0], "no base64!"),
        data([1, 0], "AAAA"),  # three bytes are no number
        data([1, 0], [[0, 1]]),
        data([1, 0], ["a", "b"]),
        data([1, 0], [0, 0]),
        data([1, 0], [float("nan"), 0]),
        data([1, 0], [1e39, 0]),
        data([1, 0], {"values": [0, 1]}),
    ],
)
def test_what_is_no_response_to_the_request_is_tried_again(payload):
    with pytest.raises(EmbedderUnavailable) as raised:
        vectors_of(payload, count=2, dimensions=2)
    assert not isinstance(raised.value, EmbedderRefused)


def test_vectors_of_another_length_name_the_setting_and_the_length():
    with pytest.raises(EmbedderRefused, match="vectors of 3 numbers: set ANSWERBACK_EMBEDDING_DIMENSIONS, which is 2"):
        vectors_of(data([1, 0, 0]), count=1, dimensions=2)


def test_a_body_that_is_no_json_is_tried_again():
    assert parsed(b"[1]") == [1]
    for body in (b"", b"<html>", b"\xff"):
        with pytest.raises(EmbedderUnavailable):
            parsed(body)


@pytest.mark.parametrize(
    ("payload", "tokens"),
    [
        ({"usage": {"prompt_tokens": 12, "total_tokens": 12}}, 12),
        ({"usage": {"total_tokens": 9}}, 9),
        ({"usage": {"prompt_tokens": -1}}, 0),
        ({"usage": {"prompt_tokens": "12"}}, 0),
        ({"usage": None}, 0),
        ({}, 0),
        ([], 0),
    ],
)
def test_tokens_are_those_that_the_server_counts(payload, tokens):
    assert tokens_of(payload) == tokens
