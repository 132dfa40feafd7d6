"""The file of tools: everything that is wrong with it is named when it is read."""

import json

import pytest

from tests.worker.answering.tools.test_http import EXAMPLES
from worker.answering.tools import tool_file
from worker.errors import SettingsInvalid

REMOTE = {"type": "object", "properties": {"order_id": {"$ref": "https://elsewhere.example/o"}}}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": "Look-Up"}, "does not match"),
        ({"url": "http://{order_id}.example/x"}, "does not match"),
        ({"url": "http://a.example/{nothing}"}, "{nothing} is neither"),
        ({"url": "http://a.example/{customer.password}"}, "{customer.password} is neither"),
        ({"headers": {"X": "${NOT_SET}"}}, "${NOT_SET} is not set"),
        ({"parameters": {"type": "object", "properties": {"order_id": {"type": "wrong"}}}}, "not a JSON Schema"),
        ({"method": "POST"}, "`method` is not GET"),
        ({"name": "search"}, "built-in"),
        ({"colour": "red"}, "Additional properties"),
        ({"result": {"anyOf": [{"type": "object"}]}}, "name each field"),
        ({"result": {"properties": {"order": {"$ref": "#/$defs/o"}}}}, "name each field"),
        ({"confirmation": "Send it to {customer.email}?"}, "not a required parameter"),
        ({"parameters": REMOTE}, "`parameters` refers to https://elsewhere.example/o, outside of the file"),
        ({"parameters": {"type": "object", "properties": {"order_id": {"$ref": "#/$defs/o"}}}}, "refers to #/$defs/o"),
    ],
)
def test_a_file_that_is_wrong_says_what(tmp_path, change, problem):
    declared = json.loads((EXAMPLES / "tools.json").read_text())
    declared["tools"] = [{**declared["tools"][0], **change}]
    path = tmp_path / "tools.json"
    path.write_text(json.dumps(declared))
    with pytest.raises(SettingsInvalid) as caught:
        tool_file.load(path, {"SHOP_TOKEN": "x"})
    assert problem in str(caught.value)


def test_the_file_itself_must_be_there_and_json(tmp_path):
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        tool_file.load(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(SettingsInvalid, match="not JSON"):
        tool_file.load(tmp_path / "bad.json")


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        ({}, "either a `command` or a `url`"),
        ({"command": ["/bin/sh", "-c", "true"]}, "/bin/sh is not among the programs of ANSWERBACK_MCP_COMMANDS"),
        ({"url": "http://169.254.169.254/mcp"}, "private or reserved address"),
        ({"url": "http://mcp.example.com/mcp"}, "must start with https"),
        ({"url": "https://mcp.example.com/mcp", "token": "${NONE}"}, r"\$\{NONE\} is not set"),
        ({"url": "https://mcp.example.com/", "tools": {"x": {"arguments": {"a": "{order}"}}}}, "is not `customer.id`"),
        (
            {"url": "https://mcp.example.com/", "tools": {"x": {"reads": True, "confirmation": "Shall I?"}}},
            "`x`: A tool with a `confirmation` changes something, so `reads` cannot be true.",
        ),
    ],
)
def test_a_server_that_may_not_be_used_is_refused_when_the_file_is_read(load_server, server, problem):
    with pytest.raises(SettingsInvalid, match=problem):
        load_server(**server)
