"""JSON Schemas of arguments that come from elsewhere: from an MCP server, or from an OpenAPI document."""

import json
import re
from collections.abc import Callable, Mapping, Set
from typing import Any

import jsonschema

from worker.answering.tools.references import target
from worker.errors import AnswerbackError

#: Characters of a schema; the model reads it with every question.
MAX_CHARACTERS = 16_000
_MAX_DEPTH = 24

#: Keywords that are kept, by what they hold. All others are dropped: `examples`, `default` and `$comment` are texts
#: that check nothing, and `pattern` is a regular expression that can take for ever.
_SCHEMAS = frozenset(
    "items additionalProperties unevaluatedItems unevaluatedProperties contains propertyNames not if then else".split()
)
_SCHEMA_LISTS = frozenset({"prefixItems", "allOf", "anyOf", "oneOf"})
_SCHEMA_MAPS = frozenset({"properties", "dependentSchemas"})
_TEXTS = frozenset({"title", "description"})
_VALUES = frozenset(
    "type enum const required dependentRequired minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength"
    " maxLength minItems maxItems uniqueItems minContains maxContains minProperties maxProperties format".split()
)
_REFUSED = ("$id", "$dynamicRef", "$recursiveRef", "patternProperties")

#: With these, `additionalProperties: false` beside them would refuse what they allow.
_COMBINING = ("allOf", "anyOf", "oneOf", "if", "dependentSchemas")

_FORMAT = re.compile(r"[a-z0-9-]{1,40}", re.I)


class SchemaUnsupported(AnswerbackError):
    """The schema of the arguments cannot be used."""

    code = "schema_unsupported"


def arguments_schema(given: Any, *, bound: Set[str] = frozenset(), clean: Callable[[str], str] = str) -> dict[str, Any]:
    """Return a schema by which arguments can be checked here and which the model can be given.

    It is closed against properties that it does not name, references are replaced by what they name, and only keywords
    that check something are kept, with titles and descriptions.

    Args:
        bound: properties that the desk fills in, which the model must not see.
        clean: returns a text without sentences that instruct the model.

    Raises:
        SchemaUnsupported: with the reason in a sentence.
    """
    schema = _Copy(given, clean).schema(given)
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise SchemaUnsupported("Its input schema is not that of an object.")
    _check(schema)
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


def _check(schema: dict[str, Any]) -> None:
    try:
        if len(json.dumps(schema)) > MAX_CHARACTERS:
            raise _too_long()
        jsonschema.Draft202012Validator.check_schema(schema)
    except (TypeError, ValueError, RecursionError):
        raise SchemaUnsupported("Its input schema is not JSON.") from None
    except jsonschema.SchemaError as error:
        raise SchemaUnsupported(f"Its input schema is not a JSON Schema: {error.message[:100]}") from None


def _too_long() -> SchemaUnsupported:
    return SchemaUnsupported(f"Its input schema is longer than {MAX_CHARACTERS:,} characters.")


class _Copy:
    """Copies the parts of a schema that are kept; what is no schema is copied as it is, and refused later."""

    def __init__(self, root: Any, clean: Callable[[str], str]) -> None:
        self._root = root
        self._clean = clean
        self._left = MAX_CHARACTERS
        self._depth = 0
        self._open: list[str] = []

    def schema(self, given: Any) -> Any:
        """Return the copy of a schema.

        Raises:
            SchemaUnsupported: it is too large, has a keyword that cannot be checked here, or a reference that leads
                elsewhere, nowhere, or to itself.
        """
        if not isinstance(given, Mapping):
            return given
        if refused := next((name for name in _REFUSED if name in given), None):
            raise SchemaUnsupported(f"Its input schema has `{refused}`.")
        self._spend(1)
        if self._depth >= _MAX_DEPTH:
            raise SchemaUnsupported(f"Its input schema is more than {_MAX_DEPTH} levels deep.")
        self._depth += 1
        copied = {name: self._value(name, value) for name, value in given.items() if self._is_kept(name, value)}
        copied = {name: value for name, value in copied.items() if not (name in _TEXTS and value == "")}
        if isinstance(given.get("$ref"), str):
            copied = _joined(self._referred(given["$ref"]), copied)
        self._depth -= 1
        return copied

    def _is_kept(self, name: Any, value: Any) -> bool:
        if name == "format":
            return isinstance(value, str) and _FORMAT.fullmatch(value) is not None
        return name in _SCHEMAS | _SCHEMA_LISTS | _SCHEMA_MAPS | _TEXTS | _VALUES

    def _value(self, name: str, value: Any) -> Any:
        if name in _SCHEMAS:
            return self.schema(value)
        if name in _SCHEMA_LISTS and isinstance(value, list):
            return [self.schema(inner) for inner in value]
        if name in _SCHEMA_MAPS and isinstance(value, Mapping):
            return {key: self.schema(inner) for key, inner in value.items()}
        if name in _TEXTS and isinstance(value, str):
            self._spend(len(value))
            return " ".join(self._clean(value).split())
        return value

    def _referred(self, reference: str) -> Any:
        if not reference.startswith("#"):
            raise SchemaUnsupported("Its input schema refers to another document.")
        if reference in self._open or reference == "#":
            raise SchemaUnsupported(f"Its input schema refers to itself, by {reference[:100]}.")
        try:
            found = target(self._root, reference)
        except LookupError:
            raise SchemaUnsupported(f"Its input schema refers to {reference[:100]}, which it does not have.") from None
        self._open.append(reference)
        copied = self.schema(found)
        self._open.pop()
        return copied

    def _spend(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise _too_long()


def _joined(referred: Any, beside: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that asks for what a reference names and for the keywords beside it."""
    if not isinstance(referred, dict):
        return {"allOf": [referred, beside]}
    differing = {name: value for name, value in beside.items() if name not in referred or referred[name] != value}
    if differing.keys() <= _TEXTS:
        return {**referred, **differing}
    return {"allOf": [referred, differing]}
