"""Shared by all resources: strict parsing, errors as problem details, typed access to the services."""

import json
import re
import threading
from typing import Any, cast

import flask
import marshmallow as ma
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint
from webargs.core import missing
from webargs.flaskparser import FlaskParser, abort

from web.http.problems import Problem
from worker.services.front import Front
from worker.store.scope import Scope

_MAX_DEPTH = 32
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def services() -> Front:
    """Return the services of this application."""
    return cast(Front, flask.current_app.extensions["answerback"])


def waiters() -> threading.Semaphore:
    """Return the threads that may wait for a message to end; the others stay free for requests that do not wait."""
    return cast(threading.Semaphore, flask.current_app.extensions["answerback_waiters"])


#: The return value of a view that responds with 202: body, status, headers.
AcceptedResponse = tuple[dict[str, Any], int, dict[str, str]]


def poll_headers(location: str) -> dict[str, str]:
    """Return the headers of a 202: the URL to poll, and after how many seconds."""
    return {"Location": location, "Retry-After": "1"}


def scope() -> Scope:
    """Return the database as seen by the caller: the rows of their workspace."""
    return Scope(services().store, flask.g.principal.workspace_id)


def parse_json(data: bytes) -> Any:
    """Return the value of a JSON text, which can be stored and serialised again: lone surrogates are dropped.

    Raises:
        ValueError: the text is not JSON, has NaN or infinity, or is nested too deeply.
    """
    try:
        value = json.loads(data.decode(), parse_constant=_refuse)
        if data.count(b"[") + data.count(b"{") > _MAX_DEPTH and _deeper_than(value, _MAX_DEPTH):
            raise ValueError("the JSON is nested too deeply")
        if _SURROGATE.search(data):
            value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="ignore"))
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    return value


def _deeper_than(value: Any, depth: int) -> bool:
    """Whether arrays and objects are nested more than `depth` levels deep; without recursion."""
    level = [value]
    while level and depth >= 0:
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        depth -= 1
    return bool(level)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class StrictParser(FlaskParser):
    """A parser that rejects bodies that are not JSON, and unknown fields everywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - as the base class has it
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
        "json": ma.RAISE,
    }

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        needed = any(field.required for field in schema.fields.values())
        if (not req.mimetype or (req.is_json and not needed)) and not req.get_data(cache=True):
            return missing  # no body: the schema decides whether it is required
        return json_body(req)


def json_body(req: flask.Request) -> Any:
    """Return the JSON value of a request's body; abort with 400 or 415 without one."""
    data = req.get_data(cache=True)
    if not req.is_json:
        abort(415, messages={"json": ["The body must be sent as application/json."]})
    try:
        return parse_json(data)
    except ValueError as error:
        abort(400, messages={"json": [f"The body is not valid JSON: {error}"]})


def checked(schema: ma.Schema, value: Any) -> dict[str, Any]:
    """Return a value as loaded by a schema; abort with 422 when it is not valid."""
    try:
        loaded: dict[str, Any] = schema.load(value)
    except ma.ValidationError as error:
        abort(422, exc=error, messages=error.messages)
    return loaded


class Blueprint(SmorestBlueprint):
    """A group of resources under /v1."""

    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema: Any, **options: Any) -> Any:
        """Share one schema instance between requests; flask-smorest creates one for each request otherwise."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)


class ProblemApi(Api):
    """An API whose errors are RFC 9457 problem details."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        """`web.http.problems` handles every error, also outside the API."""
