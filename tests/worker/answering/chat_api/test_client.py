"""The bodies and failures in which OpenAI-compatible servers differ, over real HTTP.

The errors and bodies are those that the makers document or that users report; the comment names the server.
"""

import pytest

from tests.support.endpoint import Response, endpoint, lines, refusal, stream, whole
from tests.support.model_calls import ANSWER, THOUGHT, ask, body
from worker.answering.chat_api.errors import ModelError

HI = 'data: {"choices":[{"delta":{"content":"Hi [1]."}}]}'
HI_AND_STOP = 'data: {"choices":[{"delta":{"content":"Hi [1]."},"finish_reason":"stop"}]}'
WE_REFUND = 'data: {"choices":[{"delta":{"content":"We refund"}}]}'


def _cut_in_two(content: str) -> tuple[bytes, bytes]:
    event = f'data: {{"choices":[{{"delta":{{"content":"{content}"}}}}]}}\n\n'.encode()
    place = event.index("ö".encode()) + 1
    return event[:place], event[place:]


#: id: (the response, the text that is the answer)
TEXTS = {
    "as OpenAI sends it": (stream("You can return it ", "within 30 days [1]."), ANSWER),
    "cut off in a number": (stream("It is free [1]. It costs 4.9", finish="length"), "It is free [1]."),
    "cut off in Chinese": (stream("退款需要五天[1]。如果你", finish="length"), "退款需要五天[1]。"),
    "Mistral's word for the limit": (stream("It is free [1]. You can ret", finish="model_length"), "It is free [1]."),
    "Gemini's word for the limit": (stream("It is free [1]. You can ret", finish="MAX_TOKENS"), "It is free [1]."),
    "an unknown word for the end": (stream("It is free [1]. You can ret", finish="whatever"), "It is free [1]."),
    "one JSON object although a stream was asked for": (whole({"content": ANSWER}), ANSWER),
    "the same, laid out in lines": (whole({"content": ANSWER}, indent=2), ANSWER),
    "keep-alives": (lines(": OPENROUTER PROCESSING", "data: null", HI, "data: ", "data: [DONE]"), "Hi [1]."),
    "no space after data": (lines('data:{"choices":[{"delta":{"content":"Hi [1]."}}]}', "data:[DONE]"), "Hi [1]."),
    "one line feed between events": (body(f"{HI}\n{HI}\ndata: [DONE]\n"), "Hi [1].Hi [1]."),
    "carriage returns": (body(f"{HI}\r\n\r\ndata: [DONE]\r\n\r\n"), "Hi [1]."),
    "JSON lines": (body(f"{HI[6:]}\n{HI_AND_STOP[6:]}\n", "application/x-ndjson"), "Hi [1].Hi [1]."),
    "separators of Unicode inside JSON": (
        stream("You can\u2028return\u0085it [1]."),
        "You can\u2028return\u0085it [1].",
    ),
    "a letter cut in two": (Response(pieces=(*_cut_in_two("Größe [1]."), b"data: [DONE]\n\n")), "Größe [1]."),
    "Azure begins with the results of its filter": (
        lines('data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}', HI_AND_STOP, "data: [DONE]"),
        "Hi [1].",
    ),
    "nulls everywhere": (
        lines(
            'data: {"choices":null,"usage":null}',
            'data: {"choices":[{"delta":null,"finish_reason":null}]}',
            'data: {"choices":[{"delta":{"content":null,"tool_calls":null,"refusal":null}}]}',
            *(HI_AND_STOP, "data: [DONE]"),
        ),
        "Hi [1].",
    ),
    "no mark at the end": (stream(ANSWER, done=False), ANSWER),
    "no reason at the end": (stream(ANSWER, finish=None), ANSWER),
    "stopped at the limit": (stream("It is free [1]. You can ret", finish="length"), "It is free [1]."),
    "cut off without a word": (stream("It is free [1]. You can ret", finish=None, done=False), "It is free [1]."),
    "a second choice": (
        lines(
            'data: {"choices":[{"index":1,"delta":{"content":"No."}},{"index":0,"delta":{"content":"Hi [1]."}}]}',
            "data: [DONE]",
        ),
        "Hi [1].",
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_answer_is_read_and_nothing_else(name):
    response, text = TEXTS[name]
    with endpoint(lambda _body: response) as served:
        assert ask(served.url, heard=[]).text.strip() == text.strip()


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 5, "completion_tokens": 7},
        {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12, "prompt_tokens_details": None},
    ],
)
def test_usage_is_read(usage):
    with endpoint(lambda _body: stream(ANSWER, usage=usage)) as served:
        found = ask(served.url).usage
    assert (found.prompt_tokens, found.completion_tokens) == (5, 7)


def test_usage_with_nulls_is_none():
    with endpoint(lambda _body: stream(ANSWER, usage={"prompt_tokens": None, "completion_tokens": None})) as served:
        assert ask(served.url).usage.completion_tokens == 0


#: id: (the response, what helps, a word of the message)
FAILURES = {
    "the filter stops the answer": (stream("We refund your", finish="content_filter"), "fall_back", "content filter"),
    "the filter refuses the question, Azure": (
        refusal(
            400,
            {
                "error": {
                    "code": "content_filter",
                    "message": "The response was filtered due to the prompt "
                    "triggering Azure OpenAI's content management policy.",
                    "innererror": {},
                }
            },
        ),
        "fall_back",
        "content filter",
    ),
    "a refusal in its own field": (stream({"refusal": "I can't help with that."}), "fall_back", "can't help"),
    "the filter stops the answer, Gemini": (stream("We refund your", finish="SAFETY"), "fall_back", "content filter"),
    "the server stops the answer": (stream("We refund your", finish="error"), "retry", "with an error"),
    "no such model, as a code": (
        body('{"error":{"message":"No such model","code":"model_not_found"}}', "application/json"),
        "fall_back",
        "No such",
    ),
    "an error in the stream, vLLM and OpenRouter": (
        lines(WE_REFUND, 'data: {"error":{"message":"Provider returned error","code":502}}'),
        "retry",
        "Provider returned error",
    ),
    "an error as an event": (lines('event: error\ndata: {"error":{"message":"Overloaded"}}'), "retry", "Overloaded"),
    "an error with status 200": (
        body('{"error":{"message":"Rate limit exceeded: free-models-per-min.","code":429}}', "application/json"),
        "retry",
        "Rate limit",
    ),
    "a key is refused with status 200": (
        body('{"error":{"message":"No auth credentials found","code":401}}', "application/json"),
        "give_up",
        "No auth",
    ),
    "a broken line": (lines(WE_REFUND, 'data: {"choices":[{"del'), "retry", "not JSON"),
    "a page of HTML": (body("<html><body>Bad gateway</body></html>", "text/html"), "retry", "not JSON"),
    "a connection that ends in the middle": (
        Response(pieces=(f"{WE_REFUND}\n\n".encode(),), truncated=True),
        "retry",
        "",
    ),
    "nothing at all": (stream(""), "retry", "nothing"),
    "only reasoning": (stream({"reasoning_content": THOUGHT}), "retry", "nothing"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_says_what_happened_and_gives_no_text(name):
    response, recovery, word = FAILURES[name]
    with endpoint(lambda _body: response) as served, pytest.raises(ModelError) as caught:
        ask(served.url)
    assert caught.value.recovery == recovery
    assert word in str(caught.value)
