"""JSON Schema of the file with the tools of the desk."""

from typing import Any

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_STRING_MAP = {"type": "object", "additionalProperties": {"type": "string"}}
_NAME = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"}
_TITLE = {"type": "string", "minLength": 1, "maxLength": 100}
_DESCRIPTION = {"type": "string", "minLength": 1, "maxLength": 1000}
_TIMEOUT = {"type": "number", "exclusiveMinimum": 0, "maximum": 30}
_VALUES = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "additionalProperties": False, "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_WRITES = {
    "confirmation": {"type": "string", "minLength": 1},
    "unconfirmed": {"type": "boolean"},
    "done": {"type": "string"},
}

_HTTP_TOOL = _object(
    {
        "name": _NAME,
        "title": _TITLE,
        "description": _DESCRIPTION,
        "parameters": {"type": "object", "properties": {"type": {"const": "object"}}},
        "method": {"enum": list(METHODS)},
        "url": {"type": "string", "pattern": "^https?://[^/{}]+/"},
        "headers": _STRING_MAP,
        "query": _VALUES,
        "body": {"type": "object"},
        "result": {"type": "object"},
        "timeout_s": _TIMEOUT,
        **_WRITES,
    },
    *("name", "title", "description", "parameters", "url"),
)

_MCP_CHOICE = _object(
    {
        "title": _TITLE,
        "description": _DESCRIPTION,
        "reads": {"type": "boolean"},
        "arguments": _VALUES,
        "result": {"type": "object"},
        **_WRITES,
    }
)

_MCP_SERVER = _object(
    {
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,31}$"},
        "command": {**_list({"type": "string"}), "minItems": 1},
        "env": _STRING_MAP,
        "url": {"type": "string", "pattern": "^https?://"},
        "headers": _STRING_MAP,
        "token": {"type": "string", "minLength": 1},
        "oauth": _object(
            {name: {"type": "string", "minLength": 1} for name in ("issuer", "client_id", "client_secret", "scope")},
            *("issuer", "client_id", "client_secret"),
        ),
        "timeout_s": _TIMEOUT,
        "tools": {"type": "object", "additionalProperties": _MCP_CHOICE},
    },
    "name",
)

_OPERATION = _object(
    {
        "name": _NAME,
        "title": _TITLE,
        "description": _DESCRIPTION,
        "arguments": _VALUES,
        "result": {"type": "object"},
        "timeout_s": _TIMEOUT,
        **_WRITES,
    }
)

_OPENAPI = _object(
    {
        "document": {"type": "string", "minLength": 1},
        "url": {"type": "string", "pattern": "^https?://[^/{}?#]+"},
        "headers": _STRING_MAP,
        "operations": {"type": "object", "minProperties": 1, "additionalProperties": _OPERATION},
    },
    *("document", "url", "operations"),
)

SCHEMA = _object({"tools": _list(_HTTP_TOOL), "mcp_servers": _list(_MCP_SERVER), "openapi": _list(_OPENAPI)})
