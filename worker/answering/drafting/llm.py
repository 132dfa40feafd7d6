"""Answer with a language model behind any OpenAI-compatible endpoint."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from kb.search import Hit
from worker.answering import prompts
from worker.answering.chat_api.capabilities import CapabilityMemory
from worker.answering.chat_api.chat import Chat, Completion, RequestedCall
from worker.answering.chat_api.circuits import Circuit
from worker.answering.chat_api.client import CompletionRequest, Price, ReasonedOut, complete
from worker.answering.chat_api.errors import RECOVERIES, ModelError
from worker.answering.chat_api.spending import BudgetSpent, Spender, Spending
from worker.answering.drafting import question_markers
from worker.answering.drafting.response_markers import draft_of, is_clarification
from worker.answering.drafting.tool_turn import ToolTurn
from worker.answering.question import Draft, Question, Revoked, TextListener, ignore_text
from worker.answering.tools.registry import Registry, Tool, ToolReply
from worker.conversations.outcomes import Usage
from worker.redaction import Redactor
from worker.telemetry import logs
from worker.telemetry.counters import Meter, Unmetered

T = TypeVar("T")

log = logs.get(__name__)

#: Seconds before a message's deadline that are kept to check and store the answer.
_RESERVE_S = 1.0
_MAX_TOKENS = 700
_MAX_REWRITE_TOKENS = 200

#: Completions with tool calls before the model must answer without tools, and calls that are run of one completion.
_MAX_ROUNDS = 4
_MAX_CALLS = 4

#: A time-out counts as the model's failure when it had at least 0.9 of this, or of its own time-out if that is shorter.
_FAIR_TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """A question that is put to one model; `deadline` is a time of the answerer's clock, in seconds."""

    model: str
    question: Question
    deadline: float
    revoked: Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class LlmAnswerer:
    """Asks language models in order of preference, the next one when one cannot answer now.

    `client` is an `openai.OpenAI` that does not retry by itself (`chat_api.client.open_client`).
    """

    client: Any
    models: Sequence[str]
    timeout_s: float
    prices: Mapping[str, Price] = field(default_factory=dict)
    registry: Registry = field(default_factory=Registry)
    spending: Spending | None = None
    redactor: Redactor | None = None
    clock: Callable[[], float] = time.monotonic
    meter: Meter = field(default_factory=Unmetered)
    name: str = "llm"
    capabilities: CapabilityMemory = field(default_factory=CapabilityMemory)
    _circuits: dict[str, Circuit] = field(default_factory=dict, repr=False)

    @property
    def version(self) -> Hashable:
        """A value that changes with the models and with the system prompt."""
        return (*self.models, prompts.SYSTEM)

    def draft(
        self,
        question: Question,
        hits: Sequence[Hit],
        *,
        revoked: Callable[[], bool],
        on_text: TextListener = ignore_text,
    ) -> Draft:
        """Ask until one model answers; a model whose circuit is open is skipped.

        Raises:
            ModelError: none answered; of their failures, the one with the best `recovery`.
            BudgetSpent: a budget allows none of them.
            Revoked: `revoked` returned True; the stream is closed, which stops the model and its cost.
        """
        confirmed = self.registry.resolve_pending(question)
        if confirmed is not None:
            return _final_draft(confirmed)
        listen = question_markers.hiding(question, on_text)
        draft = self._first_available(question, revoked, lambda attempt: self._converse(attempt, hits, listen))
        return question_markers.read(question, draft)

    def may_find_more(self, question: Question, /) -> bool:
        """Whether a tool of the desk is offered for this customer, which may find what no passage holds."""
        return any(tool.finds_more for tool in self.registry.offered(question))

    def rewrite(self, question: Question, *, revoked: Callable[[], bool]) -> list[str]:
        """Return the questions of a message, each clear without the turns before it; raises as `draft` does."""

        def ask(attempt: _Attempt) -> list[str]:
            chat = Chat(prompts.rewriting(question), self.redactor)
            completion = self._complete(attempt, chat, max_tokens=_MAX_REWRITE_TOKENS)
            return question_markers.listed(chat.restored(completion.text))

        return self._first_available(question, revoked, ask)

    def revise(
        self,
        question: Question,
        hits: Sequence[Hit],
        *,
        draft: str,
        failed: Sequence[str],
        revoked: Callable[[], bool],
        on_text: TextListener = ignore_text,
    ) -> Draft:
        """Ask for a draft again, told which of its sentences are not supported; raises as `draft` does."""

        listen = question_markers.hiding(question, on_text)

        def ask(attempt: _Attempt) -> Draft:
            chat = Chat(prompts.revising(question, hits, draft=draft, failed=failed), self.redactor)
            completion = self._complete(
                attempt,
                chat,
                on_text=lambda text: not is_clarification(text) and listen(chat.restored(text)),
            )
            revised = draft_of(chat.restored(completion.text).strip(), attempt.model, completion.usage)
            return question_markers.read(question, revised)

        return self._first_available(question, revoked, ask)

    def ask(
        self,
        question: Question,
        messages: Sequence[Mapping[str, Any]],
        *,
        max_tokens: int,
        as_json: bool,
        revoked: Callable[[], bool],
    ) -> Completion:
        """Return one completion of other messages, charged to the accounts of the question; raises as `draft` does."""

        def ask(attempt: _Attempt) -> Completion:
            return self._complete(attempt, Chat(messages, self.redactor), max_tokens=max_tokens, as_json=as_json)

        return self._first_available(question, revoked, ask)

    def _first_available(self, question: Question, revoked: Callable[[], bool], ask: Callable[[_Attempt], T]) -> T:
        """Return the result of `ask` for the first model that gives one."""
        deadline = self.clock() + min(self.timeout_s, max(0.1, question.remaining_s - _RESERVE_S))
        failures: list[ModelError] = []
        over_budget: BudgetSpent | None = None
        for model in self.models:
            circuit = self._circuits.setdefault(model, Circuit(model))
            if (open_for_s := circuit.open_for_s) > 0:
                message = "The model's circuit breaker is open after failures."
                failures.append(ModelError(message, recovery="retry", after_s=open_for_s))
                continue
            started = self.clock()
            try:
                result = ask(_Attempt(model=model, question=question, deadline=deadline, revoked=revoked))
            except BudgetSpent as error:  # the next model may cost less
                over_budget = error
                self.meter.add("model_calls", model=model, result="budget")
            except ModelError as error:
                failures.append(error)
                self._count_failure(model, circuit, error, allowed_s=deadline - started)
                if self.clock() >= deadline:
                    break
            else:
                circuit.record_success()
                self.meter.add("model_calls", model=model, result="answered")
                self.meter.observe("model_seconds", self.clock() - started, model=model)
                return result
        if over_budget is not None:
            raise over_budget
        if not failures:
            raise ModelError("No language model is configured: set ANSWERBACK_MODELS.", recovery="give_up")
        raise min(failures, key=lambda failure: (RECOVERIES.index(failure.recovery), failure.after_s or 0.0))

    def _count_failure(self, model: str, circuit: Circuit, error: ModelError, *, allowed_s: float) -> None:
        log.warning("model_failed", model=model, recovery=error.recovery, cause=str(error))
        self.meter.add("model_calls", model=model, result=error.recovery)
        # A message that had little time left says nothing about the model.
        if error.recovery == "retry" and allowed_s >= 0.9 * min(self.timeout_s, _FAIR_TIMEOUT_S):
            circuit.record_failure(error, after_s=error.after_s)

    def _converse(self, attempt: _Attempt, hits: Sequence[Hit], on_text: TextListener) -> Draft:
        """Let a model answer, running the tools that it calls, until it writes a text."""
        tools = self.registry.offered(attempt.question) if self.capabilities.of(attempt.model).tools else []
        turn = ToolTurn(
            chat=Chat(prompts.messages(attempt.question, hits, tools=bool(tools)), self.redactor),
            given=len(hits),
            on_text=on_text,
        )
        usage = Usage()
        for round in range(_MAX_ROUNDS + 1):
            last = round == _MAX_ROUNDS
            completion = self._complete(attempt, turn.chat, tools=tools, may_call=not last, on_text=turn.write)
            if last and completion.calls and not completion.text:  # it called a tool although it may not
                usage = usage.plus(completion.usage)
                completion = self._complete(attempt, turn.chat, on_text=turn.write)
            usage = usage.plus(completion.usage)
            if not completion.calls or last:
                break
            turn.add_completion(completion)
            ended = self._run_calls(attempt, turn, completion.calls)
            if ended is not None:
                return replace(_final_draft(ended), model=attempt.model, usage=usage, tried=turn.tried)
        text = turn.final_text(completion)
        if not text:
            raise ModelError("The model answered nothing.", recovery="retry")
        draft = draft_of(text, attempt.model, usage)
        return replace(draft, tool_hits=turn.hits, tried=turn.tried)

    def _run_calls(self, attempt: _Attempt, turn: ToolTurn, calls: Sequence[RequestedCall]) -> ToolReply | None:
        """Run tool calls and add their replies; return the reply that ends the turn, if one does."""
        for call in calls[:_MAX_CALLS]:
            if attempt.revoked():
                raise Revoked
            if self.clock() >= attempt.deadline:
                raise ModelError("The tools took too long.", recovery="retry")
            reply = self.registry.call(attempt.question, call.name, turn.chat.restored(call.arguments))
            if reply.handoff_reason is not None or reply.fixed_reply is not None:
                return reply
            turn.add_reply(call, reply)
        for call in calls[_MAX_CALLS:]:
            turn.chat.add_tool_reply(call, "Too many calls at once.")
        return None

    def _complete(
        self,
        attempt: _Attempt,
        chat: Chat,
        *,
        tools: Sequence[Tool] = (),
        may_call: bool = True,
        max_tokens: int = _MAX_TOKENS,
        as_json: bool = False,
        on_text: Callable[[str], object] | None = None,
    ) -> Completion:
        """Return one completion; a model that spent its tokens on reasoning is asked once more, with more tokens."""
        request = CompletionRequest(
            model=attempt.model,
            messages=chat.messages,
            tools=[tool.to_openai() for tool in tools],
            max_tokens=max_tokens,
            deadline=attempt.deadline,
            as_json=as_json,
            may_call=may_call,
        )
        try:
            return self._charged(attempt, request, chat, on_text)
        except ReasonedOut as reasoned_out:
            spent = self._priced(attempt.model, reasoned_out.usage)
        completion = self._charged(attempt, request, chat, on_text)
        completion.usage = completion.usage.plus(spent)
        return completion

    def _charged(
        self, attempt: _Attempt, request: CompletionRequest, chat: Chat, on_text: Callable[[str], object] | None
    ) -> Completion:
        """Return one completion, charged to the accounts of the question."""
        if self.spending is None:
            return self._stream(attempt, request, on_text)
        max_usage = self._priced(
            attempt.model,
            Usage(
                prompt_tokens=chat.max_prompt_tokens(request.tools),
                completion_tokens=self.capabilities.of(attempt.model).limit(request.max_tokens),
            ),
        )
        with self.spending.call(_spender(attempt.question), max_usage=max_usage) as account:
            account.usage = max_usage  # the cost of a call that fails midway is unknown
            try:
                completion = self._stream(attempt, request, on_text)
            except ModelError as error:
                if error.unbilled:
                    account.usage = Usage()
                raise
            except ReasonedOut as reasoned_out:
                account.usage = (
                    self._priced(attempt.model, reasoned_out.usage) if reasoned_out.usage != Usage() else max_usage
                )
                raise
            account.usage = completion.usage if completion.usage != Usage() else max_usage
            return completion

    def _stream(
        self, attempt: _Attempt, request: CompletionRequest, on_text: Callable[[str], object] | None
    ) -> Completion:
        completion = complete(
            self.client,
            request,
            memory=self.capabilities,
            revoked=attempt.revoked,
            on_text=on_text,
            clock=self.clock,
        )
        usage = completion.usage = self._priced(attempt.model, completion.usage)
        self.meter.add("model_tokens", usage.prompt_tokens, model=attempt.model, kind="prompt")
        self.meter.add("model_tokens", usage.completion_tokens, model=attempt.model, kind="completion")
        if usage.cost_usd:
            self.meter.add("model_cost_usd", usage.cost_usd, model=attempt.model)
        return completion

    def _priced(self, model: str, usage: Usage) -> Usage:
        price = self.prices.get(model)
        return usage if price is None else replace(usage, cost_usd=price.of(usage))


def _spender(question: Question) -> Spender | None:
    """Return the accounts of a question; None when it has no conversation."""
    if not question.conversation_id:
        return None
    return Spender(
        workspace_id=question.workspace_id,
        conversation_id=question.conversation_id,
        message_id=question.message_id,
        key_id=question.key_id,
    )


def _final_draft(reply: ToolReply) -> Draft:
    """Return the draft of a turn that a tool's reply has ended."""
    if reply.handoff_reason is not None:
        return Draft(text=None, wants_human=True, handoff_reason=reply.handoff_reason or None)
    return Draft(text=None, fixed_reply=reply.fixed_reply)
