"""A server that speaks the OpenAI API and that we did not write: LiteLLM's proxy, alone and in front of another.

`make litellm` installs it into a venv of its own (its dependencies are not ours); without it the suite is skipped.
"""

import json
import os
import time
from pathlib import Path

import pytest

from tests.support.endpoint import Response, endpoint, lines
from tests.support.fakes import FakeSearch, hit
from tests.support.processes import ROOT, answers, free_port, running, wait_for
from tests.worker.answering.drafting.test_llm import control
from worker.answering.agent import Agent, search_for_tool
from worker.answering.chat_api.capabilities import CapabilityMemory
from worker.answering.chat_api.client import CompletionRequest, complete, open_client
from worker.answering.chat_api.errors import ModelError
from worker.answering.drafting.llm import LlmAnswerer
from worker.answering.question import Question
from worker.answering.tools import builtin
from worker.answering.tools.registry import Registry
from worker.conversations.outcomes import Answer

PROXY = Path(os.environ.get("TEST_LITELLM", ROOT / ".venv-litellm" / "bin" / "litellm"))
KEY = "sk-test-1234567890"
COOKIES = hit("You can delete cookies in the browser. They come back with the next visit.")

CONFIG = """
model_list:
  - {{model_name: help, litellm_params: {{model: openai/m, api_key: none,
      mock_response: "You can delete cookies in the browser [1]."}}}}
  - {{model_name: refuses, litellm_params: {{model: openai/m, api_key: none, mock_response: "NO_ANSWER"}}}}
  - {{model_name: limited, litellm_params: {{model: openai/m, api_key: none, mock_response: "litellm.RateLimitError"}}}}
  - {{model_name: broken, litellm_params: {{model: openai/m, api_key: none,
      mock_response: "litellm.InternalServerError"}}}}
  - {{model_name: long, litellm_params: {{model: openai/m, api_key: none,
      mock_response: "litellm.ContextWindowExceededError"}}}}
  - {{model_name: behind, litellm_params: {{model: openai/good, api_key: none, api_base: "{behind}/v1"}}}}
  - {{model_name: claude, litellm_params: {{model: anthropic/claude-sonnet-4-5, api_key: none,
      api_base: "{claude}"}}}}
  - {{model_name: claude-elsewhere, litellm_params: {{
      model: "bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
      aws_access_key_id: none, aws_secret_access_key: none, aws_region_name: us-east-1,
      aws_bedrock_runtime_endpoint: "{claude}"}}}}
litellm_settings: {{num_retries: 0, telemetry: false}}
general_settings: {{master_key: {key}}}
"""


SAID = "You can delete cookies in the browser [1]."

#: What Anthropic's Messages API streams: https://platform.claude.com/docs/en/build-with-claude/streaming
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "claude", "usage": {}}
CALLS = {"type": "tool_use", "id": "toolu_1", "name": "search", "input": {}}
CALL_EVENTS = [
    {"type": "content_block_start", "index": 0, "content_block": CALLS},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"query":"x"}'}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 3}},
]
TEXT_EVENTS = [
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": SAID}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
]


def claude(body: dict) -> Response:
    """Anthropic's Messages API, of a model that calls a tool as long as it may; and Bedrock, which is never reached."""
    may_call = body.get("tools") and body.get("tool_choice", {}).get("type") != "none"
    usage = {"input_tokens": 40, "output_tokens": 1}
    events = [
        {"type": "message_start", "message": {**MESSAGE, "usage": usage}},
        *(CALL_EVENTS if may_call else TEXT_EVENTS),
        {"type": "message_stop"},
    ]
    return lines(*(f"event: {event['type']}\ndata: {json.dumps(event)}" for event in events))


@pytest.fixture(scope="module")
def upstream():
    with endpoint(claude) as served:
        yield served


@pytest.fixture(scope="module")
def proxy(tmp_path_factory, model_url, upstream):
    if not PROXY.exists():
        if "litellm" in os.environ.get("TEST_REQUIRE", "").split(","):
            pytest.fail(f"litellm is required, and {PROXY} is not there: run `make litellm`")
        pytest.skip("no LiteLLM: `make litellm` installs it")
    config = tmp_path_factory.mktemp("litellm") / "config.yaml"
    config.write_text(CONFIG.format(behind=model_url, key=KEY, claude=upstream.url.removesuffix("/v1")))
    port = free_port()
    command = [str(PROXY), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    quiet = {"LITELLM_LOG": "CRITICAL", "DISABLE_ADMIN_UI": "True", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with running(command, env={**os.environ, **quiet}):
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(f"{url}/health/liveliness"), timeout_s=120, what="LiteLLM")
        yield url


@pytest.fixture(autouse=True)
def _calm(model_url):
    control(model_url, latency_s=0, mode="answer", calls=[], reset=True)
    yield
    control(model_url, latency_s=0, mode="answer", calls=[], reset=True)


def ask(proxy, *models, tools=()):
    answerer = LlmAnswerer(
        client=open_client(api_key=KEY, base_url=f"{proxy}/v1"),
        models=models,
        timeout_s=20,
        registry=Registry(tools=tools),
    )
    agent = Agent(knowledge=FakeSearch([COOKIES]), answerer=answerer)
    return agent.answer(Question(workspace_id="w", content="How do I delete cookies?"))


def test_an_answer_streams_and_is_counted(proxy):
    answered = ask(proxy, "help")
    assert isinstance(answered, Answer), answered
    assert (answered.content, answered.model) == ("You can delete cookies in the browser [1].", "help")
    assert answered.usage.prompt_tokens > 0
    assert answered.usage.completion_tokens > 0


def test_no_answer_is_understood(proxy):
    assert ask(proxy, "refuses").reason == "no_answer"


@pytest.mark.parametrize(
    ("model", "then"), [("limited", "retry"), ("broken", "retry"), ("long", "fall_back"), ("unknown", "fall_back")]
)
def test_its_failures_are_classified_and_the_next_model_answers(proxy, model, then):
    answerer = LlmAnswerer(client=open_client(api_key=KEY, base_url=f"{proxy}/v1"), models=(model,), timeout_s=20)
    with pytest.raises(ModelError) as caught:
        answerer.draft(Question(workspace_id="w", content="x"), [COOKIES], revoked=lambda: False)
    assert caught.value.recovery == then
    assert ask(proxy, model, "help").model == "help"


def test_tools_are_called_through_it(proxy, model_url):
    search = builtin.search(search_for_tool(FakeSearch([hit("Parcels arrive within two working days.", number=2)])))
    control(model_url, mode="tools", calls=[["search", {"query": "delivery time"}]])
    answered = ask(proxy, "behind", tools=(search,))
    assert isinstance(answered, Answer), answered
    assert answered.content == "Parcels arrive within two working days [1]."
    assert answered.citations[0].document_id == "doc_2"


def test_a_model_of_anthropic_answers_after_its_rounds_with_tools(proxy, upstream):
    search = builtin.search(search_for_tool(FakeSearch([COOKIES])))
    answered = ask(proxy, "claude", tools=(search,))
    assert isinstance(answered, Answer), answered
    assert answered.content == SAID
    last = upstream.requests[-1]
    assert last["tools"]
    assert last["tool_choice"] == {"type": "none"}


@pytest.mark.parametrize("may_call", [True, False])
def test_what_it_refuses_for_bedrock_is_sent_so_that_it_takes_it(proxy, upstream, may_call):
    """Bedrock itself is not there: what matters is that LiteLLM sends the request on."""
    search = builtin.search(search_for_tool(FakeSearch([COOKIES])))
    call = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"query": "x"}'}}
    messages = [
        {"role": "user", "content": "How do I delete cookies?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "[1] You can delete cookies in the browser."},
    ]
    request = CompletionRequest(
        model="claude-elsewhere",
        messages=messages,
        tools=[search.to_openai()],
        max_tokens=100,
        deadline=time.monotonic() + 20,
        may_call=may_call,
    )
    upstream.requests.clear()
    memory = CapabilityMemory()
    with pytest.raises(ModelError):
        complete(open_client(api_key=KEY, base_url=f"{proxy}/v1"), request, memory=memory, revoked=lambda: False)
    assert upstream.requests
    assert ("toolConfig" in upstream.requests[-1]) == may_call
    assert memory.of("claude-elsewhere").tool_choice == may_call
