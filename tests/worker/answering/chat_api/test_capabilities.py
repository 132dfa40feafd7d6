"""Parameters that OpenAI-compatible servers refuse are left out or renamed, and remembered; over real HTTP.

The errors and bodies are those that the makers document or that users report; the comment names the server.
"""

import pytest

from tests.support.endpoint import Response, endpoint, refusal, stream, whole
from tests.support.model_calls import ANSWER, THOUGHT, TOOL, ask, openai
from worker.answering.chat_api.capabilities import CapabilityMemory
from worker.answering.chat_api.errors import ModelError

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


def test_a_model_that_reasons_up_to_its_limit_is_asked_again_with_room_for_it():
    def answering(body: dict) -> Response:
        return stream({"reasoning_content": THOUGHT}, finish="length") if body["max_tokens"] < 1_000 else stream(ANSWER)

    memory = CapabilityMemory()
    with endpoint(answering) as served:
        assert ask(served.url, memory=memory).text == ANSWER
        assert ask(served.url, memory=memory).text == ANSWER
        assert [body["max_tokens"] for body in served.requests] == [700, 4_700, 4_700]


def test_reasoning_that_nobody_sees_gets_its_tokens():
    """Azure's deployments have any name, and show no reasoning."""

    def answering(body: dict) -> Response:
        return stream("", finish="length") if body["max_tokens"] < 1_000 else stream(ANSWER)

    with endpoint(answering) as served:
        assert ask(served.url, model="support-bot").text == ANSWER
        assert [body["max_tokens"] for body in served.requests] == [700, 4_700]
