"""Declared tools against a real back office: checked both ways, of this customer only, once, and never in the way."""

import json
import time
from pathlib import Path

import pytest

from tests.support.desk import TOKEN
from worker.answering.question import Question
from worker.answering.tools import tool_file
from worker.answering.tools.registry import Registry, ToolFailed, validate_arguments

EXAMPLES = Path(__file__).parents[4] / "examples"
ADA = Question(workspace_id="w", content="Where is order 1001?", facts={"email": "ada@shop.example", "name": "Ada"})


@pytest.fixture
def load(tmp_path, shop):
    def made(**changes):
        declared = json.loads((EXAMPLES / "tools.json").read_text())
        for tool in declared["tools"]:
            tool["url"] = tool["url"].replace("127.0.0.1:8077", f"127.0.0.1:{shop.server_port}")
            tool.update(changes.get(tool["name"], {}))
        path = tmp_path / "tools.json"
        path.write_text(json.dumps(declared))
        return {tool.name: tool for tool in tool_file.load(path, {"SHOP_TOKEN": TOKEN}).tools}

    return made


def test_an_order_is_described_in_a_sentence_with_its_dates_as_people_write_them(load):
    found = load()["look_up_order"].run(ADA, {"order_id": "1001"}, "tool_1")
    assert found.text == (
        "Order look-up: id 1001; status shipped; shipped on 20 November 2026 (2026-11-20); carrier Parcel Express; "
        "total 59.90 EUR."
    )  # and nothing of the margin, which is not declared


def test_each_record_of_a_list_is_a_line(load):
    assert load()["list_invoices"].run(ADA, {}, "tool_1").text == (
        "Invoices: number R-77; order 1001; amount 59.90 EUR; paid yes."
    )


def test_what_belongs_to_another_customer_is_not_found(load, shop):
    with pytest.raises(ToolFailed, match="knows nothing"):
        load()["look_up_order"].run(ADA, {"order_id": "2001"}, "tool_1")
    assert "email=ada%40shop.example" in shop.calls[-1][1]


def test_without_a_known_customer_nothing_of_theirs_is_offered(load):
    registry = Registry(tools=tuple(load().values()))
    assert registry.offered(Question(workspace_id="w", content="x")) == []
    assert len(registry.offered(ADA)) == 4
    assert registry.call(Question(workspace_id="w", content="x"), "look_up_order", "{}").failed


@pytest.mark.parametrize(
    "arguments",
    [
        '{"order_id": "../../customers"}',
        '{"order_id": "1001?email=grace@shop.example"}',
        '{"order_id": "1001", "email": "grace@shop.example"}',
        '{"order_id": 1001}',
        "{}",
        "[]",
        "not json",
    ],
)
def test_arguments_that_do_not_fit_never_leave(load, shop, arguments):
    with pytest.raises(ToolFailed):
        validate_arguments(load()["look_up_order"], arguments)
    assert Registry(tools=tuple(load().values())).call(ADA, "look_up_order", arguments).failed
    assert shop.calls == []


def test_arguments_cannot_change_where_a_call_goes(load, shop):
    loose = load(look_up_order={"parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}}})
    for order_id in ("../customers", "1001#", "1001/cancel", "x@evil.example", "//evil.example"):
        with pytest.raises(ToolFailed, match="knows nothing"):
            loose["look_up_order"].run(ADA, {"order_id": order_id}, "tool_1")
    assert all(path.startswith("/orders/") and "/cancel" not in path for _method, path, _key in shop.calls)


def test_a_passing_failure_is_tried_once_more_and_a_lasting_one_opens_the_circuit(load, shop):
    tool = load()["look_up_order"]
    shop.failures = [503]
    assert "shipped" in tool.run(ADA, {"order_id": "1001"}, "tool_1").text
    shop.failures = [500] * 5
    for _ in range(5):
        with pytest.raises(ToolFailed, match="does not answer"):
            tool.run(ADA, {"order_id": "1001"}, "tool_1")
    calls = len(shop.calls)
    with pytest.raises(ToolFailed, match="does not answer"):
        tool.run(ADA, {"order_id": "1001"}, "tool_1")
    assert len(shop.calls) == calls


def test_what_a_service_should_not_answer_is_not_told(load, shop):
    strict = load(look_up_order={"result": {"type": "object", "properties": {"status": {"enum": ["lost"]}}}})
    with pytest.raises(ToolFailed, match="what it should not"):
        strict["look_up_order"].run(ADA, {"order_id": "1001"}, "tool_1")
    shop.orders["1001"]["total"] = "x" * 70_000
    with pytest.raises(ToolFailed, match="too much"):
        load()["look_up_order"].run(ADA, {"order_id": "1001"}, "tool_1")


def test_a_service_that_is_away_is_told_as_a_failure(load, shop):
    tools = load()
    shop.server_close()
    reply = Registry(tools=tuple(tools.values())).call(ADA, "look_up_order", '{"order_id": "1001"}')
    assert (reply.failed, reply.text) == (True, "The service does not answer at the moment.")


def test_what_changes_something_asks_first(load, shop):
    reply = Registry(tools=tuple(load().values())).call(ADA, "cancel_order", '{"order_id": "1002"}')
    assert reply.fixed_reply == "Shall I cancel your order 1002? Please answer yes or no."
    assert shop.calls == []


@pytest.mark.parametrize("order_id", ["", ".", "..", " "])
def test_a_place_in_the_path_is_never_empty_or_a_way_up(load, shop, order_id):
    loose = load(
        cancel_order={
            "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}
        }
    )
    with pytest.raises(ToolFailed, match="cannot be that"):
        loose["cancel_order"].run(ADA, {"order_id": order_id}, "tool_1")
    assert shop.calls == []


def test_numbers_are_no_dates(load, shop):
    shop.orders["1001"] |= {"carrier": "20241105", "total": "10010101"}
    assert "20241105; total 10010101" in load()["look_up_order"].run(ADA, {"order_id": "1001"}, "tool_1").text


def test_a_service_that_drips_is_given_up_when_its_time_is_over(load, shop):
    shop.drip_s = 0.3
    began = time.monotonic()
    with pytest.raises(ToolFailed, match="does not answer"):
        load(look_up_order={"timeout_s": 0.5})["look_up_order"].run(ADA, {"order_id": "1001"}, "tool_1")
    assert time.monotonic() - began < 5


def test_the_same_call_again_is_done_once(load, shop):
    tool = load()["cancel_order"]
    tool.run(ADA, {"order_id": "1002"}, "tool_7")
    tool.run(ADA, {"order_id": "1002"}, "tool_7")
    assert shop.cancelled == ["1002"]
