"""The tools of the desk follow the settings of the installation."""

import json
from dataclasses import replace

import pytest

from worker.answering.desk_tools import load_desk_tools
from worker.errors import SettingsInvalid
from worker.settings import Settings


def test_programs_and_networks_are_those_that_the_operator_allows(tmp_path):
    settings = Settings(home=tmp_path)
    path = tmp_path / "tools.json"
    servers = [{"name": "crm", "command": ["/bin/crm"]}, {"name": "erp", "url": "http://10.1.2.3:9000/mcp"}]
    path.write_text(json.dumps({"mcp_servers": servers}))
    with pytest.raises(SettingsInvalid) as refused:
        load_desk_tools(replace(settings, tools=path))
    assert len(refused.value.problems) == 2
    allow = Settings.from_env({"ANSWERBACK_TOOL_ALLOW": "10.0.0.0/8"}).tool_allow
    allowed = replace(settings, tools=path, mcp_commands=("/bin/crm",), tool_allow=allow)
    assert [server.name for server in load_desk_tools(allowed).servers] == ["crm", "erp"]
