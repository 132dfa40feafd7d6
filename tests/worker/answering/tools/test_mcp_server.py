"""Tools of MCP servers: real servers of the official SDK, as a program and over HTTP."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.support import mcp_program
from tests.support.mcp_shop import TOKEN, McpShop
from worker.answering.check import injection_filter
from worker.answering.question import Question
from worker.answering.tools.mcp_connection import ServerUnavailable
from worker.answering.tools.registry import Registry, ToolFailed

pytestmark = pytest.mark.processes

EXAMPLE = str(Path(__file__).parents[4] / "examples" / "shop_mcp.py")
QUICK = mcp_program.__file__
ADA = Question(workspace_id="w", content="Where is order 1001?", facts={"email": "ada@shop.example", "name": "Ada"})
OURS = {"arguments": {"email": "{customer.email}"}}
CANCEL = {**OURS, "confirmation": "Shall I cancel order {order_id}?", "done": "Order {order_id} is cancelled."}


def registry(tools):
    return Registry(more=tools.of_servers)


def test_a_program_is_asked_for_its_tools_and_ends_with_the_connection(load_server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    declared = {"look_up_order": OURS, "cancel_order": CANCEL}
    loaded = load_server(command=[sys.executable, EXAMPLE], env={"SHOP": "${SHOP_TOKEN}"}, tools=declared, timeout_s=30)
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
    # What changes something asks first, and runs once it may.
    assert tools.call(ADA, "shop_cancel_order", '{"order_id": "1002"}').fixed_reply == "Shall I cancel order 1002?"
    assert offered["shop_cancel_order"].run(ADA, {"order_id": "1002"}, "tool_1").text == "It is cancelled."
    (program,) = programs(EXAMPLE)
    environment = Path(f"/proc/{program}/environ").read_text()
    assert f"SHOP={TOKEN}" in environment
    assert "sk-secret" not in environment
    loaded.close()
    assert programs(EXAMPLE) == []


def test_a_program_that_has_died_is_started_again_before_something_is_changed(load_server):
    loaded = load_server(command=[sys.executable, QUICK], tools={"process": {"unconfirmed": True}}, timeout_s=30)
    (process,) = loaded.servers[0].tools()
    (first,) = programs(QUICK)
    assert process.run(ADA, {}, "tool_1").text == f"process {first}"
    os.kill(first, signal.SIGKILL)
    assert process.run(ADA, {}, "tool_2").text != f"process {first}"


def test_a_program_that_ran_out_of_time_is_replaced_and_ends(load_server):
    loaded = load_server(command=[sys.executable, QUICK], tools={"process": {"reads": True}}, timeout_s=2)
    ends = time.monotonic() + 20
    while not (tools := listed(loaded.servers[0])):
        assert time.monotonic() < ends
    (late,) = programs(QUICK)
    with pytest.raises(ToolFailed):
        tools[0].run(ADA, {"seconds": 60}, "tool_1")
    assert tools[0].run(ADA, {}, "tool_2").text != f"process {late}"
    while late in programs(QUICK):
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_without_the_desks_word_only_tools_that_read_are_offered(load_server, mcp_shop):
    loaded = load_server(url=f"{mcp_shop.url}/mcp", token="${SHOP_TOKEN}")
    found = loaded.servers[0].discover()
    assert {tool.name for tool in found.tools} == {"shop_look_up_order", "shop_weather", "shop_endless", "shop_slow"}
    assert "confirmation" in found.left_out["cancel_order"]


def test_the_desks_word_wins_over_the_servers_annotation(load_server, mcp_shop):
    word = {
        "look_up_order": {"reads": False, "confirmation": "Look?"},
        "cancel_order": {"reads": True},
        "endless": {"unconfirmed": True},
        "slow": {"confirmation": "Shall I begin?"},
        "gone": {},
    }
    found = load_server(url=f"{mcp_shop.url}/mcp", token="${SHOP_TOKEN}", tools=word).servers[0].discover()
    assert [(tool.name, tool.changes, tool.confirmation) for tool in found.tools] == [
        ("shop_look_up_order", True, "Look?"),
        ("shop_cancel_order", False, None),
        ("shop_endless", True, None),
        ("shop_slow", True, "Shall I begin?"),
    ]
    assert found.left_out["gone"] == "The server has no such tool."
    assert found.left_out["weather"] == "The desk does not name it."


def test_what_a_server_writes_never_instructs_the_model(load_server, mcp_shop):
    tools = registry(load_server(url=f"{mcp_shop.url}/mcp", token="${SHOP_TOKEN}", tools={"weather": {}}))
    (weather,) = tools.offered(ADA)
    assert weather.description == "Tell the weather."
    assert weather.parameters["properties"]["city"] == {"type": "string", "description": "the place."}
    reply = tools.call(ADA, "shop_weather", '{"city": "Delft"}')
    assert "free" not in injection_filter.cleaned(reply.hits)[0].record.text


def test_a_server_that_goes_away_or_changes_its_tools_never_breaks_an_answer(load_server):
    other = McpShop()
    other.start()
    try:
        tools = registry(
            load_server(url=f"{other.url}/mcp", token="${SHOP_TOKEN}", tools={"weather": {}, "cancel_order": CANCEL})
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
    gone = load_server(url=f"{other.url}/mcp", token="${SHOP_TOKEN}", timeout_s=2)
    assert registry(gone).offered(ADA) == []


def listed(server):
    """Return the tools of a server, or none while it is still starting."""
    try:
        return server.discover().tools
    except ServerUnavailable:
        return ()


def replaced(tools, cancel):
    """Return a registry that calls a tool as if the customer had confirmed it."""
    from dataclasses import replace

    return Registry(tools=[replace(cancel, confirmation=None)])


def programs(file):
    """Return the ids of the programs of a file that this process has started as MCP servers."""
    found = []
    for entry in filter(lambda entry: entry.name.isdigit(), Path("/proc").iterdir()):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and file in (entry / "cmdline").read_text():
                found.append(int(entry.name))
        except OSError:
            continue
    return found
