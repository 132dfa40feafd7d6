"""A request that a server refuses is sent again so that it takes it, over real HTTP, with errors that servers send."""

import pytest

from tests.support.endpoint import Response, endpoint, refusal, stream, whole
from tests.support.fakes import FakeSearch, hit
from tests.support.model_calls import ANSWER, MESSAGES, TOOL, ask, call, openai
from worker.answering.agent import search_for_tool
from worker.answering.chat_api.capabilities import CapabilityMemory
from worker.answering.chat_api.client import open_client
from worker.answering.chat_api.errors import ModelError
from worker.answering.drafting.llm import LlmAnswerer
from worker.answering.question import Question
from worker.answering.tools import builtin
from worker.answering.tools.registry import Registry

PASSAGE = hit("You can return it within 30 days.")


def litellm(message: str) -> Response:
    return refusal(400, {"error": {"message": message, "type": "None", "param": None, "code": "400"}})


def has_results(body: dict) -> bool:
    return any(message["role"] == "tool" for message in body["messages"])


def forbids(body: dict) -> bool:
    return body.get("tool_choice") == "none"


def bedrock(body: dict) -> Response | None:
    """LiteLLM in front of Bedrock, litellm/llms/bedrock/chat/converse_transformation.py."""
    if has_results(body) and not body.get("tools"):
        return litellm(
            "litellm.UnsupportedParamsError: Bedrock doesn't support tool calling without `tools=` param specified. "
            "Pass `tools=` param OR set `litellm.modify_params = True` // `litellm_settings::modify_params: True` to "
            "add dummy tool to the request.. Received Model Group=claude"
        )
    if forbids(body):
        return litellm(
            "litellm.UnsupportedParamsError: Bedrock doesn't support tool_choice=none. To drop it from the call, set "
            "`litellm.drop_params = True.. Received Model Group=claude"
        )
    return None


def anthropic(body: dict) -> Response | None:
    """LiteLLM in front of Anthropic: https://github.com/camel-ai/owl/issues/532."""
    if has_results(body) and not body.get("tools"):
        return litellm(
            "litellm.UnsupportedParamsError: Anthropic doesn't support tool calling without `tools=` param specified. "
            "Pass `tools=` param OR set `litellm.modify_params = True` // `litellm_settings::modify_params: True` to "
            "add dummy tool to the request.. Received Model Group=claude"
        )
    return None


def converse(body: dict) -> Response | None:
    """A gateway in front of Bedrock that drops `tools` with `tool_choice` none.

    https://github.com/vxcontrol/pentagi/pull/196
    """
    if has_results(body) and (not body.get("tools") or forbids(body)):
        message = "ValidationException: The toolConfig field must be defined when using toolUse and toolResult content"
        return refusal(400, {"message": f"{message} blocks."})
    return None


def old_anthropic(body: dict) -> Response | None:
    """An endpoint from before February 2025: https://github.com/anthropics/anthropic-sdk-python/issues/849."""
    if forbids(body):
        message = (
            "tool_choice: Input tag 'none' found using 'type' does not match any of the expected tags: 'auto', 'any', "
            "'tool'"
        )
        return refusal(400, {"type": "error", "error": {"type": "invalid_request_error", "message": message}})
    return anthropic(body)


def groq(body: dict) -> Response | None:
    """A model that calls a tool although it may not: https://github.com/OpenHands/OpenHands/issues/11725."""
    if forbids(body) or (has_results(body) and not body.get("tools")):
        error = {
            "message": "Tool choice is none, but model called a tool",
            "type": "invalid_request_error",
            "code": "tool_use_failed",
            "failed_generation": '{"name": "search", "arguments": {"query": "x"}}',
        }
        return refusal(400, {"error": error})
    return None


def ollama(body: dict) -> Response | None:
    """A server that ignores `tool_choice`."""
    return calling() if body.get("tools") else None


def calling() -> Response:
    return stream({"tool_calls": [call(0, "c1", "search", '{"query": "returns"}')]}, finish="tool_calls")


#: id: (a server, the requests for an answer after four rounds with tools, the form of the last)
SERVERS = {
    "OpenAI, Azure, Gemini, Mistral, vLLM, llama.cpp": (lambda _body: None, 5, "tools"),
    "LiteLLM in front of Bedrock": (bedrock, 6, "text"),
    "LiteLLM in front of Anthropic": (anthropic, 5, "tools"),
    "Bedrock": (converse, 6, "text"),
    "Anthropic before 2025": (old_anthropic, 6, "text"),
    "Groq": (groq, 6, "text"),
    "Ollama": (ollama, 6, "text"),
}


def answer_after_rounds(served, model="some-model", memory: CapabilityMemory | None = None):
    search = builtin.search(search_for_tool(FakeSearch([PASSAGE])))
    answerer = LlmAnswerer(
        client=open_client(api_key=None, base_url=served.url),
        models=(model,),
        timeout_s=10,
        registry=Registry(tools=[search]),
        capabilities=memory or CapabilityMemory(),
    )
    return answerer.draft(Question(workspace_id="w", content="Can I return it?"), [PASSAGE], revoked=lambda: False)


def in_rounds(server):
    """Return a server whose model calls a tool for as long as it may."""

    def answering(body: dict) -> Response:
        if (refused := server(body)) is not None:
            return refused
        return calling() if body.get("tools") and not forbids(body) else stream(ANSWER)

    return answering


@pytest.mark.parametrize("name", SERVERS)
def test_the_last_round_is_answered_by_every_server(name):
    server, requests, form = SERVERS[name]
    with endpoint(in_rounds(server)) as served:
        assert answer_after_rounds(served).text == ANSWER
        assert len(served.requests) == requests
        last = served.requests[-1]
    assert has_results(last) == ("tools" in last) == (form == "tools")
    if form == "text":
        assert last["messages"][-1]["content"].count("You can return it within 30 days.") == 5  # and the four results
        assert [message["role"] for message in last["messages"]] == ["system", "user"]


def test_what_the_last_round_takes_is_remembered():
    memory = CapabilityMemory()
    with endpoint(in_rounds(bedrock)) as served:
        answer_after_rounds(served, memory=memory)
        before = len(served.requests)
        assert answer_after_rounds(served, memory=memory).text == ANSWER
        assert len(served.requests) - before == 5


@pytest.mark.parametrize(
    "model", ["bedrock/us.anthropic.claude-sonnet-4-5-v1:0", "eu.amazon.nova-lite-v1:0", "openai.gpt-oss-120b-1:0"]
)
def test_bedrock_by_its_name_is_right_from_the_first_call(model):
    with endpoint(in_rounds(bedrock)) as served:
        assert answer_after_rounds(served, model).text == ANSWER
        assert len(served.requests) == 5


#: id: the error of a server that does not take the messages of tool calls as they are
MESSAGE_REFUSALS = {
    "OpenRouter in front of Gemini 3: https://github.com/massgen/MassGen/issues/624": (
        400,
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {
                    "raw": "Gemini models require OpenRouter reasoning details to be preserved in each request. "
                    'Upstream error: {"error": {"code": 400, "message": "Function call is missing a thought_signature '
                    'in functionCall parts."}}',
                    "provider_name": "Google AI Studio",
                },
            }
        },
    ),
    "Gemini": (
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "Function call is missing a thought_signature in functionCall parts. This is required "
                    "for tools to work correctly.",
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
    ),
    "Kimi": (
        400,
        {
            "error": {
                "message": "thinking is enabled but reasoning_content is missing in assistant tool call message at "
                "index 2",
                "type": "invalid_request_error",
            }
        },
    ),
    "Mistral": (
        400,
        {
            "object": "error",
            "message": "Tool call id was chatcmpl-tool-7 but must be a-z, A-Z, 0-9, with a length of 9.",
            "type": "invalid_request_message_order",
            "code": 3280,
        },
    ),
    "Mistral, their number: https://github.com/mistralai/client-ts/issues/106": (
        400,
        {"object": "error", "message": "Not the same number of function calls and responses", "param": None},
    ),
    "a template without the role, llama.cpp": (
        500,
        {"error": {"code": 500, "message": "Unexpected role 'tool' after role 'assistant'", "type": "server_error"}},
    ),
}


@pytest.mark.parametrize("name", MESSAGE_REFUSALS)
def test_messages_of_tools_that_a_server_does_not_take_are_sent_as_text(name):
    def answering(body: dict) -> Response:
        if has_results(body):
            return refusal(*MESSAGE_REFUSALS[name])
        return stream(ANSWER) if "<tools>" in body["messages"][-1]["content"] else calling()

    with endpoint(answering) as served:
        assert answer_after_rounds(served).text == ANSWER
        assert len(served.requests) == 3
        assert served.requests[-1]["tools"]  # it may call another one


#: id: (a model's name, the requests for an answer)
REASONING = {"gpt-5.6-terra": 1, "openai/gpt-5.5": 2, "our-deployment": 2}


@pytest.mark.parametrize("model", REASONING)
def test_gpt_5_6_keeps_its_tools_by_not_reasoning(model):
    """https://github.com/BerriAI/litellm/pull/34569: it refuses tools unless it is told not to reason."""
    message = (
        f"Function tools with reasoning_effort are not supported for {model} in /v1/chat/completions. To use function "
        "tools, use /v1/responses or set reasoning_effort to 'none'."
    )

    def answering(body: dict) -> Response:
        if body.get("tools") and body.get("reasoning_effort") != "none":
            return refusal(400, openai(message, "reasoning_effort", None))
        return stream(ANSWER)

    with endpoint(answering) as served:
        assert ask(served.url, model=model, tools=[TOOL]).text == ANSWER
        assert len(served.requests) == REASONING[model]
        assert served.requests[-1]["tools"]
        assert "reasoning_effort" not in (ask(served.url, model=model), served.requests[-1])[1]


def test_a_model_that_takes_tools_only_elsewhere_answers_without_them():
    """https://github.com/pipecat-ai/pipecat/issues/4043."""
    message = (
        "Function tools with reasoning_effort are not supported for gpt-5.4 in /v1/chat/completions. Please use "
        "/v1/responses instead."
    )

    def answering(body: dict) -> Response:
        return refusal(400, openai(message, "reasoning_effort", None)) if body.get("tools") else stream(ANSWER)

    with endpoint(answering) as served:
        assert ask(served.url, model="gpt-5.4", tools=[TOOL]).text == ANSWER
        assert "tools" not in served.requests[-1]


def test_an_effort_that_a_gateway_does_not_know_is_not_sent():
    def answering(body: dict) -> Response:
        return (
            refusal(400, openai("Unknown name: reasoning_effort", None))
            if "reasoning_effort" in body
            else stream(ANSWER)
        )

    with endpoint(answering) as served:
        assert ask(served.url, model="gpt-5.6", tools=[TOOL]).text == ANSWER


def failed_generation(code: str, message: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "code": code, "failed_generation": "search{"}
    return refusal(400, {"error": error})


def test_a_model_that_fails_at_a_tool_call_answers_without_tools_this_time():
    """Groq: https://github.com/pipecat-ai/pipecat/issues/1168."""
    message = "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details."

    def answering(body: dict) -> Response:
        return failed_generation("tool_use_failed", message) if body.get("tools") else stream(ANSWER)

    memory = CapabilityMemory()
    with endpoint(answering) as served:
        assert ask(served.url, tools=[TOOL], memory=memory).text == ANSWER
        assert memory.of("some-model").tools  # the next question may have them
        assert len(served.requests) == 2


def test_a_model_that_fails_without_tools_as_well_is_not_asked_for_ever():
    with endpoint(lambda _body: failed_generation("tool_use_failed", "Tool choice is none, but …")) as served:
        with pytest.raises(ModelError):
            ask(served.url, tools=[TOOL])
        assert len(served.requests) == 2


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("Input validation error: `temperature` must be strictly positive", 422),  # text-generation-inference
        ("invalid temperature: only 1 is allowed for this model", 400),  # Kimi
        ("temperature must be greater than 0", 400),
    ],
)
def test_a_temperature_that_may_not_be_zero_is_left_out(message, status):
    def answering(body: dict) -> Response:
        payload = {"error": message, "error_type": "validation"}
        return refusal(status, payload) if "temperature" in body else whole({"content": ANSWER})

    with endpoint(answering) as served:
        assert ask(served.url).text == ANSWER
        assert len(served.requests) == 2


def test_a_prompt_that_leaves_no_token_for_the_answer_is_too_long():
    """vLLM; the limit is not what is wrong."""
    message = "max_tokens must be at least 1, got -203."
    with endpoint(lambda _body: refusal(400, {"object": "error", "message": message, "code": 400})) as served:
        with pytest.raises(ModelError) as caught:
            ask(served.url)
        assert caught.value.recovery == "fall_back"
        assert len(served.requests) == 1


def test_a_template_that_ends_with_one_assistant_message_at_most_gets_one_message():
    """llama.cpp."""
    message = "Cannot have 2 or more assistant messages at the end of the list."

    def answering(body: dict) -> Response:
        payload = {"error": {"code": 400, "message": message, "type": "invalid_request_error"}}
        return refusal(400, payload) if len(body["messages"]) > 1 else stream(ANSWER)

    with endpoint(answering) as served:
        assert ask(served.url).text == ANSWER
        assert len(MESSAGES) > 1
