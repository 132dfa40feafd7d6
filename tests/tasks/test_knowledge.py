"""Imports come before the index of what they brought, and a long one asks for another turn."""

import pytest

import tasks.knowledge


@pytest.mark.parametrize(("imports", "sources"), [(True, False), (False, True), (False, False)])
def test_what_was_brought_is_indexed_before_the_next_slice_is_asked_for(role, imports, sources):
    ingesting = role("ingesting")
    ingesting.importer.work_off.return_value = imports
    ingesting.source_runner.work_off.return_value = sources
    tasks.knowledge.index(workspace_id="ws_1", newer="x")
    calls = [name for name, _arguments, _options in ingesting.mock_calls]
    brought = ["importer.work_off", "source_runner.work_off"]
    assert calls == [*brought, "indexer", "indexer().index", *["hints.index"] * (imports or sources)]
