"""The tools of a desk, and the one way to call them: arguments checked, bounded, written down.

A tool is offered when the customer is known well enough for it. What goes wrong is told to the model, in a sentence,
and never to the customer. What changes something outside waits until the customer has confirmed it.
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import jsonschema

from kb.search import Hit
from kb.snapshot import Record
from worker.answering.question import Question
from worker.errors import AnswerbackError
from worker.ids import new_id
from worker.telemetry import logs

log = logs.get(__name__)

#: Characters of a result that the model is shown.
_MAX_TOLD = 4_000


class ToolFailed(AnswerbackError):
    """The tool failed."""

    code = "tool_failed"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a tool found: a text that can be cited, or passages that can; neither when there is nothing to cite."""

    text: str = ""
    hits: Sequence[Hit] = ()
    note: str | None = None  # for the model alone


#: Does what a tool does with checked arguments. The last argument is the same for every attempt at the same call.
Run = Callable[[Question, Mapping[str, Any], str], Result]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """Something that the model can ask for.

    Attributes:
        title: what a citation of its result is called.
        parameters: a JSON Schema of an object.
        run: does it.
        needs: what must be known of the customer, such as `email`; without it the tool is not offered.
        confirmation: what a customer is asked before it runs, with `{argument}`s, when it changes something.
        done: what a customer is told when it has run after that.
        ends: it ends the conversation with the model: a person answers.
        further: it may find what the knowledge base does not hold.
    """

    name: str
    title: str
    description: str
    parameters: Mapping[str, Any]
    run: Run
    needs: Sequence[str] = ()
    confirmation: str | None = None
    done: str | None = None
    ends: bool = False
    further: bool = True

    def shown(self) -> dict[str, Any]:
        """Return it as the model is told of it."""
        told = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": told}


class Books(Protocol):
    """Whoever writes down what tools did (`worker.answering.tools.call_log`)."""

    def begin(self, question: Question, tool: str, arguments: Mapping[str, Any], *, state: str) -> "Begun":
        """Write down that a call begins, or find that it was made before for this message."""
        ...

    def end(self, id: str, *, state: str, result: str | None, error: str | None, duration_ms: int) -> None:
        """Write down how it ended."""
        ...

    def waiting(self, question: Question) -> "Waiting | None":
        """Return the call in this conversation that waits for the customer's word, or that this message confirmed."""
        ...

    def confirm(self, id: str, question: Question) -> None:
        """Write down that this message confirmed a call, before it is made."""
        ...

    def lapse(self, question: Question, *, state: str) -> None:
        """End what waits in this conversation without doing it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A call that was written down: its id, and its result when it had ended before."""

    id: str
    result: str | None = None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A call that waits for the customer's word, or that the message at hand confirmed: then it is `begun`."""

    id: str
    tool: str
    arguments: Mapping[str, Any]
    begun: bool = False
    done: bool = False


@dataclass(frozen=True, kw_only=True)
class Told:
    """What comes back of a call: `text` for the model, `hits` to cite, `ask` for the customer."""

    text: str
    hits: Sequence[Hit] = ()
    ask: str | None = None
    ends: str | None = None
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Registry:
    """The tools that there are. Safe to share between threads."""

    tools: Sequence[Tool] = ()
    books: Books | None = None
    clock: Callable[[], float] = field(default=time.perf_counter)

    def offered(self, question: Question) -> list[Tool]:
        """Return the tools that can be used for a question."""
        return [tool for tool in self.tools if all(question.facts.get(name) for name in tool.needs)]

    def call(self, question: Question, name: str, arguments: str) -> Told:
        """Do what the model asked for; `arguments` is JSON as the model wrote it. Never raises for what goes wrong."""
        tool = next((one for one in self.offered(question) if one.name == name), None)
        if tool is None:
            log.warning("tool_refused", tool=name[:64], why="not offered")
            return Told(text="There is no such tool.", failed=True)
        try:
            given = checked(tool, arguments)
        except ToolFailed as error:
            log.warning("tool_refused", tool=name, why="arguments")
            return Told(text=str(error), failed=True)
        if tool.ends:
            return Told(text="A person takes over.", ends=str(given.get("reason", ""))[:500])
        if tool.confirmation is not None:
            books = self._books(question)
            if books is not None:
                books.lapse(question, state="lapsed")
                books.begin(question, name, given, state="waiting")
            return Told(text="The customer is asked first.", ask=filled(tool.confirmation, given))
        return self._run(question, tool, given)

    def confirmed(self, question: Question) -> Told | None:
        """Do, or leave, what waits for the customer's word if this is it; None when nothing waits or it is no word.

        A word counts when it was written after the question was shown, and nothing was said in between.
        """
        books = self._books(question)
        if books is None or not any(tool.confirmation for tool in self.tools):
            return None
        waiting = books.waiting(question)
        if waiting is None:
            return None
        tool = next((one for one in self.offered(question) if one.name == waiting.tool), None)
        if tool is None or tool.confirmation is None:
            books.lapse(question, state="lapsed")
            return None
        if not waiting.begun:
            asked = filled(tool.confirmation, waiting.arguments)
            last = question.turns[-1] if question.turns else None
            heard = last is not None and last.role == "assistant" and last.content == asked and last.seq < question.seq
            word = yes_or_no(question.content, asked=asked) if heard else None
            if not word:
                books.lapse(question, state="lapsed" if word is None else "refused")
                return None if word is None else Told(text="", ask="All right, nothing was changed.")
            books.confirm(waiting.id, question)
        done = filled(tool.done or "Done.", waiting.arguments)
        if waiting.done:  # by this very message, before its worker was lost
            return Told(text="", ask=done)
        told = self._run(question, tool, waiting.arguments, begun=waiting.id)
        if told.failed:
            return Told(text=told.text, ends=f"The customer confirmed {tool.title}, and it failed.", failed=True)
        return Told(text=told.text, ask=done)

    def _books(self, question: Question) -> "Books | None":
        """Return where calls are written down; a question by hand has no conversation to write them to."""
        return self.books if question.conversation_id else None

    def _run(self, question: Question, tool: Tool, arguments: Mapping[str, Any], *, begun: str | None = None) -> Told:
        books = self._books(question)
        entry = Begun(id=begun or new_id("tool"))
        if books is not None and begun is None:
            entry = books.begin(question, tool.name, arguments, state="running")
            if entry.result is not None:
                return Told(text=entry.result, hits=(_citable(entry.id, tool, entry.result),))
        began = self.clock()
        error: str | None = None
        try:
            result = tool.run(question, arguments, entry.id)
        except ToolFailed as failed:
            result, error = Result(), str(failed)
        except Exception:
            log.exception("tool_failed", tool=tool.name)
            result, error = Result(), "The tool failed."
        text = result.text[:_MAX_TOLD]
        if books is not None:
            books.end(
                entry.id,
                state="done" if error is None else "failed",
                result=text or None,
                error=error,
                duration_ms=int((self.clock() - began) * 1000),
            )
        if error is not None:
            log.warning("tool_failed", tool=tool.name, cause=error)
            return Told(text=error, failed=True)
        hits = [*result.hits, *([_citable(entry.id, tool, text)] if text else [])]
        return Told(text=result.note or ("" if hits else "Done."), hits=hits)


def checked(tool: Tool, arguments: str) -> dict[str, Any]:
    """Return arguments that fit the tool's schema.

    Raises:
        ToolFailed: they do not; the message says why, for the model.
    """
    try:
        given = json.loads(arguments or "{}")
    except ValueError:
        raise ToolFailed("The arguments are not JSON.") from None
    if not isinstance(given, dict):
        raise ToolFailed("The arguments are not an object.")
    error = jsonschema.Draft202012Validator(tool.parameters).iter_errors(given)
    wrong = next(iter(sorted(error, key=lambda one: list(map(str, one.path)))), None)
    if wrong is not None:
        place = ".".join(map(str, wrong.path)) or "arguments"
        raise ToolFailed(f"{place}: {wrong.message[:200]}")
    return given


def filled(template: str, arguments: Mapping[str, Any]) -> str:
    """Return a template with its `{argument}`s, each on one line."""
    return re.sub(r"\{(\w+)\}", lambda match: " ".join(str(arguments.get(match[1], match[0])).split()), template)


_YES = frozenset(
    "yes yep yeah yup y sure ok okay confirm confirmed confirming correct absolutely definitely certainly ja jawohl"
    " gerne oui sí si claro vale 👍".split()
)
_NO = frozenset("no nope n nein nicht non nah stop".split())
_FILLERS = frozenset(
    "please do go ahead it that this i of course bitte gern s'il vous plaît por favor d'accord my me for the a an"
    " thanks thank you danke merci gracias".split()
)
_THANKS = frozenset("thanks thank danke merci gracias".split())
_WEAK = frozenset("ok okay vale si".split())


def yes_or_no(text: str, *, asked: str = "") -> bool | None:
    """Return what a customer says to the question `asked`; None when it is neither yes nor no, or more than that.

    A yes has no word but of consent, of courtesy, and of the question itself: "yes, cancel order 1002" is one when 1002
    was asked about, "ok, never mind" is none.
    """
    words = re.findall(r"[\w'’]+|👍", text.lower().replace("’", "'"))
    if not words or "?" in text:
        return None
    said = set(words)
    if words[0] in _NO or words[:2] in (["don't"], ["do", "not"]) or words[0] == "don't":
        return None if said & _YES or len(words) > _MAX_WORDS or {"ahead", "problem"} & said else False
    known = _YES | _FILLERS | set(re.findall(r"[\w'’]+", asked.lower().replace("’", "'")))
    consents = said & _YES or words[-2:] == ["go", "ahead"] or words[-2:] == ["do", "it"] or words == ["please", "do"]
    if not consents or said - known or (said & _THANKS and not said & (_YES - _WEAK)):
        return None
    return True


_MAX_WORDS = 6


def _citable(id: str, tool: Tool, text: str) -> Hit:
    """Return a result as a passage."""
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
