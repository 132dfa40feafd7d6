"""Tools of MCP servers: real servers of the official SDK, as a program and over HTTP."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.support.mcp_shop import CLIENT, TOKEN, McpShop
from worker.addresses import Guard
from worker.answering.check import injection_filter
from worker.answering.question import Question
from worker.answering.tools import tool_file
from worker.answering.tools.registry import Registry
from worker.answering.tools.tool_file import Limits
from worker.settings import parsers

pytestmark = pytest.mark.processes

EXAMPLE = str(Path(__file__).parents[4] / "examples" / "shop_mcp.py")
ADA = Question(workspace_id="w", content="Where is order 1001?", facts={"email": "ada@shop.example", "name": "Ada"})
OURS = {"arguments": {"email": "{customer.email}"}}
CANCEL = {**OURS, "confirmation": "Shall I cancel order {order_id}?", "done": "Order {order_id} is cancelled."}
LOCAL = Guard(allow=parsers.networks("127.0.0.0/8"))


@pytest.fixture
def load(tmp_path):
    made = []

    def do(**server):
        path = tmp_path / "tools.json"
        path.write_text(json.dumps({"mcp_servers": [{"name": "shop", **server}]}))
        limits = Limits(commands=(sys.executable,), guard=LOCAL, clean=injection_filter.blanked)
        made.append(tool_file.load(path, {"SHOP_TOKEN": TOKEN, "SECRET": CLIENT[1]}, limits))
        return made[-1]

    yield do
    for tools in made:
        tools.close()


@pytest.fixture(scope="module")
def shop():
    server = McpShop()
    server.start()
    yield server
    server.stop()


def registry(tools):
    return Registry(more=tools.of_servers)


def test_a_program_is_asked_for_its_tools_and_is_started_again_when_it_dies(load, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    declared = {"look_up_order": OURS, "cancel_order": CANCEL}
    loaded = load(command=[sys.executable, EXAMPLE], env={"SHOP": "${SHOP_TOKEN}"}, tools=declared, timeout_s=30)
    tools = registry(loaded)
    offered = {tool.name: tool for tool in tools.offered(ADA)}
    assert set(offered) == {"shop_look_up_order", "shop_cancel_order"}
    assert set(offered["shop_look_up_order"].parameters["properties"]) == {"order_id"}
    assert [tool.changes for tool in offered.values()] == [False, True]
    reply = tools.call(ADA, "shop_look_up_order", '{"order_id": "1001"}')
    assert "shipped on 20 November 2026" in reply.hits[0].record.text
    assert reply.hits[0].record.title == "Order look-up"
    # The arguments of the model cannot name another customer, and without a customer nothing is offered.
    assert tools.call(ADA, "shop_look_up_order", '{"order_id": "1001", "email": "grace@shop.example"}').failed
    assert "no such order" in tools.call(ADA, "shop_look_up_order", '{"order_id": "2001"}').text
    assert tools.offered(Question(workspace_id="w", content="x")) == []
    # What changes something asks first, and runs once it may, also on a program that was started anew meanwhile.
    assert tools.call(ADA, "shop_cancel_order", '{"order_id": "1002"}').fixed_reply == "Shall I cancel order 1002?"
    (program,) = programs()
    environment = Path(f"/proc/{program}/environ").read_text()
    assert f"SHOP={TOKEN}" in environment
    assert "sk-secret" not in environment
    os.kill(program, signal.SIGKILL)
    assert offered["shop_cancel_order"].run(ADA, {"order_id": "1002"}, "tool_1").text == "It is cancelled."
    loaded.close()
    assert programs() == []


def test_without_the_desks_word_only_tools_that_read_are_offered(load, shop):
    loaded = load(url=f"{shop.url}/mcp", token="${SHOP_TOKEN}")
    found = loaded.servers[0].discover()
    assert {tool.name for tool in found.tools} == {"shop_look_up_order", "shop_weather", "shop_endless", "shop_slow"}
    assert "confirmation" in found.left_out["cancel_order"]


def test_the_desks_word_wins_over_the_servers_annotation(load, shop):
    word = {"look_up_order": {"reads": False, "confirmation": "Look?"}, "cancel_order": {"reads": True}, "gone": {}}
    found = load(url=f"{shop.url}/mcp", token="${SHOP_TOKEN}", tools=word).servers[0].discover()
    assert [(tool.name, tool.changes, tool.confirmation) for tool in found.tools] == [
        ("shop_look_up_order", True, "Look?"),
        ("shop_cancel_order", False, None),
    ]
    assert found.left_out["gone"] == "The server has no such tool."
    assert found.left_out["weather"] == "The desk does not name it."


def test_what_a_server_writes_never_instructs_the_model(load, shop):
    tools = registry(load(url=f"{shop.url}/mcp", token="${SHOP_TOKEN}", tools={"weather": {}}))
    (weather,) = tools.offered(ADA)
    assert weather.description == "Tell the weather."
    reply = tools.call(ADA, "shop_weather", '{"city": "Delft"}')
    assert "free" not in injection_filter.cleaned(reply.hits)[0].record.text


def test_oauth_gets_a_token_from_the_issuer_of_the_desk(load, shop):
    oauth = {"issuer": shop.url, "client_id": CLIENT[0], "client_secret": "${SECRET}"}
    loaded = load(url=f"{shop.url}/mcp", oauth=oauth, tools={"weather": {}})
    assert len(loaded.servers[0].discover().tools) == 1
    assert shop.grants


def test_a_server_that_is_slow_or_endless_or_refuses_the_key_is_a_failed_call(load, shop):
    tools = registry(load(url=f"{shop.url}/mcp", token="${SHOP_TOKEN}", timeout_s=1.5))
    tools.offered(ADA)
    began = time.monotonic()
    assert tools.call(ADA, "shop_endless", "{}").text == "The service does not answer at the moment."
    assert tools.call(ADA, "shop_slow", "{}").text == "The service does not answer at the moment."
    assert time.monotonic() - began < 9
    assert list(load(url=f"{shop.url}/mcp", token="wrong", timeout_s=5).of_servers()) == []


def test_a_server_that_goes_away_or_changes_its_tools_never_breaks_an_answer(load):
    other = McpShop()
    other.start()
    try:
        tools = registry(
            load(url=f"{other.url}/mcp", token="${SHOP_TOKEN}", tools={"weather": {}, "cancel_order": CANCEL})
        )
        cancel = next(tool for tool in tools.offered(ADA) if tool.changes)
        other.mcp.remove_tool("cancel_order")
        reply = replaced(tools, cancel).call(ADA, "shop_cancel_order", '{"order_id": "1002"}')
        assert (reply.failed, reply.text) == (True, "The service has changed; look at its tools again.")
        other.stop()
        assert [tool.name for tool in tools.offered(ADA)] == ["shop_weather"]
        assert tools.call(ADA, "shop_weather", '{"city": "Delft"}').text == "The service does not answer at the moment."
    finally:
        other.stop()
    gone = load(url=f"{other.url}/mcp", token="${SHOP_TOKEN}", timeout_s=2)
    assert registry(gone).offered(ADA) == []


def replaced(tools, cancel):
    """Return a registry that calls a tool as if the customer had confirmed it."""
    from dataclasses import replace

    return Registry(tools=[replace(cancel, confirmation=None)])


def programs():
    """Return the ids of the programs that this process has started as MCP servers."""
    found = []
    for entry in filter(lambda entry: entry.name.isdigit(), Path("/proc").iterdir()):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and EXAMPLE in (entry / "cmdline").read_text():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        ({}, "either a `command` or a `url`"),
        ({"command": ["/bin/sh", "-c", "true"]}, "/bin/sh is not among the programs of ANSWERBACK_MCP_COMMANDS"),
        ({"url": "http://169.254.169.254/mcp"}, "private or reserved address"),
        ({"url": "http://mcp.example.com/mcp"}, "must start with https"),
        ({"url": "https://mcp.example.com/mcp", "token": "${NONE}"}, r"\$\{NONE\} is not set"),
        ({"url": "https://mcp.example.com/", "tools": {"x": {"arguments": {"a": "{order}"}}}}, "is not `customer.id`"),
    ],
)
def test_a_server_that_may_not_be_used_is_refused_when_the_file_is_read(load, server, problem):
    from worker.errors import SettingsInvalid

    with pytest.raises(SettingsInvalid, match=problem):
        load(**server)
