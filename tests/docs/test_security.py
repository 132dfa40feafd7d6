"""Every item of the list in docs/security.md is shown by a test that exists."""

import ast
import re

from tests.support.processes import ROOT


def test_each_item_names_a_test_that_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "security.md").read_text())
    rows = [
        line for line in (ROOT / "docs" / "security.md").read_text().splitlines() if line.startswith(("| 1", "| –"))
    ]
    assert len(named) >= 40
    assert all("tests/" in row for row in rows)
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text())
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in defined, f"{path}::{name}"
