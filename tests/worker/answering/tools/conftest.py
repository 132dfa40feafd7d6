"""MCP servers as tests of tools use them."""

import json
import sys

import pytest

from tests.support.mcp_shop import CLIENT, TOKEN, McpShop
from worker.addresses import Guard
from worker.answering.check import injection_filter
from worker.answering.tools import tool_file
from worker.answering.tools.tool_file import Limits
from worker.settings import parsers

LOCAL = Guard(allow=parsers.networks("127.0.0.0/8"))


@pytest.fixture
def load_server(tmp_path):
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


@pytest.fixture(scope="session")
def mcp_shop():
    server = McpShop()
    server.start()
    yield server
    server.stop()
