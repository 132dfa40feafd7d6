"""How MCP servers over HTTP are reached."""

import pytest

from tests.support.mcp_shop import CLIENT, TOKEN
from tests.worker.answering.tools.conftest import LOCAL
from worker.addresses import Guard
from worker.answering.tools.mcp_connection import McpConnection, ServerUnavailable
from worker.answering.tools.mcp_transports import HttpServer


def test_oauth_gets_a_token_from_the_issuer_of_the_desk(load_server, mcp_shop):
    oauth = {"issuer": mcp_shop.url, "client_id": CLIENT[0], "client_secret": "${SECRET}"}
    loaded = load_server(url=f"{mcp_shop.url}/mcp", oauth=oauth, tools={"weather": {}})
    assert len(loaded.servers[0].discover().tools) == 1
    assert mcp_shop.grants


def test_an_address_that_may_not_be_called_is_not_dialled(mcp_shop):
    """The name was public when the file was read, and leads into the private network by now."""
    asked = len(mcp_shop.requests)
    server = HttpServer(url=f"{mcp_shop.url}/mcp", guard=Guard(), headers={"Authorization": f"Bearer {TOKEN}"})
    connection = McpConnection(server, timeout_s=5)
    try:
        with pytest.raises(ServerUnavailable):
            connection.list_tools()
    finally:
        connection.close()
    assert len(mcp_shop.requests) == asked


def test_a_compressed_response_is_refused_before_it_is_unpacked(mcp_shop):
    connection = McpConnection(HttpServer(url=f"{mcp_shop.url}/compressed", guard=LOCAL), timeout_s=5)
    try:
        with pytest.raises(ServerUnavailable, match="compressed"):
            connection.list_tools()
    finally:
        connection.close()
    assert set(mcp_shop.accepted) == {"identity"}
