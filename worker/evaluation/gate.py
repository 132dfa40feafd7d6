"""Put messages to the gate alone, without an answerer: which pass, and which change sides by a harmless addition.

A set is a folder with `questions.jsonl`, `additions.jsonl` and the articles in `articles/DOMAIN/`;
tests/data/questions/README.md describes the format.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.embedding import Embedder
from kb.quality import LabelsUnreadable
from worker.answering.question import Question
from worker.answering.questions import several_questions
from worker.answering.questions.gate import Gate
from worker.conversations.sessions import Turn
from worker.evaluation.articles import Progress, SnapshotSearch, articles_of, indexed_articles
from worker.evaluation.measures import Measure
from worker.reading.message import read
from worker.states import Role

#: Passages that are searched for, as the agent does, so that two searches can be compared.
_FOUND = 10
_LIMIT = 5


@dataclass(frozen=True, kw_only=True)
class LabelledText:
    """A message, whether an article answers it, and the texts that say the same with an addition, with their kinds."""

    id: str
    domain: str
    split: str
    text: str
    answerable: bool
    kind: str
    before: tuple[Turn, ...]
    additions: tuple[tuple[str, str], ...]


def load(folder: Path) -> list[LabelledText]:
    """Return the messages of a folder, none when it has no `additions.jsonl`.

    Raises:
        LabelsUnreadable: a file is malformed.
    """
    if not (folder / "additions.jsonl").is_file():
        return []
    try:
        additions: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for row in _rows(folder / "additions.jsonl"):
            additions[row["id"]].append((row["kind"], row["text"]))
        return [
            LabelledText(
                id=row["id"],
                domain=row["domain"],
                split=row["split"],
                text=row["text"],
                answerable=row["answerable"],
                kind=row["kind"],
                before=tuple(
                    Turn(seq=seq, role=Role(turn["role"]), content=turn["text"])
                    for seq, turn in enumerate(row.get("before", ()), 1)
                ),
                additions=tuple(additions[row["id"]]),
            )
            for row in _rows(folder / "questions.jsonl")
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabelsUnreadable(f"{folder} has questions or additions that cannot be read: {error!r}") from None


def measures(
    folder: Path,
    texts: list[LabelledText],
    *,
    embedder: Embedder,
    gate: Gate,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, Measure]:
    """Return the shares of messages on their right side of the gate, and of additions that change the side."""
    items: dict[str, dict[str, float]] = defaultdict(dict)
    done = 0
    for domain in sorted({text.domain for text in texts}):
        with indexed_articles(articles_of(folder, domain), embedder) as knowledge:
            for text in (text for text in texts if text.domain == domain):
                for name, item, value in _results(text, knowledge, gate):
                    items[name][item] = value
                done += 1
                progress(done, len(texts))
    return {
        name: Measure(items=items[name], better="lower" if "changed" in name else "higher") for name in sorted(items)
    }


def _results(text: LabelledText, knowledge: SnapshotSearch, gate: Gate) -> Iterator[tuple[str, str, float]]:
    """Yield measure, item and value of a message: its own, and those of its additions."""
    suite = f"gate {text.split}"
    passes = _passes(text.text, text, knowledge, gate)
    if text.answerable:
        yield f"{suite}: pass, of answerable questions", text.id, float(passes)
    else:
        yield f"{suite}: kept out, of `{text.kind}`", text.id, float(not passes)
    for kind, added in text.additions:
        changed = float(_passes(added, text, knowledge, gate) != passes)
        yield f"{suite}: changed by an addition", f"{text.id} {kind}", changed
        yield f"{suite}: changed by `{kind}`", text.id, changed


def _passes(content: str, text: LabelledText, knowledge: SnapshotSearch, gate: Gate) -> bool:
    asked = Question(workspace_id="eval", content=read(content).written, turns=text.before, seq=len(text.before) + 1)
    found = several_questions.read(
        asked, (), lambda query: knowledge.search("eval", query, limit=_FOUND), limit=_LIMIT, gate=gate
    )
    return gate.admits(found.relevance, found.found.scale)


def _rows(path: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
