"""OpenAPI documents: reading them, their operations, and their references."""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.answering.tools.file_schema import METHODS
from worker.answering.tools.references import target
from worker.errors import AnswerbackError

_MAX_BYTES = 8 * 1024 * 1024
_MAX_DEPTH = 24
_MAX_NODES = 20_000

_YAML_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_YAML_BOOL = "tag:yaml.org,2002:bool"


class Unsupported(AnswerbackError):
    """An operation cannot become a tool."""

    code = "operation_unsupported"

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of a document; its references are not resolved yet."""

    id: str
    method: str
    path: str
    item: Mapping[str, Any]
    declared: Mapping[str, Any]


def read_document(path: Path) -> dict[str, Any]:
    """Return an OpenAPI document of version 3.0 or 3.1, in JSON or YAML.

    Raises:
        Unsupported: it cannot be read, or is none.
    """
    import yaml

    try:
        if path.stat().st_size > _MAX_BYTES:
            raise Unsupported([f"{path} is larger than {_MAX_BYTES // 1024 // 1024} MiB."])
        text = path.read_text()
        found: Any = json.loads(text) if path.suffix == ".json" else _from_yaml(text)
    except OSError as error:
        raise Unsupported([f"{path} cannot be read ({error.strerror})."]) from None
    except (ValueError, RecursionError, yaml.YAMLError):
        raise Unsupported([f"{path} is neither JSON nor YAML."]) from None
    if not isinstance(found, dict) or not isinstance(found.get("paths"), dict):
        raise Unsupported([f"{path} is not an OpenAPI document."])
    if not str(found.get("openapi", "")).startswith(("3.0", "3.1")):
        raise Unsupported([f"{path} is not an OpenAPI document of version 3.0 or 3.1."])
    return found


def _from_yaml(text: str) -> Any:
    """Return a YAML document whose scalars are those of JSON: `2026-11-20`, `yes` and `on` are strings."""
    import yaml

    def is_json(tag: str, first: str) -> bool:
        return tag != _YAML_TIMESTAMP and not (tag == _YAML_BOOL and first in "yYnNoO")

    loader = yaml.CSafeLoader(text)
    loader.yaml_implicit_resolvers = {
        first: [resolver for resolver in resolvers if is_json(resolver[0], first)]
        for first, resolvers in loader.yaml_implicit_resolvers.items()
    }
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield the operations of a document; one without an `operationId` is named by method and path."""
    for path, item in document["paths"].items():
        if not isinstance(item, Mapping):
            continue
        for method in METHODS:
            declared = item.get(method.lower())
            if isinstance(declared, Mapping):
                id = str(declared.get("operationId") or f"{method} {path}")
                yield Operation(id=id, method=method, path=str(path), item=item, declared=declared)


def resolved(document: Mapping[str, Any], value: Any) -> Any:
    """Return a part of a document with its references replaced by what they name, and keywords of 3.0 as of 3.1.

    Raises:
        Unsupported: a reference leads elsewhere, nowhere, or to itself; or the part is larger than a tool may be.
    """
    left = itertools.count(_MAX_NODES, -1)

    def resolve(value: Any, depth: int) -> Any:
        if depth > _MAX_DEPTH or next(left) <= 0:
            raise Unsupported(["It is too large, or refers to itself."])
        if isinstance(value, list):
            return [resolve(inner, depth + 1) for inner in value]
        if not isinstance(value, Mapping):
            return value
        if isinstance(value.get("$ref"), str):
            return resolve(_target(document, value["$ref"]), depth + 1)
        return _as_of_3_1({str(name): resolve(inner, depth + 1) for name, inner in value.items()})

    return resolve(value, 0)


def _target(document: Mapping[str, Any], reference: str) -> Any:
    if not reference.startswith("#/"):
        raise Unsupported([f"It refers to {reference[:100]}, outside of the document."])
    try:
        return target(document, reference)
    except LookupError:
        raise Unsupported([f"It refers to {reference[:100]}, which the document does not have."]) from None


def _as_of_3_1(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        schema = {**schema, "type": [schema["type"], "null"]}
        del schema["nullable"]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and bound in schema:
            schema = {**schema, exclusive: schema[bound]}
            del schema[bound]
        elif schema.get(exclusive) is False:
            schema = {name: value for name, value in schema.items() if name != exclusive}
    return schema
