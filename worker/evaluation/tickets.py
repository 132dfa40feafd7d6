"""Search with long tickets, and measure how many of the articles that answer them are found.

A set is a folder with `long_tickets.jsonl`, a ticket a line (`id`, `domain`, `split`, `text`, maybe `subject`, and the
`articles` that answer it), and the articles in `articles/DOMAIN/`; tests/data/questions/README.md describes the format.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from kb import quality
from kb.embedding import Embedder
from kb.quality import LabelsUnreadable
from worker.evaluation.articles import Progress, articles_of, indexed_articles
from worker.evaluation.measures import Measure

NAME = "long_tickets.jsonl"

#: Articles that are looked at: an answer is written from about as many.
DEPTHS = (3, 10)


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A long message, its subject before it, and the files of the articles that answer it."""

    id: str
    domain: str
    split: str
    text: str
    articles: tuple[str, ...]


def load(folder: Path) -> list[Ticket]:
    """Return the tickets of a folder, none when it has no such file.

    Raises:
        LabelsUnreadable: a line is malformed.
    """
    path = folder / NAME
    return list(_read(path)) if path.is_file() else []


def _read(path: Path) -> Iterator[Ticket]:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            row = json.loads(line)
            yield Ticket(
                id=row["id"],
                domain=row["domain"],
                split=row["split"],
                text="\n".join(part for part in (row.get("subject"), row["text"]) if part),
                articles=tuple(row["articles"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LabelsUnreadable(f"{path}, line {number} cannot be read: {error!r}") from None


def measures(
    folder: Path,
    tickets: Sequence[Ticket],
    *,
    embedder: Embedder,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, Measure]:
    """Return the recall of the articles by split and depth, and that of BM25 alone beside it."""
    found: dict[str, dict[str, float]] = {}
    done = 0
    for domain, of_domain in groupby(sorted(tickets, key=lambda ticket: ticket.domain), lambda ticket: ticket.domain):
        with indexed_articles(articles_of(folder, domain), embedder) as knowledge:
            for ticket in of_domain:
                by_search = knowledge.search("eval", ticket.text, limit=50).hits
                by_words = knowledge.opened.lexical(ticket.text, 50)
                legs = {
                    "": [hit.record.document_id for hit in by_search],
                    ", BM25 alone": [knowledge.opened.record(row).document_id for row, _score in by_words],
                }
                for leg, documents in legs.items():
                    ranking, relevant = list(dict.fromkeys(documents)), dict.fromkeys(ticket.articles, 1)
                    for depth in DEPTHS:
                        name = f"long tickets {ticket.split}: recall@{depth}{leg}"
                        found.setdefault(name, {})[ticket.id] = quality.recall(ranking, relevant, depth)
                done += 1
                progress(done, len(tickets))
    return {name: Measure(items=found[name]) for name in sorted(found)}
