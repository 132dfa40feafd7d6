"""Recognise what a message is about by its nearest labelled examples: those that ship, and those of a desk."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kb import sentences
from kb.embedding import Vector
from worker.answering.triage.example_classifier import HARMLESS, Contrasts, Fit, kernel, threshold
from worker.answering.triage.message_features import ExampleIndex, Extractor, TextFeatures
from worker.states import Priority

#: The examples that ship: JSON Lines with `label`, `language`, `text`.
EXAMPLES = Path(__file__).with_name("escalation_examples.jsonl")

#: What an answer did not help with; no category by itself (see `escalation.assess`).
COMPLAINT = "complaint"

#: Of the examples over a threshold, as many are right when each is judged without itself.
PRECISION = 0.97

#: A missed message is worse than a false alarm where somebody may harm themselves; a complaint alone hands nothing off.
_LESS_PRECISE = {"self_harm": 0.92, COMPLAINT: 0.92}

#: Of a longer message, the sentences that look most like a category are read by themselves too.
_LONG_WORDS = 14
_MAX_SENTENCES = 2
_MIN_SENTENCE_WORDS = 3

#: A contrast below this says that a pattern matched by accident. The examples that a pattern matches rightly are above
#: -.3 when they are left out, those that it matches wrongly below -.34; on the dev half, right ones begin at -.34.
HARMLESS_BELOW = -0.4


@dataclass(frozen=True, kw_only=True)
class Example:
    """A labelled message; the label is a category or `HARMLESS`."""

    label: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """The categories that a message was found to belong to.

    Attributes:
        contrasts: by category, how much more the message is like its examples than like harmless ones; about -1 to 1.
        quotes: by recognised category, the part of the message that is most like it.
        priorities: of the categories that a desk has made.
    """

    contrasts: Mapping[str, float] = field(default_factory=dict)
    quotes: Mapping[str, str] = field(default_factory=dict)
    priorities: Mapping[str, Priority] = field(default_factory=dict)

    def is_harmless(self, category: str) -> bool:
        """Whether the message is clearly nearer to harmless examples than to those of a category."""
        return self.contrasts.get(category, 0.0) < HARMLESS_BELOW


#: What is recognised without examples.
NOTHING = Recognition()

#: Recognises a message.
Recognise = Callable[[str], Recognition]

#: Recognises a message of a workspace: its id, the message.
WorkspaceRecognise = Callable[[str, str], Recognition]


def recognise_nothing(_workspace_id: str, _text: str) -> Recognition:
    """Return that nothing is recognised; for an agent without examples."""
    return NOTHING


@dataclass(frozen=True, kw_only=True)
class Recogniser:
    """Recognises messages. Safe to share between threads.

    Attributes:
        extractor: finds the features of texts.
        index: the examples.
        categories: the names of what it recognises.
        weights: of each example for each category (`Fit.weights`).
        thresholds: the least contrast by category.
        priorities: of the categories that a desk has made.
    """

    extractor: Extractor
    index: ExampleIndex
    categories: tuple[str, ...]
    weights: Vector
    thresholds: Mapping[str, float]
    priorities: Mapping[str, Priority] = field(default_factory=dict)

    def recognise(self, text: str) -> Recognition:
        """Return the categories of a message, and of single sentences of a longer one."""
        text = text.strip()
        if not text:
            return NOTHING
        highest: dict[str, float] = {}
        quotes: dict[str, tuple[float, str]] = {}
        for part in (text, *self._likely_sentences(text)):
            contrasts = dict(zip(self.categories, self._contrasts(self.extractor.features(part)), strict=True))
            highest = {name: max(contrast, highest.get(name, contrast)) for name, contrast in contrasts.items()}
            name = max(contrasts, key=lambda name: contrasts[name])  # what is nearer to another is not of a category
            if contrasts[name] >= self.thresholds[name] and contrasts[name] > quotes.get(name, (-1.0, ""))[0]:
                quotes[name] = contrasts[name], shortened(part)
        return Recognition(
            contrasts=highest,
            quotes={name: quote for name, (_contrast, quote) in quotes.items()},
            priorities=self.priorities,
        )

    def _contrasts(self, text: TextFeatures) -> list[float]:
        found: list[float] = (kernel(self.index.similarities(text)) @ self.weights).tolist()
        return found

    def _likely_sentences(self, text: str) -> list[str]:
        """Return the sentences of a longer message whose words alone are most like a category."""
        if len(text.split()) <= _LONG_WORDS:
            return []
        found = [text[start:end].strip() for start, end in sentences.split(text)]
        found = [sentence for sentence in found if len(sentence.split()) >= _MIN_SENTENCE_WORDS]
        if len(found) < 2:
            return []
        likeness = [max(self._contrasts(self.extractor.words(sentence))) for sentence in found]
        order = sorted(range(len(found)), key=lambda n: -likeness[n])[:_MAX_SENTENCES]
        return [found[n] for n in order]


def load_examples(path: Path = EXAMPLES) -> tuple[Example, ...]:
    """Return the examples of a file, in its order."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return tuple(Example(label=row["label"], text=row["text"]) for row in rows)


def thresholds(fitted: Fit, labels: Sequence[str], *, own: Sequence[str] = ()) -> dict[str, float]:
    """Return the threshold of each category.

    Categories that ship share one, since the precision of a single one hangs on one or two examples; a false alarm is
    an example that should not be handed off at all. A category of a desk has its own: it must be the right one.
    """
    given = np.array(labels)
    nearest = np.array(fitted.categories)[fitted.left_out.argmax(axis=1)]
    shared = [name for name in fitted.categories if name not in _LESS_PRECISE and name not in own]
    found = dict.fromkeys(shared, _cut(fitted.left_out, nearest, shared, given != HARMLESS, PRECISION))
    for name, precision in _LESS_PRECISE.items():
        if name in fitted.categories:
            found[name] = _cut(fitted.left_out, nearest, [name], given != HARMLESS, precision)
    for name in own:
        found[name] = _cut(fitted.left_out, nearest, [name], given == name, PRECISION, is_wide=True)
    return found


def _cut(
    contrasts: Contrasts,
    nearest: np.ndarray,
    names: Sequence[str],
    right: np.ndarray,
    precision: float,
    *,
    is_wide: bool = False,
) -> float:
    """Return the threshold of the examples that are nearest to one of these categories."""
    of_names = np.isin(nearest, names)
    return threshold(contrasts.max(axis=1)[of_names], right[of_names], precision=precision, is_wide=is_wide)


_QUOTED_CHARACTERS = 120


def shortened(quote: str) -> str:
    """Return a part of a message as a reason in a handoff: one line of at most 120 characters."""
    line = re.sub(r"\s+", " ", quote).strip()
    return line if len(line) <= _QUOTED_CHARACTERS else f"{line[: _QUOTED_CHARACTERS - 1].rstrip()}…"
