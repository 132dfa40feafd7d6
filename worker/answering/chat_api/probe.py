"""Ask a language model for all that answering needs, and say what it does and which parameters will be used."""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from worker.addresses import Guard
from worker.answering.chat_api.capabilities import Capabilities, CapabilityMemory
from worker.answering.chat_api.chat import Chat, Completion
from worker.answering.chat_api.client import CompletionRequest, ReasonedOut, complete, open_client
from worker.answering.chat_api.errors import ModelError
from worker.settings import Settings

#: A check that a browser waits for: its most models, and the seconds that each call and all calls together may take.
_PAGE_MODELS = 5
_PAGE_CALL_S = 15.0
_PAGE_S = 45.0

_MAX_TOKENS = 200
_SENTENCE = [
    {"role": "system", "content": "You answer in one short sentence."},
    {"role": "user", "content": "Hello."},
    {"role": "assistant", "content": "Hello."},
    {"role": "user", "content": "Say that the help desk is open today."},
]
_ORDER = [{"role": "user", "content": "Where is my order 1234? Look it up with the tool."}]
_ORDER_TOOL = {
    "type": "function",
    "function": {
        "name": "find_order",
        "description": "Find an order by its number.",
        "parameters": {
            "type": "object",
            "properties": {"number": {"type": "string"}},
            "required": ["number"],
        },
    },
}
_AS_JSON = [{"role": "user", "content": 'Answer with this JSON object and nothing else: {"open": true}'}]


@dataclass(frozen=True, kw_only=True)
class ProbeStep:
    """One thing that was asked for: whether it works, and what was seen."""

    name: str
    works: bool
    detail: str


@dataclass(frozen=True, kw_only=True)
class ProbeReport:
    """The result of probing a model at an endpoint.

    Attributes:
        steps: what was asked for, in order; without the first one, an answer, the others were not tried. None of a
            model that was left out.
        parameters: what is sent to this model, by name; each worker learns it at its first call.
    """

    model: str
    steps: Sequence[ProbeStep]
    parameters: Mapping[str, str]

    @property
    def answers(self) -> bool:
        """Whether the model answers at all; tools and JSON are not needed."""
        return bool(self.steps) and self.steps[0].works

    def to_json(self) -> dict[str, Any]:
        """Return the report as `answerback model check --json` prints it."""
        return {**asdict(self), "answers": self.answers}


def probe(
    client: Any,
    model: str,
    *,
    timeout_s: float,
    ends: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
) -> ProbeReport:
    """Call a model for a sentence, for a tool call, for the answer from its result, and for JSON.

    Args:
        client: an `openai.OpenAI` client of `chat_api.client.open_client`.
        timeout_s: seconds that each call may take.
        ends: the time of the clock when all calls have ended.
    """
    memory = CapabilityMemory()
    asked = _Probe(client=client, model=model, timeout_s=timeout_s, ends=ends, memory=memory, clock=clock)
    steps = asked.sentence()
    if steps[0].works:
        steps += [asked.tools(), asked.json()]
    return ProbeReport(model=model, steps=steps, parameters=dict(memory.of(model).described()))


def probe_configured(settings: Settings, *, names: Sequence[str] = (), timeout_s: float) -> list[ProbeReport]:
    """Probe the models of the installation's settings, or others at their endpoint."""
    client = open_client(api_key=settings.openai_api_key, base_url=settings.openai_base_url)
    try:
        return [probe(client, name, timeout_s=timeout_s) for name in names or settings.models]
    finally:
        client.close()


def probe_for_page(settings: Settings, *, guard: Guard | None, within_s: float = _PAGE_S) -> list[ProbeReport]:
    """Probe the models of settings while a browser waits: the first five, all within `within_s` seconds.

    The others have reports without steps. There are no reports where no language model answers. `guard` is as for
    `open_client`.
    """
    if settings.chosen_answerer != "llm":
        return []
    ends = time.monotonic() + within_s
    client = open_client(api_key=settings.openai_api_key, base_url=settings.openai_base_url, guard=guard)
    reports = []
    try:
        for number, name in enumerate(settings.models):
            if number < _PAGE_MODELS and time.monotonic() < ends:
                reports.append(probe(client, name, timeout_s=_PAGE_CALL_S, ends=ends))
            else:
                reports.append(ProbeReport(model=name, steps=(), parameters={}))
    finally:
        client.close()
    return reports


@dataclass(frozen=True, kw_only=True)
class _Probe:
    client: Any
    model: str
    timeout_s: float
    ends: float
    memory: CapabilityMemory
    clock: Callable[[], float]

    def sentence(self) -> list[ProbeStep]:
        """Ask for a sentence: an answer, its stream, the time to its first words, and its usage."""
        request = self._request(_SENTENCE)
        started, arrivals = self.clock(), []
        try:
            completion = self._complete(request, lambda text: arrivals.append(self.clock()) if text else None)
        except ModelError as error:
            return [ProbeStep(name="answer", works=False, detail=str(error))]
        total_s = self.clock() - started
        usage = completion.usage
        first_s = (arrivals[0] if arrivals else started + total_s) - started
        text = " ".join(completion.text.split())[:60]
        reasons = ", after reasoning" if completion.has_reasoning else ""
        return [
            ProbeStep(name="answer", works=True, detail=f"“{text}”{reasons}"),
            ProbeStep(
                name="stream",
                works=completion.pieces > 1,
                detail=f"first words after {first_s:.2f} s, all after {total_s:.2f} s, in {completion.pieces} pieces",
            ),
            ProbeStep(
                name="usage",
                works=usage.prompt_tokens > 0,
                detail=f"{usage.prompt_tokens} + {usage.completion_tokens} tokens"
                if usage.prompt_tokens
                else "not reported: budgets count the most that a call can cost",
            ),
        ]

    def tools(self) -> ProbeStep:
        """Ask for a tool call, and for the answer from its result, without another call."""
        try:
            completion = self._complete(replace(self._request(_ORDER), tools=[_ORDER_TOOL]))
        except ModelError as error:
            return ProbeStep(name="tools", works=False, detail=str(error))
        if not self._capabilities.tools:
            return ProbeStep(name="tools", works=False, detail="refused: none are offered to this model")
        if not completion.calls:
            return ProbeStep(name="tools", works=False, detail="accepted, but the model called none")
        call = completion.calls[0]
        called = f"{call.name} {call.arguments}"[:60]
        if not _is_json(call.arguments):
            return ProbeStep(name="tools", works=False, detail=called)
        chat = Chat(_ORDER, None)
        chat.add_completion(completion)
        for call in completion.calls:
            chat.add_tool_reply(call, "Order 1234 arrives tomorrow.")
        try:
            answer = self._complete(replace(self._request(chat.messages), tools=[_ORDER_TOOL], may_call=False))
        except ModelError as error:
            return ProbeStep(name="tools", works=False, detail=f"{called}, but no answer from its result: {error}")
        text = " ".join(answer.text.split())[:60]
        return ProbeStep(name="tools", works=bool(text), detail=f"{called}, then “{text}”")

    def json(self) -> ProbeStep:
        """Ask for JSON."""
        try:
            completion = self._complete(replace(self._request(_AS_JSON), as_json=True))
        except ModelError as error:
            return ProbeStep(name="json", works=False, detail=str(error))
        mode = "" if self._capabilities.json_mode else ", without the endpoint's JSON mode"
        return ProbeStep(
            name="json", works=_is_json(completion.text), detail=f"{' '.join(completion.text.split())[:60]}{mode}"
        )

    @property
    def _capabilities(self) -> Capabilities:
        return self.memory.of(self.model)

    def _request(self, messages: Sequence[Mapping[str, Any]]) -> CompletionRequest:
        return CompletionRequest(
            model=self.model,
            messages=messages,
            tools=(),
            max_tokens=_MAX_TOKENS,
            deadline=min(self.clock() + self.timeout_s, self.ends),
        )

    def _complete(self, request: CompletionRequest, on_text: Callable[[str], object] | None = None) -> Completion:
        def ask() -> Completion:
            return complete(
                self.client, request, memory=self.memory, revoked=lambda: False, on_text=on_text, clock=self.clock
            )

        try:
            return ask()
        except ReasonedOut:
            return ask()


def _is_json(text: str) -> bool:
    """Whether a text is a JSON object, also inside a Markdown fence."""
    text = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
