"""A server and a model that we did not write: llama.cpp's own server with SmolLM2-135M-Instruct.

The model is far too small to answer well, so these tests are about the wire: whatever it writes, a message ends in an
answer that the passages support or in a handoff that says why. `make llama` installs both; without them the suite is
skipped.
"""

import contextlib
import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.fakes import FakeSearch, hit
from tests.support.processes import ROOT, answers, free_port, running, wait_for
from tests.support.stack import stack
from worker.answering.agent import Agent, search_for_tool
from worker.answering.chat_api.capabilities import CapabilityMemory
from worker.answering.chat_api.client import CompletionRequest, complete, open_client
from worker.answering.chat_api.errors import ModelError
from worker.answering.chat_api.probe import probe
from worker.answering.drafting.llm import LlmAnswerer
from worker.answering.question import Question, Revoked
from worker.answering.questions.gate import OPEN
from worker.answering.tools import builtin
from worker.answering.tools.registry import Registry
from worker.conversations.outcomes import Answer, Handoff, Retry
from worker.launch.up import sample_folder

PYTHON = Path(os.environ.get("TEST_LLAMA", ROOT / ".venv-llama" / "bin" / "python"))
MODEL = "smollm2"
COOKIES = hit("You can delete cookies in the browser. They come back with the next visit.")


@contextlib.contextmanager
def serving(*options: str) -> Iterator[tuple[str, int]]:
    """Run the server; yield its base URL without /v1, and its process id."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(PYTHON), "-m", "tests.support.llama_server", "--port", str(port), *options]
    with running(command) as process:
        wait_for(lambda: answers(f"{url}/health"), timeout_s=60, what="llama.cpp's server")
        yield url, process.pid


@pytest.fixture(scope="module")
def server():
    if not PYTHON.exists():
        if "llama" in os.environ.get("TEST_REQUIRE", "").split(","):
            pytest.fail(f"llama is required, and {PYTHON} is not there: run `make llama`")
        pytest.skip("no llama.cpp: `make llama` installs it")
    with serving() as (url, _):
        yield url


def complete_with(url: str, content: str, *, max_tokens=60, tools=(), revoked=lambda: False, heard=None, key=None):
    request = CompletionRequest(
        model=MODEL,
        messages=[{"role": "system", "content": "You are brief."}, {"role": "user", "content": content}],
        tools=tools,
        max_tokens=max_tokens,
        deadline=time.monotonic() + 120,
    )
    client = open_client(api_key=key, base_url=f"{url}/v1")
    on_text = None if heard is None else heard.append
    return complete(client, request, memory=CapabilityMemory(), revoked=revoked, on_text=on_text)


def agent_with(url: str, *models: str, tools=()) -> Agent:
    answerer = LlmAnswerer(
        client=open_client(api_key=None, base_url=f"{url}/v1"),
        models=models or (MODEL,),
        timeout_s=120,
        registry=Registry(tools=tools),
    )
    return Agent(knowledge=FakeSearch([COOKIES]), answerer=answerer, gate=OPEN)


def busy_slots(url: str) -> int:
    with urllib.request.urlopen(f"{url}/slots", timeout=5) as response:
        return sum(slot["is_processing"] for slot in json.load(response))


def test_the_model_check_sees_what_the_server_does(server):
    report = probe(open_client(api_key=None, base_url=f"{server}/v1"), MODEL, timeout_s=120)
    works = {step.name: step.works for step in report.steps}
    assert report.answers
    assert {name: works[name] for name in ("answer", "stream", "usage", "json")} == dict.fromkeys(
        ("answer", "stream", "usage", "json"), True
    ), report.steps
    assert "refused" not in {step.name: step.detail for step in report.steps}["tools"]
    assert (
        report.parameters["tools"] == report.parameters["JSON mode"] == report.parameters["usage in streams"] == "yes"
    )


def test_an_answer_streams_and_is_counted(server):
    heard: list[str] = []
    completion = complete_with(server, "Say hello to a customer.", heard=heard)
    assert completion.text.strip()
    assert len(heard) > 1
    assert all(later.startswith(earlier) for earlier, later in pairwise(heard))
    assert completion.usage.prompt_tokens > 10
    assert 0 < completion.usage.completion_tokens <= 60


def test_an_answer_at_the_limit_ends_with_a_sentence(server):
    completion = complete_with(server, "Write five long sentences about the sea.", max_tokens=45)
    assert completion.finish == "length"
    assert completion.usage.completion_tokens == 45
    assert completion.text == "" or completion.text.rstrip()[-1] in ".!?"


def test_any_name_is_answered_by_the_one_model(server):
    """The server looks at no model name, so a wrong one is not noticed."""
    outcome = agent_with(server, "no-such-model").answer(Question(workspace_id="w", content="How do I delete cookies?"))
    assert isinstance(outcome, Answer | Handoff)
    assert getattr(outcome, "error", None) is None


def test_a_context_too_long_falls_back_and_says_why(server):
    with pytest.raises(ModelError) as caught:
        complete_with(server, "word " * 6_000)
    assert caught.value.recovery == "fall_back"
    assert "exceeds the available context size" in str(caught.value)


def test_what_the_tools_return_is_read_also_in_the_round_without_tools(server):
    search = builtin.search(search_for_tool(FakeSearch([COOKIES])))
    call = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"query": "cookies"}'}}
    messages = [
        {"role": "user", "content": "How do I delete cookies?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "[1] You can delete cookies in the browser."},
    ]
    client = open_client(api_key=None, base_url=f"{server}/v1")
    for may_call in (True, False):
        request = CompletionRequest(
            model=MODEL,
            messages=messages,
            tools=[search.to_openai()],
            max_tokens=60,
            deadline=time.monotonic() + 120,
            may_call=may_call,
        )
        with contextlib.suppress(ModelError):  # so small a model may say nothing; the server may not refuse
            completion = complete(client, request, memory=CapabilityMemory(), revoked=lambda: False)
            assert may_call or not completion.calls


def test_a_cancelled_stream_frees_the_server(server):
    wait_for(lambda: busy_slots(server) == 0, timeout_s=30, what="a free server")
    stop = threading.Event()
    heard: list[str] = []

    def hear(text: str) -> None:
        heard.append(text)
        stop.set()

    request = CompletionRequest(
        model=MODEL,
        messages=[{"role": "user", "content": "Count from one to a thousand, in words."}],
        tools=(),
        max_tokens=3_000,
        deadline=time.monotonic() + 120,
    )
    client = open_client(api_key=None, base_url=f"{server}/v1")
    with pytest.raises(Revoked):
        complete(client, request, memory=CapabilityMemory(), revoked=stop.is_set, on_text=hear)
    assert heard
    wait_for(lambda: busy_slots(server) == 0, timeout_s=5, what="the end of the cancelled completion")


def test_more_at_once_than_the_server_has_slots(server):
    with ThreadPoolExecutor(5) as pool:
        texts = list(pool.map(lambda _n: complete_with(server, "Say hello.", max_tokens=20).usage, range(5)))
    assert all(usage.completion_tokens > 0 for usage in texts)


@pytest.mark.usefixtures("server")  # skips where there is none
def test_a_server_that_goes_away_in_the_middle_is_asked_again_later():
    with serving("--slots", "1") as (url, pid):
        heard: list[str] = []

        def hear(text: str) -> bool:
            if not heard:
                os.kill(pid, signal.SIGKILL)
            heard.append(text)
            return False

        answerer = agent_with(url).answerer
        question = Question(workspace_id="w", content="How do I delete cookies?")
        with pytest.raises(ModelError) as caught:
            answerer.draft(question, [COOKIES], revoked=lambda: False, on_text=lambda text, hits=(): hear(text))
        assert caught.value.recovery == "retry"
        assert isinstance(agent_with(url).answer(question), Retry)


@pytest.mark.usefixtures("server")
def test_a_wrong_key_is_the_configuration_s_fault():
    with serving("--key", "right") as (url, _):
        assert complete_with(url, "Say hello.", key="right").usage.completion_tokens > 0
        with pytest.raises(ModelError) as caught:
            complete_with(url, "Say hello.", key="wrong")
    assert caught.value.recovery == "give_up"


def test_questions_through_the_whole_product_end_answered_or_handed_off(server, tmp_path, models):
    settings = {
        "ANSWERBACK_ANSWERER": "llm",
        "OPENAI_BASE_URL": f"{server}/v1",
        "ANSWERBACK_MODELS": MODEL,
        "ANSWERBACK_JUDGE_TIMEOUT_S": "5",
        "ANSWERBACK_BUDGETS": "day=1000000tokens",
    }
    with stack(tmp_path, models, sample=sample_folder(), **settings) as made:

        def ended(id: str) -> dict:
            """Wait for a message: on a busy machine, so small a model takes a minute as well."""
            return wait_for(
                lambda: shown if (shown := made.finished(id))["state"] not in ("queued", "running") else None,
                timeout_s=180,
                what="the outcome",
            )

        first = made.call("POST", "/v1/tickets", {"body": "How long does delivery take?"}).json
        types = [event["type"] for event in made.stream(first["links"]["events"], timeout_s=180)]
        messages = [ended(first["id"])]
        path, then = "/v1/tickets", {"body": "How do I reset my password?"}
        if messages[0]["state"] == "answered":  # a follow-up is rewritten by the model first
            path, then = f"/v1/conversations/{first['conversation_id']}/messages", {"content": "And by express?"}
        messages.append(ended(made.call("POST", path, then).json["id"]))
        usage = made.call("GET", "/v1/usage?by=day").json["items"][0]
    assert types[:2] == ["queued", "running"]
    assert types[-1] == messages[0]["state"]
    assert usage["completion_tokens"] > 0
    for message in messages:
        assert message["state"] in ("answered", "handed_off"), message
        if message["state"] == "answered":
            assert message["reply"]["citations"]
        else:
            assert message["handoff"]["reason"] in ("no_answer", "low_support", "asked_for_person"), message["handoff"]
            assert message["handoff"]["summary"]
