"""What every resource shares: strict parsing, errors that are problems, typed access to the services."""

import json
import re
import threading
from typing import Any, cast

import flask
import marshmallow as ma
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint
from flask_smorest.spec import APISpecMixin
from webargs.core import missing
from webargs.flaskparser import FlaskParser, abort

from web.http.problems import PROBLEM_JSON, Problem
from worker.services import Services
from worker.store.scope import Scope

_MAX_DEPTH = 32
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def services() -> Services:
    """Return the services of this application."""
    return cast(Services, flask.current_app.extensions["answerback"])


def waiters() -> threading.Semaphore:
    """Return the threads of this application that may wait for something; the last ones are kept for who does not."""
    return cast(threading.Semaphore, flask.current_app.extensions["answerback_waiters"])


#: What a view returns that accepts something: what the caller is told, the status, and headers.
Told = tuple[dict[str, Any], int, dict[str, str]]


def due(where: str) -> dict[str, str]:
    """Return the headers of a 202: where what was accepted can be looked at, and when."""
    return {"Location": where, "Retry-After": "1"}


def scope() -> Scope:
    """Return the caller's view of the database."""
    return Scope(services().store, flask.g.principal.workspace_id)


def parse_json(data: bytes) -> Any:
    """Return the value of a JSON text that can be stored and sent again.

    Raises:
        ValueError: it is not JSON, or holds NaN, infinity or half a surrogate pair, or is nested too deep.
    """
    try:
        value = json.loads(data.decode(), parse_constant=_refuse)
        if data.count(b"[") + data.count(b"{") > _MAX_DEPTH and _deeper_than(value, _MAX_DEPTH):
            raise ValueError("the JSON is nested too deep")
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None
    return value


def _deeper_than(value: Any, depth: int) -> bool:
    """Whether arrays and objects are nested deeper than that; without recursion."""
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
    """Refuses what is not JSON instead of taking it for an empty body, and unknown fields everywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - as the base class has it
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
        "json": ma.RAISE,
    }

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        needed = any(field.required for field in schema.fields.values())
        if (not req.mimetype or (req.is_json and not needed)) and not req.get_data(cache=True):
            return missing  # no body at all: the schema says whether one was needed
        return json_body(req)


def json_body(req: flask.Request) -> Any:
    """Return the JSON value of a request's body; ends the request when there is none."""
    data = req.get_data(cache=True)
    if not req.is_json:
        abort(415, messages={"json": ["The body must be sent as application/json."]})
    try:
        return parse_json(data)
    except ValueError as error:
        abort(400, messages={"json": [f"The body is not valid JSON: {error}"]})


def checked(schema: ma.Schema, value: Any) -> dict[str, Any]:
    """Return what a schema makes of a value; ends the request when it is not valid."""
    try:
        loaded: dict[str, Any] = schema.load(value)
    except ma.ValidationError as error:
        abort(422, exc=error, messages=error.messages)
    return loaded


class Blueprint(SmorestBlueprint):
    """A group of resources under /v1."""

    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema: Any, **options: Any) -> Any:
        """Do as flask-smorest does, but with one instance of the schema: else each request makes its fields anew."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)


class ProblemApi(Api):
    """An API whose errors are RFC 9457 problems."""

    ERROR_SCHEMA = Problem

    def _register_responses(self) -> None:
        """Document errors under the media type that they are sent with."""
        usual: str = APISpecMixin.DEFAULT_RESPONSE_CONTENT_TYPE
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM_JSON
        try:
            APISpecMixin._register_responses(self)
        finally:
            self.DEFAULT_RESPONSE_CONTENT_TYPE = usual

    def _register_error_handlers(self) -> None:
        """`web.http.problems` handles every error, also outside the API."""
