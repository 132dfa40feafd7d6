"""Put messages with one or more questions to an agent, and measure which of the questions it answers.

A set is a folder with `questions.jsonl` or `questions-NAME.jsonl`, a message per line, and the articles in
`articles/DOMAIN/`; tests/data/several/README.md describes the format.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from kb import sentences
from kb.embedding import Embedder
from kb.quality import read_rows
from worker.answering.agent import Agent
from worker.answering.question import Question
from worker.conversations.outcomes import Answer
from worker.evaluation.articles import Progress, articles_of, indexed_articles
from worker.evaluation.dialogues import AgentFactory
from worker.evaluation.measures import Measure


@dataclass(frozen=True, kw_only=True)
class LabelledQuestion:
    """A question of a message, and the articles of which a right answer cites one; none when no article answers it."""

    text: str
    articles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LabelledMessage:
    """A message and its questions, in their order; `split` is the NAME of its file, or empty."""

    id: str
    domain: str
    split: str
    message: str
    questions: tuple[LabelledQuestion, ...]


def load(folder: Path) -> list[LabelledMessage]:
    """Return the messages of a folder, none when it has no file of them.

    Raises:
        LabelsUnreadable: a file is malformed.
    """
    return [
        message
        for path in sorted(folder.glob("questions*.jsonl"))
        for message in read_rows(path, partial(_message, path.stem.partition("-")[2]))
    ]


def _message(split: str, row: dict[str, Any]) -> LabelledMessage:
    return LabelledMessage(
        id=row["id"],
        domain=row["domain"],
        split=split,
        message=row["message"],
        questions=tuple(
            LabelledQuestion(text=question["question"], articles=tuple(question["articles"]))
            for question in row["questions"]
        ),
    )


def measures(
    folder: Path,
    messages: Sequence[LabelledMessage],
    *,
    embedder: Embedder,
    agent: AgentFactory,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, Measure]:
    """Return the shares of questions that are answered or named, and of messages that are answered rightly."""
    items: dict[str, dict[str, float]] = defaultdict(dict)
    done = 0
    for domain, group in groupby(sorted(messages, key=lambda message: message.domain), lambda each: each.domain):
        with indexed_articles(articles_of(folder, domain), embedder) as knowledge:
            answering = agent(knowledge)
            for message in group:
                for name, item, value in _results(message, answering):
                    items[name][item] = value
                done += 1
                progress(done, len(messages))
    return {name: Measure(items=items[name]) for name in sorted(items)}


def _results(message: LabelledMessage, agent: Agent) -> Iterator[tuple[str, str, float]]:
    """Yield the measure, the item and its value of a message and of each of its questions."""
    prefix = f"questions {message.split}".strip()
    outcome = agent.answer(Question(workspace_id="eval", content=message.message))
    cited = [each.document_id for each in outcome.citations] if isinstance(outcome, Answer) else []
    unanswered = outcome.unanswered if isinstance(outcome, Answer) else ()
    several = len({question.articles for question in message.questions}) > 1
    right: list[bool] = []
    for number, question in enumerate(message.questions, 1):
        item = f"{message.id} {number}"
        if question.articles:
            right.append(any(article in question.articles for article in cited))
            yield f"{prefix}: questions answered from their article", item, float(right[-1])
            if several:
                yield f"{prefix}: questions answered from their article, of several", item, float(right[-1])
        else:
            right.append(any(_is_same(question.text, named) for named in unanswered))
            yield f"{prefix}: questions without an answer that are named", item, float(right[-1])
    missing = sum(not question.articles for question in message.questions)
    if several:
        yield (
            f"{prefix}: messages of several subjects wholly right",
            message.id,
            float(all(right) and len(unanswered) == missing and _in_order(message, cited)),
        )
    else:
        known = {article for question in message.questions for article in question.articles}
        yield (
            f"{prefix}: messages of one subject taken as one",
            message.id,
            float(not unanswered and not set(cited) - known),
        )
        yield f"{prefix}: messages of one subject answered", message.id, float(right[0])


def _in_order(message: LabelledMessage, cited: Sequence[str]) -> bool:
    """Whether the first citations of the questions come in the order of the questions."""
    first = [
        min(cited.index(article) for article in question.articles if article in cited)
        for question in message.questions
        if question.articles
    ]
    return first == sorted(first)


def _is_same(question: str, named: str) -> bool:
    """Whether two wordings of a question share most of their content words."""
    wanted, words = sentences.content(question), sentences.content(named)
    return 2 * len(wanted & words) > len(wanted | words)
