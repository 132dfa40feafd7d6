"""Hold requests and answers against the OpenAPI 3.0 description that a maker publishes of its API."""

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_DATA = Path(__file__).parents[1] / "data"


class Contract:
    """A description in tests/data: its paths, cut to the schemas of bodies and answers, and its components."""

    def __init__(self, name: str) -> None:
        document = json.loads((_DATA / name).read_text())
        self._paths = [(_pattern(path), methods) for path, methods in document["paths"].items()]
        self._components = _as_json_schema(document["components"])

    def request_faults(self, method: str, path: str, body: Any) -> list[str]:
        """Return what is wrong with a request: an unknown call, a body of another form, or an undocumented field."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path} is not documented"]
        schema = operation.get("requestBody")
        if schema is None or body is None:
            return [] if body is schema else [f"{method} {path}: a body, or none, was expected"]
        return self.faults(schema, body, closed=True)

    def response_faults(self, method: str, path: str, status: int, answer: Any) -> list[str]:
        """Return what is wrong with an answer; an undocumented status has the form that it may have."""
        operation = self._operation(method, path) or {"responses": {}}
        documented = operation["responses"].get(str(status))
        return [] if documented is None else self.faults(documented["schema"], answer)

    def faults(self, schema: Any, value: Any, *, closed: bool = False) -> list[str]:
        """Return what is wrong with a value; `closed`: it has a field that is not documented, for one."""
        components = _closed(self._components) if closed else self._components
        validator = Draft202012Validator({**_as_json_schema(schema), "components": components})
        return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]

    def _operation(self, method: str, path: str) -> Any:
        found = (methods.get(method.lower()) for pattern, methods in self._paths if pattern.fullmatch(path))
        return next(found, None)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", r"[^/]+", path) + r"(?:\?.*)?")


def _as_json_schema(schema: Any) -> Any:
    """Return a schema of OpenAPI 3.0 as one of JSON Schema, which has no `nullable`."""
    if isinstance(schema, list):
        return [_as_json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {name: _as_json_schema(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [converted, {"type": "null"}]} if schema.get("nullable") is True else converted


def _closed(schema: Any) -> Any:
    """Return a schema whose objects have no fields but those that are described."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _closed(value) for name, value in schema.items()}
    described = schema.get("type") == "object" and isinstance(schema.get("properties"), dict)
    return {**inner, "additionalProperties": False} if described else inner
