"""What cannot work as a category is refused with the reason."""

import pytest

from worker.categories import schema
from worker.errors import Invalid

FIVE = [f"message number {n}" for n in range(5)]


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("fleet", {"examples": FIVE[:4]}, "examples: Length must be between 5 and 200."),
        ("fleet", {}, "examples: Missing data for required field."),
        ("fleet", {"examples": [*FIVE, " "]}, "examples.5: Must not be blank."),
        ("fleet", {"examples": [*FIVE, "x" * 1001]}, "examples.5: Must be at most 1,000 characters"),
        ("fleet", {"examples": [*FIVE, "a\x00b"]}, "examples.5: Control characters are not allowed."),
        ("fleet", {"examples": [*FIVE, "MESSAGE number 1"]}, "examples: “message number 1” is there twice."),
        ("fleet", {"examples": FIVE, "counter_examples": FIVE[:1]}, "“message number 0” is an example as well."),
        ("fleet", {"examples": FIVE, "priority": "soon"}, "priority: Must be one of: normal, high, urgent."),
        ("fleet", {"examples": FIVE, "color": "red"}, "color: Unknown field."),
        ("Fleet!", {"examples": FIVE}, "name: Must be a letter"),
        ("none", {"examples": FIVE}, "`none` and `complaint` are taken"),
        ("fleet", FIVE, "A category is a JSON object."),
    ],
)
def test_a_wrong_category_is_refused_with_the_field_and_the_reason(name, values, told):
    with pytest.raises(Invalid) as refused:
        schema.load(name, values)
    assert told in str(refused.value)


def test_what_was_shown_can_be_sent_back():
    loaded = schema.load("fleet", {"examples": FIVE, "priority": "high"})
    assert schema.load("fleet", {**loaded.to_api(), "updated_at": "2026-01-01T00:00:00Z"}) == loaded
