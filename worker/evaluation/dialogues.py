"""Hold labelled dialogues with an agent, and measure what it searches for at each turn.

A set is a folder with `dialogues.jsonl` or `dialogues-NAME.jsonl`, a dialogue per line, and the articles in
`articles/DOMAIN/`; tests/data/dialogues/README.md describes the format.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, get_args

from kb.embedding import Embedder
from kb.quality import read_rows
from worker.answering.agent import Agent
from worker.answering.question import Question
from worker.conversations.outcomes import Answer, Outcome, Retry
from worker.conversations.sessions import Turn
from worker.evaluation.articles import Progress, SnapshotSearch, articles_of, indexed_articles
from worker.evaluation.measures import Measure
from worker.states import Role

Kind = Literal["first", "follow_up", "topic_change", "thanks"]

#: Makes the agent that is measured, with a search in the articles of one domain.
AgentFactory = Callable[[SnapshotSearch], Agent]


@dataclass(frozen=True, kw_only=True)
class LabelledTurn:
    """A customer's message, and the articles of which a right search finds one first; none for thanks."""

    message: str
    kind: Kind
    articles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Dialogue:
    """A conversation of labelled turns; `split` is the NAME of its file, or empty."""

    id: str
    domain: str
    split: str
    turns: tuple[LabelledTurn, ...]


def load(folder: Path) -> list[Dialogue]:
    """Return the dialogues of a folder, none when it has no file of them.

    Raises:
        LabelsUnreadable: a file is malformed.
    """
    return [
        dialogue
        for path in sorted(folder.glob("dialogues*.jsonl"))
        for dialogue in read_rows(path, partial(_dialogue, path.stem.partition("-")[2]))
    ]


def _dialogue(split: str, row: dict[str, Any]) -> Dialogue:
    turns = tuple(
        LabelledTurn(message=turn["message"], kind=_kind(turn["kind"]), articles=tuple(turn["articles"]))
        for turn in row["turns"]
    )
    return Dialogue(id=row["id"], domain=row["domain"], split=split, turns=turns)


def _kind(name: str) -> Kind:
    found = next((kind for kind in get_args(Kind) if kind == name), None)
    if found is None:
        raise ValueError(f"kind {name!r}")
    return found  # type: ignore[no-any-return]


def measures(
    folder: Path,
    dialogues: Sequence[Dialogue],
    *,
    embedder: Embedder,
    agent: AgentFactory,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, Measure]:
    """Return precision at 1 by turn and by kind, and the share of topic changes that stay with the old topic."""
    items: dict[str, dict[str, float]] = defaultdict(dict)
    done = 0
    for domain, group in groupby(sorted(dialogues, key=lambda dialogue: dialogue.domain), lambda each: each.domain):
        with indexed_articles(articles_of(folder, domain), embedder) as knowledge:
            answering = agent(knowledge)
            for dialogue in group:
                for name, item, value in _results(dialogue, answering):
                    items[name][item] = value
                done += 1
                progress(done, len(dialogues))
    return {
        name: Measure(items=items[name], better="lower" if name.endswith("dragged back") else "higher")
        for name in sorted(items)
    }


def _results(dialogue: Dialogue, agent: Agent) -> Iterator[tuple[str, str, float]]:
    """Yield the measure, the item and its value of each turn."""
    prefix = f"dialogues {dialogue.split}".strip()
    before: tuple[str, ...] = ()
    for number, (turn, found) in enumerate(zip(dialogue.turns, _found(dialogue, agent), strict=True), 1):
        if not turn.articles:
            continue
        item, right = f"{dialogue.id} {number}", float(found in turn.articles)
        yield f"{prefix}: precision at 1", item, right
        yield f"{prefix}: precision at 1, turn {number}", item, right
        yield f"{prefix}: precision at 1, {turn.kind.replace('_', ' ')}", item, right
        if turn.kind == "topic_change":
            yield f"{prefix}: topic changes dragged back", item, float(found in before)
        before = turn.articles


def _found(dialogue: Dialogue, agent: Agent) -> Iterator[str | None]:
    """Yield the article of the first passage that each turn finds; the agent's answers are the turns between."""
    turns: list[Turn] = []
    for turn in dialogue.turns:
        seq = len(turns) + 1
        question = Question(workspace_id="eval", content=turn.message, turns=tuple(turns), seq=seq)
        outcome = agent.answer(question)
        turns.append(Turn(seq=seq, role=Role.CUSTOMER, content=turn.message))
        if isinstance(outcome, Answer):
            turns.append(Turn(seq=seq + 1, role=Role.ASSISTANT, content=outcome.content))
        yield _first_article(outcome)


def _first_article(outcome: Outcome) -> str | None:
    retrieved = None if isinstance(outcome, Retry) else outcome.retrieved
    items = retrieved["items"] if retrieved else []
    return str(items[0]["document_id"]) if items else None
