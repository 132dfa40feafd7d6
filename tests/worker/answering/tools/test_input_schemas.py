"""Schemas of arguments that come from elsewhere are closed, bounded, and without expressions that never end."""

import pytest

from worker.answering.tools.input_schemas import MAX_CHARACTERS, SchemaUnsupported, arguments_schema

ORDER = {
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "pattern": "^(a+)+$"},
        "email": {"type": "string"},
        "pattern": {"type": "string", "maxLength": 9},
    },
    "required": ["order_id", "email"],
}


def test_what_the_desk_fills_in_is_not_shown_and_a_property_may_be_called_pattern():
    assert arguments_schema(ORDER, bound={"email"}) == {
        "type": "object",
        "properties": {"order_id": {"type": "string"}, "pattern": {"type": "string", "maxLength": 9}},
        "required": ["order_id"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "string"}, "not that of an object"),
        ({"type": "object", "properties": {"a": {"type": "text"}}}, "not a JSON Schema"),
        ({"type": "object", "properties": {"a": {"$ref": "https://evil.example/s"}}}, "another document"),
        ({"type": "object", "patternProperties": {"(a+)+$": {}}}, "`patternProperties`"),
        ({"type": "object", "description": "x" * MAX_CHARACTERS}, "longer than"),
        ({"type": "object"}, "no argument email"),
        ({**ORDER, "allOf": [{"required": ["order_id"]}]}, "combines others"),
    ],
)
def test_what_cannot_be_checked_here_is_refused(schema, reason):
    with pytest.raises(SchemaUnsupported, match=reason):
        arguments_schema(schema, bound={"email"})
