"""Schemas of what is sent stay open, those of what is received stay closed."""

from web.openapi.schemas import leave_responses_open, make_patterns_portable


def test_only_what_responses_reach_is_opened():
    closed = {"type": "object", "additionalProperties": False}
    inner = {"properties": {"b": {"$ref": "#/components/schemas/Inner"}}, "additionalProperties": False}
    response = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Outer"}}}}
    spec = {
        "paths": {"/x": {"get": {"responses": {"200": response}}}},
        "webhooks": {},
        "components": {"schemas": {"Outer": inner, "Inner": {**closed}, "New": {**closed}}},
    }
    leave_responses_open(spec)
    schemas = spec["components"]["schemas"]
    assert [name for name, schema in schemas.items() if "additionalProperties" in schema] == ["New"]


def test_a_pattern_ends_as_other_languages_write_it():
    spec = {"schema": {"pattern": r"^[a-z]+\Z"}, "properties": {"pattern": {"type": "string"}}}
    make_patterns_portable(spec)
    assert spec == {"schema": {"pattern": "^[a-z]+$"}, "properties": {"pattern": {"type": "string"}}}
