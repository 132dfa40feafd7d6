"""Measure the answer model on labelled pairs of question and passage: whether it tells what answers from what is near.

A set is a folder with `pairs.jsonl`, {question, passage, title, answered} a line, or one whose queries name the passage
that they were asked about (`passage_id`, `answerable`), as SQuAD 2 does.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.quality import LabelsUnreadable
from worker.answering.check.confidence import AnswerJudge
from worker.evaluation.curves import Curve, reliability, risk
from worker.evaluation.measures import Measure


@dataclass(frozen=True, kw_only=True)
class LabelledPair:
    """A question, a passage with its title, and whether the passage answers the question."""

    id: str
    question: str
    passage: str
    title: str
    answered: bool


def load(folder: Path) -> list[LabelledPair]:
    """Return the pairs of a folder, none when it has none.

    Raises:
        LabelsUnreadable: a file is malformed.
    """
    try:
        return [*_pairs(folder / "pairs.jsonl"), *_queries(folder)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabelsUnreadable(f"The pairs of {folder} cannot be read: {error!r}") from None


def _pairs(path: Path) -> list[LabelledPair]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [
        LabelledPair(
            id=f"{number} {row['question'][:60]}",
            question=row["question"],
            passage=row["passage"],
            title=row.get("title", ""),
            answered=bool(row["answered"]),
        )
        for number, row in enumerate(map(json.loads, lines), 1)
    ]


def _queries(folder: Path) -> list[LabelledPair]:
    """Return the queries that name their passage, each with it."""
    if not (folder / "queries.jsonl").exists() or not (folder / "corpus.jsonl").exists():
        return []
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row.get("passage_id")]
    corpus = {row["_id"]: row for row in map(json.loads, (folder / "corpus.jsonl").read_text().splitlines()) if rows}
    return [
        LabelledPair(
            id=row["_id"],
            question=row["text"],
            passage=corpus[row["passage_id"]]["text"],
            title=corpus[row["passage_id"]].get("title", "").replace("_", " "),
            answered=bool(row["answerable"]),
        )
        for row in rows
    ]


def measures(
    pairs: Sequence[LabelledPair],
    judge: AnswerJudge,
    *,
    min_confidence: float,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[dict[str, Measure], dict[str, Curve]]:
    """Return how well the judge tells pairs apart, the shares at `min_confidence`, and two curves.

    The curves are the risk (the share not answered among those kept) against the coverage (the share of the answered
    ones that is kept) by falling threshold, and the reliability (the share answered in bins of the probability).
    """
    found: dict[str, float] = {}
    for done, pair in enumerate(pairs, 1):
        found[pair.id] = judge(pair.question, pair.passage, pair.title)
        progress(done, len(pairs))
    positive = frozenset(pair.id for pair in pairs if pair.answered)
    if not positive or len(positive) == len(found):
        return {}, {}
    scored = [(found[pair.id], pair.answered) for pair in pairs]
    return {
        "answers AUROC": Measure(items=found, kind="auroc", positive=positive),
        "answers: true negative rate at 95 % true positive rate": Measure(
            items=found, kind="tnr_at_95_tpr", positive=positive
        ),
        "answers: kept, of passages that answer": Measure(
            items={id: float(found[id] >= min_confidence) for id in sorted(positive)}
        ),
        "answers: kept, of passages that do not": Measure(
            items={id: float(value >= min_confidence) for id, value in found.items() if id not in positive},
            better="lower",
        ),
    }, {
        "answers: not answering among those kept against answering ones kept": risk(scored),
        "answers: share answering against probability": reliability(scored),
    }
