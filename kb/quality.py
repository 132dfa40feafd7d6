"""Labelled sets, and the measures of retrieval on them.

A labelled set is a folder with `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`) and
`qrels.tsv` (query, document, score), as BEIR lays it out; queries may say whether they are `answerable`. A folder with
`train.jsonl` and `val.jsonl` (`text`, `intent`) is read as CLINC150.
"""

import csv
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from kb.errors import KnowledgeError

DEPTH = 10

Qrels = Mapping[str, Mapping[str, int]]

Row = TypeVar("Row")


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


def read_rows(path: Path, parse: Callable[[dict[str, Any]], Row]) -> list[Row]:
    """Return the rows of a file of JSON Lines, each as `parse` returns it; empty lines are skipped.

    `parse` gets the object of a line; a ValueError, KeyError, TypeError or AttributeError of it means a malformed line.

    Raises:
        LabelsUnreadable: the file cannot be read, or a line is malformed; the message names the file and the line.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeError) as error:
        raise LabelsUnreadable(f"{path} cannot be read: {error}") from None
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                rows.append(parse(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LabelsUnreadable(f"{path}, line {number} cannot be read: {error!r}") from None
    return rows


def load(folder: Path) -> Labels:
    """Read a labelled set; a document's text is its title and text joined by a space, as BEIR does.

    Raises:
        LabelsUnreadable: a file is missing or malformed.
    """
    if (folder / "train.jsonl").exists():
        return _load_intents(folder)
    titled = dict(read_rows(folder / "corpus.jsonl", lambda row: (row["_id"], (row.get("title", ""), row["text"]))))
    asked = read_rows(folder / "queries.jsonl", lambda row: (row["_id"], row["text"], row))
    qrels = _judgements(folder / "qrels.tsv")
    if not qrels:
        raise LabelsUnreadable(f"{folder} has no judged queries.")
    return Labels(
        corpus={id: f"{title} {text}".strip() for id, (title, text) in titled.items()},
        queries={id: text for id, text, _ in asked},
        qrels=qrels,
        answerable={id: bool(row["answerable"]) for id, _, row in asked if "answerable" in row},
        answers={id: row["answers"] for id, _, row in asked if row.get("answers")},
        titled=titled,
    )


def _judgements(path: Path) -> dict[str, dict[str, int]]:
    """Return the positive scores of documents by query."""
    qrels: dict[str, dict[str, int]] = {}
    try:
        with path.open() as file:
            for query, document, score in csv.reader(file, delimiter="\t"):
                if score.lstrip("-").isdigit() and int(score) > 0:
                    qrels.setdefault(query, {})[document] = int(score)
    except (OSError, ValueError) as error:
        raise LabelsUnreadable(f"{path} cannot be read: {error}") from None
    return qrels


def _load_intents(folder: Path) -> Labels:
    """Read CLINC150: what was said in training is the corpus, and a query's documents are those of its intent."""
    said = read_rows(folder / "train.jsonl", _intent)
    known = [(text, intent) for text, intent in said if intent != "oos"]
    asked = read_rows(folder / "val.jsonl", _intent)
    by_intent: dict[str, dict[str, int]] = {}
    for number, (_, intent) in enumerate(known):
        by_intent.setdefault(intent, {})[f"d{number}"] = 1
    return Labels(
        corpus={f"d{number}": text for number, (text, _) in enumerate(known)},
        queries={f"q{number}": text for number, (text, _) in enumerate(asked)},
        qrels={f"q{n}": by_intent[intent] for n, (_, intent) in enumerate(asked) if intent in by_intent},
        answerable={f"q{number}": intent in by_intent for number, (_, intent) in enumerate(asked)},
    )


def _intent(row: dict[str, Any]) -> tuple[str, str]:
    return row["text"], row["intent"]


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
