"""Templates of requests."""

from worker.answering.tools.templates import as_text, fill


def test_a_value_keeps_its_type_and_an_absent_one_its_property_away():
    template = {"max": "{max}", "note": "Order {id}", "gone": "{gone}", "each": ["{id}"], "fixed": 1}
    assert fill(template, {"max": 5, "id": "7"}) == {"max": 5, "note": "Order 7", "each": ["7"], "fixed": 1}


def test_booleans_are_written_as_in_json():
    assert (as_text(True), as_text(1.5), as_text("True")) == ("true", "1.5", "True")
