"""Others ask over the Model Context Protocol and in the form of OpenAI's API, each with its official client."""

import json
import sys

import openai
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from tests.support.event_loops import run
from tests.support.processes import ROOT
from tests.support.stack import KEY, stack
from worker.launch.up import sample_folder


@pytest.fixture(scope="module")
def made(tmp_path_factory, models):
    with stack(tmp_path_factory.mktemp("home"), models, workers=("answer",), sample=sample_folder()) as running:
        yield running


async def over_http(made, use):
    client = create_mcp_http_client(headers={"Authorization": f"Bearer {made.key}"})
    async with client, streamable_http_client(f"{made.url}/mcp", http_client=client) as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            await session.initialize()
            return await use(session)


async def over_stdio(made, use):
    env = {**made.env, "ANSWERBACK_API_KEY": KEY}
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "worker.cli", "mcp", "--url", made.url], env=env, cwd=str(ROOT)
    )
    async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as session:
        await session.initialize()
        return await use(session)


async def called(session, name, **arguments):
    result = await session.call_tool(name, arguments)
    assert not result.is_error, result.content
    return json.loads(result.content[0].text)


@pytest.mark.parametrize("transport", [over_http, over_stdio])
def test_an_assistant_finds_asks_writes_a_ticket_and_reads_it(made, transport):
    async def story(session):
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert set(tools) == {
            "search_knowledge",
            "answer_question",
            "create_ticket",
            "get_conversation",
            "list_open_escalations",
            "reply",
        }
        assert {name for name, tool in tools.items() if not tool.annotations.read_only_hint} == {
            "create_ticket",
            "reply",
        }
        found = await called(session, "search_knowledge", query="reset password", limit=2)
        assert len(found["items"]) == 2
        assert found["items"][0]["title"] == "Reset your password"
        read = await session.read_resource(f"answerback://documents/{found['items'][0]['document_id']}")
        assert "Forgot password?" in read.contents[0].text

        answered = await called(session, "answer_question", question="How do I reset my password?")
        assert answered["state"] == "answered"
        assert answered["answer"]["citations"][0]["title"] == "Reset your password"
        before = (await called(session, "list_open_escalations"))["items"]

        ticket = await called(session, "create_ticket", body="I want to speak to a human", customer_name="Ada")
        made.finished(ticket["id"])
        conversation = await called(session, "get_conversation", conversation_id=ticket["conversation_id"])
        assert conversation["requester"]["name"] == "Ada"
        assert conversation["messages"][0]["state"] == "handed_off"
        waiting = (await called(session, "list_open_escalations"))["items"]
        assert len(waiting) == len(before) + 1
        await called(
            session, "reply", conversation_id=ticket["conversation_id"], content="Hello Ada, this is Kim.", author="Kim"
        )
        conversation = await called(session, "get_conversation", conversation_id=ticket["conversation_id"])
        assert conversation["messages"][-1]["content"] == "Hello Ada, this is Kim."

    run(transport, made, story)


@pytest.fixture(scope="module")
def front_end(made):
    with openai.OpenAI(base_url=f"{made.url}/v1", api_key=made.key, max_retries=0) as client:
        yield client


def test_a_chat_front_end_asks_a_question_and_one_that_leans_on_it(front_end):
    assert [model.id for model in front_end.models.list()] == ["answerback"]
    messages = [{"role": "user", "content": "How much is delivery to Norway?"}]
    done = front_end.chat.completions.create(model="answerback", messages=messages)
    assert "19.90" in done.choices[0].message.content
    assert done.choices[0].message.refusal is None

    messages += [
        {"role": "assistant", "content": done.choices[0].message.content},
        {"role": "user", "content": "And to Switzerland?"},
    ]
    stream = front_end.chat.completions.create(model="answerback", messages=messages, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert "Switzerland" in text


def test_a_chat_front_end_is_refused_what_a_human_should_answer(front_end):
    messages = [{"role": "user", "content": "I want to speak to a human"}]
    done = front_end.chat.completions.create(model="answerback", messages=messages)
    assert done.choices[0].message.refusal.startswith("asked_for_person")
    with pytest.raises(openai.AuthenticationError, match="API key"):
        front_end.with_options(api_key="wrong").models.list()


def test_a_client_of_responses_asks(front_end):
    done = front_end.responses.create(model="answerback", input="How do I reset my password?")
    assert "password" in done.output_text
    with front_end.responses.stream(model="answerback", input="How do I reset my password?") as stream:
        assert stream.get_final_response().output_text == done.output_text


def test_what_the_api_refuses_is_told_to_the_assistant(made):
    async def story(session):
        result = await session.call_tool("get_conversation", {"conversation_id": "cnv_none"})
        assert result.is_error
        assert "There is no conversation with this id" in result.content[0].text

    run(over_http, made, story)
