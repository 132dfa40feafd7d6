"""The description of the API (docs/openapi.json), read as what a client needs of it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Json = dict[str, Any]

#: Operations that clients do not call: what helpdesks and mail servers send, WebSockets, what OpenAI's clients call,
#: the stream of all events (`events.list` waits for them), and bodies that are no JSON.
LEFT_OUT = frozenset(
    {
        "conversations.connect",
        "events.stream",
        "tickets.create_many",
        "helpdesks.receive",
        "helpdesks.validate",
        "mailboxes.receive",
        "mailboxes.receive_from_mailgun",
        "mailboxes.receive_from_postmark",
        "mailboxes.receive_from_sendgrid",
        "mailboxes.receive_from_ses",
        "chat.create_completion",
        "responses.create",
        "models.list",
    }
)

#: Operations whose methods are written by hand.
BY_HAND = frozenset({"messages.stream"})

#: Errors that only helpdesks get.
_ERRORS_OF_HELPDESKS = frozenset({"webhook_refused", "webhook_postponed"})

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of a client.

    Attributes:
        resource, name: both parts of the `operationId`; the name of an upload ends with `_from_file`.
        path_parameters: in the order in which they stand in the path.
        query: schemas of the query's parameters by name, without `cursor`, which pages carry.
        body: the name of the schema of the JSON body.
        form: schemas of the fields of a form beside its `file`.
        result: the name of the schema of the response, or of its items where `is_list`; None without a body.
        takes_key: whether it takes an `Idempotency-Key`.
        repeatable: whether sending it twice has the effect of sending it once, even without a key.
    """

    resource: str
    name: str
    method: str
    path: str
    summary: str
    path_parameters: tuple[str, ...]
    query: Mapping[str, Json]
    body: str | None
    form: Mapping[str, Json] | None
    result: str | None
    is_list: bool
    takes_key: bool
    repeatable: bool
    waits: bool

    @property
    def id(self) -> str:
        """Resource and name, such as `tickets.create`."""
        return f"{self.resource}.{self.name}"

    @property
    def type_prefix(self) -> str:
        """The beginning of the names of types that only this operation has."""
        return pascal_case(self.resource) + pascal_case(self.name)


@dataclass(frozen=True)
class Description:
    """The description of the API."""

    document: Json

    @classmethod
    def read(cls, path: Path) -> "Description":
        """Read the description from a file."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    @cached_property
    def schemas(self) -> dict[str, Json]:
        """The schemas that clients need, by name: all but pages, which have a type of their own."""
        schemas = self.document["components"]["schemas"]
        return {name: schema for name, schema in schemas.items() if not _is_page(schema)}

    @cached_property
    def errors(self) -> dict[str, tuple[int, str]]:
        """The status and the meaning of each error code that a client can get."""
        found: dict[str, tuple[int, str]] = {}
        for calls in self.document["paths"].values():
            for call in calls.values():
                for status, response in call["responses"].items():
                    found.update(self._errors_of(status, response))
        return {code: found[code] for code in sorted(found.keys() - _ERRORS_OF_HELPDESKS)}

    @cached_property
    def resources(self) -> dict[str, list[Operation]]:
        """The operations by resource, in the order of the description."""
        found: dict[str, list[Operation]] = {}
        for operation in self._operations():
            found.setdefault(operation.resource, []).append(operation)
        return found

    @cached_property
    def events(self) -> dict[str, Json]:
        """The schema of each webhook's `data`, by type."""
        return {
            type: hook["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]["data"]
            for type, hook in self.document["webhooks"].items()
        }

    def _errors_of(self, status: str, response: Json) -> Iterator[tuple[str, tuple[int, str]]]:
        name = response.get("$ref", "").rpartition("/")[2]
        if name:
            text = self.document["components"]["responses"][name]["description"]
            for code, meaning in re.findall(r"\[`(\w+)`\]\([^)]*\): (.*?)(?= \[`\w+`\]\(|$)", text, re.S):
                yield code, (int(status), meaning.strip())

    def _operations(self) -> Iterator[Operation]:
        for path, calls in self.document["paths"].items():
            for method in _METHODS:
                call = calls.get(method)
                if call is None or call["operationId"] in LEFT_OUT | BY_HAND:
                    continue
                contents = call.get("requestBody", {}).get("content", {})
                if "application/json" in contents or not contents:
                    yield self._operation(method, path, call, contents.get("application/json"), None)
                if "multipart/form-data" in contents:
                    yield self._operation(method, path, call, None, contents["multipart/form-data"]["schema"])

    def _operation(self, method: str, path: str, call: Json, body: Json | None, form: Json | None) -> Operation:
        resource, _, name = call["operationId"].partition(".")
        if form is not None and "application/json" in call["requestBody"]["content"]:
            name += "_from_file"
        parameters = call["parameters"]
        result, is_list = self._result(call)
        in_query = {
            p["name"]: p for p in parameters if p.get("in") == "query" and not (is_list and p["name"] == "cursor")
        }
        in_header = {p.get("name") for p in parameters if p.get("in") == "header"}
        takes_key = "Idempotency-Key" in in_header
        return Operation(
            resource=resource,
            name=name,
            method=method.upper(),
            path=path,
            summary=call["summary"],
            path_parameters=tuple(re.findall(r"\{(\w+)\}", path)),
            query={name: described(p) for name, p in in_query.items()},
            body=None if body is None else reference(body["schema"]),
            form=None if form is None else {n: s for n, s in form["properties"].items() if n != "file"},
            result=result,
            is_list=is_list,
            takes_key=takes_key,
            repeatable=method != "post" or call.get("x-scope") == "read",
            waits="Prefer" in in_header,
        )

    def _result(self, call: Json) -> tuple[str | None, bool]:
        """Return the schema of the response, or of its items, and whether it is a list."""
        (succeeded,) = [response for status, response in call["responses"].items() if status.startswith("2")]
        if "content" not in succeeded:
            return None, False
        name = reference(succeeded["content"]["application/json"]["schema"])
        schema = self.document["components"]["schemas"][name]
        if not _is_page(schema):
            return name, False
        return reference(schema["properties"]["items"]["items"]), True


def reference(schema: Json) -> str:
    """Return the name of the schema that a reference leads to."""
    return str(schema["$ref"]).rpartition("/")[2]


def described(parameter: Json) -> Json:
    """Return the schema of a parameter with its description."""
    text = parameter.get("description")
    return {**parameter["schema"], **({"description": text} if text else {})}


def pascal_case(name: str) -> str:
    """Return `tool_calls` or `message.handed_off` as `ToolCalls`, `MessageHandedOff`."""
    return "".join(part.capitalize() for part in re.split(r"[._]", name))


def _is_page(schema: Json) -> bool:
    return set(schema.get("properties", ())) == {"items", "next_cursor"}
