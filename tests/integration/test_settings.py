"""A workspace's settings take effect in workers that run: web server, workers, Valkey and a model as processes."""

import json
import urllib.request

import pytest

from tests.support.stack import Stack, services, stack
from worker.knowledge.search_service import SearchClient
from worker.launch.up import sample_folder

QUESTION = "How do I reset my password?"


@pytest.fixture(scope="module")
def made(tmp_path_factory, models, model_url):
    """An installation without a language model, whose operator lets workspaces use one on this machine."""
    with stack(
        tmp_path_factory.mktemp("home"),
        models,
        workers=("answer",),
        sample=sample_folder(),
        ANSWERBACK_MODEL_ALLOW="127.0.0.0/8",
    ) as running:
        yield running


def change(made: Stack, **new):
    done = made.call("PATCH", "/v1/settings", new)
    assert done.status == 200, done.body


def answerer(message) -> tuple[str, str | None]:
    assert message["state"] == "answered", message
    return message["reply"]["answerer"], message["reply"]["model"]


def test_the_next_message_is_answered_with_what_was_set_and_the_worker_goes_on_running(made: Stack, model_url):
    assert answerer(made.ask(QUESTION)) == ("extractive", None)
    change(made, openai_base_url=f"{model_url}/v1", openai_api_key="sk-desk", models=["good"])
    assert answerer(made.ask(QUESTION)) == ("llm", "good")
    change(made, gate_risk=0)
    assert made.ask(QUESTION)["handoff"]["reason"] == "no_answer"
    change(made, gate_risk=None, models=["fail-500", "good"])
    assert answerer(made.ask(QUESTION)) == ("llm", "good")
    change(made, budgets=["message=1tokens"])
    assert made.ask(f"{QUESTION} And why?")["handoff"]["category"] == "budget"
    change(made, budgets=None, models=None, openai_base_url=None, openai_api_key=None)
    assert answerer(made.ask(QUESTION)) == ("extractive", None)


def test_another_workspace_on_the_same_worker_keeps_its_own_and_gets_no_key_of_this_one(made: Stack, model_url):
    with services(made.env) as built:
        other = built.keys.make(built.keys.workspace("other"), name="other")
    change(made, openai_base_url=f"{model_url}/v1", openai_api_key="sk-desk", models=["good"], gate_risk=0)
    asked = made.call("POST", "/v1/tickets", {"body": "Hello, who won the cup of 1954?"}, key=other)
    shown = made.call("GET", f"/v1/messages/{asked.json['id']}", headers={"Prefer": "wait=30"}, key=other)
    assert "knowledge base is empty" in shown.json["handoff"]["summary"]
    answered = made.call("PATCH", "/v1/settings", {"openai_base_url": f"{model_url}/v1"}, key=other)
    assert answered.status == 200
    shown = made.call("GET", "/v1/settings", key=other).json["items"]
    assert [item["is_set"] for item in shown if item["name"] == "openai_api_key"] == [False]
    with urllib.request.urlopen(f"{model_url}/control", timeout=5) as seen:
        assert "sk-desk" not in json.dumps(json.load(seen))


def test_settings_are_tried_by_a_worker_before_they_are_saved(made: Stack, model_url):
    change(made, openai_base_url=None, openai_api_key=None, models=None, gate_risk=None)
    with services(made.env) as built:
        workspace_id, settings = built.keys.workspace(), built.workspace_settings
        client = SearchClient(built.redis, built.common.waiting_redis, prefix=built.settings.redis_prefix)
        new = {"openai_base_url": f"{model_url}/v1", "openai_api_key": "sk-desk", "models": ["good"]}
        version = settings.version(workspace_id)
        tried = [
            client.answer(workspace_id, QUESTION, key_id=None, timeout_s=30, tried=given)["answer"]["answerer"]
            for given in (None, settings.sealed(workspace_id, new), None)
        ]
        assert tried == ["extractive", "llm", "extractive"]
        assert settings.version(workspace_id) == version
