"""Run labelled drafts through an agent, as if a language model had written them for a customer.

A set is a folder with `DOMAIN.SPLIT.jsonl`, a draft per line, and the articles that they cite in `articles/DOMAIN/`;
tests/data/drafts/README.md describes the format.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kb import documents
from kb.filters import Filters
from kb.quality import LabelsUnreadable
from kb.search import Found, Hit
from kb.snapshot import Record
from worker.answering.agent import Agent
from worker.answering.question import Draft, Question, TextListener, ignore_text
from worker.answering.support import Entailment, Similarity
from worker.conversations.outcomes import Answer, Outcome, Piece
from worker.evaluation.measures import Measure

_CITATION = re.compile(r"\[\d{1,3}(?:, ?\d{1,3})*\]")
_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True, kw_only=True)
class LabelledDraft:
    """A draft, the passages that its citations number from 1 on, and the fault that was planted in it, if any.

    Attributes:
        passages: `FILE#HEADING` each, in `articles/DOMAIN/`.
        small_talk: the sentences, headings and phrases that claim nothing.
        fault: the kind of the fault, and `faulty_sentence` the sentence that has it.
    """

    id: str
    domain: str
    split: str
    question: str
    passages: tuple[str, ...]
    text: str
    small_talk: tuple[str, ...] = ()
    fault: str | None = None
    faulty_sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The part of a draft that the customer received: `sent` has all that was streamed, even before a handoff."""

    outcome: Outcome
    sent: str


def load(folder: Path) -> list[LabelledDraft]:
    """Return the drafts of a folder, none when it has no articles.

    Raises:
        LabelsUnreadable: a file is malformed.
    """
    if not (folder / "articles").is_dir():
        return []
    return [draft for path in sorted(folder.glob("*.*.jsonl")) for draft in _read(path)]


def _read(path: Path) -> Iterator[LabelledDraft]:
    domain, split, _ = path.name.split(".")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            row = json.loads(line)
            fault = row["fault"] or {}
            yield LabelledDraft(
                id=row["id"],
                domain=domain,
                split=split,
                question=row["question"],
                passages=tuple(row["passages"]),
                text=row["draft"],
                small_talk=tuple(row.get("small_talk", ())),
                fault=fault.get("kind"),
                faulty_sentence=fault.get("sentence", ""),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LabelsUnreadable(f"{path}, line {number} cannot be read: {error!r}") from None


def passages(folder: Path, draft: LabelledDraft) -> tuple[Hit, ...]:
    """Return the passages that a draft was written from, as a search would have found them.

    Raises:
        LabelsUnreadable: an article or a heading is missing.
    """
    articles = folder / "articles" / draft.domain
    return tuple(Hit(record=_record(articles, name), score=1.0, dense=1.0, lexical=None) for name in draft.passages)


@lru_cache(maxsize=1_000)
def _record(articles: Path, name: str) -> Record:
    file, _, heading = name.partition("#")
    try:
        data = (articles / file).read_bytes()
    except OSError as error:
        raise LabelsUnreadable(f"{articles / file} cannot be read: {error}") from None
    document = documents.parse(data, media_type="text/markdown", title=file)
    section = next((section for section in document.sections if section.headings[-1:] == (heading,)), None)
    if section is None:
        raise LabelsUnreadable(f"{articles / file} has no text under the heading {heading!r}.")
    return Record(
        passage_id=name,
        document_id=file,
        title=document.title,
        url=None,
        headings=section.headings,
        anchor=section.anchor,
        start=section.start,
        end=section.end,
        text=document.text[section.start : section.end],
    )


def run(
    draft: LabelledDraft,
    hits: Sequence[Hit],
    *,
    similarity: Similarity | None,
    entailment: Entailment | None = None,
) -> Result:
    """Let an agent answer the question of a draft with that draft, written as a stream of words."""
    sent = ""

    def receive(piece: Piece) -> None:
        nonlocal sent
        sent = sent[: piece.offset] + piece.text

    agent = Agent(
        knowledge=_FixedSearch(tuple(hits)),
        answerer=_Scripted(draft.text),
        similarity=similarity,
        entailment=entailment,
    )
    outcome = agent.answer(Question(workspace_id="eval", content=draft.question), say=receive)
    return Result(outcome=outcome, sent=outcome.content if isinstance(outcome, Answer) else sent)


def is_whole(draft: LabelledDraft, result: Result) -> bool:
    """Whether all that a draft claims was sent; what only is polite may be missing."""
    return isinstance(result.outcome, Answer) and _claims(draft.text, draft) == _claims(result.sent, draft)


def has_fault(draft: LabelledDraft, result: Result) -> bool:
    """Whether the customer received the faulty sentence."""
    return draft.fault is not None and _plain(draft.faulty_sentence) in _plain(result.sent)


def measures(
    folder: Path,
    drafts: Sequence[LabelledDraft],
    *,
    similarity: Similarity | None,
    entailment: Entailment | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Measure]:
    """Return the shares by split, by domain and by kind of fault."""
    items: dict[str, dict[str, float]] = {}

    def count(name: str, draft: LabelledDraft, is_so: bool) -> None:
        items.setdefault(name, {})[draft.id] = float(is_so)

    for done, draft in enumerate(drafts, 1):
        result = run(draft, passages(folder, draft), similarity=similarity, entailment=entailment)
        for group in (f"drafts {draft.split}", f"drafts {draft.split} {draft.domain}"):
            if draft.fault is None:
                whole, is_answer = is_whole(draft, result), isinstance(result.outcome, Answer)
                count(f"{group}: true drafts sent whole", draft, whole)
                count(f"{group}: true drafts cut", draft, is_answer and not whole)
                count(f"{group}: true drafts handed off", draft, not is_answer)
            else:
                count(f"{group}: faults sent", draft, has_fault(draft, result))
        if draft.fault is not None:
            count(f"drafts {draft.split}: faults sent, {draft.fault}", draft, has_fault(draft, result))
        progress(done, len(drafts))
    return {
        name: Measure(items=items[name], better="higher" if name.endswith("whole") else "lower")
        for name in sorted(items)
    }


@dataclass(frozen=True)
class _FixedSearch:
    """A `KnowledgeSearch` that always finds the same passages."""

    hits: tuple[Hit, ...]

    def search(self, workspace_id: str, query: str, *, limit: int, filters: Filters | None = None) -> Found:
        del workspace_id, query, limit, filters
        return Found(snapshot="eval", hits=self.hits)


@dataclass(frozen=True)
class _Scripted:
    """An `Answerer` that writes a given text, word by word as a language model streams it."""

    text: str
    name: str = "llm"
    version: int = 1

    def may_find_more(self, _question: Question, /) -> bool:
        return False

    def draft(
        self,
        question: Question,
        hits: Sequence[Hit],
        *,
        revoked: Callable[[], bool],
        on_text: TextListener = ignore_text,
    ) -> Draft:
        del question, hits, revoked
        for token in _TOKEN.finditer(self.text):
            on_text(self.text[: token.end()])
        return Draft(text=self.text)


def _plain(text: str) -> str:
    """Return the words of a text without citations, each between blanks."""
    return f" {' '.join(_WORD.findall(_CITATION.sub(' ', text).lower()))} "


def _claims(text: str, draft: LabelledDraft) -> str:
    plain = _plain(text)
    for phrase in draft.small_talk:
        plain = plain.replace(_plain(phrase), " ", 1)
    return plain
