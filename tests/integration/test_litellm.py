"""A server that speaks the OpenAI API and that we did not write: LiteLLM's proxy, alone and in front of another.

`make litellm` installs it into a venv of its own (its dependencies are not ours); without it the suite is skipped.
"""

import os
from pathlib import Path

import pytest

from tests.support.fakes import FakeSearch, hit
from tests.support.processes import ROOT, answers, free_port, running, wait_for
from tests.worker.answering.test_llm import control
from worker.answering.agent import Agent, search_for_tool
from worker.answering.llm import LlmAnswerer
from worker.answering.model_client import open_client
from worker.answering.model_errors import ModelError
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
litellm_settings: {{num_retries: 0, telemetry: false}}
general_settings: {{master_key: {key}}}
"""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory, model_url):
    if not PROXY.exists():
        if "litellm" in os.environ.get("TEST_REQUIRE", "").split(","):
            pytest.fail(f"litellm is required, and {PROXY} is not there: run `make litellm`")
        pytest.skip("no LiteLLM: `make litellm` installs it")
    config = tmp_path_factory.mktemp("litellm") / "config.yaml"
    config.write_text(CONFIG.format(behind=model_url, key=KEY))
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
