from collections.abc import Callable, Iterator

import pytest

from tests.support.desk import TOKEN, Desk
from tests.support.processes import ROOT
from tests.worker.answering.drafting.test_llm import control
from worker.answering.tools.tool_file import load


@pytest.fixture
def open_desk(store, workspace_id, model_url, shop, tmp_path) -> Iterator[Callable[..., Desk]]:
    """Make desks that share a store, the stand-in model and the shop's tools."""
    control(model_url, latency_s=0, mode="tools", tokens_per_s=0, calls=[], rewritten="", reset=True)
    path = tmp_path / "tools.json"
    declared = (shipped := (ROOT / "examples" / "tools.json").read_text()).replace(
        "127.0.0.1:8077", f"127.0.0.1:{shop.server_port}"
    )
    assert declared != shipped
    path.write_text(declared)
    tools = load(path, {"SHOP_TOKEN": TOKEN}).tools

    def make(**options):
        return Desk(store, workspace_id, model_url, tools, **options)

    yield make
    control(model_url, mode="answer", calls=[], rewritten="", reset=True)
