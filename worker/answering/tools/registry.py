"""The tools that a language model may call: which are offered, how a call is checked, run and recorded.

A tool is offered when what it requires is known of the customer. A failure is reported to the model in one sentence,
never to the customer. A tool that changes something outside runs only after the customer has confirmed it.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import jsonschema
from referencing.jsonschema import EMPTY_REGISTRY

from kb.records import Record
from kb.search import Hit
from worker.answering import customer_language
from worker.answering.question import Question
from worker.answering.tools.confirmation import parse_confirmation
from worker.errors import AnswerbackError
from worker.ids import new_id
from worker.states import Role, ToolCallState
from worker.telemetry import logs
from worker.translations import translate

log = logs.get(__name__)

#: Characters of a tool's result that the model is given.
_MAX_RESULT_CHARACTERS = 4_000
_MAX_REASON_CHARACTERS = 500


class ToolFailed(AnswerbackError):
    """The tool failed."""

    code = "tool_failed"


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """The result of a tool's `run`: a text or passages that can be cited; `note` is for the model alone."""

    text: str = ""
    hits: Sequence[Hit] = ()
    note: str | None = None


#: Runs a tool with the question, validated arguments and the call's id. A retry of the same call has the same id.
Run = Callable[[Question, Mapping[str, Any], str], ToolResult]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A function that the model can call.

    Attributes:
        title: the title of a citation of its result.
        parameters: a JSON Schema of an object.
        run: the implementation.
        requires: facts that must be known of the customer, such as `email`; without them the tool is not offered.
        confirmation: the question to the customer before it runs, with `{argument}` placeholders; None runs it at once.
        done: the text to the customer after a confirmed run, with the same placeholders.
        hands_off: calling it ends the model's turn and hands the conversation off to a human.
        finds_more: it may find what the knowledge base does not hold.
        changes: a call changes something, here or elsewhere; past tickets are answered without it.
    """

    name: str
    title: str
    description: str
    parameters: Mapping[str, Any]
    run: Run
    requires: Sequence[str] = ()
    confirmation: str | None = None
    done: str | None = None
    hands_off: bool = False
    finds_more: bool = True
    changes: bool = False

    def to_openai(self) -> dict[str, Any]:
        """Return the tool's entry in the `tools` of a chat completion request."""
        function = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": function}


@dataclass(frozen=True, kw_only=True)
class ToolCallEntry:
    """A recorded call: its id, and its result when it has already succeeded."""

    id: str
    result: str | None = None


@dataclass(frozen=True, kw_only=True)
class PendingCall:
    """A call that awaits the customer's confirmation, or that the current message has confirmed.

    `confirmed` says that the current message confirmed it in an earlier attempt, `done` that it has also run.
    """

    id: str
    tool: str
    arguments: Mapping[str, Any]
    confirmed: bool = False
    done: bool = False


class ToolCallLog(Protocol):
    """Records tool calls, so that a retried message repeats none (`worker.answering.tools.call_log`)."""

    def begin(
        self, question: Question, tool: str, arguments: Mapping[str, Any], *, state: ToolCallState
    ) -> ToolCallEntry:
        """Record the start of a call, or return the entry of the same call that this message made before."""
        ...

    def end(self, id: str, *, state: ToolCallState, result: str | None, error: str | None, duration_ms: int) -> None:
        """Record the end of a call."""
        ...

    def pending(self, question: Question) -> PendingCall | None:
        """Return the conversation's call that awaits confirmation, or the one that this message confirmed."""
        ...

    def confirm(self, id: str, question: Question) -> None:
        """Record that this message confirmed a call, before the call runs."""
        ...

    def close_pending(self, question: Question, *, state: ToolCallState) -> None:
        """Move the conversation's calls that await confirmation to `state`, without running them."""
        ...


@dataclass(frozen=True, kw_only=True)
class ToolReply:
    """The outcome of a call.

    Attributes:
        text: for the model, when there are no `hits`.
        hits: passages that the model may cite.
        fixed_reply: a text that goes to the customer as it is and ends the model's turn.
        handoff_reason: why a human takes over; it ends the model's turn. May be empty.
        failed: the tool did not do what was asked.
    """

    text: str
    hits: Sequence[Hit] = ()
    fixed_reply: str | None = None
    handoff_reason: str | None = None
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Registry:
    """All tools of a desk. Safe to share between threads.

    `more` returns tools that can change while the process runs, those of MCP servers; it never raises.
    """

    tools: Sequence[Tool] = ()
    more: Callable[[], Iterable[Tool]] = tuple
    call_log: ToolCallLog | None = None
    clock: Callable[[], float] = field(default=time.perf_counter)

    def offered(self, question: Question) -> list[Tool]:
        """Return the tools that can be used for a question."""
        tools = (*self.tools, *self.more())
        return [tool for tool in tools if all(question.facts.get(name) for name in tool.requires)]

    def call(self, question: Question, name: str, arguments: str) -> ToolReply:
        """Run the tool `name` with `arguments`, JSON as the model wrote it. Failures are replies, never exceptions."""
        tool = self._offered_tool(question, name)
        if tool is None:
            log.warning("tool_refused", tool=name[:64], why="not offered")
            return ToolReply(text="There is no such tool.", failed=True)
        try:
            validated = validate_arguments(tool, arguments)
        except ToolFailed as error:
            log.warning("tool_refused", tool=name, why="arguments")
            return ToolReply(text=str(error), failed=True)
        if tool.hands_off:
            reason = str(validated.get("reason", ""))[:_MAX_REASON_CHARACTERS]
            return ToolReply(text="A human takes over.", handoff_reason=reason)
        if tool.confirmation is not None:
            call_log = self._log_for(question)
            if call_log is not None:
                call_log.close_pending(question, state=ToolCallState.LAPSED)
                call_log.begin(question, name, validated, state=ToolCallState.WAITING)
            return ToolReply(
                text="The customer is asked first.", fixed_reply=fill_template(tool.confirmation, validated)
            )
        return self._run(question, tool, validated)

    def resolve_pending(self, question: Question) -> ToolReply | None:
        """Run or refuse the call that awaits confirmation, if this message answers it; otherwise return None.

        A message answers it when it directly follows the confirmation question in the conversation and is a plain yes
        or no. Any other message cancels the call.
        """
        call_log = self._log_for(question)
        if call_log is None or not any(tool.confirmation for tool in (*self.tools, *self.more())):
            return None
        pending = call_log.pending(question)
        if pending is None:
            return None
        tool = self._offered_tool(question, pending.tool)
        if tool is None or tool.confirmation is None:
            call_log.close_pending(question, state=ToolCallState.LAPSED)
            return None
        if not pending.confirmed:
            confirmed = _read_confirmation(question, asked=fill_template(tool.confirmation, pending.arguments))
            if not confirmed:
                call_log.close_pending(
                    question, state=ToolCallState.LAPSED if confirmed is None else ToolCallState.REFUSED
                )
                if confirmed is None:
                    return None
                language = customer_language.of(question)
                return ToolReply(text="", fixed_reply=translate("All right, nothing was changed.", language))
            call_log.confirm(pending.id, question)
        own = tool.done or translate("Done.", customer_language.of(question))
        done = fill_template(own, pending.arguments)
        if pending.done:  # the call ran, then its worker was lost before the message was finished
            return ToolReply(text="", fixed_reply=done)
        reply = self._run(question, tool, pending.arguments, confirmed_id=pending.id)
        if reply.failed:
            reason = f"The customer confirmed {tool.title}, and it failed."
            return ToolReply(text=reply.text, handoff_reason=reason, failed=True)
        return ToolReply(text=reply.text, fixed_reply=done)

    def _offered_tool(self, question: Question, name: str) -> Tool | None:
        return next((tool for tool in self.offered(question) if tool.name == name), None)

    def _log_for(self, question: Question) -> ToolCallLog | None:
        """Return the call log, or None for a question without a conversation, such as one of `answerback ask`."""
        return self.call_log if question.conversation_id else None

    def _run(
        self, question: Question, tool: Tool, arguments: Mapping[str, Any], *, confirmed_id: str | None = None
    ) -> ToolReply:
        call_log = self._log_for(question)
        entry = ToolCallEntry(id=confirmed_id or new_id("tool"))
        if call_log is not None and confirmed_id is None:
            entry = call_log.begin(question, tool.name, arguments, state=ToolCallState.RUNNING)
            if entry.result is not None:
                return ToolReply(text=entry.result, hits=(_as_hit(entry.id, tool, entry.result),))
        started = self.clock()
        error: str | None = None
        try:
            result = tool.run(question, arguments, entry.id)
        except ToolFailed as failed:
            result, error = ToolResult(), str(failed)
        except Exception:
            log.exception("tool_failed", tool=tool.name)
            result, error = ToolResult(), "The tool failed."
        text = result.text[:_MAX_RESULT_CHARACTERS]
        if call_log is not None:
            call_log.end(
                entry.id,
                state=ToolCallState.DONE if error is None else ToolCallState.FAILED,
                result=text or None,
                error=error,
                duration_ms=int((self.clock() - started) * 1000),
            )
        if error is not None:
            log.warning("tool_failed", tool=tool.name, cause=error)
            return ToolReply(text=error, failed=True)
        hits = [*result.hits, *([_as_hit(entry.id, tool, text)] if text else [])]
        return ToolReply(text=result.note or ("" if hits else "Done."), hits=hits)


def _read_confirmation(question: Question, *, asked: str) -> bool | None:
    """Return whether the message confirms `asked`; None when `asked` is not the last turn before the message."""
    last = question.turns[-1] if question.turns else None
    follows = last is not None and last.role == Role.ASSISTANT and last.content == asked and last.seq < question.seq
    return parse_confirmation(question.content, asked=asked) if follows else None


def validate_arguments(tool: Tool, arguments: str) -> dict[str, Any]:
    """Return the JSON object `arguments`, valid under the tool's schema.

    Raises:
        ToolFailed: it is not, or that cannot be found out; the message says why, for the model.
    """
    try:
        parsed = json.loads(arguments or "{}")
        if not isinstance(parsed, dict):
            raise ToolFailed("The arguments are not an object.")
        # The empty registry: a schema never makes this process read another document.
        validator = jsonschema.Draft202012Validator(tool.parameters, registry=EMPTY_REGISTRY)
        first = min(validator.iter_errors(parsed), key=lambda error: list(map(str, error.path)), default=None)
    except ToolFailed:
        raise
    except ValueError:
        raise ToolFailed("The arguments are not JSON.") from None
    except Exception as error:
        log.warning("tool_arguments_unchecked", tool=tool.name, cause=type(error).__name__)
        raise ToolFailed("The arguments cannot be checked.") from error
    if first is not None:
        path = ".".join(map(str, first.path)) or "arguments"
        raise ToolFailed(f"{path}: {first.message[:200]}")
    return parsed


def fill_template(template: str, arguments: Mapping[str, Any]) -> str:
    """Return a template with its `{argument}` placeholders filled; line breaks in values become spaces."""
    return re.sub(r"\{(\w+)\}", lambda match: " ".join(str(arguments.get(match[1], match[0])).split()), template)


def _as_hit(id: str, tool: Tool, text: str) -> Hit:
    """Return a tool's result as a passage, so that it can be cited and checked like one."""
    record = Record(
        passage_id=id,
        document_id=id,
        title=tool.title,
        url=None,
        headings=(),
        anchor="",
        start=0,
        end=len(text),
        text=text,
    )
    return Hit(record=record, score=1.0, dense=None, lexical=None)
