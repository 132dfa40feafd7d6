"""Run labelled drafts through an agent, as if a language model had written them for a customer.

A set is a folder with `DOMAIN.SPLIT.jsonl`, a draft per line, and the articles that they cite in `articles/DOMAIN/`;
tests/data/drafts/README.md describes the format.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from kb import documents
from kb.filters import Filters
from kb.quality import LabelsUnreadable, read_rows
from kb.records import Record
from kb.search import Found, Hit
from worker.answering.agent import Agent
from worker.answering.check.support import Entailment, Similarity
from worker.answering.question import Draft, Question, TextListener, ignore_text
from worker.answering.questions.gate import OPEN
from worker.conversations.outcomes import Answer, Outcome, Piece
from worker.evaluation.curves import Curve, reliability, risk
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


@dataclass(frozen=True, kw_only=True)
class DraftSentence:
    """A sentence that the support model reads, and whether it is free of the planted fault.

    Attributes:
        premise: the passages that it cites, all of them if it cites none.
        probability: the support model's.
    """

    draft: LabelledDraft
    text: str
    premise: str
    probability: float
    is_true: bool


def load(folder: Path) -> list[LabelledDraft]:
    """Return the drafts of a folder, none when it has no articles.

    Raises:
        LabelsUnreadable: a file is malformed.
    """
    if not (folder / "articles").is_dir():
        return []
    return [draft for path in sorted(folder.glob("*.*.jsonl")) for draft in read_rows(path, partial(_draft, path))]


def _draft(path: Path, row: dict[str, Any]) -> LabelledDraft:
    domain, split, _ = path.name.split(".")
    fault = row["fault"] or {}
    return LabelledDraft(
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
        gate=OPEN,
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
) -> tuple[dict[str, Measure], dict[str, Curve]]:
    """Return the shares by split, by domain and by kind of fault, and curves of the support model.

    The curves of each split are its risk (the share of faulty sentences among those kept) against its coverage (the
    share of true sentences kept) by falling threshold, and its reliability (the share of true sentences in bins of the
    probability). Both are of the sentences that are not quotes, half of whose drafts have a fault.
    """
    items: dict[str, dict[str, float]] = {}
    scored: list[DraftSentence] = []

    def count(name: str, draft: LabelledDraft, is_so: bool) -> None:
        items.setdefault(name, {})[draft.id] = float(is_so)

    for done, draft in enumerate(drafts, 1):
        heard = _Listening(draft, entailment, scored) if entailment is not None else None
        result = run(draft, passages(folder, draft), similarity=similarity, entailment=heard)
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
    shares = {
        name: Measure(items=items[name], better="higher" if name.endswith("whole") else "lower")
        for name in sorted(items)
    }
    curves: dict[str, Curve] = {}
    for split in sorted({draft.split for draft in drafts}):
        of_split = [sentence for sentence in scored if sentence.draft.split == split]
        if areas := _separation(of_split):
            shares[f"drafts {split}: area under the curve of the support model"] = areas
        pairs = [(sentence.probability, sentence.is_true) for sentence in of_split]
        curves[f"drafts {split}: faulty sentences among those kept against true sentences kept"] = risk(pairs)
        curves[f"drafts {split}: share of true sentences against probability"] = reliability(pairs)
    return shares, curves


def draft_sentences(folder: Path, *, split: str, entailment: Entailment | None = None) -> list[DraftSentence]:
    """Return the sentences of the drafts of a split that the support model reads; without one, with probability 1.

    Raises:
        LabelsUnreadable: a file is malformed.
    """
    found: list[DraftSentence] = []
    for draft in load(folder):
        if draft.split == split:
            heard = _Listening(draft, entailment or (lambda _premise, _claim, _question: 1.0), found)
            run(draft, passages(folder, draft), similarity=None, entailment=heard)
    return found


def _separation(scored: Sequence[DraftSentence]) -> Measure | None:
    names = [f"{sentence.draft.id}: {sentence.text}" for sentence in scored]
    positive = frozenset(name for name, sentence in zip(names, scored, strict=True) if sentence.is_true)
    if not positive or len(positive) == len(set(names)):
        return None
    items = {name: sentence.probability for name, sentence in zip(names, scored, strict=True)}
    return Measure(items=items, kind="auroc", positive=positive)


class _Listening:
    """An `Entailment` that notes each sentence that claims something, with its probability."""

    def __init__(self, draft: LabelledDraft, entailment: Entailment, scored: list[DraftSentence]) -> None:
        self._draft, self._entailment, self._scored = draft, entailment, scored

    def __call__(self, premise: str, claim: str, question: str) -> float:
        """Return the probability that the premise supports the claim."""
        probability = self._entailment(premise, claim, question)
        plain, faulty = _plain(claim), _plain(self._draft.faulty_sentence)
        is_faulty = self._draft.fault is not None and (plain in faulty or faulty in plain)
        if not any(plain in _plain(phrase) for phrase in self._draft.small_talk):
            self._scored.append(
                DraftSentence(
                    draft=self._draft, text=claim, premise=premise, probability=probability, is_true=not is_faulty
                )
            )
        return probability


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
