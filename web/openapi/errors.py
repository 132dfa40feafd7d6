"""The errors of each operation: a response for each status, with an example for each code."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from itertools import groupby
from typing import Any

from web.http.codes import CODES, PAGE, doc_url
from web.http.operations import Operation
from web.http.problems import PROBLEM_JSON

Json = dict[str, Any]

#: Any request may end with one of these.
ALWAYS = ("internal", "database_unavailable")
WITH_KEY = ("key_refused", "forbidden", "rate_limited")
WITH_BODY = ("malformed", "too_large", "unsupported_media_type", "invalid")


def codes_of(operation: Operation, view: Callable[..., Any], call: Json) -> list[str]:
    """Return the codes that an operation may respond with, by status."""
    codes = {*ALWAYS, *operation.errors}
    if not getattr(view, "is_public", False):
        codes |= {*WITH_KEY}
    if "requestBody" in call:
        codes |= {*WITH_BODY}
    locations = {parameter["in"] for parameter in call.get("parameters", ())}
    if "path" in locations:
        codes.add("not_found")
    if "query" in locations or operation.idempotent:
        codes.add("invalid")
    return sorted(codes, key=lambda code: (CODES[code].status, code))


def responses(codes: Iterable[str], components: Json) -> Json:
    """Return the error responses of an operation, by status; add those that are new to the components."""
    found = {}
    for status, group in groupby(codes, key=lambda code: CODES[code].status):
        name = ".".join(together := list(group))
        components["responses"].setdefault(name, _response(together))
        components["examples"] |= {f"error.{code}": _example(code) for code in together}
        found[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return found


def _response(codes: list[str]) -> Json:
    response: Json = {
        "description": " ".join(f"[`{code}`]({PAGE}#{code}): {CODES[code].meaning}" for code in codes),
        "content": {
            PROBLEM_JSON: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"$ref": f"#/components/examples/error.{code}"} for code in codes},
            }
        },
    }
    if CODES[codes[0]].status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return response


def _example(name: str) -> Json:
    code = CODES[name]
    problem: Json = {
        "type": "about:blank",
        "title": code.title,
        "status": code.status,
        "detail": code.meaning,
        "instance": "/v1/tickets",
        "code": name,
        "request_id": "6f1c0a2f9d8e4b7aa1b2c3d4e5f60718",
        "doc_url": doc_url(name),
    }
    if name == "invalid":
        problem["errors"] = [{"field": "body", "message": "Missing data for required field."}]
    return {"summary": code.title, "value": problem}
