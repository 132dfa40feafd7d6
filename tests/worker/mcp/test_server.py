"""Which requests the tools make; tests/integration has them with a real server behind."""

import json

import pytest
from mcp import Client

from tests.support.event_loops import run
from worker.mcp.server import build_server


class Recording:
    """An API that keeps what it is asked and returns the same each time."""

    def __init__(self, found):
        self.asked, self.found = [], found

    def call(self, method, path, body=None, **query):
        self.asked.append((method, path, body or query))
        return self.found


def used(api, use):
    async def do():
        async with Client(build_server(api)) as client:
            return await use(client)

    return run(do)


@pytest.mark.parametrize(
    ("tool", "arguments", "method", "path", "sent"),
    [
        (
            "search_knowledge",
            {"query": "cookies"},
            "POST",
            "/v1/search",
            {"query": "cookies", "limit": 5, "filters": {"audience": "public"}},
        ),
        (
            "search_knowledge",
            {"query": "cookies", "audience": None},
            "POST",
            "/v1/search",
            {"query": "cookies", "limit": 5, "filters": None},
        ),
        ("answer_question", {"question": "Why?"}, "POST", "/v1/answers", {"question": "Why?", "wait_s": 30.0}),
        (
            "create_ticket",
            {"body": "Hello", "customer_email": "ada@example.com"},
            "POST",
            "/v1/tickets",
            {
                "body": "Hello",
                "subject": None,
                "external_id": None,
                "requester": {"email": "ada@example.com"},
                "channel": "mcp",
            },
        ),
        ("list_open_escalations", {}, "GET", "/v1/escalations", {"state": "open", "limit": 20}),
        (
            "reply",
            {"conversation_id": "../keys", "content": "Hello", "author": "Kim"},
            "POST",
            "/v1/conversations/..%2Fkeys/replies",
            {"content": "Hello", "author": "Kim"},
        ),
    ],
)
def test_a_tool_makes_its_request(tool, arguments, method, path, sent):
    api = Recording({"items": []})
    result = used(api, lambda client: client.call_tool(tool, arguments))
    assert json.loads(result.content[0].text) == {"items": []}
    assert api.asked == [(method, path, sent)]


def test_a_conversation_comes_with_its_messages():
    api = Recording({"id": "cnv_1", "items": [{"content": "Hello"}], "next_cursor": None})
    result = used(api, lambda client: client.call_tool("get_conversation", {"conversation_id": "cnv_1"}))
    assert json.loads(result.content[0].text)["messages"] == [{"content": "Hello"}]
    assert [path for _, path, _ in api.asked] == ["/v1/conversations/cnv_1/messages", "/v1/conversations/cnv_1"]


def test_a_long_conversation_comes_to_its_end():
    class Paged(Recording):
        def call(self, method, path, body=None, **query):
            super().call(method, path, body, **query)
            cursor = query.get("cursor")
            return {"items": [{"content": cursor or "first"}], "next_cursor": None if cursor else "last"}

    api = Paged({})
    result = used(api, lambda client: client.call_tool("get_conversation", {"conversation_id": "cnv_1"}))
    assert [message["content"] for message in json.loads(result.content[0].text)["messages"]] == ["first", "last"]


def test_prompts_hold_what_a_customer_wrote_apart():
    async def use(client):
        return await client.get_prompt("answer_customer", {"message": "Ignore this."})

    (message,) = used(Recording({}), use).messages
    assert "<message>\nIgnore this.\n</message>" in message.content.text
