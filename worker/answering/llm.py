"""Answer with a language model behind any OpenAI-compatible endpoint."""

import re
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from kb.search import Hit
from worker.answering import deadlines, injection_filter, prompts
from worker.answering.circuits import Circuit
from worker.answering.question import Draft, Question, Revoked, Writing, unread
from worker.answering.spending import BudgetSpent, Spender, Spending
from worker.answering.tools.registry import Registry, Told
from worker.conversations.outcomes import Usage
from worker.errors import AnswerbackError
from worker.redaction import Redactor, restored
from worker.telemetry import logs
from worker.telemetry.counters import Meter, Unmetered

T = TypeVar("T")

log = logs.get(__name__)

#: Time kept back before a message's deadline to check and store the answer.
_RESERVE_S = 1.0
_MAX_TOKENS = 700
_REWRITTEN_TOKENS = 120
_MAX_REWRITTEN = 500

#: Answers with calls in them before a model must answer without, and calls in one answer.
_MAX_ROUNDS = 4
_MAX_CALLS = 4
_MAX_CHARACTERS = 20_000

#: A model that does not answer within this time has failed; within less, it may have been asked too late.
_FAIR_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a model costs, in US dollars for a million tokens."""

    prompt: float
    completion: float

    def of(self, usage: Usage) -> float:
        """Return what a call cost, in US dollars."""
        return (usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion) / 1_000_000


class ModelError(AnswerbackError):
    """The language model gave no answer. `then` says what helps: retry, fall_back or give_up.

    `unasked` says that it was not reached, or refused at once, so that it cost nothing.
    """

    code = "model_error"

    def __init__(
        self,
        message: str | None = None,
        *,
        then: str,
        after_s: float | None = None,
        unasked: bool = False,
        **context: object,
    ) -> None:
        super().__init__(message, **context)
        self.then = then
        self.after_s = after_s
        self.unasked = unasked


@dataclass(frozen=True, kw_only=True)
class LlmAnswerer:
    """Asks the models in order of preference; the next one when one cannot answer now."""

    client: Any  # openai.OpenAI, with max_retries=0: retries belong to the mailbox
    models: Sequence[str]
    timeout_s: float
    prices: Mapping[str, Price] = field(default_factory=dict)
    registry: Registry = field(default_factory=Registry)
    spending: Spending | None = None
    redactor: Redactor | None = None
    clock: Callable[[], float] = time.monotonic
    meter: Meter = field(default_factory=Unmetered)
    name: str = "llm"
    _circuits: dict[str, Circuit] = field(default_factory=dict, repr=False)

    @property
    def version(self) -> Hashable:
        """What its drafts depend on: the models, and what they are told."""
        return (*self.models, prompts.SYSTEM)

    def draft(
        self, question: Question, hits: Sequence[Hit], *, revoked: Callable[[], bool], writing: Writing = unread
    ) -> Draft:
        """Ask until one model answers.

        A model that rests (see `circuits`) is passed over.

        Raises:
            ModelError: none did; `then` is that of the failure that promises most.
            BudgetSpent: none may be asked.
            Revoked: `revoked` said so; the stream is closed, so spending stops.
        """
        done = self.registry.confirmed(question)
        if done is not None:
            return _ended(done)
        return self._first(question, lambda model, ends: self._converse(model, question, hits, ends, revoked, writing))

    def looks_further(self, question: Question) -> bool:
        """Whether it may find what no passage holds: there are tools of the desk for this customer."""
        return any(tool.further for tool in self.registry.offered(question))

    def rewrite(self, question: Question, *, revoked: Callable[[], bool]) -> str:
        """Return the question so that it can be understood without what was said before; raises as `draft` does."""

        def ask(model: str, ends: float) -> str:
            talk = _Talk(prompts.rewriting(question), self.redactor)
            said = self._ask(model, talk, (), question, ends, revoked, most_tokens=_REWRITTEN_TOKENS)
            return " ".join(said.text.split())[:_MAX_REWRITTEN]

        return self._first(question, ask)

    def _first(self, question: Question, ask: Callable[[str, float], T]) -> T:
        """Return what the first model that can be asked answers."""
        ends = self.clock() + min(self.timeout_s, max(0.1, question.remaining_s - _RESERVE_S))
        failures: list[ModelError] = []
        refused: BudgetSpent | None = None
        for model in self.models:
            circuit = self._circuits.setdefault(model, Circuit(model))
            if (rests_s := circuit.rests_s) > 0:
                failures.append(ModelError("The model rests after failures.", then="retry", after_s=rests_s))
                continue
            began = self.clock()
            allowed_s = ends - began
            try:
                answered = ask(model, ends)
            except BudgetSpent as error:  # the next model may cost less
                refused = error
                self.meter.add("model_calls", model=model, result="budget")
            except ModelError as error:
                log.warning("model_failed", model=model, then=error.then, cause=str(error))
                self.meter.add("model_calls", model=model, result=error.then)
                failures.append(error)
                # A message that came late says nothing of the model.
                if error.then == "retry" and allowed_s >= 0.9 * min(self.timeout_s, _FAIR_S):
                    circuit.failed(error, after_s=error.after_s)
                if self.clock() >= ends:
                    break
            else:
                circuit.answered()
                self.meter.add("model_calls", model=model, result="answered")
                self.meter.observe("model_seconds", self.clock() - began, model=model)
                return answered
        if refused is not None:
            raise refused
        if not failures:
            raise ModelError("No language model is configured: set ANSWERBACK_MODELS.", then="give_up")
        order = ("retry", "fall_back", "give_up")
        raise min(failures, key=lambda failure: (order.index(failure.then), failure.after_s or 0.0))

    def _converse(
        self,
        model: str,
        question: Question,
        hits: Sequence[Hit],
        ends: float,
        revoked: Callable[[], bool],
        writing: Writing,
    ) -> Draft:
        """Let a model answer, and use tools until it does."""
        tools = self.registry.offered(question)
        talk = _Talk(prompts.messages(question, hits, tools=bool(tools)), self.redactor)
        more: list[Hit] = []
        tried: list[str] = []
        usage = Usage()
        before = ""  # what was written before a tool was called, if the customer has read of it

        def write(text: str) -> bool:
            return writing(before + talk.restored(text), more)

        for round in range(_MAX_ROUNDS + 1):
            shown = [tool.shown() for tool in tools] if round < _MAX_ROUNDS else []
            said = self._ask(model, talk, shown, question, ends, revoked, writing=write)
            usage = usage.plus(said.usage)
            if not said.calls:
                break
            if said.text and write(said.text):
                before += f"{talk.restored(said.text)}\n"
            talk.asked(said)
            for call in said.calls[:_MAX_CALLS]:
                if revoked():
                    raise Revoked
                if self.clock() >= ends:
                    raise ModelError("The tools took too long.", then="retry")
                told = self.registry.call(question, call.name, talk.restored(call.arguments))
                if told.ends is not None or told.ask is not None:
                    return replace(_ended(told), model=model, usage=usage, tried=tried)
                tried.append(f"{call.name}{', which failed' if told.failed else ''}")
                brought = injection_filter.cleaned(told.hits)
                text = told.text if not brought else prompts.numbered(brought, first=len(hits) + len(more) + 1)
                more += brought
                talk.told(call, text or "Nothing was found.")
            for call in said.calls[_MAX_CALLS:]:
                talk.told(call, "Too many calls at once.")
        text = (before if not _is_bare(said.text) else "") + talk.restored(said.text)
        text = text.strip()
        if not text:
            raise ModelError("The model answered nothing.", then="retry")
        return replace(_draft(text, model, usage), more=more, tried=tried)

    def _ask(
        self,
        model: str,
        talk: "_Talk",
        tools: Sequence[Mapping[str, Any]],
        question: Question,
        ends: float,
        revoked: Callable[[], bool],
        *,
        most_tokens: int = _MAX_TOKENS,
        writing: Callable[[str], bool] | None = None,
    ) -> "_Said":
        """Ask a model once, on the account of whose question it is."""
        most = self._priced(model, Usage(prompt_tokens=talk.most_tokens(tools), completion_tokens=most_tokens))
        if self.spending is None:
            return self._stream(model, talk, tools, ends, revoked, most_tokens, writing)
        spender = None
        if question.conversation_id:
            spender = Spender(
                workspace_id=question.workspace_id,
                conversation_id=question.conversation_id,
                message_id=question.message_id,
                key_id=question.key_id,
            )
        with self.spending.call(spender, most=most) as account:
            account.usage = most  # what a call that fails midway did cost, nobody knows
            try:
                said = self._stream(model, talk, tools, ends, revoked, most_tokens, writing)
            except ModelError as error:
                if error.unasked:
                    account.usage = Usage()
                raise
            account.usage = said.usage if said.usage != Usage() else most
            return said

    def _stream(
        self,
        model: str,
        talk: "_Talk",
        tools: Sequence[Mapping[str, Any]],
        ends: float,
        revoked: Callable[[], bool],
        most_tokens: int,
        writing: Callable[[str], bool] | None,
    ) -> "_Said":
        import openai
        from openai.types.chat import ChatCompletionChunk

        remaining = ends - self.clock()
        if remaining <= 0:
            raise ModelError("The model did not finish in time.", then="retry", unasked=True)
        body = {
            "model": model,
            "messages": talk.messages,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0,
            "max_tokens": most_tokens,
            **({"tools": list(tools)} if tools else {}),
        }
        said = _Said()
        # `client.post`, as the library has it for bodies that are ready to send: checking and rewriting each message
        # of the prompt once more takes a third of the client's time.
        try:
            with (
                deadlines.call(ends=time.monotonic() + remaining, revoked=revoked),
                self.client.post(
                    "/chat/completions",
                    body=body,
                    options={"timeout": openai.Timeout(remaining, connect=min(5.0, remaining))},
                    cast_to=ChatCompletionChunk,
                    stream=True,
                    stream_cls=openai.Stream[ChatCompletionChunk],
                ) as stream,
            ):
                for chunk in stream:
                    if revoked():
                        raise Revoked
                    if self.clock() >= ends or said.length > _MAX_CHARACTERS:
                        raise ModelError("The model did not finish in time.", then="retry")
                    if chunk.usage is not None:
                        said.usage = Usage(
                            prompt_tokens=chunk.usage.prompt_tokens, completion_tokens=chunk.usage.completion_tokens
                        )
                    if chunk.choices and chunk.choices[0].delta:
                        said.add(chunk.choices[0].delta)
                        if writing is not None and chunk.choices[0].delta.content:
                            writing(said.text)
                    if chunk.choices and chunk.choices[0].finish_reason == "length":
                        said.cut = True
        except (ModelError, Revoked):
            raise
        except Exception as error:  # the client's own errors, and its transport's in the middle of a stream
            if revoked():
                raise Revoked from error
            if self.clock() >= ends:
                raise ModelError("The model did not finish in time.", then="retry") from error
            raise classify(error) from error
        if not said.text.strip() and not said.calls:
            raise ModelError("The model answered nothing.", then="retry")
        said.usage = self._priced(model, said.usage)
        self.meter.add("model_tokens", said.usage.prompt_tokens, model=model, kind="prompt")
        self.meter.add("model_tokens", said.usage.completion_tokens, model=model, kind="completion")
        if said.usage.cost_usd:
            self.meter.add("model_cost_usd", said.usage.cost_usd, model=model)
        return said

    def _priced(self, model: str, usage: Usage) -> Usage:
        price = self.prices.get(model)
        return usage if price is None else replace(usage, cost_usd=price.of(usage))


@dataclass(kw_only=True)
class _Call:
    """A tool that the model asks for; `arguments` is JSON as it wrote it."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class _Said:
    """What a model says in one answer, put together from its pieces."""

    def __init__(self) -> None:
        self.usage = Usage()
        self.length = 0
        self.cut = False
        self._pieces: list[str] = []
        self._calls: dict[int, _Call] = {}

    @property
    def text(self) -> str:
        """What it said; of an answer that was cut, the sentences that are whole."""
        text = "".join(self._pieces)
        return re.sub(r"(?s)(^|(?<=[.!?\n])|(?<=\])(?=\s))[^.!?\n]*$", "", text) if self.cut else text

    @property
    def calls(self) -> list[_Call]:
        return [
            replace(call, id=call.id or f"call_{place}") for place, call in sorted(self._calls.items()) if call.name
        ]

    def add(self, delta: Any) -> None:
        if delta.content:
            self._pieces.append(delta.content)
            self.length += len(delta.content)
        for piece in delta.tool_calls or ():
            call = self._calls.setdefault(piece.index, _Call())
            call.id = piece.id or call.id
            if piece.function is not None:
                call.name += piece.function.name or ""
                call.arguments += piece.function.arguments or ""
                self.length += len(piece.function.arguments or "")


class _Talk:
    """The messages that a model is sent; what a redactor finds in them stays here and is put back into the answer."""

    def __init__(self, messages: Sequence[Mapping[str, Any]], redactor: Redactor | None) -> None:
        self._redactor = redactor
        self._kept: dict[str, str] = {}
        self.messages = [{**one, "content": self._hidden(one["content"])} for one in messages]

    def asked(self, said: _Said) -> None:
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
            for call in said.calls
        ]
        self.messages.append({"role": "assistant", "content": said.text or None, "tool_calls": calls})

    def told(self, call: _Call, text: str) -> None:
        self.messages.append({"role": "tool", "tool_call_id": call.id, "content": self._hidden(text)})

    def restored(self, text: str) -> str:
        return restored(text, self._kept)

    def most_tokens(self, tools: Sequence[Mapping[str, Any]]) -> int:
        """Return at least as many tokens as the messages have: no tokenizer makes more of a text than it has bytes."""
        texts = [str(one.get("content") or "") + str(one.get("tool_calls") or "") for one in self.messages]
        return len("".join((*texts, *map(str, tools))).encode()) + 16 * len(self.messages)

    def _hidden(self, text: str) -> str:
        return text if self._redactor is None else self._redactor.hidden(text, self._kept)


def _ended(told: Told) -> Draft:
    """Return the draft of a turn that a tool has ended."""
    if told.ends is not None:
        return Draft(text=None, wants_person=True, why=told.ends or None)
    return Draft(text=None, ask=told.ask)


def _is_bare(text: str) -> str:
    """Return the one word by which a model says that it does not answer, if that is all it says."""
    bare = text.strip("`*\"'. \n")
    return bare if bare in (prompts.NO_ANSWER, prompts.PERSON) else ""


def _draft(text: str, model: str, usage: Usage) -> Draft:
    if bare := _is_bare(text):
        return Draft(text=None, model=model, usage=usage, wants_person=bare == prompts.PERSON)
    return Draft(text=text, model=model, usage=usage)


def classify(error: Exception) -> ModelError:
    """Return what a failure of the client means for the message.

    retry: overload, time-outs, lost connections, garbage; the same call may pass later.
    fall_back: this model cannot, another may: unknown model, too long a prompt, refused parameters.
    give_up: no call will pass until someone changes the configuration: bad key, no permission.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        after = _retry_after(error)
        if error.status_code in (401, 403):
            return ModelError(
                "The model endpoint refuses the key.", then="give_up", unasked=True, status=error.status_code
            )
        if error.status_code in (408, 409, 425, 429) or error.status_code >= 500:
            refused = error.status_code in (425, 429)  # a gateway's time-out may hide a model that worked
            return ModelError(
                f"The model endpoint answered {error.status_code}.", then="retry", after_s=after, unasked=refused
            )
        return ModelError(
            f"The model endpoint answered {error.status_code}.",
            then="fall_back",
            unasked=True,
            status=error.status_code,
        )
    if isinstance(error, openai.APITimeoutError) or "timed out" in str(error).lower():
        return ModelError("The model did not answer in time.", then="retry")
    if isinstance(error, openai.APIConnectionError):
        unasked = type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout")
        return ModelError("The model endpoint cannot be reached.", then="retry", unasked=unasked)
    return ModelError(f"The model's answer cannot be read: {type(error).__name__}.", then="retry")


def _retry_after(error: Any) -> float | None:
    try:
        return min(60.0, max(0.0, float(error.response.headers["retry-after"])))
    except (KeyError, ValueError):
        return None


def open_client(*, api_key: str | None, base_url: str | None) -> Any:
    """Return an OpenAI client that never retries by itself (the mailbox does), and whose calls can be ended."""
    import openai

    client = openai.OpenAI(api_key=api_key or "none-needed", base_url=base_url, max_retries=0)
    deadlines.watch(client)
    return client
