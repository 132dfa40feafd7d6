"""Operations of an OpenAPI document as declarations of HTTP tools.

A subset that is safe to call: path and query parameters that are plain values, and a JSON object as body. An operation
that needs more is refused with the reason; what it merely allows beyond that is left out. Documents are files, and only
references inside a document are followed.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from worker.answering.tools.file_schema import METHODS
from worker.answering.tools.input_schemas import SchemaUnsupported, arguments_schema
from worker.answering.tools.templates import as_text
from worker.errors import AnswerbackError

_MAX_BYTES = 8 * 1024 * 1024
_MAX_DEPTH = 24
_MAX_NODES = 20_000
_SCALARS = frozenset({"string", "number", "integer", "boolean"})
_ARGUMENT = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PATH_PARAMETER = re.compile(r"\{([^{}/]+)\}")


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


@dataclass(kw_only=True)
class _Request:
    """The request of a tool: which argument stands where."""

    properties: dict[str, Any] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, schema: Any, *, required: bool) -> str | None:
        """Add an argument; return its name for the model, or None when it is left out.

        Raises:
            Unsupported: its name is not one of an argument, or is taken, and it is required.
        """
        argument = re.sub(r"[-.]", "_", name)
        if not _ARGUMENT.fullmatch(argument) or argument in self.properties:
            if required:
                raise Unsupported([f"{name} cannot be the name of an argument, or names two of them."])
            return None
        self.properties[argument] = schema
        if required:
            self.required.append(argument)
        return argument


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
        found: Any = json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
    except OSError as error:
        raise Unsupported([f"{path} cannot be read ({error.strerror})."]) from None
    except (ValueError, RecursionError, yaml.YAMLError):
        raise Unsupported([f"{path} is neither JSON nor YAML."]) from None
    if not isinstance(found, dict) or not isinstance(found.get("paths"), dict):
        raise Unsupported([f"{path} is not an OpenAPI document."])
    if not str(found.get("openapi", "")).startswith(("3.0", "3.1")):
        raise Unsupported([f"{path} is not an OpenAPI document of version 3.0 or 3.1."])
    return found


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield the operations of a document; one without an `operationId` is named by method and path."""
    for path, item in document["paths"].items():
        if not isinstance(item, Mapping):
            continue
        for method in METHODS:
            declared = item.get(method.lower())
            if isinstance(declared, Mapping):
                id = str(declared.get("operationId") or f"{method} {path}")
                yield Operation(id=id, method=method, path=path, item=item, declared=declared)


def declarations(chosen: Mapping[str, Any], *, folder: Path) -> list[dict[str, Any]]:
    """Return the declarations of HTTP tools for the operations that an entry of the file chooses.

    Args:
        folder: that of the file; the document is looked up there.

    Raises:
        Unsupported: with a sentence for each problem.
    """
    where = chosen["document"]
    document = read_document(folder / where)
    known = {operation.id: operation for operation in operations(document)}
    found, problems = [], []
    for id, word in chosen["operations"].items():
        try:
            if id not in known:
                raise Unsupported(["The document has no such operation."])
            found.append(declaration(document, known[id], chosen, word))
        except Unsupported as error:
            problems += [f"{where}: {id}: {problem}" for problem in error.problems]
    if problems:
        raise Unsupported(problems)
    return found


def declaration(
    document: Mapping[str, Any], operation: Operation, chosen: Mapping[str, Any], word: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the declaration of one operation.

    Args:
        chosen: the entry of the file: `url` and `headers`.
        word: the desk's word on this operation, such as its `confirmation`.

    Raises:
        Unsupported: the operation needs what a tool cannot send.
    """
    headers = chosen.get("headers", {})
    if _needs_credentials(document, operation) and not headers:
        raise Unsupported(["It needs credentials: give `headers`."])
    request = _request(document, operation, {name.lower() for name in headers})
    bound = word.get("arguments", {})
    schema = {"type": "object", "properties": request.properties, "required": request.required}
    try:
        parameters = arguments_schema(schema, bound=frozenset(bound))
    except SchemaUnsupported as error:
        raise Unsupported([str(error)]) from None
    title = word.get("title") or _line(operation.declared.get("summary"), 100) or _line(operation.id, 100)
    described = word.get("description") or operation.declared.get("description") or operation.declared.get("summary")
    return {
        "name": word.get("name") or tool_name(operation.id),
        "title": title,
        "description": _line(described, 1000) or title,
        "parameters": parameters,
        "method": operation.method,
        "url": chosen["url"].rstrip("/") + _path(operation.path, request.path, bound),
        "query": {name: bound.get(argument, f"{{{argument}}}") for name, argument in request.query.items()},
        "body": {name: bound.get(argument, f"{{{argument}}}") for name, argument in request.body.items()},
        "headers": headers,
        **{name: word[name] for name in _OWN if name in word},
    }


_OWN = ("confirmation", "unconfirmed", "done", "result", "timeout_s")


def tool_name(operation_id: str) -> str:
    """Return the name of a tool for an operation: `getOrder` becomes `get_order`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation_id)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:64]


def _request(document: Mapping[str, Any], operation: Operation, headers: set[str]) -> _Request:
    request, problems = _Request(), []
    for parameter in _parameters(document, operation):
        try:
            _add_parameter(request, parameter, headers)
        except Unsupported as error:
            problems += error.problems
    missing = set(_PATH_PARAMETER.findall(operation.path)) - set(request.path)
    if missing and not problems:
        problems.append(f"Its path names {sorted(missing)[0]}, which it does not declare.")
    try:
        _add_body(request, document, operation)
    except Unsupported as error:
        problems += error.problems
    if problems:
        raise Unsupported(problems)
    return request


def _parameters(document: Mapping[str, Any], operation: Operation) -> list[dict[str, Any]]:
    """Return the parameters with their references resolved; those of the operation replace those of its path."""
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for source in (operation.item, operation.declared):
        for declared in source.get("parameters", ()):
            parameter = resolved(document, declared)
            found[parameter.get("in"), parameter.get("name")] = parameter
    return list(found.values())


def _add_parameter(request: _Request, parameter: Mapping[str, Any], headers: set[str]) -> None:
    name, where, schema = str(parameter.get("name")), parameter.get("in"), parameter.get("schema")
    required = bool(parameter.get("required")) or where == "path"
    if where in ("header", "cookie"):
        if required and not (where == "header" and name.lower() in headers):
            raise Unsupported([f"It requires the {where} {name}."])
        return
    usual = parameter.get("style") in (None, "simple" if where == "path" else "form")
    if not isinstance(schema, Mapping) or not _is_plain(schema) or not usual or parameter.get("allowReserved"):
        if required:
            raise Unsupported([f"Its {where} parameter {name} is not a plain value."])
        return
    described = {**schema, "description": parameter["description"]} if parameter.get("description") else schema
    argument = request.add(name, described, required=required)
    if argument is not None:
        (request.path if where == "path" else request.query)[name] = argument


def _add_body(request: _Request, document: Mapping[str, Any], operation: Operation) -> None:
    declared = resolved(document, operation.declared.get("requestBody", {}))
    if not declared:
        return
    schema = declared.get("content", {}).get("application/json", {}).get("schema")
    if not isinstance(schema, Mapping) or not isinstance(schema.get("properties"), Mapping):
        if declared.get("required"):
            raise Unsupported(["Its body is not a JSON object with named properties."])
        return
    if any(keyword in schema for keyword in ("allOf", "oneOf", "anyOf", "not")):
        raise Unsupported(["Its body combines schemas."])
    if operation.method in ("GET", "DELETE"):
        raise Unsupported([f"It is a {operation.method} with a body."])
    needed = set(schema.get("required", ())) if declared.get("required") else set()
    for name, inner in schema["properties"].items():
        if isinstance(inner, Mapping) and inner.get("readOnly"):
            continue
        argument = request.add(name, inner, required=name in needed)
        if argument is not None:
            request.body[name] = argument
    if unnamed := sorted(needed - set(schema["properties"])):
        raise Unsupported([f"Its body requires {unnamed[0]}, which it does not describe."])


def _is_plain(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type")
    given = {types} if isinstance(types, str) else set(types or ())
    return bool(given) and given - {"null"} <= _SCALARS


def _path(path: str, arguments: Mapping[str, str], bound: Mapping[str, Any]) -> str:
    def put(match: re.Match[str]) -> str:
        argument = arguments[match[1]]
        value = bound.get(argument)
        if value is None:
            return f"{{{argument}}}"
        return str(value) if _is_placeholder(value) else quote(as_text(value), safe="")

    return _PATH_PARAMETER.sub(put, path)


def _is_placeholder(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{") and value.endswith("}")


def _needs_credentials(document: Mapping[str, Any], operation: Operation) -> bool:
    security = operation.declared.get("security", document.get("security", []))
    return bool(security) and {} not in security


def _line(text: Any, limit: int) -> str:
    return " ".join(str(text or "").split())[:limit]


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
        return _as_of_3_1({name: resolve(inner, depth + 1) for name, inner in value.items()})

    return resolve(value, 0)


def _target(document: Mapping[str, Any], reference: str) -> Any:
    if not reference.startswith("#/"):
        raise Unsupported([f"It refers to {reference[:100]}, outside of the document."])
    target: Any = document
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(target, Mapping) or name not in target:
            raise Unsupported([f"It refers to {reference[:100]}, which the document does not have."])
        target = target[name]
    return target


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
