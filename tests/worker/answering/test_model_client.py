"""Each way in which OpenAI-compatible servers differ, over real HTTP.

The errors and bodies are those that the makers document or that users report; the comment names the server.
"""

import json
import time

import pytest

from tests.support.endpoint import Response, endpoint, lines, refusal, stream, whole
from worker.answering.capabilities import CapabilityMemory
from worker.answering.chat import Chat, Completion
from worker.answering.model_client import CompletionRequest, ReasonedOut, complete, open_client
from worker.answering.model_errors import ModelError

ANSWER = "You can return it within 30 days [1]."
TOOL = {"type": "function", "function": {"name": "find_order", "description": "", "parameters": {"type": "object"}}}
MESSAGES = [
    {"role": "system", "content": "Answer."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hello."},
    {"role": "user", "content": "How long can I return it?"},
]


def body(text: str, content_type: str = "text/event-stream") -> Response:
    return Response(pieces=(text.encode(),), content_type=content_type)


def _cut_in_two(content: str) -> tuple[bytes, bytes]:
    event = f'data: {{"choices":[{{"delta":{{"content":"{content}"}}}}]}}\n\n'.encode()
    place = event.index("ö".encode()) + 1
    return event[:place], event[place:]


def ask(url: str, *, model="some-model", tools=(), memory: CapabilityMemory | None = None, heard=None) -> Completion:
    memory = memory or CapabilityMemory()

    def once() -> Completion:
        return complete(
            open_client(api_key=None, base_url=url),
            CompletionRequest(
                model=model, messages=MESSAGES, tools=tools, max_tokens=700, deadline=time.monotonic() + 5
            ),
            memory=memory,
            revoked=lambda: False,
            on_text=None if heard is None else heard.append,
        )

    try:
        return once()
    except ReasonedOut:
        return once()


# -- parameters --------------------------------------------------------------------------------------------------------


def openai(message: str, param: str | None, code: str | None = "unsupported_parameter") -> dict:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


#: id: (a parameter that the server takes offence at, status, payload, what is sent instead)
REFUSALS = {
    "OpenAI, a reasoning model: max_tokens": (
        "max_tokens",
        400,
        openai(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
            "instead.",
            "max_tokens",
        ),
        {"max_completion_tokens": 4_700},  # only models that reason refuse the other name
    ),
    "OpenAI, a reasoning model: temperature": (
        "temperature",
        400,
        openai(
            "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is "
            "supported.",
            "temperature",
            "unsupported_value",
        ),
        {},
    ),
    "OpenAI, an organisation that is not verified: stream": (
        "stream",
        400,
        openai("Your organization must be verified to stream this model.", "stream", "unsupported_value"),
        {},
    ),
    "Mistral: stream_options": (
        "stream_options",
        422,
        {
            "object": "error",
            "message": {
                "detail": [
                    {
                        "type": "extra_forbidden",
                        "loc": ["body", "stream_options"],
                        "msg": "Extra inputs are not permitted",
                        "input": {"include_usage": True},
                    }
                ]
            },
            "type": "invalid_request_error",
        },
        {},
    ),
    "Mistral, an error as a text": (
        "stream_options",
        422,
        {
            "object": "error",
            "message": '{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are '
            'not permitted","input":{"include_usage":true}}]}',
            "type": "internal_error_proxy",
            "param": None,
        },
        {},
    ),
    "LiteLLM in front of Mistral": (
        "stream_options",
        400,
        {
            "error": {
                "message": "litellm.BadRequestError: MistralException - {'detail': [{'type': 'extra_forbidden', 'loc': "
                "['body', 'stream_options', 'include_usage'], 'msg': 'Extra inputs are not permitted'}]}. Received "
                "Model Group=mistral",
                "type": None,
                "param": None,
                "code": "400",
            }
        },
        {},
    ),
    "a FastAPI server: stream_options": (
        "stream_options",
        422,
        {"detail": [{"loc": ["body", "stream_options"], "msg": "extra fields not permitted", "type": "value_error"}]},
        {},
    ),
    "Gemini: stream_options": (
        "stream_options",
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": 'Invalid JSON payload received. Unknown name "stream_options": Cannot find field.',
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
        {},
    ),
    "Groq: stream_options": (
        "stream_options",
        400,
        {"error": {"message": "property 'stream_options' is unsupported", "type": "invalid_request_error"}},
        {},
    ),
    "Fireworks: stream_options": (
        "stream_options",
        400,
        {
            "error": {
                "object": "error",
                "type": "invalid_request_error",
                "message": "Extra inputs are not permitted, field: 'stream_options', value: {'include_usage': True}",
            }
        },
        {},
    ),
    "LiteLLM: temperature": (
        "temperature",
        400,
        {
            "error": {
                "message": "litellm.UnsupportedParamsError: O-series models don't support temperature=0. Only "
                "temperature=1 is supported.",
                "type": "None",
                "param": "None",
                "code": "400",
            }
        },
        {},
    ),
    "Anthropic: temperature": (
        "temperature",
        400,
        {"error": {"code": "invalid_request_error", "message": "`temperature` is deprecated for this model."}},
        {},
    ),
    "vLLM without a tool parser: tools": (
        "tools",
        400,
        {
            "object": "error",
            "message": '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
        {},
    ),
    "Ollama: tools": (
        "tools",
        400,
        {
            "error": {
                "message": "registry.ollama.ai/library/gemma:2b does not support tools",
                "type": "api_error",
                "param": None,
                "code": None,
            }
        },
        {},
    ),
    "llama.cpp without --jinja: tools": (
        "tools",
        500,
        {"error": {"code": 500, "message": "tools param requires --jinja flag", "type": "server_error"}},
        {},
    ),
    "OpenRouter: tools": (
        "tools",
        404,
        {"error": {"message": "No endpoints found that support tool use. To learn more, see …", "code": 404}},
        {},
    ),
    "Groq: tools": (
        "tools",
        400,
        {"error": {"message": "`tool calling` is not supported with this model", "type": "invalid_request_error"}},
        {},
    ),
    "a plain text": ("stream_options", 400, "unknown field stream_options", {}),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_parameter_is_left_out_or_renamed_and_remembered(name):
    parameter, status, payload, instead = REFUSALS[name]

    def answering(body: dict) -> Response:
        return (
            refusal(status, payload)
            if parameter in body
            else stream(ANSWER)
            if body.get("stream")
            else whole({"content": ANSWER})
        )

    memory = CapabilityMemory()
    with endpoint(answering) as served:
        assert ask(served.url, tools=[TOOL], memory=memory).text == ANSWER
        assert len(served.requests) == 2
        assert instead.items() <= served.requests[1].items()
        kept = set(served.requests[0]) - {parameter} - ({"stream_options"} if parameter == "stream" else set())
        assert kept <= set(served.requests[1])
        assert ask(served.url, tools=[TOOL], memory=memory).text == ANSWER
        assert len(served.requests) == 3


def test_one_parameter_after_the_other_is_given_up():
    """A gateway in front of a reasoning model that nobody knows by its name."""

    def answering(body: dict) -> Response:
        for name in ("max_tokens", "temperature", "stream_options", "tools"):
            if name in body:
                return refusal(400, openai(f"Unsupported parameter: '{name}'.", name))
        return stream(ANSWER)

    with endpoint(answering) as served:
        assert ask(served.url, tools=[TOOL]).text == ANSWER
        assert len(served.requests) == 5


def test_a_model_that_only_has_the_name_of_a_family_is_asked_with_the_other_limit():
    """Mistral refuses `max_completion_tokens`, whatever the model behind it is called."""

    def answering(body: dict) -> Response:
        detail = [{"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"], "msg": "Extra inputs …"}]
        return refusal(422, {"message": {"detail": detail}}) if "max_completion_tokens" in body else stream(ANSWER)

    with endpoint(answering) as served:
        assert ask(served.url, model="o3-mini").text == ANSWER
        assert "max_tokens" in served.requests[-1]


def test_a_limit_of_neither_name_is_not_sent():
    def answering(body: dict) -> Response:
        for name in ("max_tokens", "max_completion_tokens"):
            if name in body:
                return refusal(400, openai(f"Unrecognized request argument supplied: {name}", None, None))
        return stream(ANSWER)

    with endpoint(answering) as served:
        assert ask(served.url).text == ANSWER
        assert len(served.requests) == 3


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("o3-mini", {"max_completion_tokens"}),
        ("gpt-5-mini", {"max_completion_tokens"}),
        ("openai/o4-mini", {"max_completion_tokens"}),
        ("gpt-4o-mini", {"max_tokens", "temperature"}),
        ("gpt-5-chat-latest", {"max_tokens", "temperature"}),
        ("openai/gpt-oss-20b", {"max_tokens", "temperature"}),
        ("deepseek-r1:8b", {"max_tokens", "temperature"}),
        ("llama3.2", {"max_tokens", "temperature"}),
    ],
)
def test_known_families_are_right_from_the_first_call(model, sent):
    with endpoint(lambda _body: stream(ANSWER)) as served:
        ask(served.url, model=model)
        (body,) = served.requests
    assert set(body) & {"max_tokens", "max_completion_tokens", "temperature"} == sent
    reasons = model not in ("gpt-4o-mini", "gpt-5-chat-latest", "llama3.2")
    assert body.get("max_tokens", body.get("max_completion_tokens")) == (4_700 if reasons else 700)


@pytest.mark.parametrize(
    ("status", "payload"),
    [
        (
            400,
            openai(
                "This model's maximum context length is 4096 tokens. However, you requested 4300 tokens (3600 in "
                "the messages, 700 in the completion). Please reduce the length of the messages or completion.",
                "messages",
                "context_length_exceeded",
            ),
        ),
        (
            400,
            {
                "object": "error",
                "message": "'max_tokens' or 'max_completion_tokens' is too large: 700. This model's "
                "maximum context length is 1024 tokens and your request has 900 input tokens.",
                "code": 400,
            },
        ),
        (404, openai("The model `gpt-9` does not exist or you do not have access to it.", None, "model_not_found")),
        (400, {"error": {"message": "Invalid request", "code": 400}}),
        (500, {"error": {"message": "Internal error: unexpected tensor shape", "code": 500}}),
        (500, {"error": {"message": "unexpected tool_use_id found in tool_result blocks", "code": 500}}),
        (
            400,
            openai(
                "Invalid parameter: messages with role 'tool' must be a response to a preceding message with "
                "'tool_calls'.",
                "messages.[2].role",
                None,
            ),
        ),
        (
            400,
            openai(
                "Invalid schema for function 'find_order': None is not of type 'object'.",
                "tools[0].function.parameters",
                "invalid_function_parameters",
            ),
        ),
        (413, "Payload Too Large"),
    ],
)
def test_other_refusals_are_no_refusals_of_a_parameter(status, payload):
    with endpoint(lambda _body: refusal(status, payload)) as served:
        with pytest.raises(ModelError):
            ask(served.url, tools=[TOOL])
        assert len(served.requests) == 1


@pytest.mark.parametrize(
    "message",
    [
        "Conversation roles must alternate user/assistant/user/assistant/...",  # Mistral's and Gemma's templates
        "System role not supported",  # Gemma's template in vLLM
        "After the (optional) system message(s), user and assistant roles should be alternating.",  # Perplexity
        "Only user, assistant and tool roles are supported, got system.",  # Ministral's template
    ],
)
@pytest.mark.parametrize("status", [400, 500])  # llama.cpp reports templates with 500
def test_a_template_that_takes_no_such_roles_is_given_one_message(message, status):
    def answering(body: dict) -> Response:
        return refusal(status, {"error": {"message": message}}) if len(body["messages"]) > 1 else stream(ANSWER)

    with endpoint(answering) as served:
        assert ask(served.url).text == ANSWER
        (only,) = served.requests[-1]["messages"]
    assert only["role"] == "user"
    assert only["content"].index("Answer.") < only["content"].index("Hello.") < only["content"].index("How long")


def test_a_limit_that_is_too_high_is_lowered_to_what_the_server_names():
    def answering(body: dict) -> Response:
        message = "max_tokens is too large: 4700. This model supports at most 4096 completion tokens."
        return (
            refusal(400, openai(message, "max_tokens", "invalid_value"))
            if body["max_tokens"] > 4096
            else stream(ANSWER)
        )

    with endpoint(answering) as served:
        assert ask(served.url, model="qwq-32b").text == ANSWER
        assert [body["max_tokens"] for body in served.requests] == [4_700, 4_096]


def test_a_small_context_leaves_no_room_for_reasoning():
    def answering(body: dict) -> Response:
        message = "This model's maximum context length is 4096 tokens. However, you requested 4900 tokens."
        return refusal(400, {"object": "error", "message": message}) if body["max_tokens"] > 1_000 else stream(ANSWER)

    with endpoint(answering) as served:
        assert ask(served.url, model="Qwen/Qwen3-8B").text == ANSWER
        assert [body["max_tokens"] for body in served.requests] == [4_700, 700]


def test_what_was_learned_is_forgotten_after_an_hour():
    now = [0.0]
    memory = CapabilityMemory(clock=lambda: now[0])

    def answering(body: dict) -> Response:
        return refusal(400, openai("Unsupported parameter: 'tools'.", "tools")) if "tools" in body else stream(ANSWER)

    with endpoint(answering) as served:
        ask(served.url, tools=[TOOL], memory=memory)
        assert not memory.of("some-model").tools
        now[0] = 3_601
        assert memory.of("some-model").tools


# -- what comes back ---------------------------------------------------------------------------------------------------


HI = 'data: {"choices":[{"delta":{"content":"Hi [1]."}}]}'
HI_AND_STOP = 'data: {"choices":[{"delta":{"content":"Hi [1]."},"finish_reason":"stop"}]}'
WE_REFUND = 'data: {"choices":[{"delta":{"content":"We refund"}}]}'

THOUGHT = "The passage says 60 days [1]. So I say 60 days [1]."

#: id: (the response, the text that is the answer)
TEXTS = {
    "as OpenAI sends it": (stream("You can return it ", "within 30 days [1]."), ANSWER),
    "DeepSeek-R1 in the text": (stream("<think>\n", THOUGHT, "\n</think>\n\n", ANSWER), ANSWER),
    "a tag in pieces": (stream("<th", "ink>", THOUGHT, "</th", "ink>", ANSWER), ANSWER),
    "Qwen 3 with empty reasoning": (stream("<think>\n\n</think>\n\n", ANSWER), ANSWER),
    "the opening tag is in the template": (stream(THOUGHT, "\n</think>\n", ANSWER), ANSWER),
    "reasoning in its own field, DeepSeek": (stream({"reasoning_content": THOUGHT}, ANSWER), ANSWER),
    "reasoning in its own field, OpenRouter and Ollama": (
        stream({"reasoning": THOUGHT, "content": ""}, ANSWER),
        ANSWER,
    ),
    "Magistral in the text": (stream("[THINK]", THOUGHT, "[/THINK]", ANSWER), ANSWER),
    "Mistral: content in parts": (
        stream(
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}]},
            {"content": [{"type": "text", "text": ANSWER}]},
        ),
        ANSWER,
    ),
    "gpt-oss with its channels": (
        stream(
            f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>"
        ),
        ANSWER,
    ),
    "gpt-oss without its special tokens": (stream(f"analysis{THOUGHT}assistantfinal{ANSWER}"), ANSWER),
    "gpt-oss without its special tokens, in German": (
        stream(f"analysis{THOUGHT}assistantfinalÜber 30 Tage [1]."),
        "Über 30 Tage [1].",
    ),
    "another closing tag": (stream(f"<thinking>{THOUGHT}</think>{ANSWER}"), ANSWER),
    "tags that an article speaks of": (
        stream("Close it with the </reasoning> tag, not with <think> [1]."),
        "Close it with the </reasoning> tag, not with <think> [1].",
    ),
    "cut off in a number": (stream("It is free [1]. It costs 4.9", finish="length"), "It is free [1]."),
    "cut off in Chinese": (stream("退款需要五天[1]。如果你", finish="length"), "退款需要五天[1]。"),
    "Mistral's word for the limit": (stream("It is free [1]. You can ret", finish="model_length"), "It is free [1]."),
    "Gemini's word for the limit": (stream("It is free [1]. You can ret", finish="MAX_TOKENS"), "It is free [1]."),
    "an unknown word for the end": (stream("It is free [1]. You can ret", finish="whatever"), "It is free [1]."),
    "special tokens at the end": (stream(ANSWER, "<|im_end|>"), ANSWER),
    "the answer in tags": (stream(f"<think>{THOUGHT}</think><answer>{ANSWER}</answer>"), ANSWER),
    "words that only look like tags": (
        stream("Set <b> to [0] < 1 & press <Enter> [1]."),
        "Set <b> to [0] < 1 & press <Enter> [1].",
    ),
    "one JSON object although a stream was asked for": (whole({"content": ANSWER}), ANSWER),
    "the same, laid out in lines": (whole({"content": ANSWER}, indent=2), ANSWER),
    "one JSON object with reasoning": (whole({"content": ANSWER, "reasoning_content": THOUGHT}), ANSWER),
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
    heard: list[str] = []
    with endpoint(lambda _body: response) as served:
        assert ask(served.url, heard=heard).text.strip() == text.strip()
    assert "article" in name or not any("ink>" in part or "<|" in part for part in heard)


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


def test_a_model_that_reasons_up_to_its_limit_is_asked_again_with_room_for_it():
    def answering(body: dict) -> Response:
        return stream({"reasoning_content": THOUGHT}, finish="length") if body["max_tokens"] < 1_000 else stream(ANSWER)

    memory = CapabilityMemory()
    with endpoint(answering) as served:
        assert ask(served.url, memory=memory).text == ANSWER
        assert ask(served.url, memory=memory).text == ANSWER
        assert [body["max_tokens"] for body in served.requests] == [700, 4_700, 4_700]


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


# -- tool calls --------------------------------------------------------------------------------------------------------


def call(index, id=None, name=None, arguments=None) -> dict:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    piece = {"index": index, "id": id, "type": "function", "function": function}
    return {key: value for key, value in piece.items() if value is not None}


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
        [("call_0", "find_order", {"number": 1}), ("call_1", "search", {})],
    ),
    "without ids": (
        stream({"tool_calls": [call(0, None, "find_order", "{}"), call(1, None, "search", "{}")]}),
        [("call_0", "find_order", {}), ("call_1", "search", {})],
    ),
    "one id for two": (
        stream({"tool_calls": [call(0, "c", "find_order", "{}"), call(1, "c", "search", "{}")]}),
        [("c", "find_order", {}), ("call_0", "search", {})],
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
        [("call_0", "find_order", {"number": 7})],
    ),
    "two without arguments at one index": (
        stream({"tool_calls": [call(0, None, "find_order")]}, {"tool_calls": [call(0, None, "search")]}),
        [("call_0", "find_order", {}), ("call_1", "search", {})],
    ),
    "an id that ours would repeat": (
        stream({"tool_calls": [call(0, "call_1", "find_order", "{}"), call(1, None, "search", "{}")]}),
        [("call_1", "find_order", {}), ("call_0", "search", {})],
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
        [("call_0", "find_order", {"number": 7})],
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


@pytest.mark.parametrize("name", ["deepseek-r1:8b", "qwq-32b"])
def test_reasoning_without_its_opening_tag_is_never_heard(name):
    heard: list[str] = []
    with endpoint(lambda _body: stream("Returns are free [1]. ", "So: ", "</think>", ANSWER)) as served:
        assert ask(served.url, model=name, heard=heard).text == ANSWER
    assert set(heard) <= {"", ANSWER}


def test_a_model_of_any_name_that_left_out_the_tag_once_is_known_for_it():
    memory, heard = CapabilityMemory(), list[str]()
    with endpoint(lambda _body: stream("Returns are free [1]. ", "So: ", "</think>", ANSWER)) as served:
        ask(served.url, memory=memory)
        ask(served.url, memory=memory, heard=heard)
    assert set(heard) <= {"", ANSWER}


def test_a_model_whose_reasoning_is_in_its_own_field_still_streams():
    heard: list[str] = []
    with endpoint(
        lambda _body: stream({"reasoning_content": THOUGHT}, "It is free [1]. ", "It is fast [1].")
    ) as served:
        ask(served.url, model="deepseek-r1", heard=heard)
    assert heard[0] == "It is free [1]. "


def test_reasoning_that_nobody_sees_gets_its_tokens():
    """Azure's deployments have any name, and show no reasoning."""

    def answering(body: dict) -> Response:
        return stream("", finish="length") if body["max_tokens"] < 1_000 else stream(ANSWER)

    with endpoint(answering) as served:
        assert ask(served.url, model="support-bot").text == ANSWER
        assert [body["max_tokens"] for body in served.requests] == [700, 4_700]
