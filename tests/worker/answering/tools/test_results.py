"""Results as sentences."""

from worker.answering.tools.results import declared_only, describe


def test_nested_records_are_read_out_and_only_what_is_declared():
    found = {"order": {"id": 7, "paidOn": "2026-11-20", "margin": 41}, "paid": True, "lines": [{"name": "Cup"}]}
    order = {"properties": {"id": {}, "paidOn": {}}}
    schema = {"properties": {"order": order, "paid": {}, "lines": {"items": {"properties": {"name": {}}}}}}
    assert describe("Order", declared_only(found, schema)) == (
        "Order: order id 7; order paid on 20 November 2026 (2026-11-20); paid yes; lines 1 name Cup."
    )
    assert describe("Order", []) == "Order: nothing was found."
