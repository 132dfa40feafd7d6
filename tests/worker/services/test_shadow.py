"""An agent for past tickets: nothing is written."""

import json
from dataclasses import replace

import pytest

from tests.support import endpoint as model_endpoint
from worker.answering.question import Question
from worker.answering.tools.registry import Tool
from worker.answering.tools.tool_file import DeskTools
from worker.errors import Invalid
from worker.services.agent import build_agent
from worker.services.shadow import build_shadow


@pytest.fixture
def common(settings):
    from worker.services.common import build_common

    made = []

    def do(**changes):
        import dataclasses

        made.append(build_common(dataclasses.replace(settings, **changes)))
        return made[-1]

    yield do
    for one in made:
        one.close(timeout_s=0.1)


def test_tools_that_change_something_are_not_offered_unless_they_ask_first(common, tmp_path):
    from worker.services.agent import build_knowledge

    tool = {"title": "T", "description": "d", "parameters": {"type": "object", "properties": {}}}
    declared = [
        {**tool, "name": "order", "url": "http://127.0.0.1:9/o"},
        {**tool, "name": "cancel", "url": "http://127.0.0.1:9/c", "method": "POST", "unconfirmed": True},
        {**tool, "name": "refund", "url": "http://127.0.0.1:9/r", "method": "POST", "confirmation": "Refund?"},
    ]
    (tmp_path / "tools.json").write_text(json.dumps({"tools": declared}))
    with model_endpoint.endpoint(lambda _body: model_endpoint.stream("We are ", "open.")) as model:
        built = common(
            answerer="llm",
            openai_base_url=model.url,
            models=("any",),
            tools=tmp_path / "tools.json",
            openai_api_key="x",
        )
        shadow = build_shadow(built, build_knowledge(built), built.settings, max_usd=None, spent_usd=0.0)
        registry = shadow.agent.answerer.registry
        assert {one.name for one in registry.tools} == {"search", "escalate", "order", "refund"}
        question = Question(workspace_id="w", conversation_id="backtest_1", content="Refund me")
        asked = registry.call(question, "refund", "{}")
        assert asked.fixed_reply == "Refund?"
        assert registry.resolve_pending(Question(workspace_id="w", conversation_id="backtest_1", content="Yes")) is None


def test_tools_of_servers_are_held_to_the_same(common):
    from worker.services.agent import build_knowledge

    class Server:
        name = "crm"

        def tools(self):
            common = {"title": "T", "description": "d", "parameters": {}, "run": None}
            yield Tool(name="crm_read", **common)
            yield Tool(name="crm_write", changes=True, **common)
            yield Tool(name="crm_ask", changes=True, confirmation="Write?", **common)

    built = common(answerer="llm", openai_api_key="x", models=("any",))
    knowledge = replace(build_knowledge(built), desk_tools=lambda: DeskTools(servers=(Server(),)))
    question = Question(workspace_id="w", content="x")
    shadow = build_shadow(built, knowledge, built.settings, max_usd=None, spent_usd=0.0)
    assert [tool.name for tool in shadow.agent.answerer.registry.offered(question)][2:] == ["crm_read", "crm_ask"]
    agent = build_agent(built, knowledge, None)
    assert {"crm_write", "crm_read"} <= {tool.name for tool in agent.answerer.registry.offered(question)}
    without = build_agent(built, knowledge, None, replace(built.settings, use_tools=False))
    assert without.answerer.registry.offered(question) == []


def test_a_limit_needs_the_prices_of_the_models(common):
    from worker.services.agent import build_knowledge

    built = common(answerer="llm", openai_api_key="x", models=("unpriced",), prices=())
    with pytest.raises(Invalid, match="price of unpriced"):
        build_shadow(built, build_knowledge(built), built.settings, max_usd=1.0, spent_usd=0.0)
