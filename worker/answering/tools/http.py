"""Tools that are declared in a file: each asks a service of the desk over HTTP."""

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import jsonschema

from worker.answering.circuits import Circuit
from worker.answering.question import Question
from worker.answering.tools.registry import Result, Tool, ToolFailed
from worker.errors import SettingsInvalid

_MAX_BYTES = 64 * 1024
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PLACE = re.compile(r"\{([\w.]+)\}")
_VARIABLE = re.compile(r"\$\{(\w+)\}")

_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.+Z-]+)?")

#: Of a result's schema: what does not say of each field whether it is told.
_UNCLEAR = ("$ref", "$dynamicRef", "anyOf", "oneOf", "allOf", "if", "patternProperties")

#: Answers that another attempt may mend.
_PASSING = (429, 502, 503, 504)

_STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}

#: What the file must look like.
SCHEMA = {
    "type": "object",
    "required": ["tools"],
    "additionalProperties": False,
    "properties": {
        "tools": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "title", "description", "parameters", "url"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"},
                    "title": {"type": "string", "minLength": 1, "maxLength": 100},
                    "description": {"type": "string", "minLength": 1, "maxLength": 1000},
                    "parameters": {"type": "object", "properties": {"type": {"const": "object"}}},
                    "method": {"enum": list(_METHODS)},
                    "url": {"type": "string", "pattern": "^https?://[^/{}]+/"},
                    "headers": _STRINGS,
                    "body": {"type": "object"},
                    "result": {"type": "object"},
                    "timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 30},
                    "confirmation": {"type": "string"},
                    "unconfirmed": {"type": "boolean"},
                    "done": {"type": "string"},
                },
            },
        }
    },
}


def load(path: Path | None, environ: Mapping[str, str] | None = None) -> tuple[Tool, ...]:
    """Return the tools that a JSON file declares; `${NAME}` in headers is taken from the environment.

    Raises:
        SettingsInvalid: the file is missing or wrong; one sentence for each problem.
    """
    if path is None:
        return ()
    environ = os.environ if environ is None else environ
    try:
        given = json.loads(path.read_text())
    except OSError as error:
        raise SettingsInvalid([f"ANSWERBACK_TOOLS: {path} cannot be read ({error.strerror})."]) from None
    except ValueError:
        raise SettingsInvalid([f"ANSWERBACK_TOOLS: {path} is not JSON."]) from None
    wrong = [
        f"ANSWERBACK_TOOLS: {'.'.join(map(str, error.path)) or path.name}: {error.message[:200]}"
        for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(given)
    ]
    if wrong:
        raise SettingsInvalid(wrong)
    problems = [
        f"ANSWERBACK_TOOLS: {one['name']}: {problem}" for one in given["tools"] for problem in _odd(one, environ)
    ]
    names = [one["name"] for one in given["tools"]]
    problems += [f"{name} is declared twice." for name in dict.fromkeys(names) if names.count(name) > 1]
    problems += [f"{name} is the name of a built-in tool." for name in names if name in _TAKEN]
    if problems:
        raise SettingsInvalid([f"ANSWERBACK_TOOLS: {problem}" for problem in problems])
    return tuple(_tool(one, environ) for one in given["tools"])


_TAKEN = ("search", "remember", "escalate")


def _odd(one: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Return what is wrong with a declaration beyond its shape."""
    problems = []
    for name in ("parameters", "result"):
        try:
            jsonschema.Draft202012Validator.check_schema(one.get(name, {}))
        except jsonschema.SchemaError as error:
            problems.append(f"`{name}` is not a JSON Schema: {error.message[:100]}.")
    problems += [
        f"`result` has `{name}`: name each field with `properties` and `items` alone."
        for name in _UNCLEAR
        if f'"{name}":' in json.dumps(one.get("result", {}))
    ]
    known = set(one["parameters"].get("properties", {}))
    required = set(one["parameters"].get("required", ()))
    problems += [
        f"{{{place}}} of `{name}` is not a required parameter."
        for name in ("confirmation", "done")
        for place in _PLACE.findall(one.get(name, ""))
        if place not in required
    ]
    for text in (one["url"], json.dumps(one.get("body", {}))):
        problems += [
            f"{{{place}}} is neither a parameter nor `customer.` and what is known of one."
            for place in _PLACE.findall(text)
            if place not in known and not re.fullmatch(r"customer\.(?:id|name|email)", place)
        ]
    for text in one.get("headers", {}).values():
        problems += [f"${{{name}}} is not set." for name in _VARIABLE.findall(text) if not environ.get(name)]
    if one.get("method", "GET") != "GET" and not ("confirmation" in one or one.get("unconfirmed")):
        problems.append("it changes something: give a `confirmation` to ask the customer, or say `unconfirmed`.")
    return problems


def _tool(one: Mapping[str, Any], environ: Mapping[str, str]) -> Tool:
    headers = {
        name: _VARIABLE.sub(lambda match: environ[match[1]], text) for name, text in one.get("headers", {}).items()
    }
    service = Service(
        name=one["name"],
        title=one["title"],
        method=one.get("method", "GET"),
        url=one["url"],
        headers=headers,
        body=one.get("body"),
        result=one.get("result"),
        timeout_s=one.get("timeout_s", 5.0),
    )
    texts = (one["url"], json.dumps(one.get("body", {})))
    needs = [place.partition(".")[2] for text in texts for place in _PLACE.findall(text) if "." in place]
    return Tool(
        name=one["name"],
        title=one["title"],
        description=one["description"],
        parameters={"type": "object", "additionalProperties": False, **one["parameters"]},
        run=service.run,
        needs=tuple(dict.fromkeys(needs)),
        confirmation=one.get("confirmation"),
        done=one.get("done"),
    )


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service of the desk. Its address is fixed; arguments fill places behind the host, encoded."""

    name: str
    title: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    timeout_s: float = 5.0
    open: Callable[..., httpx.Client] = httpx.Client
    _circuit: list[Circuit] = field(default_factory=list, repr=False)

    def run(self, question: Question, arguments: Mapping[str, Any], id: str) -> Result:
        """Ask the service.

        Raises:
            ToolFailed: it rests, does not answer, refuses, or answers with what it should not.
        """
        if not self._circuit:
            self._circuit.append(Circuit(self.name))
        circuit = self._circuit[0]
        if circuit.rests_s > 0:
            raise ToolFailed("The service does not answer at the moment.")
        values = {**arguments, **{f"customer.{name}": value for name, value in question.facts.items()}}
        for place in _PLACE.findall(self.url.partition("?")[0]):
            if str(values.get(place, "")).strip() in ("", ".", ".."):
                raise ToolFailed(f"{place} cannot be that.")
        try:
            answer = self._ask(values, arguments, id)
        except httpx.HTTPError as error:
            circuit.failed(error)
            raise ToolFailed("The service does not answer at the moment.") from error
        if answer.status_code in _PASSING or answer.status_code >= 500:
            circuit.failed(ToolFailed(f"status {answer.status_code}"))
            raise ToolFailed("The service does not answer at the moment.")
        circuit.answered()
        if answer.status_code == 404:
            raise ToolFailed("The service knows nothing of this.")
        if not answer.is_success:
            raise ToolFailed(f"The service refused ({answer.status_code}).")
        return Result(text=described(self.title, self._read(answer)))

    def _ask(self, values: Mapping[str, Any], arguments: Mapping[str, Any], id: str) -> httpx.Response:
        url = _PLACE.sub(lambda match: quote(str(values.get(match[1], "")), safe=""), self.url)
        if urlsplit(url).netloc != urlsplit(self.url).netloc:
            raise ToolFailed("The arguments lead elsewhere.")
        body: Any = None
        if self.method != "GET":
            body = _filled(self.body, values) if self.body is not None else dict(arguments)
        headers = {"Accept": "application/json", "Idempotency-Key": id, **self.headers}
        ends = time.monotonic() + self.timeout_s  # for all of it: both attempts, and however slowly it drips
        with self.open(timeout=self.timeout_s, follow_redirects=False, trust_env=False) as client:
            for last in (False, True):
                try:
                    with client.stream(self.method, url, json=body, headers=headers) as answer:
                        data = bytearray()
                        for piece in answer.iter_bytes():
                            data += piece
                            if len(data) > _MAX_BYTES:
                                raise ToolFailed("The service answered too much.")
                            if time.monotonic() > ends:
                                raise httpx.ReadTimeout("too slow")
                        answer._content = bytes(data)
                except httpx.TransportError:
                    if last or time.monotonic() > ends:
                        raise
                    continue
                if last or answer.status_code not in _PASSING:
                    return answer
        raise AssertionError("unreachable")

    def _read(self, answer: httpx.Response) -> Any:
        if not answer.content.strip():
            return {}
        try:
            found = json.loads(answer.content)
        except ValueError:
            raise ToolFailed("The service answered with what is not JSON.") from None
        if self.result is not None:
            wrong = next(jsonschema.Draft202012Validator(self.result).iter_errors(found), None)
            if wrong is not None:
                raise ToolFailed("The service answered with what it should not.")
            found = _declared(found, self.result)
        return found


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    """Return a template of JSON with its places filled; one that is a place alone keeps the value's type."""
    if isinstance(template, Mapping):
        return {name: _filled(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, values) for value in template]
    if not isinstance(template, str):
        return template
    whole = _PLACE.fullmatch(template)
    if whole is not None:
        return values.get(whole[1])
    return _PLACE.sub(lambda match: str(values.get(match[1], "")), template)


def _declared(found: Any, schema: Mapping[str, Any]) -> Any:
    """Return of a result what its schema names: what is not declared, the model is not told."""
    if isinstance(found, dict):
        return {
            name: _declared(found[name], inner) for name, inner in schema.get("properties", {}).items() if name in found
        }
    if isinstance(found, list) and isinstance(schema.get("items"), Mapping):
        return [_declared(one, schema["items"]) for one in found]
    return found


def described(title: str, found: Any) -> str:
    """Return JSON as sentences that can be quoted: one line a record, dates as people write them too."""
    records = found if isinstance(found, list) else [found]
    lines = []
    for record in records:
        said = "; ".join(_said(record)) or "nothing"
        lines.append(f"{title}: {said}.")
    return "\n".join(lines) if lines else f"{title}: nothing was found."


def _said(value: Any, name: str = "") -> list[str]:
    if isinstance(value, dict):
        return [part for key, inner in value.items() for part in _said(inner, f"{name} {key}".strip())]
    if isinstance(value, list):
        if all(not isinstance(one, dict | list) for one in value):
            return [f"{_words(name)} {', '.join(_plain(one) for one in value)}".strip()]
        return [part for number, one in enumerate(value, 1) for part in _said(one, f"{name} {number}")]
    if value is None:
        return []
    return [f"{_words(name)} {_plain(value)}".strip()]


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").lower()


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(str(value).split())
    if not isinstance(value, str) or not _DATE.fullmatch(text):
        return text
    try:
        day = datetime.fromisoformat(text).date() if "T" in text else date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {day:%B} {day.year} ({text})"
