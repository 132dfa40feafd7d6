"""Let a language model judge the sentences of a draft that the local check leaves in doubt, all in one call."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kb.search import Hit
from worker.answering import prompts
from worker.answering.chat_api.chat import Completion
from worker.answering.chat_api.errors import ModelError
from worker.answering.chat_api.spending import BudgetSpent
from worker.answering.question import Question
from worker.conversations.outcomes import Usage
from worker.telemetry.counters import Meter, Unmetered

_MAX_TOKENS = 300
_MAX_DOUBTS = 20
_FENCE = re.compile(r"^```(?:json)?\s*")
_YES = ("true", "yes", "supported")
_NO = ("false", "no", "not supported", "unsupported")


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A sentence, without its citations, and the numbers of the passages that it cites; none means any of them."""

    text: str
    cited: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether each sentence is supported; one that the judge said nothing of is missing."""

    verdicts: Mapping[Doubt, bool] = field(default_factory=dict)
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
    """Asks a language model, with models, a time-out and budgets of its own; the question's accounts pay."""

    model: _Model
    meter: Meter = field(default_factory=Unmetered)

    def __call__(
        self, question: Question, doubts: Sequence[Doubt], hits: Sequence[Hit], /, *, revoked: Callable[[], bool]
    ) -> Judgement:
        """Return the verdicts of one call; raises as `SupportJudge` does."""
        asked = list(dict.fromkeys(doubts))[:_MAX_DOUBTS]
        try:
            completion = self.model.ask(
                question,
                prompts.judging(question, [(doubt.text, doubt.cited) for doubt in asked], hits),
                max_tokens=_MAX_TOKENS,
                as_json=True,
                revoked=revoked,
            )
        except (ModelError, BudgetSpent) as error:
            self.meter.add("judgements", result="budget" if isinstance(error, BudgetSpent) else "failed")
            raise
        read = read_verdicts(completion.text, count=len(asked))
        self.meter.add("judgements", result="judged" if read else "unreadable")
        verdicts = {doubt: read[number] for number, doubt in enumerate(asked, 1) if number in read}
        return Judgement(verdicts=verdicts, usage=completion.usage)


def read_verdicts(text: str, *, count: int) -> dict[int, bool]:
    """Return the verdicts of a judge's text by the number of the sentence, 1 to `count`; empty when it is unreadable.

    Asked for `{"verdicts": {"1": true}}`, models also write `{"1": "yes"}`, `[{"sentence": 1, "supported": true}]`, a
    list of verdicts in order, and words or a Markdown fence around any of it.
    """
    bare = _FENCE.sub("", text.strip())
    start = 0 if bare.startswith("[") else bare.find("{")  # in a sentence, "[1]" is a citation
    if start < 0:
        return {}
    try:
        found: object = json.JSONDecoder().raw_decode(bare[start:])[0]
    except ValueError:
        return {}
    if isinstance(found, Mapping):
        found = found.get("verdicts", found)
    verdicts: dict[int, bool] = {}
    for number, verdict in _numbered(found, count):
        if number is not None and 1 <= number <= count and verdict is not None:
            verdicts[number] = verdict
    return verdicts


def _numbered(found: object, count: int) -> Iterator[tuple[int | None, bool | None]]:
    if isinstance(found, Mapping):
        for key, value in found.items():
            yield _number(key), _verdict(value)
    elif isinstance(found, list):
        keys = [_key(entry) for entry in found]
        if any(key is not None for key in keys):
            yield from zip(keys, map(_verdict, found), strict=True)
        elif len(found) == count and not any(isinstance(entry, int) and not isinstance(entry, bool) for entry in found):
            yield from enumerate(map(_verdict, found), 1)


def _key(entry: object) -> int | None:
    if not isinstance(entry, Mapping):
        return None
    return next((_number(entry[name]) for name in ("number", "id", "index", "sentence") if name in entry), None)


def _number(key: object) -> int | None:
    found = re.fullmatch(r"(?:sentence|claim|#)?\s*(\d{1,3})", str(key).strip().lower())
    return int(found[1]) if found is not None else None


def _verdict(value: object) -> bool | None:
    if isinstance(value, Mapping):
        value = value.get("supported", value.get("verdict"))
    word = str(value).strip().lower()
    return True if word in _YES else False if word in _NO else None
