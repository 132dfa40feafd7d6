"""Completes what flask-smorest derives from views and schemas to the description of the API."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from flask import Flask

from web.http.auth import permission_of
from web.http.operations import Operation
from web.openapi import errors
from web.openapi.links import add_links
from web.openapi.schemas import leave_responses_open, make_patterns_portable
from web.openapi.webhooks import callback, webhooks

Json = dict[str, Any]
View = Callable[..., Any]

_METHODS = ("get", "head", "post", "put", "patch", "delete")

_KEY = {"type": "http", "scheme": "bearer", "description": "an API key, which opens one workspace"}
_TOKEN = {"type": "http", "scheme": "bearer", "description": "a conversation token, which opens one conversation"}

_HEADERS = {
    "Location": "the URL of what was created or accepted",
    "Retry-After": "seconds after which to ask again",
}
_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "a repeated request returns the first response; with a different body: 422",
}


#: Operations whose body may have a `callback_url`.
_WITH_CALLBACK = ("tickets.create", "conversations.send_message")

_FILE = "handbook.pdf"

_WITH_KEY = "send an `Idempotency-Key`, and a repeated request returns the first response."
_CARRIED_OUT_AGAIN = "none; a repeated request is carried out again."
_READS = "safe; it changes nothing."
_REPEATED = {
    "put": "a repeated request leaves the same state.",
    "patch": "a repeated request leaves the same state.",
    "delete": "a repeated request gets `404` and changes nothing.",
}

_REQUEST_ID = {
    "in": "header",
    "name": "X-Request-ID",
    "schema": {"type": "string", "maxLength": 128},
    "description": "comes back with the response and is in the logs; one is made without it",
}


def complete(spec: Json, app: Flask) -> Json:
    """Return the description with its introduction, and each operation with its name, prose, examples and errors."""
    spec["info"] |= {
        "summary": "An answering service for support desks.",
        "description": (Path(__file__).parent / "description.md").read_text(encoding="utf-8"),
        "contact": {"name": "Answerback"},
        "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
    }
    components = spec.setdefault("components", {})
    components["securitySchemes"] = {"key": _KEY, "token": _TOKEN}
    components["headers"] = {
        name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in _HEADERS.items()
    }
    components["responses"] = {}
    components["parameters"] = {"X-Request-ID": _REQUEST_ID}
    components["schemas"].pop("PaginationMetadata", None)
    components["examples"] = {name: {"value": value} for name, value in texts("objects").items()}
    for method, call, view in _operations(spec, app):
        _complete(method, call, view, components)
    add_links(spec)
    spec["tags"].append({"name": "webhooks", "description": "Callbacks that Answerback sends"})
    spec["webhooks"] = webhooks()
    leave_responses_open(spec)
    make_patterns_portable(spec)
    return spec


@cache
def texts(name: str) -> dict[str, Any]:
    """Return the content of a YAML file of this package."""
    loaded: dict[str, Any] = yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def _operations(spec: Json, app: Flask) -> Iterator[tuple[str, Json, View]]:
    """Yield each operation with its method and its view, once it has the parameters of its path."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)
        calls = spec["paths"].get(path, {})
        for method in _METHODS:
            if method in calls and method.upper() in (rule.methods or ()):
                call = calls[method]
                call["parameters"] = [*calls.get("parameters", ()), *call.get("parameters", ())]
                yield method, call, app.view_functions[rule.endpoint]
    for calls in spec["paths"].values():
        calls.pop("parameters", None)


def _complete(method: str, call: Json, view: View, components: Json) -> None:
    operation: Operation = view.operation  # type: ignore[attr-defined]
    text = texts("operations")[operation.id]
    call["operationId"] = operation.id
    call["description"] = f"{text['description'].strip()}\n\n{_terms(method, operation, view)}"
    call["security"] = _security(view)
    if call["security"]:
        call["x-scope"] = permission_of(view).scope
    call["parameters"] += [dict(header) for header in operation.headers]
    if operation.idempotent:
        call["parameters"].append(_IDEMPOTENCY_KEY)
    if operation.id in _WITH_CALLBACK:
        call["callbacks"] = {"ended": callback()}
    for kind, media in call.get("requestBody", {}).get("content", {}).items():
        takes_file = kind == "multipart/form-data" and "file" in media["schema"]["properties"]
        media["example"] = {"file": _FILE} if takes_file else text["request"]
    succeeded = {status: call["responses"][status] for status in call["responses"] if status < "4"}
    for status, response in succeeded.items():
        _show_response(status, response, text.get("response"), components["examples"])
    call["responses"] = succeeded | errors.responses(errors.codes_of(operation, view, call), components)
    call["parameters"].append({"$ref": "#/components/parameters/X-Request-ID"})


def _show_response(status: str, response: Json, name: str | None, examples: Json) -> None:
    """Add the example and the headers of a response; a list has the example of its items."""
    if name is not None:  # responses in another API's form have no schema here
        response.setdefault("content", {"application/json": {"schema": {"type": "object"}}})
    for media in response.get("content", {}).values():
        example = name or media["schema"]["$ref"].rpartition("/")[2]
        if example.endswith("Page") and example not in examples:
            page = {"items": [examples[example.removesuffix("Page")]["value"]], "next_cursor": None}
            examples[example] = {"value": page}
        media["examples"] = {example: {"$ref": f"#/components/examples/{example}"}}
    if status == "202":
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}


def _security(view: View) -> list[Json]:
    if getattr(view, "is_public", False):
        return []
    token: list[Json] = [{"token": []}] if getattr(view, "for_customers", False) else []
    return [{"key": []}, *token]


def _terms(method: str, operation: Operation, view: View) -> str:
    """Return who may call an operation, whether it may be repeated, and how it counts, in Markdown."""
    if getattr(view, "is_public", False):
        return "* **Scope**: none; it needs no key.\n* **Idempotency**: a repeated request counts once.\n" + (
            "* **Rate limit**: none."
        )
    token = ", or a token of the conversation" if getattr(view, "for_customers", False) else ""
    scope = permission_of(view).scope
    repeated = _READS if scope == "read" else _REPEATED.get(method, _CARRIED_OUT_AGAIN)
    if operation.idempotent:
        repeated = _WITH_KEY
    return (
        f"* **Scope**: a key with `{scope}`{token}.\n* **Idempotency**: {repeated}\n"
        "* **Rate limit**: one request of the key."
    )
