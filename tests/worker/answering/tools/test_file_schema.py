"""The schema of the file of tools."""

import json

import jsonschema

from tests.support.processes import ROOT
from worker.answering.tools.file_schema import SCHEMA


def test_the_example_fits_and_a_field_that_is_misspelt_does_not():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    example = json.loads((ROOT / "examples" / "tools.json").read_text())
    assert validator.is_valid(example)
    for server in ({"name": "crm", "url": "https://crm.example/mcp"}, {"name": "crm", "command": ["/bin/crm"]}):
        assert validator.is_valid({"mcp_servers": [server]})
        assert not validator.is_valid({"mcp_servers": [{**server, "tool": {}}]})
