"""JSON Schemas of arguments that come from elsewhere: from an MCP server, or from an OpenAPI document."""

import json
from collections.abc import Mapping, Set
from typing import Any

import jsonschema

from worker.errors import AnswerbackError

#: Characters of a schema; the model reads it with every question.
MAX_CHARACTERS = 16_000

#: With these, `additionalProperties: false` beside them would refuse what they allow.
_COMBINING = ("$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas")


class SchemaUnsupported(AnswerbackError):
    """The schema of the arguments cannot be used."""

    code = "schema_unsupported"


def arguments_schema(given: Any, *, bound: Set[str] = frozenset()) -> dict[str, Any]:
    """Return a schema by which arguments can be checked here and which the model can be given.

    It is closed against properties that it does not name, and has no `pattern`: a regular expression of somebody else
    can take for ever. `bound` are properties that the desk fills in, which the model must not see.

    Raises:
        SchemaUnsupported: with the reason in a sentence.
    """
    if not isinstance(given, Mapping) or given.get("type") != "object":
        raise SchemaUnsupported("Its input schema is not that of an object.")
    if len(json.dumps(given)) > MAX_CHARACTERS:
        raise SchemaUnsupported(f"Its input schema is longer than {MAX_CHARACTERS:,} characters.")
    try:
        jsonschema.Draft202012Validator.check_schema(dict(given))
    except jsonschema.SchemaError as error:
        raise SchemaUnsupported(f"Its input schema is not a JSON Schema: {error.message[:100]}") from None
    if reason := _unsupported(given):
        raise SchemaUnsupported(reason)
    schema: dict[str, Any] = _without_patterns(given)
    properties = schema.get("properties", {})
    if unknown := sorted(bound - set(properties)):
        raise SchemaUnsupported(f"It has no argument {unknown[0]}, which the desk fills in.")
    schema["properties"] = {name: value for name, value in properties.items() if name not in bound}
    schema["required"] = [name for name in schema.get("required", ()) if name not in bound]
    if not any(keyword in schema for keyword in _COMBINING):
        schema["additionalProperties"] = False
    elif bound:
        raise SchemaUnsupported("Its input schema combines others, so the desk cannot fill in a part of it.")
    return schema


def _unsupported(schema: Any) -> str | None:
    if isinstance(schema, list):
        return next(filter(None, map(_unsupported, schema)), None)
    if not isinstance(schema, Mapping):
        return None
    for name in ("$ref", "$dynamicRef"):
        if isinstance(schema.get(name), str) and not schema[name].startswith("#"):
            return "Its input schema refers to another document."
    for name in ("$id", "$dynamicRef", "$recursiveRef"):
        if isinstance(schema.get(name), str):
            return f"Its input schema has `{name}`."
    if "patternProperties" in schema:
        return "Its input schema has `patternProperties`."
    return next(filter(None, map(_unsupported, schema.values())), None)


def _without_patterns(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {
            name: _without_patterns(value)
            for name, value in schema.items()
            if not (name == "pattern" and isinstance(value, str))
        }
    return [_without_patterns(value) for value in schema] if isinstance(schema, list) else schema
