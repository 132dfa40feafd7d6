"""The file with the tools of the desk: HTTP services, operations of OpenAPI documents, and MCP servers."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from worker.addresses import AddressRefused, Guard
from worker.answering.tools import openapi
from worker.answering.tools.file_schema import SCHEMA
from worker.answering.tools.http import Service
from worker.answering.tools.mcp_connection import McpConnection
from worker.answering.tools.mcp_server import McpServer, ToolChoice
from worker.answering.tools.mcp_transports import ClientCredentials, HttpServer, StdioServer
from worker.answering.tools.openapi_documents import Unsupported
from worker.answering.tools.references import references, target
from worker.answering.tools.registry import Tool
from worker.answering.tools.templates import CUSTOMER, placeholders
from worker.errors import SettingsInvalid

_VARIABLE = re.compile(r"\$\{(\w+)\}")

#: Keywords of JSON Schema that a `result` may not use: with them it is unclear which fields the model is given.
_UNSUPPORTED_KEYWORDS = ("$ref", "$dynamicRef", "anyOf", "oneOf", "allOf", "if", "patternProperties")

_BUILTIN_NAMES = ("search", "remember", "escalate")
_MCP_TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class DeskTools:
    """The tools that a desk declares; those of `servers` are known when the servers have listed them."""

    tools: tuple[Tool, ...] = ()
    servers: tuple[McpServer, ...] = ()

    def of_servers(self) -> Iterator[Tool]:
        """Yield the tools of servers that are offered now; a server that was not asked yet is asked. Never raises."""
        for server in self.servers:
            yield from server.tools()

    def close(self) -> None:
        """End the connections to servers."""
        for server in self.servers:
            server.close()


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The operator's word on MCP servers.

    Attributes:
        commands: programs that may be started, by their absolute paths.
        guard: decides about the addresses of servers over HTTP.
        clean: returns a text of a server or document without sentences that instruct the model.
    """

    commands: Sequence[str] = ()
    guard: Guard = Guard()
    clean: Callable[[str], str] = str


def load(path: Path | None, environ: Mapping[str, str] | None = None, limits: Limits | None = None) -> DeskTools:
    """Return the tools that a JSON file declares; `${NAME}` in credentials is taken from the environment.

    Nothing is called or started.

    Raises:
        SettingsInvalid: the file is missing or wrong; a sentence for each problem.
    """
    if path is None:
        return DeskTools()
    environ = os.environ if environ is None else environ
    limits = limits or Limits()
    given = _read(path)
    problems: list[str] = []
    declarations = list(given.get("tools", ()))
    for document in given.get("openapi", ()):
        try:
            declarations += openapi.declarations(document, folder=path.parent, clean=limits.clean)
        except Unsupported as error:
            problems += error.problems
    servers = given.get("mcp_servers", ())
    for declaration in declarations:
        problems += [f"{declaration['name']}: {problem}" for problem in _problems(declaration, environ)]
    for server in servers:
        problems += [f"{server['name']}: {problem}" for problem in _server_problems(server, environ, limits)]
    names = [entry["name"] for entry in (*declarations, *servers)]
    problems += [f"{name} is declared twice." for name in dict.fromkeys(names) if names.count(name) > 1]
    problems += [f"{name} is the name of a built-in tool." for name in names if name in _BUILTIN_NAMES]
    if problems:
        raise SettingsInvalid([f"ANSWERBACK_TOOLS: {problem}" for problem in problems])
    return DeskTools(
        tools=tuple(_tool(declaration, environ) for declaration in declarations),
        servers=tuple(_server(server, environ, limits) for server in servers),
    )


def _read(path: Path) -> Any:
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
    return given


def _problems(declaration: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Return a sentence for each error in the declaration of an HTTP tool that SCHEMA does not catch."""
    parameters = declaration["parameters"]
    problems = _schema_problems("parameters", parameters) + _reference_problems(parameters)
    problems += _result_problems(declaration)
    known = set(declaration["parameters"].get("properties", {}))
    required = set(declaration["parameters"].get("required", ()))
    problems += [
        f"{{{placeholder}}} of `{name}` is not a required parameter."
        for name in ("confirmation", "done")
        for placeholder in placeholders(declaration.get(name, ""))
        if placeholder not in required
    ]
    for text in _templates(declaration):
        problems += [
            f"{{{placeholder}}} is neither a parameter nor `customer.id`, `customer.name` or `customer.email`."
            for placeholder in placeholders(text)
            if placeholder not in known and not CUSTOMER.fullmatch(placeholder)
        ]
    problems += _unset(declaration.get("headers", {}).values(), environ)
    if declaration.get("method", "GET") != "GET" and not (
        "confirmation" in declaration or declaration.get("unconfirmed")
    ):
        problems.append("`method` is not GET: give a `confirmation` to ask the customer, or set `unconfirmed`.")
    return problems


def _server_problems(server: Mapping[str, Any], environ: Mapping[str, str], limits: Limits) -> list[str]:
    """Return a sentence for each error in the declaration of an MCP server that SCHEMA does not catch."""
    problems = []
    if ("command" in server) == ("url" in server):
        problems.append("Give either a `command` or a `url`.")
    if "command" in server and server["command"][0] not in limits.commands:
        problems.append(f"{server['command'][0]} is not among the programs of ANSWERBACK_MCP_COMMANDS.")
    for name, url in (("url", server.get("url")), ("issuer", server.get("oauth", {}).get("issuer"))):
        try:
            if url is not None:
                limits.guard.check_url(url)
        except AddressRefused as error:
            problems.append(f"`{name}`: {error} ANSWERBACK_TOOL_ALLOW opens private networks.")
    if "token" in server and "oauth" in server:
        problems.append("Give either a `token` or `oauth`.")
    secrets = [server.get("token", ""), *(str(value) for value in server.get("oauth", {}).values())]
    problems += _unset([*secrets, *server.get("env", {}).values(), *server.get("headers", {}).values()], environ)
    for name, choice in server.get("tools", {}).items():
        if choice.get("reads") and "confirmation" in choice:
            problems.append(f"`{name}`: A tool with a `confirmation` changes something, so `reads` cannot be true.")
        problems += [f"`{name}`: {problem}" for problem in _result_problems(choice)]
        problems += [
            f"`{name}`: {{{placeholder}}} is not `customer.id`, `customer.name` or `customer.email`."
            for placeholder in placeholders(json.dumps(choice.get("arguments", {})))
            if not CUSTOMER.fullmatch(placeholder)
        ]
    try:
        import mcp  # noqa: F401
    except ImportError:
        problems.append("MCP servers need the extra `mcp`: pip install 'answerback[mcp]'.")
    return problems


def _schema_problems(name: str, schema: Any) -> list[str]:
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return [f"`{name}` is not a JSON Schema: {error.message[:100]}."]
    return []


def _reference_problems(parameters: Mapping[str, Any]) -> list[str]:
    problems = []
    for reference in references(parameters):
        if not reference.startswith("#"):
            problems.append(f"`parameters` refers to {reference[:100]}, outside of the file.")
            continue
        try:
            target(parameters, reference)
        except LookupError:
            problems.append(f"`parameters` refers to {reference[:100]}, which it does not have.")
    return problems


def _result_problems(declaration: Mapping[str, Any]) -> list[str]:
    schema = declaration.get("result", {})
    return _schema_problems("result", schema) + [
        f"`result` has `{name}`: name each field with `properties` and `items` alone."
        for name in _UNSUPPORTED_KEYWORDS
        if f'"{name}":' in json.dumps(schema)
    ]


def _templates(declaration: Mapping[str, Any]) -> tuple[str, str, str]:
    return (
        declaration["url"],
        json.dumps(declaration.get("query", {})),
        json.dumps(declaration.get("body", {})),
    )


def _unset(texts: Any, environ: Mapping[str, str]) -> list[str]:
    return [f"${{{name}}} is not set." for text in texts for name in _VARIABLE.findall(text) if not environ.get(name)]


def _with_variables(texts: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    return {name: _VARIABLE.sub(lambda match: environ[match[1]], text) for name, text in texts.items()}


def _tool(declaration: Mapping[str, Any], environ: Mapping[str, str]) -> Tool:
    service = Service(
        name=declaration["name"],
        title=declaration["title"],
        method=declaration.get("method", "GET"),
        url=declaration["url"],
        headers=_with_variables(declaration.get("headers", {}), environ),
        query=declaration.get("query", {}),
        body=declaration.get("body"),
        result=declaration.get("result"),
        timeout_s=declaration.get("timeout_s", 5.0),
    )
    required_facts = [
        placeholder.partition(".")[2]
        for text in _templates(declaration)
        for placeholder in placeholders(text)
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


def _server(declaration: Mapping[str, Any], environ: Mapping[str, str], limits: Limits) -> McpServer:
    timeout_s = declaration.get("timeout_s", _MCP_TIMEOUT_S)
    server: StdioServer | HttpServer
    if "command" in declaration:
        server = StdioServer(
            command=tuple(declaration["command"]), env=_with_variables(declaration.get("env", {}), environ)
        )
    else:
        headers = _with_variables(declaration.get("headers", {}), environ)
        if "token" in declaration:
            headers["Authorization"] = f"Bearer {_with_variables({'': declaration['token']}, environ)['']}"
        oauth = declaration.get("oauth")
        server = HttpServer(
            url=declaration["url"],
            guard=limits.guard,
            headers=headers,
            oauth=ClientCredentials(**_with_variables(oauth, environ)) if oauth else None,
            timeout_s=timeout_s,
        )
    choices = declaration.get("tools")
    return McpServer(
        declaration["name"],
        McpConnection(server, timeout_s=timeout_s),
        choices=None if choices is None else {name: ToolChoice(**choice) for name, choice in choices.items()},
        clean=limits.clean,
    )
