"""Operations of an OpenAPI document as declarations of HTTP tools.

A subset that is safe to call: path and query parameters that are plain values, and a JSON object as body. An operation
that needs more is refused with the reason; what it merely allows beyond that is left out. Documents are files, and only
references inside a document are followed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import jsonschema

from worker.answering.tools.input_schemas import SchemaUnsupported, arguments_schema
from worker.answering.tools.openapi_documents import Operation, Unsupported, operations, read_document, resolved
from worker.answering.tools.templates import as_text

_SCALARS = frozenset({"string", "number", "integer", "boolean"})
_ARGUMENT = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PATH = re.compile(r"/[^?#\\\s]*")
_PATH_PARAMETER = re.compile(r"\{([^{}/]+)\}")

_MAP = {"type": "object"}
_TEXT = {"type": "string"}
_TRUTH = {"type": "boolean"}
_TYPE = {"type": ["string", "array"], "items": _TEXT}


def _fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


#: The shapes of what is read of an operation, once references are resolved; schemas are checked by themselves.
_PARAMETER = {
    **_fields(
        name=_TEXT,
        **{"in": {"enum": ["path", "query", "header", "cookie"]}},
        required=_TRUTH,
        schema={"type": ["object", "boolean"], "properties": {"type": _TYPE}},
    ),
    "required": ["name", "in"],
}
_BODY = _fields(
    required=_TRUTH,
    content={
        **_MAP,
        "additionalProperties": _fields(
            schema={
                "type": ["object", "boolean"],
                "properties": {"properties": _MAP, "required": {"type": "array", "items": _TEXT}},
            }
        ),
    },
)
_SECURITY = {"type": "array", "items": _MAP}


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


def declarations(chosen: Mapping[str, Any], *, folder: Path, clean: Callable[[str], str] = str) -> list[dict[str, Any]]:
    """Return the declarations of HTTP tools for the operations that an entry of the file chooses.

    Args:
        folder: that of the file; the document is looked up there.
        clean: returns a text of the document without sentences that instruct the model.

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
            found.append(declaration(document, known[id], chosen, word, clean=clean))
        except Unsupported as error:
            problems += [f"{where}: {id}: {problem}" for problem in error.problems]
    if problems:
        raise Unsupported(problems)
    return found


def declaration(
    document: Mapping[str, Any],
    operation: Operation,
    chosen: Mapping[str, Any],
    word: Mapping[str, Any],
    *,
    clean: Callable[[str], str] = str,
) -> dict[str, Any]:
    """Return the declaration of one operation.

    Args:
        chosen: the entry of the file: `url` and `headers`.
        word: the desk's word on this operation, such as its `confirmation`.
        clean: as in `declarations`.

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
        parameters = arguments_schema(schema, bound=frozenset(bound), clean=clean)
    except SchemaUnsupported as error:
        raise Unsupported([str(error)]) from None
    summary, description = (clean(str(operation.declared.get(name) or "")) for name in ("summary", "description"))
    title = word.get("title") or _line(summary, 100) or _line(operation.id, 100)
    return {
        "name": word.get("name") or tool_name(operation.id),
        "title": title,
        "description": _line(word.get("description"), 1000)
        or _line(description, 1000)
        or _line(summary, 1000)
        or title,
        "parameters": parameters,
        "method": operation.method,
        "url": _url(chosen["url"], operation.path, request.path, bound),
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
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for source in (operation.item, operation.declared):
        declared = resolved(document, source.get("parameters") or [])
        for parameter in _checked("parameters", declared, {"type": "array", "items": _PARAMETER}):
            found[parameter["in"], parameter["name"]] = parameter
    return list(found.values())


def _add_parameter(request: _Request, parameter: Mapping[str, Any], headers: set[str]) -> None:
    name, where, schema = parameter["name"], parameter["in"], parameter.get("schema")
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
    declared = _checked("requestBody", resolved(document, operation.declared.get("requestBody") or {}), _BODY)
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


def _checked(name: str, value: Any, shape: Mapping[str, Any]) -> Any:
    """Return a value that has a shape, a JSON Schema.

    Raises:
        Unsupported: it has another.
    """
    wrong = next(jsonschema.Draft202012Validator(shape).iter_errors(value), None)
    if wrong is not None:
        raise Unsupported([f"Its {'.'.join([name, *map(str, wrong.path)])}: {wrong.message[:100]}."])
    return value


def _is_plain(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type")
    given = {types} if isinstance(types, str) else set(types or ())
    return bool(given) and given - {"null"} <= _SCALARS


def _url(base: str, path: str, arguments: Mapping[str, str], bound: Mapping[str, Any]) -> str:
    """Return the template of an operation's URL, which stays at the host of `base` and below its path."""
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise Unsupported([f"Its path {path[:100]} does not begin with /, or holds `?`, `#`, a space or a way up."])
    url = base.rstrip("/") + _path(path, arguments, bound)
    if urlsplit(url).netloc != urlsplit(base).netloc:
        raise Unsupported([f"Its path {path[:100]} leads to another host."])
    return url


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
    security = operation.declared.get("security", document.get("security")) or []
    return bool(security) and {} not in _checked("security", security, _SECURITY)


def _line(text: Any, limit: int) -> str:
    return " ".join(str(text or "").split())[:limit]
