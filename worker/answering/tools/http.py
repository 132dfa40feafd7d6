"""Tools that the desk declares in a JSON file: each calls an HTTP service."""

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

from worker import compat
from worker.answering.chat_api.circuits import Circuit
from worker.answering.question import Question
from worker.answering.tools.registry import Tool, ToolFailed, ToolResult
from worker.errors import SettingsInvalid

_MAX_BYTES = 64 * 1024
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PLACEHOLDER = re.compile(r"\{([\w.]+)\}")
_VARIABLE = re.compile(r"\$\{(\w+)\}")

_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.+Z-]+)?")

#: Keywords of JSON Schema that a `result` may not use: with them it is unclear which fields the model is given.
_UNSUPPORTED_KEYWORDS = ("$ref", "$dynamicRef", "anyOf", "oneOf", "allOf", "if", "patternProperties")

#: Status codes after which the request is sent a second time.
_RETRYABLE_STATUS = (429, 502, 503, 504)

_STRING_MAP = {"type": "object", "additionalProperties": {"type": "string"}}

#: JSON Schema of the file.
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
                    "headers": _STRING_MAP,
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
        SettingsInvalid: the file is missing or wrong; declaration sentence for each problem.
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
        f"{declaration['name']}: {problem}"
        for declaration in given["tools"]
        for problem in _problems(declaration, environ)
    ]
    names = [declaration["name"] for declaration in given["tools"]]
    problems += [f"{name} is declared twice." for name in dict.fromkeys(names) if names.count(name) > 1]
    problems += [f"{name} is the name of a built-in tool." for name in names if name in _BUILTIN_NAMES]
    if problems:
        raise SettingsInvalid([f"ANSWERBACK_TOOLS: {problem}" for problem in problems])
    return tuple(_tool(declaration, environ) for declaration in given["tools"])


_BUILTIN_NAMES = ("search", "remember", "escalate")


def _problems(declaration: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Return a sentence for each error in a declaration that SCHEMA does not catch."""
    problems = []
    for name in ("parameters", "result"):
        try:
            jsonschema.Draft202012Validator.check_schema(declaration.get(name, {}))
        except jsonschema.SchemaError as error:
            problems.append(f"`{name}` is not a JSON Schema: {error.message[:100]}.")
    problems += [
        f"`result` has `{name}`: name each field with `properties` and `items` alone."
        for name in _UNSUPPORTED_KEYWORDS
        if f'"{name}":' in json.dumps(declaration.get("result", {}))
    ]
    known = set(declaration["parameters"].get("properties", {}))
    required = set(declaration["parameters"].get("required", ()))
    problems += [
        f"{{{placeholder}}} of `{name}` is not a required parameter."
        for name in ("confirmation", "done")
        for placeholder in _PLACEHOLDER.findall(declaration.get(name, ""))
        if placeholder not in required
    ]
    for text in (declaration["url"], json.dumps(declaration.get("body", {}))):
        problems += [
            f"{{{placeholder}}} is neither a parameter nor `customer.id`, `customer.name` or `customer.email`."
            for placeholder in _PLACEHOLDER.findall(text)
            if placeholder not in known and not re.fullmatch(r"customer\.(?:id|name|email)", placeholder)
        ]
    for text in declaration.get("headers", {}).values():
        problems += [f"${{{name}}} is not set." for name in _VARIABLE.findall(text) if not environ.get(name)]
    if declaration.get("method", "GET") != "GET" and not (
        "confirmation" in declaration or declaration.get("unconfirmed")
    ):
        problems.append("`method` is not GET: give a `confirmation` to ask the customer, or set `unconfirmed`.")
    return problems


def _tool(declaration: Mapping[str, Any], environ: Mapping[str, str]) -> Tool:
    headers = {
        name: _VARIABLE.sub(lambda match: environ[match[1]], text)
        for name, text in declaration.get("headers", {}).items()
    }
    service = Service(
        name=declaration["name"],
        title=declaration["title"],
        method=declaration.get("method", "GET"),
        url=declaration["url"],
        headers=headers,
        body=declaration.get("body"),
        result=declaration.get("result"),
        timeout_s=declaration.get("timeout_s", 5.0),
    )
    texts = (declaration["url"], json.dumps(declaration.get("body", {})))
    required_facts = [
        placeholder.partition(".")[2]
        for text in texts
        for placeholder in _PLACEHOLDER.findall(text)
        if "." in placeholder
    ]
    return Tool(
        name=declaration["name"],
        title=declaration["title"],
        description=declaration["description"],
        parameters={"type": "object", "additionalProperties": False, **declaration["parameters"]},
        run=service.run,
        requires=tuple(dict.fromkeys(required_facts)),
        confirmation=declaration.get("confirmation"),
        done=declaration.get("done"),
        changes=service.method != "GET",
    )


@dataclass(frozen=True, kw_only=True)
class Service:
    """One HTTP endpoint of the desk; its host is fixed.

    Arguments fill placeholders in the path and the query, percent-encoded.
    """

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

    def run(self, question: Question, arguments: Mapping[str, Any], id: str) -> ToolResult:
        """Call the service and return its JSON as sentences.

        Raises:
            ToolFailed: its circuit is open, it does not answer or refuses, or its answer does not fit `result`.
        """
        if not self._circuit:
            self._circuit.append(Circuit(self.name))
        circuit = self._circuit[0]
        if circuit.open_for_s > 0:
            raise ToolFailed("The service does not answer at the moment.")
        values = {**arguments, **{f"customer.{name}": value for name, value in question.facts.items()}}
        for placeholder in _PLACEHOLDER.findall(self.url.partition("?")[0]):
            if str(values.get(placeholder, "")).strip() in ("", ".", ".."):
                raise ToolFailed(f"{placeholder} cannot be that.")
        try:
            response = self._ask(values, arguments, id)
        except httpx.HTTPError as error:
            circuit.record_failure(error)
            raise ToolFailed("The service does not answer at the moment.") from error
        if response.status_code in _RETRYABLE_STATUS or response.status_code >= 500:
            circuit.record_failure(ToolFailed(f"status {response.status_code}"))
            raise ToolFailed("The service does not answer at the moment.")
        circuit.record_success()
        if response.status_code == 404:
            raise ToolFailed("The service knows nothing of this.")
        if not response.is_success:
            raise ToolFailed(f"The service refused ({response.status_code}).")
        return ToolResult(text=describe(self.title, self._read(response)))

    def _ask(self, values: Mapping[str, Any], arguments: Mapping[str, Any], id: str) -> httpx.Response:
        url = _PLACEHOLDER.sub(lambda match: quote(str(values.get(match[1], "")), safe=""), self.url)
        if urlsplit(url).netloc != urlsplit(self.url).netloc:
            raise ToolFailed("The arguments lead elsewhere.")
        body: Any = None
        if self.method != "GET":
            body = _fill(self.body, values) if self.body is not None else dict(arguments)
        headers = {"Accept": "application/json", "Idempotency-Key": id, **self.headers}
        ends = time.monotonic() + self.timeout_s  # for both attempts together, and for a body that comes slowly
        with self.open(timeout=self.timeout_s, follow_redirects=False, trust_env=False) as client:
            for last in (False, True):
                try:
                    with client.stream(self.method, url, json=body, headers=headers) as response:
                        data = bytearray()
                        for piece in response.iter_bytes():
                            data += piece
                            if len(data) > _MAX_BYTES:
                                raise ToolFailed("The service answered too much.")
                            if time.monotonic() > ends:
                                raise httpx.ReadTimeout("too slow")
                        compat.set_response_content(response, bytes(data))
                except httpx.TransportError:
                    if last or time.monotonic() > ends:
                        raise
                    continue
                if last or response.status_code not in _RETRYABLE_STATUS:
                    return response
        raise AssertionError("unreachable")

    def _read(self, response: httpx.Response) -> Any:
        if not response.content.strip():
            return {}
        try:
            found = json.loads(response.content)
        except ValueError:
            raise ToolFailed("The service answered with what is not JSON.") from None
        if self.result is not None:
            wrong = next(jsonschema.Draft202012Validator(self.result).iter_errors(found), None)
            if wrong is not None:
                raise ToolFailed("The service answered with what it should not.")
            found = _only_declared(found, self.result)
        return found


def _fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Return a JSON template with its placeholders filled; a string that is one placeholder keeps the value's type."""
    if isinstance(template, Mapping):
        return {name: _fill(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [_fill(value, values) for value in template]
    if not isinstance(template, str):
        return template
    whole = _PLACEHOLDER.fullmatch(template)
    if whole is not None:
        return values.get(whole[1])
    return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], "")), template)


def _only_declared(found: Any, schema: Mapping[str, Any]) -> Any:
    """Return the part of a result that its schema declares; the model is given nothing else."""
    if isinstance(found, dict):
        return {
            name: _only_declared(found[name], inner)
            for name, inner in schema.get("properties", {}).items()
            if name in found
        }
    if isinstance(found, list) and isinstance(schema.get("items"), Mapping):
        return [_only_declared(item, schema["items"]) for item in found]
    return found


def describe(title: str, found: Any) -> str:
    """Return JSON as sentences that can be quoted, one line per record; ISO dates are also written out."""
    records = found if isinstance(found, list) else [found]
    lines = []
    for record in records:
        phrases = "; ".join(_phrases(record)) or "nothing"
        lines.append(f"{title}: {phrases}.")
    return "\n".join(lines) if lines else f"{title}: nothing was found."


def _phrases(value: Any, name: str = "") -> list[str]:
    if isinstance(value, dict):
        return [part for key, inner in value.items() for part in _phrases(inner, f"{name} {key}".strip())]
    if isinstance(value, list):
        if all(not isinstance(item, dict | list) for item in value):
            return [f"{_as_words(name)} {', '.join(map(_as_text, value))}".strip()]
        return [part for number, item in enumerate(value, 1) for part in _phrases(item, f"{name} {number}")]
    if value is None:
        return []
    return [f"{_as_words(name)} {_as_text(value)}".strip()]


def _as_words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").lower()


def _as_text(value: Any) -> str:
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
