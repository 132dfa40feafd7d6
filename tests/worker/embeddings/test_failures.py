"""Errors in the words of the servers that send them."""

import json

import pytest

from kb.errors import EmbedderRefused, EmbedderUnavailable
from worker.embeddings.failures import TextsRefused, failure_of

OPENAI_TOO_LONG = {
    "error": {
        "message": "This model's maximum context length is 8192 tokens, however you requested 9001 tokens.",
        "type": "invalid_request_error",
    }
}
OPENAI_DIMENSIONS = {"error": {"message": "This model does not support specifying dimensions.", "param": None}}
OPENAI_QUOTA = {
    "error": {
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "code": "insufficient_quota",
    }
}
TEI_BATCH = {"message": "batch size 64 > maximum allowed batch size 32", "type": "Validation"}
TEI_LONG = {"message": "Input validation error: `inputs` must have less than 512 tokens. Given: 1001"}
VLLM_MATRYOSHKA = {
    "message": 'Model "bge-m3" does not support matryoshka representation, changing output dimensions will lead to poor'
    " results."
}
OLLAMA_NAN = {"error": {"message": "failed to encode response: json: unsupported value: NaN", "type": "api_error"}}
OLLAMA_MODEL = {"error": {"message": 'model "nomic" not found, try pulling it first', "type": "api_error"}}


def of(status, payload, **headers):
    return failure_of(status, headers, json.dumps(payload).encode())


@pytest.mark.parametrize(
    ("status", "payload"), [(400, OPENAI_TOO_LONG), (422, TEI_BATCH), (413, TEI_LONG), (413, "too large")]
)
def test_too_many_or_too_long_texts_can_be_sent_as_fewer_or_shorter_ones(status, payload):
    failure = of(status, payload)
    assert isinstance(failure, TextsRefused)
    assert not failure.about_dimensions
    assert not failure.no_vector


@pytest.mark.parametrize("payload", [OPENAI_DIMENSIONS, VLLM_MATRYOSHKA])
def test_a_model_of_one_length_is_asked_for_no_length(payload):
    assert of(400, payload).about_dimensions


def test_a_text_of_which_the_model_makes_no_vector_is_known():
    assert of(500, OLLAMA_NAN).no_vector


@pytest.mark.parametrize(
    ("status", "payload"),
    [
        (401, {"error": {"message": "Incorrect API key"}}),
        (403, {}),
        (404, OLLAMA_MODEL),
        (402, {}),
        (429, OPENAI_QUOTA),
    ],
)
def test_what_has_to_be_changed_first_is_refused_with_the_reason(status, payload):
    failure = of(status, payload)
    assert isinstance(failure, EmbedderRefused)
    assert str(status) in str(failure)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_what_passes_is_tried_again_after_the_time_that_the_server_names(status):
    failure = failure_of(status, {"retry-after": "3"}, b"<html>busy</html>")
    assert isinstance(failure, EmbedderUnavailable)
    assert not isinstance(failure, EmbedderRefused)
    assert failure.after_s == 3
    assert failure_of(status, {}, b"").after_s is None
