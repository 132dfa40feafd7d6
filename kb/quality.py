"""Labelled sets, and the measures of retrieval on them.

A labelled set is a folder with `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`) and
`qrels.tsv` (query, document, score), as BEIR lays it out; queries may say whether they are `answerable`. A folder with
`train.jsonl` and `val.jsonl` (`text`, `intent`) is read as CLINC150.
"""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kb.errors import KnowledgeError

DEPTH = 10

Qrels = Mapping[str, Mapping[str, int]]


class LabelsUnreadable(KnowledgeError):
    """The folder is not a labelled set: it needs corpus.jsonl, queries.jsonl and qrels.tsv."""

    code = "labels_unreadable"


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A labelled set: text by document id, text by query id, and which documents answer which query.

    `titled` has title and text of documents apart, where they came so.
    `answerable` says of each query whether the corpus answers it, and `answers` in what words, where that was labelled.
    """

    corpus: Mapping[str, str]
    queries: Mapping[str, str]
    qrels: Qrels
    answerable: Mapping[str, bool] = field(default_factory=dict)
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    titled: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def judged(self) -> list[str]:
        """The queries whose documents are known."""
        return [query for query in self.queries if query in self.qrels]


def load(folder: Path) -> Labels:
    """Read a labelled set; a document's text is its title and text joined by a space, as BEIR does.

    Raises:
        LabelsUnreadable: a file is missing or malformed.
    """
    if (folder / "train.jsonl").exists():
        return _load_intents(folder)
    try:
        titled = {row["_id"]: (row.get("title", ""), row["text"]) for row in _lines(folder / "corpus.jsonl")}
        corpus = {id: f"{title} {text}".strip() for id, (title, text) in titled.items()}
        asked = _lines(folder / "queries.jsonl")
        queries = {row["_id"]: row["text"] for row in asked}
        answerable = {row["_id"]: bool(row["answerable"]) for row in asked if "answerable" in row}
        answers = {row["_id"]: row["answers"] for row in asked if row.get("answers")}
        qrels: dict[str, dict[str, int]] = {}
        with (folder / "qrels.tsv").open() as file:
            for query, document, score in csv.reader(file, delimiter="\t"):
                if score.lstrip("-").isdigit() and int(score) > 0:
                    qrels.setdefault(query, {})[document] = int(score)
    except (OSError, ValueError, KeyError) as error:
        raise LabelsUnreadable(f"{folder} is not a labelled set: {error}") from None
    if not qrels:
        raise LabelsUnreadable(f"{folder} has no judged queries.")
    return Labels(corpus=corpus, queries=queries, qrels=qrels, answerable=answerable, answers=answers, titled=titled)


def _load_intents(folder: Path) -> Labels:
    """Read CLINC150: what was said in training is the corpus, and a query's documents are those of its intent."""
    try:
        known = [row for row in _lines(folder / "train.jsonl") if row["intent"] != "oos"]
        asked = _lines(folder / "val.jsonl")
        by_intent: dict[str, dict[str, int]] = {}
        for number, row in enumerate(known):
            by_intent.setdefault(row["intent"], {})[f"d{number}"] = 1
        return Labels(
            corpus={f"d{number}": row["text"] for number, row in enumerate(known)},
            queries={f"q{number}": row["text"] for number, row in enumerate(asked)},
            qrels={f"q{n}": by_intent[row["intent"]] for n, row in enumerate(asked) if row["intent"] in by_intent},
            answerable={f"q{number}": row["intent"] in by_intent for number, row in enumerate(asked)},
        )
    except (OSError, ValueError, KeyError) as error:
        raise LabelsUnreadable(f"{folder} is not a labelled set: {error}") from None


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def ranked(scores: Mapping[int, float]) -> list[int]:
    """Return rows by their scores, best first."""
    return sorted(scores, key=lambda row: (-scores[row], row))


def ndcg(ranking: Sequence[str], judged: Mapping[str, int], depth: int = DEPTH) -> float:
    """Return the normalised discounted cumulative gain, linear gain, log2 discount (Järvelin & Kekäläinen 2002)."""
    gained = sum(judged.get(name, 0) / math.log2(rank + 2) for rank, name in enumerate(ranking[:depth]))
    ideal = sorted(judged.values(), reverse=True)[:depth]
    best = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(ideal))
    return gained / best if best else 0.0


def recall(ranking: Sequence[str], judged: Mapping[str, int], depth: int = DEPTH) -> float:
    """Return the share of the relevant documents among the first `depth`."""
    return len(set(ranking[:depth]) & set(judged)) / len(judged)


def reciprocal_rank(ranking: Sequence[str], judged: Mapping[str, int], depth: int = DEPTH) -> float:
    """Return 1 / rank of the first relevant document among the first `depth`, or 0."""
    return next((1 / (rank + 1) for rank, name in enumerate(ranking[:depth]) if name in judged), 0.0)
