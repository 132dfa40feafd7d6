"""Pairs as they come in service: labelled messages with the first passage that a search finds for them."""

import json
from pathlib import Path

from kb.embedding import Embedder
from training.answers.sources import Pair
from worker.answering.check.confidence import title_of
from worker.evaluation.articles import articles_of, indexed_articles

#: Messages that have answers of their own, without a search.
NOT_SEARCHED = frozenset({"about_assistant"})


def pairs(folder: Path, *, split: str, embedder: Embedder) -> list[Pair]:
    """Return the English messages of a split (`tests/data/questions/README.md`), each with the first passage found.

    It counts as an answer if an article answers the message and the passage is of that article.
    """
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text().splitlines()]
    rows = [
        row for row in rows if row["split"] == split and row["language"] == "en" and row["kind"] not in NOT_SEARCHED
    ]
    found = []
    for domain in sorted({row["domain"] for row in rows}):
        with indexed_articles(articles_of(folder, domain), embedder) as knowledge:
            for row in rows:
                hits = knowledge.search("", row["text"], limit=1).hits if row["domain"] == domain else ()
                for hit in hits:
                    found.append(
                        Pair(
                            question=row["text"],
                            passage=hit.record.text,
                            title=title_of(hit.record),
                            answered=row["answerable"] and hit.record.document_id == row["article"],
                            source="questions",
                            group=row["domain"],
                            kind=row["kind"],
                            cosine=None if hit.dense is None else embedder.scale.to_default(hit.dense),
                        )
                    )
    return found
