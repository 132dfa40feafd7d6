"""The bodies of responses, as servers really send them, over real HTTP."""

import time
from dataclasses import replace

import pytest

from tests.support.endpoint import endpoint, lines, stream
from tests.support.model_calls import ANSWER, ask, body
from worker.answering.chat_api.errors import ModelError

HELLO = 'data: {"choices":[{"index":0,"delta":{"content":"Hello."},"finish_reason":"stop"}]}'


@pytest.mark.parametrize(
    ("response", "text"),
    [
        pytest.param(body(f"\ufeff{HELLO}\n\ndata: [DONE]\n\n"), "Hello.", id="a byte order mark before the stream"),
        pytest.param(
            lines('data: {"choices":[{"delta":{"content":"one\ttwo\x07"}}]}', "data: [DONE]"),
            "one\ttwo\x07",
            id="controls that are not escaped",
        ),
        pytest.param(
            lines('event: ping\ndata: {"type": "ping"}', HELLO, "data: [DONE]"), "Hello.", id="pings of a proxy"
        ),
        pytest.param(
            lines(HELLO, 'data: {"choices":[],"cost":"0"}', "data: [DONE]"), "Hello.", id="the cost after the answer"
        ),
        pytest.param(
            body("\n\n\n" + '{"choices":[{"message":{"content":"Hello."},"finish_reason":"stop"}]}'),
            "Hello.",
            id="empty lines until one JSON object is there, DeepSeek",
        ),
    ],
)
def test_the_answer_is_read(response, text):
    with endpoint(lambda _body: response) as served:
        assert ask(served.url).text == text


def test_an_answer_whose_connection_breaks_after_its_end_is_whole():
    """https://github.com/openai/openai-python/issues/2065."""
    for response in (stream(ANSWER), stream(ANSWER, done=False)):
        with endpoint(lambda _body, sent=response: replace(sent, truncated=True)) as served:
            assert ask(served.url).text == ANSWER


def test_a_stream_that_nobody_closes_ends_with_its_mark():
    response = replace(stream(ANSWER), stays_open_s=30)
    began = time.monotonic()
    with endpoint(lambda _body: response) as served:
        assert ask(served.url).text == ANSWER
        assert time.monotonic() - began < 3


def test_a_connection_is_used_again():
    with endpoint(lambda _body: stream(ANSWER)) as served:
        ask(served.url)
        ask(served.url)
    assert len(served.requests) == 2


@pytest.mark.parametrize(
    ("response", "recovery", "word"),
    [
        pytest.param(
            body(
                '{"choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}',
                "application/json",
            ),
            "give_up",
            "insufficient balance",
            id="MiniMax, an empty balance",
        ),
        pytest.param(
            body('{"choices":null,"base_resp":{"status_code":1002,"status_msg":"rate limit"}}', "application/json"),
            "retry",
            "rate limit",
            id="MiniMax, a limit",
        ),
        pytest.param(
            lines('data: {"choices":[{"error":{"code":502,"message":"Upstream idle timeout"},"delta":{}}]}'),
            "retry",
            "Upstream idle timeout",
            id="OpenRouter, an error in a choice",
        ),
    ],
)
def test_an_error_with_status_200_says_what_happened(response, recovery, word):
    with endpoint(lambda _body: response) as served, pytest.raises(ModelError) as caught:
        ask(served.url)
    assert caught.value.recovery == recovery
    assert word in str(caught.value)


def test_a_status_of_success_is_no_error():
    text = (
        'data: {"choices":[{"delta":{"content":"Hello."},"finish_reason":"stop"}],"base_resp":{"status_code":0,'
        '"status_msg":""}}'
    )
    with endpoint(lambda _body: lines(text, "data: [DONE]")) as served:
        assert ask(served.url).text == "Hello."
