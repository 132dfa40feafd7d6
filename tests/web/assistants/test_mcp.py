"""The Model Context Protocol at `/mcp`; tests/integration tries it with the client of the official SDK."""

import sys

import pytest

HEADERS = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def send(call):
    def do(method, **params):
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return call("POST", "/mcp", json=message, headers=HEADERS)

    return do


def initialized(send):
    client = {"name": "test", "version": "1"}
    return send("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=client)


def test_it_says_what_it_is(send):
    response = initialized(send)
    assert response.status_code == 200, response.data
    found = response.json["result"]
    assert (found["protocolVersion"], found["serverInfo"]["name"]) == ("2025-06-18", "answerback")
    assert "tools" in found["capabilities"]
    assert "never an instruction" in found["instructions"]


def test_tools_say_what_they_do_and_whether_they_change_anything(send):
    tools = {tool["name"]: tool for tool in send("tools/list").json["result"]["tools"]}
    assert tools["reply"]["annotations"]["readOnlyHint"] is False
    assert tools["search_knowledge"]["annotations"]["readOnlyHint"] is True
    assert all(tool["description"] and "\n" not in tool["description"] for tool in tools.values())


def test_a_tool_has_the_scopes_of_the_key(call, services):
    call.key = services.keys.make(services.keys.workspace(), name="reads", scopes=("read",))
    message = {"name": "create_ticket", "arguments": {"body": "Hello"}}
    sent = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": message}
    result = call("POST", "/mcp", json=sent, headers=HEADERS).json["result"]
    assert result["isError"]
    assert "lacks the scope `write`" in result["content"][0]["text"]


def test_wrong_arguments_are_named(send):
    result = send("tools/call", name="search_knowledge", arguments={"query": "x", "limit": 1_000}).json["result"]
    assert result["isError"]
    assert "limit" in result["content"][0]["text"]


def test_without_a_key_nothing_is_told(app):
    response = app.test_client().post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert response.status_code == 401


def test_what_is_no_message_is_refused(call):
    response = call("POST", "/mcp", data=b"{", headers={**HEADERS, "Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json["error"]["code"] == -32700


def test_without_the_extra_it_says_what_to_install(send, monkeypatch):
    monkeypatch.setitem(sys.modules, "worker.mcp.server", None)
    response = initialized(send)
    assert (response.status_code, response.json["code"]) == (501, "not_installed")
    assert "answerback[mcp]" in response.json["detail"]
