"""`answerback tools`."""

import json

from tests.support.processes import ROOT


def test_no_tools_say_which_setting_declares_them(run):
    done = run("tools", "list")
    assert (done.returncode, "ANSWERBACK_TOOLS" in done.stdout) == (0, True)


def test_tools_and_servers_that_are_unavailable_are_listed(run, tmp_path):
    path = tmp_path / "tools.json"
    declared = json.loads((ROOT / "examples" / "tools.json").read_text())
    declared["mcp_servers"] = [{"name": "crm", "command": ["/bin/false"]}]
    path.write_text(json.dumps(declared))
    settings = {"SHOP_TOKEN": "x", "ANSWERBACK_TOOLS": str(path)}
    refused = run("tools", "list", **settings)
    assert refused.returncode == 1
    assert "crm: /bin/false is not among the programs of ANSWERBACK_MCP_COMMANDS." in refused.stderr
    listed = json.loads(run("tools", "list", "--json", **settings, ANSWERBACK_MCP_COMMANDS="/bin/false").stdout)
    assert [(one["name"], one["changes"]) for one in listed[-2:]] == [("cancel_order", True), ("crm", None)]
    assert "unavailable" in listed[-1]["left_out"]


def test_operations_of_a_document_are_listed_with_what_speaks_against_them(run):
    listed = json.loads(run("tools", "operations", str(ROOT / "examples" / "shop.openapi.yaml"), "--json").stdout)
    assert {one["operation"]: one["refused"] for one in listed} == {
        "getOrder": None,
        "cancelOrder": None,
        "uploadPhoto": "Its body is not a JSON object with named properties.",
    }
