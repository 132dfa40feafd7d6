"""What `answerback model check` and `doctor` say of a model, over real HTTP."""

import json
import time

import pytest
from click.testing import CliRunner

from tests.support.endpoint import Response, endpoint, refusal, stream, whole
from worker.answering.chat_api.client import open_client
from worker.answering.chat_api.probe import probe, probe_for_page
from worker.cli import main
from worker.settings import Settings


def good(body: dict) -> Response:
    """An endpoint that does all that it is asked for."""
    if body.get("tool_choice") == "none":
        return stream("It arrives tomorrow.")
    if body.get("tools"):
        function = {"name": "find_order", "arguments": '{"number": "1234"}'}
        return stream({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}]})
    if body.get("response_format"):
        return stream('{"open": true}', usage={"prompt_tokens": 9, "completion_tokens": 5})
    return stream("We are ", "open today.", usage={"prompt_tokens": 20, "completion_tokens": 6})


def poor(body: dict) -> Response:
    """An endpoint that refuses most of it and answers in one piece."""
    for name in ("temperature", "stream_options", "tools", "response_format"):
        if name in body:
            return refusal(400, {"error": {"message": f"Unsupported parameter: {name}", "param": name}})
    text = '```json\n{"open": true}\n```' if "JSON" in body["messages"][-1]["content"] else "We are open today."
    return Response(pieces=whole({"content": text}).pieces, content_type="application/json")


def steps_of(answering, model="m") -> dict[str, bool]:
    with endpoint(answering) as served:
        report = probe(open_client(api_key=None, base_url=served.url), model, timeout_s=5)
    return {step.name: step.works for step in report.steps}


def test_an_endpoint_that_forbids_no_call_answers_from_the_result_as_text():
    """Bedrock through LiteLLM."""

    def answering(body: dict) -> Response:
        if "tool_choice" in body:
            return refusal(400, {"error": {"message": "Bedrock doesn't support tool_choice=none."}})
        return stream("It arrives tomorrow.") if "<tools>" in body["messages"][-1]["content"] else good(body)

    with endpoint(answering) as served:
        report = probe(open_client(api_key=None, base_url=served.url), "m", timeout_s=5)
    (tools,) = (step for step in report.steps if step.name == "tools")
    assert tools.works
    assert "find_order" in tools.detail
    assert "tomorrow" in tools.detail
    assert report.parameters["last answer after tools"] == "as text"


def test_an_endpoint_that_takes_no_result_of_a_tool_is_told():
    def answering(body: dict) -> Response:
        asked = body["messages"][-1]
        if asked["role"] == "tool" or "<tools>" in asked["content"]:
            return refusal(500, {"error": {"message": "template failed"}})
        return good(body)

    assert steps_of(answering) == {"answer": True, "stream": True, "usage": True, "tools": False, "json": True}


def test_a_good_endpoint_does_all():
    assert steps_of(good) == {"answer": True, "stream": True, "usage": True, "tools": True, "json": True}


def test_a_poor_endpoint_answers_all_the_same():
    with endpoint(poor) as served:
        report = probe(open_client(api_key=None, base_url=served.url), "m", timeout_s=5)
    assert {step.name for step in report.steps if step.works} == {"answer", "usage", "json"}
    assert report.parameters["temperature"] == "not sent"
    assert report.parameters["tools"] == "not offered"
    assert report.parameters["JSON mode"] == "asked for in the prompt"


def test_an_endpoint_that_refuses_everything_is_asked_once():
    with endpoint(lambda _body: refusal(401, {"error": {"message": "Incorrect API key provided"}})) as served:
        report = probe(open_client(api_key=None, base_url=served.url), "m", timeout_s=5)
        assert len(served.requests) == 1
    assert not report.answers
    assert "key" in report.steps[0].detail


def test_a_check_that_a_browser_waits_for_ends_however_many_models_answer_nothing():
    models = tuple(f"m{number}" for number in range(50))
    with endpoint(lambda _body: Response(pieces=(), stays_open_s=20)) as served:
        began = time.monotonic()
        reports = probe_for_page(Settings(openai_base_url=served.url, models=models), guard=None, within_s=0.5)
        took_s = time.monotonic() - began
    assert took_s < 5
    assert [report.model for report in reports] == list(models)
    assert not any(report.answers for report in reports)
    assert [bool(report.steps) for report in reports] == [True] + [False] * 49


def test_a_check_that_a_browser_waits_for_is_of_five_models():
    models = tuple(f"m{number}" for number in range(7))
    with endpoint(good) as served:
        reports = probe_for_page(Settings(openai_base_url=served.url, models=models), guard=None)
        assert {request["model"] for request in served.requests} == set(models[:5])
    assert [report.answers for report in reports] == [True] * 5 + [False] * 2
    assert probe_for_page(Settings(), guard=None) == []


@pytest.fixture
def run(monkeypatch, tmp_path):
    def run(url: str, *arguments: str):
        monkeypatch.setenv("ANSWERBACK_HOME", str(tmp_path))
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        monkeypatch.setenv("ANSWERBACK_MODELS", "first,second")
        return CliRunner().invoke(main, ["model", "check", *arguments])

    return run


def test_the_command_prints_a_table_of_each_model(run):
    with endpoint(good) as served:
        done = run(served.url)
    assert done.exit_code == 0, done.output
    assert "first\n" in done.output
    assert "second\n" in done.output
    assert "find_order" in done.output
    assert "max_tokens" in done.output
    assert "sk-secret" not in done.output


def test_the_command_prints_json_and_fails_when_a_model_does_not_answer(run):
    def answering(body: dict) -> Response:
        return refusal(404, {"error": {"message": "no such model"}}) if body["model"] == "second" else good(body)

    with endpoint(answering) as served:
        done = run(served.url, "--json")
        assert done.exit_code == 1
        assert [report["answers"] for report in json.loads(done.output)] == [True, False]
        assert run(served.url, "other").exit_code == 0
