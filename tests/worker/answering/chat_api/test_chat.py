"""What a model is sent is masked, and what comes back is put together again."""

import json

import pytest

from tests.support.endpoint import endpoint, lines, stream, whole
from tests.support.model_calls import MESSAGES, TOOL, ask, call
from worker.answering.chat_api.capabilities import CapabilityMemory
from worker.answering.chat_api.chat import Chat, Completion
from worker.answering.chat_api.errors import ModelError
from worker.redaction import Redactor


def chunk(**delta: object) -> dict:
    """Return a chunk of a stream."""
    return {"choices": [{"index": 0, "delta": delta}]}


def test_a_completion_is_put_together_from_its_pieces():
    completion = Completion()
    start = {"index": 0, "function": {"name": "search", "arguments": '{"q":'}}
    rest = {"index": 0, "function": {"arguments": '"x"}'}}
    for piece in (
        chunk(content="Let me "),
        chunk(content="look."),
        chunk(tool_calls=[start]),
        chunk(tool_calls=[rest]),
    ):
        completion.add(piece)

    assert completion.text == "Let me look."
    (requested,) = completion.calls
    assert (requested.id, requested.name, requested.arguments) == ("call00000", "search", '{"q":"x"}')


def test_a_truncated_text_ends_with_its_last_whole_sentence():
    completion = Completion()
    completion.add(chunk(content="You can return it. It takes fourt"))
    completion.finish_reason = "length"

    assert completion.text == "You can return it."


def test_an_address_is_masked_for_the_model_and_restored_for_the_customer():
    chat = Chat([{"role": "user", "content": "I am ada@shop.example."}], Redactor())

    (message,) = chat.messages
    assert "ada@shop.example" not in message["content"]
    masked = message["content"].removeprefix("I am ").removesuffix(".")
    assert chat.restored(f"Hello {masked}!") == "Hello ada@shop.example!"


#: id: (chunks, the answer)
STREAMS = {
    "half a character in each chunk: https://github.com/elizaOS/eliza/issues/30904": (
        ["Thanks \\ud83d", "\\ude00!"],
        "Thanks 😀!",
    ),
    "half a character: https://github.com/Kohaku-Lab/KohakuTerrarium/pull/48": (["Thanks \\udcaf!"], "Thanks \ufffd!"),
    "NUL: https://github.com/plastic-labs/honcho/pull/1095": (["Than\\u0000ks!"], "Thanks!"),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_text_can_be_stored(name):
    pieces, answer = STREAMS[name]
    events = [f'data: {{"choices":[{{"delta":{{"content":"{piece}"}}}}]}}' for piece in pieces]
    heard: list[str] = []
    with endpoint(lambda _body: lines(*events, "data: [DONE]")) as served:
        text = ask(served.url, heard=heard).text
    assert text == answer
    text.encode()
    assert all(answer.startswith(part) for part in heard)


#: id: (the usage of each chunk, the tokens of prompt and completion)
USAGES = {
    "xAI, which leaves reasoning out: https://github.com/vercel/ai/pull/12425": (
        [{"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 399}],
        (12, 387),
    ),
    "zeros with each chunk, LocalAI": (
        [{"prompt_tokens": 9, "completion_tokens": 4}, {"prompt_tokens": 0, "completion_tokens": 0}],
        (9, 4),
    ),
    "counting up, vLLM with continuous usage": (
        [{"prompt_tokens": 9, "completion_tokens": 1}, {"prompt_tokens": 9, "completion_tokens": 2}],
        (9, 2),
    ),
    "no numbers": ([{"prompt_tokens": "n/a", "completion_tokens": None}], (0, 0)),
}


@pytest.mark.parametrize("name", USAGES)
def test_tokens_are_counted_as_they_are_billed(name):
    usages, tokens = USAGES[name]
    events = [json.dumps({"choices": [{"delta": {"content": "Hi."}}], "usage": usage}) for usage in usages]
    with endpoint(lambda _body: lines(*(f"data: {event}" for event in events), "data: [DONE]")) as served:
        usage = ask(served.url).usage
    assert (usage.prompt_tokens, usage.completion_tokens) == tokens


def test_a_whole_message_after_its_stream_is_not_said_twice():
    end = {"choices": [{"index": 0, "delta": {}, "message": {"content": "Two days."}, "finish_reason": "stop"}]}
    with endpoint(
        lambda _body: lines(
            'data: {"choices":[{"delta":{"content":"Two days."}}]}', f"data: {json.dumps(end)}", "data: [DONE]"
        )
    ) as served:
        assert ask(served.url).text == "Two days."


@pytest.mark.parametrize("reason", ["null", "none", ""])
def test_the_word_null_is_no_reason_to_stop(reason):
    events = [{"choices": [{"delta": {"content": part}, "finish_reason": reason}]} for part in ("It is ", "free")]
    stop = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    with endpoint(lambda _body: lines(*(f"data: {json.dumps(event)}" for event in [*events, stop]))) as served:
        assert ask(served.url).text == "It is free"


@pytest.mark.parametrize("reason", ["function_call_filter: MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"])
def test_a_call_that_the_model_failed_to_write_is_tried_again_and_is_no_reasoning(reason):
    """Gemini: https://github.com/pydantic/pydantic-ai/pull/3300."""
    memory = CapabilityMemory()
    with endpoint(lambda _body: stream("", finish=reason)) as served:
        with pytest.raises(ModelError) as caught:
            ask(served.url, memory=memory)
        assert len(served.requests) == 1
    assert caught.value.recovery == "retry"
    assert not memory.of("some-model").reasons


@pytest.mark.parametrize("field", ["reasoning_text", "thinking", "reasoning_details"])
def test_reasoning_in_any_field_is_reasoning(field):
    value = [{"type": "reasoning.text", "text": "I think."}] if field == "reasoning_details" else "I think."
    with endpoint(lambda _body: stream({field: value}, "Two days.")) as served:
        completion = ask(served.url)
    assert completion.has_reasoning
    assert completion.text == "Two days."


#: id: (the response, the calls)
CALLS = {
    "arguments in pieces": (
        stream(
            {"tool_calls": [call(0, "c1", "find_order", "")]},
            {"tool_calls": [call(0, arguments='{"num')]},
            {"tool_calls": [call(0, arguments='ber": 7}')]},
            finish="tool_calls",
        ),
        [("c1", "find_order", {"number": 7})],
    ),
    "two at once": (
        stream({"tool_calls": [call(0, "c1", "find_order", "{}"), call(1, "c2", "search", "{}")]}, finish="tool_calls"),
        [("c1", "find_order", {}), ("c2", "search", {})],
    ),
    "two with one index": (
        stream(
            {"tool_calls": [call(0, "c1", "find_order", '{"number": 1}')]},
            {"tool_calls": [call(0, "c2", "find_order", '{"number": 2}')]},
        ),
        [("c1", "find_order", {"number": 1}), ("c2", "find_order", {"number": 2})],
    ),
    "without an index, Gemini": (
        stream({"tool_calls": [call(None, "", "find_order", '{"number": 1}'), call(None, "", "search", "{}")]}),
        [("call00000", "find_order", {"number": 1}), ("call00001", "search", {})],
    ),
    "without ids": (
        stream({"tool_calls": [call(0, None, "find_order", "{}"), call(1, None, "search", "{}")]}),
        [("call00000", "find_order", {}), ("call00001", "search", {})],
    ),
    "one id for two": (
        stream({"tool_calls": [call(0, "c", "find_order", "{}"), call(1, "c", "search", "{}")]}),
        [("c", "find_order", {}), ("call00000", "search", {})],
    ),
    "the name in each piece": (
        stream(
            {"tool_calls": [call(0, "c1", "find_order", "")]},
            {"tool_calls": [call(0, "c1", "find_order", '{"number": 7}')]},
        ),
        [("c1", "find_order", {"number": 7})],
    ),
    "the name in each piece, without ids": (
        stream(
            {"tool_calls": [call(0, None, "find_order", '{"num')]},
            {"tool_calls": [call(0, None, "find_order", 'ber": 7}')]},
        ),
        [("call00000", "find_order", {"number": 7})],
    ),
    "two without arguments at one index": (
        stream({"tool_calls": [call(0, None, "find_order")]}, {"tool_calls": [call(0, None, "search")]}),
        [("call00000", "find_order", {}), ("call00001", "search", {})],
    ),
    "an id that ours would repeat": (
        stream({"tool_calls": [call(0, "call00001", "find_order", "{}"), call(1, None, "search", "{}")]}),
        [("call00001", "find_order", {}), ("call00000", "search", {})],
    ),
    "no arguments": (stream({"tool_calls": [call(0, "c1", "find_order")]}), [("c1", "find_order", {})]),
    "arguments as an object, Ollama": (
        stream({"tool_calls": [call(0, "c1", "find_order", {"number": 7})]}),
        [("c1", "find_order", {"number": 7})],
    ),
    "what came before tools": (
        stream(
            {"function_call": {"name": "find_order", "arguments": '{"num'}},
            {"function_call": {"arguments": 'ber": 7}'}},
            finish="function_call",
        ),
        [("call00000", "find_order", {"number": 7})],
    ),
    "in one JSON object": (
        whole(
            {
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "find_order", "arguments": "{}"}}],
            },
            finish="tool_calls",
        ),
        [("c1", "find_order", {})],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_tool_calls_are_read(name):
    response, expected = CALLS[name]
    with endpoint(lambda _body: response) as served:
        calls = ask(served.url, tools=[TOOL]).calls
    assert [(made.id, made.name, json.loads(made.arguments)) for made in calls] == expected


def test_what_came_with_a_call_goes_back_with_it():
    """Gemini wants the signature of its thought back, DeepSeek its reasoning."""
    signature = {"google": {"thought_signature": "abc"}}
    piece = call(0, "c1", "find_order", "{}") | {"extra_content": signature}
    with endpoint(lambda _body: stream({"reasoning_content": "I look it up.", "tool_calls": [piece]})) as served:
        completion = ask(served.url, tools=[TOOL])
    chat = Chat(MESSAGES, None)
    chat.add_completion(completion)
    assert chat.messages[-1]["tool_calls"][0]["extra_content"] == signature
    assert chat.messages[-1]["reasoning_content"] == "I look it up."
