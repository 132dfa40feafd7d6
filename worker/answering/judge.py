"""Let a language model judge the sentences of a draft that the local check leaves in doubt, all in one call."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kb.search import Hit
from worker.answering import prompts
from worker.answering.chat import Completion
from worker.answering.question import Question
from worker.conversations.outcomes import Usage

_MAX_TOKENS = 300
_MAX_DOUBTS = 20
_FENCE = re.compile(r"^```(?:json)?\s*|\s*```$")
_YES = ("true", "yes", "supported", "1")
_NO = ("false", "no", "not supported", "unsupported", "0")


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A sentence, without its citations, and the numbers of the passages that it cites; none means any of them."""

    text: str
    cited: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether each sentence is supported, by its text; a sentence that the judge said nothing of is missing."""

    verdicts: Mapping[str, bool] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)


class SupportJudge(Protocol):
    """Judges doubtful sentences (`LlmJudge`)."""

    def __call__(
        self, question: Question, doubts: Sequence[Doubt], hits: Sequence[Hit], /, *, revoked: Callable[[], bool]
    ) -> Judgement:
        """Return the verdicts.

        Raises:
            ModelError, BudgetSpent: the judge cannot answer now.
            Revoked: `revoked` returned True.
        """
        ...


class _Model(Protocol):
    """Asks a language model for one completion (`LlmAnswerer.ask`)."""

    def ask(
        self,
        question: Question,
        messages: Sequence[Mapping[str, Any]],
        *,
        max_tokens: int,
        as_json: bool,
        revoked: Callable[[], bool],
    ) -> Completion: ...


@dataclass(frozen=True, kw_only=True)
class LlmJudge:
    """Asks a language model; `model` has its own models, time-out and budget."""

    model: _Model

    def __call__(
        self, question: Question, doubts: Sequence[Doubt], hits: Sequence[Hit], /, *, revoked: Callable[[], bool]
    ) -> Judgement:
        """Return the verdicts of one call; raises as `SupportJudge` does."""
        asked = list(dict.fromkeys(doubts))[:_MAX_DOUBTS]
        completion = self.model.ask(
            question,
            prompts.judging(question, [(doubt.text, doubt.cited) for doubt in asked], hits),
            max_tokens=_MAX_TOKENS,
            as_json=True,
            revoked=revoked,
        )
        read = read_verdicts(completion.text)
        verdicts = {doubt.text: read[number] for number, doubt in enumerate(asked, 1) if number in read}
        return Judgement(verdicts=verdicts, usage=completion.usage)


def read_verdicts(text: str) -> dict[int, bool]:
    """Return the verdicts of a judge's text by the number of the sentence; empty when it cannot be read.

    Asked for `{"verdicts": {"1": true}}`, models also write `{"1": "yes"}` and `[{"sentence": 1, "supported": true}]`.
    """
    try:
        found: object = json.loads(_FENCE.sub("", text.strip()))
    except ValueError:
        return {}
    if isinstance(found, Mapping) and isinstance(inner := next(iter(found.values()), None), (list, dict)):
        found = found if re.search(r"\d", next(iter(found))) else inner
    pairs: list[tuple[object, object]] = []
    if isinstance(found, Mapping):
        pairs = list(found.items())
    elif isinstance(found, list):
        pairs = [
            (entry.get("sentence", entry.get("id", number)), entry.get("supported", entry.get("verdict")))
            if isinstance(entry, Mapping)
            else (number, entry)
            for number, entry in enumerate(found, 1)
        ]
    verdicts: dict[int, bool] = {}
    for key, value in pairs:
        if isinstance(value, Mapping):
            value = value.get("supported", value.get("verdict"))
        number, word = re.sub(r"\D", "", str(key)), str(value).strip().lower()
        if number and word in (*_YES, *_NO):
            verdicts[int(number)] = word in _YES
    return verdicts
