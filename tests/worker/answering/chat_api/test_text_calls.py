"""Tool calls that a server left in the text, and arguments that are not one JSON object, over real HTTP."""

import json

import pytest

from tests.support.endpoint import endpoint, stream
from tests.support.model_calls import MESSAGES, ask, call
from worker.answering.chat_api.chat import Chat

PARAMETERS = {
    "type": "object",
    "properties": {"number": {"type": "string"}, "limit": {"type": "integer"}},
}
TOOL = {"type": "function", "function": {"name": "find_order", "description": "", "parameters": PARAMETERS}}
ORDER = {"number": "7"}

#: id: (the text that a server left, the answer beside the calls, the calls)
TEXTS = {
    "Hermes and Qwen": ('<tool_call>\n{"name": "find_order", "arguments": {"number": "7"}}\n</tool_call>', "", [ORDER]),
    "two of them": (
        '<tool_call>{"name": "find_order", "arguments": {"number": "7"}}</tool_call>\n'
        '<tool_call>{"name": "find_order", "arguments": {"number": "8"}}</tool_call>',
        "",
        [ORDER, {"number": "8"}],
    ),
    "after a sentence": (
        'I look it up.\n<tool_call>\n{"name": "find_order", "arguments": {"number": "7"}}\n</tool_call>',
        "I look it up.",
        [ORDER],
    ),
    "Ollama: https://github.com/NousResearch/hermes-agent/pull/87900": (
        '{"name": "find_order", "arguments": {"number": "7"}}\n{"name": "find_order", "arguments": {"number": "8"}}',
        "",
        [ORDER, {"number": "8"}],
    ),
    "Ollama, without arguments": ('{"name": "find_order"}', "", [{}]),
    "in a fence": ('```json\n{"name": "find_order", "arguments": {"number": "7"}}\n```', "", [ORDER]),
    "llama.cpp: https://github.com/ggml-org/llama.cpp/issues/14697": (
        '{\n  "tool_calls": [\n    {"name": "find_order", "arguments": {"number": "7"}, "id": "1"}\n  ]\n}',
        "",
        [ORDER],
    ),
    "Mistral": ('[TOOL_CALLS][{"name": "find_order", "arguments": {"number": "7"}}]', "", [ORDER]),
    "Mistral, the name first": ('[TOOL_CALLS]find_order[ARGS]{"number": "7"}', "", [ORDER]),
    "Mistral, as a list: https://github.com/mistralai/mistral-common/issues/73": (
        '[{"name": "find_order", "arguments": {"number": "7"}}]',
        "",
        [ORDER],
    ),
    "Llama 3": ('<|python_tag|>{"name": "find_order", "parameters": {"number": "7"}}<|eom_id|>', "", [ORDER]),
    "Llama 3.1": ('<function=find_order>{"number": "7"}</function>', "", [ORDER]),
    "Qwen 3 Coder": (
        "<tool_call>\n<function=find_order>\n<parameter=number>\n7\n</parameter>\n<parameter=limit>\n3\n</parameter>\n"
        "</function>\n</tool_call>",
        "",
        [{"number": "7", "limit": 3}],
    ),
    "a function that nobody offered": (
        '{"name": "delete", "arguments": {}}',
        '{"name": "delete", "arguments": {}}',
        [],
    ),
    "JSON that is no call": ('{"number": "7"}', '{"number": "7"}', []),
    "a text that speaks of one": (
        'Write {"name": "find_order"} into the file [1].',
        'Write {"name": "find_order"} into the file [1].',
        [],
    ),
    "a citation at the beginning": ("[1] says 30 days.", "[1] says 30 days.", []),
}


@pytest.mark.parametrize("name", TEXTS)
def test_calls_in_the_text_are_made_and_not_heard(name):
    text, answer, calls = TEXTS[name]
    heard: list[str] = []
    pieces = [text[start : start + 5] for start in range(0, len(text), 5)]
    with endpoint(lambda _body: stream(*pieces)) as served:
        completion = ask(served.url, tools=[TOOL], heard=heard)
    assert completion.text == answer
    assert [json.loads(found.arguments) for found in completion.calls] == calls
    assert {found.name for found in completion.calls} <= {"find_order"}
    if calls:
        assert all(answer.startswith(part.rstrip()) for part in heard)


def test_the_text_of_a_model_without_tools_is_its_text():
    text = '{"name": "find_order", "arguments": {}}'
    with endpoint(lambda _body: stream(text)) as served:
        completion = ask(served.url)
    assert (completion.text, completion.calls) == (text, [])


#: id: (the arguments in pieces, what they mean)
ARGUMENTS = {
    "an empty object first, LiteLLM and Envoy: https://github.com/envoyproxy/ai-gateway/issues/1465": (
        ["{}", '{"num', 'ber": "7"}'],
        ORDER,
    ),
    "twice: https://github.com/Soju06/codex-lb/issues/284": (['{"number": "7"}{"number": "7"}'], ORDER),
    "all so far in each piece: https://github.com/decolua/9router/pull/2869": (
        ['{"num', '{"number"', '{"number": "7"}'],
        ORDER,
    ),
    "the whole again at the end": (['{"number": ', '"7"}', '{"number": "7"}'], ORDER),
    "a string that holds JSON: https://github.com/openclaw/openclaw/pull/40425": (['"{\\"number\\": \\"7\\"}"'], ORDER),
    "null": (["null"], {}),
    "NUL, which PostgreSQL refuses: https://github.com/plastic-labs/honcho/pull/1095": (
        ['{"number": "7\\u0000"}'],
        ORDER,
    ),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_are_one_object(name):
    pieces, meaning = ARGUMENTS[name]
    first, *rest = [{"tool_calls": [call(0, arguments=piece)]} for piece in pieces]
    first["tool_calls"][0] |= {"id": "c1"}
    first["tool_calls"][0]["function"]["name"] = "find_order"
    with endpoint(lambda _body: stream(first, *rest, finish="tool_calls")) as served:
        (made,) = ask(served.url, tools=[TOOL]).calls
    assert json.loads(made.arguments) == meaning


@pytest.mark.parametrize(
    "name",
    [
        "find_order<|channel|>commentary",  # https://github.com/vllm-project/vllm/issues/32587
        "find_order<|channel|>analysis",  # https://github.com/ollama/ollama/issues/12132
        "functions.find_order:0",  # Kimi K2
        "default_api.find_order",  # Gemini
    ],
)
def test_what_stands_around_a_function_s_name_goes(name):
    with endpoint(lambda _body: stream({"tool_calls": [call(0, "c1", name, "{}")]})) as served:
        (made,) = ask(served.url, tools=[TOOL]).calls
    assert made.name == "find_order"


def test_signatures_of_reasoning_go_back_with_a_call():
    """OpenRouter in front of Gemini 3: https://github.com/earendil-works/pi/pull/260."""
    details = [{"type": "reasoning.encrypted", "data": "abc", "id": "c1", "format": "google-gemini-v1", "index": 0}]
    piece = {"tool_calls": [call(0, "c1", "find_order", "{}")], "reasoning_details": details}
    with endpoint(lambda _body: stream(piece, finish="tool_calls")) as served:
        completion = ask(served.url, tools=[TOOL])
    chat = Chat(MESSAGES, None)
    chat.add_completion(completion)
    assert chat.messages[-1]["reasoning_details"] == details
