"""A connection to an MCP server keeps to its limits, whatever the server does."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.worker.answering.tools.test_mcp_server import ADA, registry
from worker.answering.tools.registry import ToolFailed


def test_a_server_that_is_slow_or_endless_or_refuses_the_key_is_a_failed_call(load_server, mcp_shop):
    tools = registry(load_server(url=f"{mcp_shop.url}/mcp", token="${SHOP_TOKEN}", timeout_s=1.5))
    tools.offered(ADA)
    began = time.monotonic()
    assert tools.call(ADA, "shop_endless", "{}").text == "The service does not answer at the moment."
    assert tools.call(ADA, "shop_slow", "{}").text == "The service does not answer at the moment."
    assert time.monotonic() - began < 9
    assert list(load_server(url=f"{mcp_shop.url}/mcp", token="wrong", timeout_s=5).of_servers()) == []


def test_a_connection_that_was_closed_opens_again(load_server, mcp_shop):
    (server,) = load_server(url=f"{mcp_shop.url}/mcp", token="${SHOP_TOKEN}", tools={"weather": {}}).servers
    assert len(server.discover().tools) == 1
    server.close()
    assert len(server.discover().tools) == 1


def test_a_call_in_flight_ends_well_although_another_customers_call_runs_out_of_time(load_server, mcp_shop):
    word = {"slow": {"unconfirmed": True}}
    (server,) = load_server(url=f"{mcp_shop.url}/mcp", token="${SHOP_TOKEN}", timeout_s=1.5, tools=word).servers
    (slow,) = server.discover().tools
    began = len(mcp_shop.began)
    with ThreadPoolExecutor(2) as pool:
        late = pool.submit(slow.run, ADA, {"seconds": 3}, "tool_1")
        time.sleep(0.9)
        other = pool.submit(slow.run, ADA, {"seconds": 1}, "tool_2")
        with pytest.raises(ToolFailed):
            late.result()
        assert slow.run(ADA, {"seconds": 0}, "tool_3").text == "late"
        assert other.result().text == "late"
    assert mcp_shop.began[began:] == [3, 1, 0]
