"""The tools of an MCP server: which of them the desk offers to the model, and how they are called.

A server says itself which of its tools only read, and the desk may say otherwise. Nothing that a server does breaks an
answer: while it is unavailable, the tools that it last listed stay offered, and calls of them fail as HTTP tools do.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jsonschema

from worker.answering.chat_api.circuits import Circuit
from worker.answering.question import Question
from worker.answering.tools.input_schemas import SchemaUnsupported, arguments_schema
from worker.answering.tools.mcp_connection import McpConnection, ServerRefused, ServerUnavailable
from worker.answering.tools.registry import Tool, ToolFailed, ToolResult
from worker.answering.tools.results import declared_only, describe
from worker.answering.tools.templates import customer_facts, fill, placeholders
from worker.telemetry import logs

if TYPE_CHECKING:
    from mcp import types

log = logs.get(__name__)

_MAX_CHARACTERS = 64 * 1024
_MAX_DESCRIPTION = 1_000
_MAX_TITLE = 100
_MAX_NAME = 64

#: Seconds after which the tools are listed again, and after a list that failed.
_REFRESH_S = 300.0
_RETRY_S = 30.0

_UNAVAILABLE = "The service does not answer at the moment."


@dataclass(frozen=True, kw_only=True)
class ToolChoice:
    """The desk's word on one tool of a server.

    Attributes:
        title, description: in place of the server's.
        reads: whether it changes nothing; None leaves that to `confirmation` and `unconfirmed`, which say that it
            changes something, and then to the server's annotation.
        confirmation: the question to the customer before it runs.
        unconfirmed: a tool that changes something runs without a question.
        arguments: values that the desk fills in, `{customer.email}` among them; the model does not see these arguments.
        result: a JSON Schema of the structured result, as for HTTP tools.
    """

    title: str | None = None
    description: str | None = None
    reads: bool | None = None
    confirmation: str | None = None
    done: str | None = None
    unconfirmed: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Discovered:
    """The tools of a server that are offered, and a sentence for each that is not."""

    tools: tuple[Tool, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)


class McpServer:
    """One MCP server of the desk. Safe to share between threads."""

    def __init__(
        self,
        name: str,
        connection: McpConnection,
        *,
        choices: Mapping[str, ToolChoice] | None,
        clean: Callable[[str], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing connects before the first use.

        Args:
            name: the beginning of the tools' names.
            choices: the tools that are offered, by their names at the server; None offers all that only read.
            clean: returns a text of the server without sentences that instruct the model.
            clock: in seconds.
        """
        self.name = name
        self._connection = connection
        self._choices = choices
        self._clean = clean
        self._clock = clock
        self._circuit = Circuit(name)
        self._refreshing = threading.Lock()
        self._known = Discovered()
        self._listed: dict[str, types.Tool] = {}
        self._next_refresh = float("-inf")

    def tools(self) -> tuple[Tool, ...]:
        """Return the tools that are offered now; the last known ones while the server is unavailable. Never raises.

        The first call lists them, and one call in five minutes lists them again; other threads do not wait for it.
        """
        if self._clock() >= self._next_refresh and self._refreshing.acquire(
            blocking=self._next_refresh == float("-inf")
        ):
            try:
                if self._clock() >= self._next_refresh:
                    self.discover()
            except ServerUnavailable as error:
                self._next_refresh = self._clock() + _RETRY_S
                log.warning("mcp_server_unavailable", server=self.name, cause=str(error))
            except Exception:
                self._next_refresh = self._clock() + _RETRY_S
                log.exception("mcp_server_failed", server=self.name)
            finally:
                self._refreshing.release()
        return self._known.tools

    def discover(self) -> Discovered:
        """List the tools of the server now.

        Raises:
            ServerUnavailable: it does not answer.
        """
        try:
            listed = self._connection.list_tools()
        except ServerRefused as error:
            raise ServerUnavailable(f"It does not list its tools: {error}") from error
        tools: list[Tool] = []
        left_out: dict[str, str] = {}
        for found in listed:
            try:
                tool = self._tool(found)
            except SchemaUnsupported as error:
                left_out[found.name] = str(error)
                continue
            if any(tool.name == other.name for other in tools):
                left_out[found.name] = f"Another of its tools is {tool.name} as well."
            else:
                tools.append(tool)
        missing = set(self._choices or ()) - {found.name for found in listed}
        left_out.update(dict.fromkeys(sorted(missing), "The server has no such tool."))
        if left_out != self._known.left_out:
            log.info("mcp_tools_left_out", server=self.name, tools=left_out)
        self._known = Discovered(tools=tuple(tools), left_out=left_out)
        self._listed = {found.name: found for found in listed}
        self._next_refresh = self._clock() + _REFRESH_S
        return self._known

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _tool(self, found: "types.Tool") -> Tool:
        if self._choices is not None and found.name not in self._choices:
            raise SchemaUnsupported("The desk does not name it.")
        choice = (self._choices or {}).get(found.name, ToolChoice())
        changes = _changes(found, choice)
        if changes and choice.confirmation is None and not choice.unconfirmed:
            raise SchemaUnsupported("It changes something: give a `confirmation`, or set `unconfirmed` or `reads`.")
        name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{self.name}_{found.name}")
        if len(name) > _MAX_NAME:
            raise SchemaUnsupported(f"{name} has more than {_MAX_NAME} characters.")
        parameters = arguments_schema(found.input_schema, bound=frozenset(choice.arguments), clean=self._clean)
        required = set(parameters["required"])
        for text in (choice.confirmation, choice.done):
            for placeholder in placeholders(text or ""):
                if placeholder not in required:
                    raise SchemaUnsupported(f"{{{placeholder}}} is not an argument that it requires.")
        title = choice.title or self._text(_title(found), _MAX_TITLE) or found.name[:_MAX_TITLE]
        description = choice.description or self._text(found.description or "", _MAX_DESCRIPTION)

        def run(question: Question, arguments: Mapping[str, Any], id: str) -> ToolResult:
            values = {**arguments, **fill(choice.arguments, customer_facts(question))}
            return self._call(found, values, id, title=title, changes=changes, result=choice.result)

        return Tool(
            name=name,
            title=title,
            description=description or title,
            parameters=parameters,
            run=run,
            requires=_required_facts(choice.arguments),
            confirmation=choice.confirmation,
            done=choice.done,
            changes=changes,
        )

    def _text(self, text: str, limit: int) -> str:
        return " ".join(self._clean(text).split())[:limit]

    def _call(
        self,
        tool: "types.Tool",
        arguments: Mapping[str, Any],
        id: str,
        *,
        title: str,
        changes: bool,
        result: Mapping[str, Any] | None,
    ) -> ToolResult:
        """Call a tool and return its result as sentences.

        Raises:
            ToolFailed: the server is unavailable, refuses, or has another tool under this name by now.
        """
        if self._circuit.open_for_s > 0:
            raise ToolFailed(_UNAVAILABLE)
        try:
            if changes:
                self._check_unchanged(tool)
            found = self._connection.call_tool(tool.name, arguments, id, may_repeat=not changes)
        except ServerUnavailable as error:
            self._circuit.record_failure(error)
            raise ToolFailed(_UNAVAILABLE) from error
        except ServerRefused as error:
            raise ToolFailed(f"The service refused: {self._text(str(error), 200)}") from error
        self._circuit.record_success()
        texts = [block.text for block in found.content if block.type == "text"]
        if sum(map(len, texts)) > _MAX_CHARACTERS:
            raise ToolFailed("The service answered too much.")
        if found.is_error:
            raise ToolFailed(f"The service refused: {self._text(' '.join(texts), 200)}".rstrip(": "))
        return ToolResult(text=_described(title, found.structured_content, texts, result))

    def _check_unchanged(self, tool: "types.Tool") -> None:
        """Make sure that a tool which changes something is still the one that was offered, on a session that works.

        Raises:
            ServerUnavailable: the server does not answer; nothing was called.
            ToolFailed: it has no such tool any more, or one with other arguments or annotations.
        """
        self.discover()
        now = self._listed.get(tool.name)
        if now is None or (now.input_schema, now.annotations) != (tool.input_schema, tool.annotations):
            raise ToolFailed("The service has changed; look at its tools again.")


def _changes(tool: "types.Tool", choice: ToolChoice) -> bool:
    if choice.reads is not None:
        return not choice.reads
    says_reads = tool.annotations is not None and tool.annotations.read_only_hint is True
    return choice.confirmation is not None or choice.unconfirmed or not says_reads


def _title(tool: "types.Tool") -> str:
    return tool.title or (tool.annotations.title if tool.annotations else None) or tool.name.replace("_", " ")


def _required_facts(arguments: Mapping[str, Any]) -> Sequence[str]:
    named = placeholders(json.dumps(arguments))
    return tuple(dict.fromkeys(name.partition(".")[2] for name in named if "." in name))


def _described(title: str, structured: Any, texts: Sequence[str], schema: Mapping[str, Any] | None) -> str:
    """Return a result as sentences: what is structured, or else the text, which may be JSON as well."""
    found = structured
    if isinstance(found, dict) and set(found) == {"result"}:  # as SDKs wrap what is no object
        found = found["result"]
    if found is None:
        try:
            found = json.loads("\n".join(texts))
        except ValueError:
            found = None
    if len(json.dumps(found)) > _MAX_CHARACTERS:
        raise ToolFailed("The service answered too much.")
    if schema is not None:
        if next(jsonschema.Draft202012Validator(schema).iter_errors(found), None) is not None:
            raise ToolFailed("The service answered with what it should not.")
        found = declared_only(found, schema)
        return describe(title, found)
    if isinstance(found, dict | list):
        return describe(title, found)
    return "\n".join(texts)
