"""The classifier of the examples that ship, kept beside the exported embedding model.

Embedding two thousand examples takes 20 s of one core, so it is done once for each embedding model: when the model is
prepared, or when the first process needs it. For the default model, and for the mode without a model, the result ships
with the project (`python -m training.escalation` writes it).
"""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kb.embedding import Embedder, Vector
from worker.answering.check import cross_encoder
from worker.answering.check.embedders import is_lexical_only
from worker.answering.triage import recogniser
from worker.answering.triage.example_classifier import HARMLESS, Fit, fit
from worker.answering.triage.message_features import ExampleIndex, Extractor, TextFeatures, rarities_of
from worker.answering.triage.recogniser import EXAMPLES, Example, Recogniser
from worker.categories.category import CATEGORIES, Category
from worker.telemetry import logs

log = logs.get(__name__)


#: Counts up whenever the same examples give other weights.
_VERSION = 2

#: The types by which files are small; half of the digits of a vector say the same.
_KEPT_AS = {"vectors": np.float16, "values": np.float16, "buckets": np.uint16}


@dataclass(frozen=True, kw_only=True)
class OwnCheck:
    """How a desk's category does on its own examples, each judged without itself.

    Attributes:
        examples: how many it has.
        missed: those that are not recognised.
        false_alarms: the counter-examples that are.
    """

    examples: int
    missed: tuple[str, ...]
    false_alarms: tuple[str, ...]


class LearnedExamples:
    """The recogniser of the examples that ship, and of these together with a desk's. Safe to share between threads.

    Args:
        embedder: the embedding model; the stand-in without one leaves words to decide.
        folder: where what is learned is kept; None keeps nothing.
    """

    def __init__(self, embedder: Embedder, folder: Path | None) -> None:
        self._encode: Callable[[str], Vector] | None = None if is_lexical_only(embedder) else embedder.encode
        fingerprint = f"{_VERSION}\n{embedder.identity}\n".encode() + EXAMPLES.read_bytes()
        name = f"escalation-examples-{hashlib.sha256(fingerprint).hexdigest()[:16]}.npz"
        self._path = None if folder is None or self._encode is None else folder / name
        self._shipped_path = cross_encoder.shipped("escalation") / name

    def recogniser(self) -> Recogniser:
        """Return the recogniser of the examples that ship."""
        kept = self._kept()
        extractor, shipped = self._shipped(kept)
        categories = tuple(str(name) for name in kept["categories"])
        cuts = dict(zip(categories, map(float, kept["thresholds"]), strict=True))
        return Recogniser(
            extractor=extractor,
            index=ExampleIndex(shipped),
            categories=categories,
            weights=kept["weights"],
            thresholds=cuts,
        )

    def with_own(self, own: Sequence[Category]) -> tuple[Recogniser, dict[str, OwnCheck]]:
        """Return the recogniser that also knows the categories of a desk, and how each does on its own examples."""
        extractor, rows = self._shipped(self._kept())
        examples = [*recogniser.load_examples(), *_examples(own)]
        rows += [extractor.features(example.text) for example in examples[len(rows) :]]
        labels = [example.label for example in examples]
        index = ExampleIndex(rows)
        fitted = fit(index.all_similarities(), labels)
        names = [category.name for category in own]
        learned = Recogniser(
            extractor=extractor,
            index=index,
            categories=fitted.categories,
            weights=fitted.weights,
            thresholds=recogniser.thresholds(fitted, labels, own=[name for name in names if name not in CATEGORIES]),
            priorities={category.name: category.priority for category in own},
        )
        return learned, {category.name: _check(fitted, learned, examples, category) for category in own}

    def _shipped(self, kept: dict[str, Any]) -> tuple[Extractor, list[TextFeatures]]:
        """Return the features of the examples that ship, and what finds those of a message."""
        count = len(kept["lengths"])
        ends = np.cumsum(kept["lengths"])[:-1]
        buckets = np.split(kept["buckets"].astype(np.int64), ends)
        values = np.split(kept["values"].astype(np.float32), ends)
        vectors: Sequence[Vector | None] = [None] * count
        if self._encode is not None:
            vectors = kept["vectors"].astype(np.float32)
        return Extractor(kept["rarities"], self._encode), [
            TextFeatures(vector=vectors[n], buckets=buckets[n], values=values[n]) for n in range(count)
        ]

    def _kept(self) -> dict[str, Any]:
        """Return the classifier that was fitted before, or fit it now."""
        for path in filter(None, (self._shipped_path, self._path)):
            if path.exists():
                try:
                    with np.load(path) as found:
                        return {name: found[name] for name in found.files}
                except (OSError, ValueError, zipfile.BadZipFile) as error:
                    log.warning("escalation_examples_unreadable", cause=str(error))
        learned = self._learn()
        if self._path is not None:
            _keep(self._path, learned)
        return learned

    def ship(self) -> Path:
        """Learn the examples, write the file that ships, and return its path."""
        self._shipped_path.parent.mkdir(exist_ok=True)
        np.savez_compressed(self._shipped_path, **self._learn())
        return self._shipped_path

    def _learn(self) -> dict[str, Any]:
        shipped = recogniser.load_examples()
        extractor = Extractor(rarities_of([example.text for example in shipped]), self._encode)
        rows = [extractor.features(example.text) for example in shipped]
        labels = [example.label for example in shipped]
        fitted = fit(ExampleIndex(rows).all_similarities(), labels)
        cuts = recogniser.thresholds(fitted, labels)
        vectors = [row.vector for row in rows if row.vector is not None]
        learned = {
            "rarities": extractor.rarities,
            "vectors": np.stack(vectors) if vectors else np.empty((0, 0), np.float32),
            "lengths": np.array([len(row.buckets) for row in rows]),
            "buckets": np.concatenate([row.buckets for row in rows]),
            "values": np.concatenate([row.values for row in rows]),
            "categories": np.array(fitted.categories),
            "weights": fitted.weights,
            "thresholds": np.array([cuts[name] for name in fitted.categories]),
        }
        return {name: array.astype(_KEPT_AS.get(name, array.dtype)) for name, array in learned.items()}


def checks_to_api(checks: Mapping[str, OwnCheck]) -> dict[str, dict[str, Any]]:
    """Return checks by name of the category, in the form of the API."""
    return {
        name: {
            "examples": check.examples,
            "recognised": check.examples - len(check.missed),
            "missed": list(check.missed),
            "false_alarms": list(check.false_alarms),
        }
        for name, check in checks.items()
    }


def _examples(own: Sequence[Category]) -> list[Example]:
    return [
        Example(label=label, text=text)
        for category in own
        for label, texts in ((category.name, category.examples), (HARMLESS, category.counter_examples))
        for text in texts
    ]


def _check(fitted: Fit, learned: Recogniser, examples: Sequence[Example], category: Category) -> OwnCheck:
    """Judge the examples of a category without themselves; they are the last of their text."""
    position = {example.text: n for n, example in enumerate(examples)}
    column, least = fitted.left_out[:, fitted.categories.index(category.name)], learned.thresholds[category.name]
    nearest = fitted.left_out.argmax(axis=1)
    own = fitted.categories.index(category.name)
    is_recognised = {text: column[n] >= least and nearest[n] == own for text, n in position.items()}
    return OwnCheck(
        examples=len(category.examples),
        missed=tuple(text for text in category.examples if not is_recognised[text]),
        false_alarms=tuple(text for text in category.counter_examples if is_recognised[text]),
    )


def _keep(path: Path, learned: dict[str, Any]) -> None:
    """Write a file in one step; a folder that cannot be written to costs the next process the same seconds."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as file:
            np.savez(file, **learned)
        os.replace(file.name, path)
    except OSError as error:
        log.warning("escalation_examples_not_kept", cause=str(error))
