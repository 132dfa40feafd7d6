"""Measure a folder of labelled cases. Its files decide which suites run:

corpus.jsonl, queries.jsonl, qrels.tsv    retrieval; refusal, where queries say whether they are `answerable`;
(or train.jsonl and val.jsonl)            answering: correct, wrong and refused answers; grounding, on
                                          claims generated from the corpus
claims.jsonl                              grounding: {claim, passage, supported}
escalation.tsv                            escalation: category or `none`, tab, message
follow_ups.tsv                            rewriting: first question, follow-up, title of the right document or `-`
DOMAIN.SPLIT.jsonl, articles/DOMAIN/      drafts of a language model: see `worker.evaluation.drafts`
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from kb import quality
from kb import snapshot as snapshots
from kb.embedding import Embedder
from kb.filters import Filters
from kb.passages import Passage, cut
from kb.quality import Labels, LabelsUnreadable
from kb.readers.blocks import Document, Section
from kb.search import CANDIDATES, Found, fuse, relevance, search
from kb.snapshot import Snapshot
from worker.answering import escalation, rewriting, support
from worker.answering.agent import Agent
from worker.answering.llm import LlmAnswerer
from worker.answering.question import Answerer, Question
from worker.answering.support_model import load_entailment
from worker.answering.tools.registry import Registry
from worker.caching import similarity
from worker.conversations.outcomes import Answer
from worker.conversations.sessions import Turn
from worker.evaluation import drafts
from worker.evaluation.claims import LabelledClaim, generate_claims
from worker.evaluation.measures import Measure
from worker.states import Role

Progress = Callable[[str, int, int], None]

#: Queries that the answering suite asks at most, spread evenly over the set.
_MAX_ANSWERED = 1_000


@dataclass(kw_only=True)
class Results:
    """Measures by name, and curves: (coverage, error) by growing coverage."""

    measures: dict[str, Measure] = field(default_factory=dict)
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The parts that are measured; `whole` leaves documents uncut, as in published retrieval figures.

    `progress` receives the name of a step, the items done and their total.
    """

    embedder: Embedder
    answerer: Answerer
    min_relevance: float
    whole: bool = False
    progress: Progress = lambda _step, _done, _total: None


def run(folder: Path, setup: Setup) -> Results:
    """Run every suite that a folder has labels for.

    Raises:
        LabelsUnreadable: it has none, or a file is malformed.
    """
    results = Results()
    if (folder / "corpus.jsonl").exists() or (folder / "train.jsonl").exists():
        labels = quality.load(folder)
        with indexed(labels, setup) as opened:
            _retrieval(labels, opened, setup, results)
            _refusal(labels, opened, setup, results)
            if (folder / "corpus.jsonl").exists():  # the utterances of an intent are questions, which answer nothing
                _answering(labels, opened, setup, results)
            if (folder / "follow_ups.tsv").exists():
                _rewriting(_rows(folder / "follow_ups.tsv", 3), labels, opened, setup, results)
        if (folder / "corpus.jsonl").exists():
            _grounding(generate_claims(list(labels.corpus.values())), setup, results)
    if (folder / "claims.jsonl").exists():
        _grounding(_claims(folder / "claims.jsonl"), setup, results, suite="given claims")
    if (folder / "escalation.tsv").exists():
        _escalation(_rows(folder / "escalation.tsv", 2), results)
    if labelled := drafts.load(folder):
        results.measures |= drafts.measures(
            folder,
            labelled,
            similarity=similarity(setup.embedder),
            entailment=load_entailment(),
            progress=lambda done, total: setup.progress("checking drafts", done, total),
        )
    results.measures = {name: measure for name, measure in results.measures.items() if measure.items}
    if not results.measures:
        raise LabelsUnreadable(
            f"{folder} is not a labelled set: see `answerback eval --help` for the files it may have."
        )
    return results


@contextmanager
def indexed(labels: Labels, setup: Setup) -> Iterator[Snapshot]:
    """Yield a temporary snapshot of the corpus, cut into passages as documents are."""
    records, texts = [], []
    for id, text in labels.corpus.items():
        for passage in _passages(labels, id, text, setup):
            records.append(
                snapshots.Record(
                    passage_id=f"{id}-{passage.ordinal}",
                    document_id=id,
                    title=passage.title,
                    url=None,
                    headings=(),
                    anchor="",
                    start=passage.start,
                    end=passage.end,
                    text=passage.text,
                )
            )
            texts.append(passage.embedded)
    done = 0

    def embed(text: str) -> Any:
        nonlocal done
        vector = setup.embedder.encode(text)
        done += 1
        setup.progress("embedding", done, len(texts))
        return vector

    with ThreadPoolExecutor(2) as pool:
        vectors = np.stack(list(pool.map(embed, texts)))
    with tempfile.TemporaryDirectory() as folder:
        new = snapshots.New(records=records, texts=texts, vectors=vectors)
        snapshots.write(Path(folder) / "1", version="eval", model=setup.embedder.identity, new=new)
        yield snapshots.open_snapshot(Path(folder) / "1", verify=False)


def _passages(labels: Labels, id: str, text: str, setup: Setup) -> Iterable[Passage]:
    if setup.whole or id not in labels.titled:
        return [Passage(ordinal=0, start=0, end=len(text), text=text, headings=(), anchor="", title="")]
    title, text = labels.titled[id]
    section = Section(headings=(), anchor="", start=0, end=len(text))
    return cut(
        Document(title=title, text=text, sections=(section,)),
        count_tokens=setup.embedder.count_tokens,
    )


def _retrieval(labels: Labels, opened: Snapshot, setup: Setup, results: Results) -> None:
    measured: dict[str, dict[str, float]] = {}
    for done, query in enumerate(labels.judged, 1):
        text, judged = labels.queries[query], labels.qrels[query]
        dense = dict(opened.dense(setup.embedder.encode(text), CANDIDATES))
        lexical = dict(opened.lexical(text, CANDIDATES))
        legs = {
            "dense": quality.ranked(dense),
            "lexical": quality.ranked(lexical),
            "fused": [row for row, _ in fuse(dense, lexical)],
        }
        for leg, rows in legs.items():
            # A document has the rank of its best passage.
            ranking = list(dict.fromkeys(opened.record(row).document_id for row in rows))[: quality.DEPTH]
            scores = {
                "ndcg@10": quality.ndcg(ranking, judged),
                "recall@10": quality.recall(ranking, judged),
                "mrr@10": quality.reciprocal_rank(ranking, judged),
            }
            for name, score in scores.items():
                measured.setdefault(f"retrieval {leg} {name}", {})[query] = score
        setup.progress("searching", done, len(labels.judged))
    results.measures |= {name: Measure(items=items) for name, items in measured.items()}


def _refusal(labels: Labels, opened: Snapshot, setup: Setup, results: Results) -> None:
    if len(set(labels.answerable.values())) < 2:
        return
    found = {}
    for done, query in enumerate(labels.answerable, 1):
        text = labels.queries[query]
        found[query] = relevance(text, search(text, snapshot=opened, embedder=setup.embedder, limit=5).hits)
        setup.progress("refusing", done, len(labels.answerable))
    positive = frozenset(query for query, yes in labels.answerable.items() if yes)
    results.measures |= {
        "refusal AUROC": Measure(items=found, kind="auroc", positive=positive),
        "refusal: true negative rate at 95 % true positive rate": Measure(
            items=found, kind="tnr_at_95_tpr", positive=positive
        ),
        "refusal: true positive rate": Measure(
            items={query: float(found[query] >= setup.min_relevance) for query in sorted(positive)}
        ),
        "refusal: true negative rate": Measure(
            items={query: float(score < setup.min_relevance) for query, score in found.items() if query not in positive}
        ),
    }
    ranked = sorted(found, key=lambda query: -found[query])
    wrong = np.cumsum([query not in positive for query in ranked])
    results.curves["refusal: unanswerable among the answered against coverage"] = _thinned(
        [((n + 1) / len(ranked), float(wrong[n]) / (n + 1)) for n in range(len(ranked))]
    )


@dataclass(frozen=True)
class _Knowledge:
    """A `KnowledgeSearch` in one snapshot."""

    opened: Snapshot
    embedder: Embedder

    def search(self, workspace_id: str, query: str, *, limit: int, filters: Filters | None = None) -> Found:
        del workspace_id
        return search(query, snapshot=self.opened, embedder=self.embedder, limit=limit, filters=filters)


def _answering(labels: Labels, opened: Snapshot, setup: Setup, results: Results) -> None:
    answerer = setup.answerer
    if isinstance(answerer, LlmAnswerer):  # the desk's tools do not belong to the labelled set
        answerer = replace(answerer, registry=Registry())
    agent = Agent(
        knowledge=_Knowledge(opened, setup.embedder),
        answerer=answerer,
        rewriter=getattr(setup.answerer, "rewrite", None),
        similarity=similarity(setup.embedder),
        min_relevance=setup.min_relevance,
    )
    asked = [query for query in labels.queries if query in labels.qrels or not labels.answerable.get(query, True)]
    asked = asked[:: max(1, len(asked) // _MAX_ANSWERED)]
    answered: dict[str, float] = {}
    right: dict[str, float] = {}
    wrong: dict[str, float] = {}
    refused: dict[str, float] = {}
    trust: dict[str, float] = {}
    for done, query in enumerate(asked, 1):
        outcome = agent.answer(Question(workspace_id="eval", content=labels.queries[query]))
        setup.progress("answering", done, len(asked))
        is_answer = isinstance(outcome, Answer)
        answerable = labels.answerable.get(query, True)
        good = is_answer and answerable and _is_right(outcome, labels, query)
        wrong[query] = float(is_answer and not good)
        if answerable:
            answered[query], right[query] = float(is_answer), float(good)
        else:
            refused[query] = float(not is_answer)
        if isinstance(outcome, Answer):
            hits = search(labels.queries[query], snapshot=opened, embedder=setup.embedder, limit=5).hits
            trust[query] = relevance(labels.queries[query], hits)
    results.measures |= {
        "answering: answered, of answerable questions": Measure(items=answered),
        "answering: answered correctly, of answerable questions": Measure(items=right),
        "answering: answered wrongly, of all questions": Measure(items=wrong, better="lower"),
    }
    if refused:
        results.measures["answering: handed off, of unanswerable questions"] = Measure(items=refused)
    ranked = sorted(trust, key=lambda query: -trust[query])
    if ranked:
        errors = np.cumsum([wrong[query] for query in ranked])
        results.curves["answering: error against coverage"] = _thinned(
            [((n + 1) / len(asked), float(errors[n]) / (n + 1)) for n in range(len(ranked))]
        )


def _is_right(outcome: Any, labels: Labels, query: str) -> bool:
    """Whether an answer is correct: it has a labelled answer's words, or cites a relevant document if there is none."""
    expected = labels.answers.get(query)
    if expected:
        content = " ".join(outcome.content.lower().split())
        return any(" ".join(answer.lower().split()) in content for answer in expected)
    return any(citation.document_id in labels.qrels[query] for citation in outcome.citations)


def _grounding(claims: list[LabelledClaim], setup: Setup, results: Results, *, suite: str = "grounding") -> None:
    scores, thresholds = {}, np.linspace(0.6, 1.0, 41)
    near = similarity(setup.embedder)
    names: list[str] = []
    for claim in claims:
        found = support.support(claim.text, claim.passage, similarity=near)
        names.append(f"{claim.kind} {_named(claim.text, claim.passage)}")
        scores[names[-1]] = 0.0 if found is None else found.score
    supported = {name: claim.supported for name, claim in zip(names, claims, strict=True)}
    kept = {name: float(score > 0) for name, score in scores.items()}
    results.measures |= {
        f"{suite}: true claims accepted": Measure(items={name: kept[name] for name in scores if supported[name]}),
        f"{suite}: false claims rejected": Measure(
            items={name: 1.0 - kept[name] for name in scores if not supported[name]}
        ),
    }
    for kind in sorted({claim.kind for claim in claims if not claim.supported}):
        of_kind = {name: 1.0 - kept[name] for name in scores if name.startswith(f"{kind} ") and not supported[name]}
        results.measures[f"{suite}: false claims rejected, {kind}"] = Measure(items=of_kind)
    true = np.array([scores[name] for name in scores if supported[name]])
    false = np.array([scores[name] for name in scores if not supported[name]])
    if len(true) and len(false):
        results.curves[f"{suite}: false among accepted claims against true claims accepted"] = [
            (float((true >= at).mean()), float((false >= at).sum() / max(1, (true >= at).sum() + (false >= at).sum())))
            for at in thresholds[::-1]
        ]


def _escalation(rows: list[list[str]], results: Results) -> None:
    hits: dict[str, float] = {}
    alarms: dict[str, float] = {}
    for label, text in rows:
        alarm = escalation.assess(text)
        found = alarm.category if alarm is not None else "none"
        (alarms if label == "none" else hits)[f"{text[:40]} {_named(label, text)}"] = float(found == label)
    if hits:
        results.measures["escalation: sensitivity"] = Measure(items=hits)
    if alarms:
        results.measures["escalation: specificity"] = Measure(items=alarms)


def _rewriting(rows: list[list[str]], labels: Labels, opened: Snapshot, setup: Setup, results: Results) -> None:
    right, left = {}, {}
    for first, then, title in rows:
        turns = (Turn(seq=1, role=Role.CUSTOMER, content=first), Turn(seq=2, role=Role.ASSISTANT, content="…"))
        question = Question(workspace_id="eval", content=then, turns=turns)
        asked = rewriting.queries(question, min_relevance=setup.min_relevance)
        _, found, near = rewriting.search_in_turn(
            asked, lambda query: search(query, snapshot=opened, embedder=setup.embedder, limit=3)
        )
        name, hits = f"{first} / {then}", found.hits
        if title == "-":
            left[name] = float(near < setup.min_relevance)
        else:
            right[name] = float(bool(hits) and labels.corpus[hits[0].record.document_id].startswith(title))
    results.measures["rewriting: precision at 1"] = Measure(items=right)
    if left:
        results.measures["rewriting: specificity"] = Measure(items=left)


def _claims(path: Path) -> list[LabelledClaim]:
    try:
        given = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        return [
            LabelledClaim(
                text=claim["claim"],
                passage=claim["passage"],
                supported=bool(claim["supported"]),
                kind=claim.get("kind", "x"),
            )
            for claim in given
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabelsUnreadable(f"{path} cannot be read: {error}") from None


def _named(*parts: str) -> str:
    """Return a stable name for an item, made of its content, so that two runs compare the same items."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _rows(path: Path, columns: int) -> list[list[str]]:
    rows = [line.split("\t") for line in path.read_text().splitlines() if line.strip()]
    odd = next((number for number, row in enumerate(rows, 1) if len(row) != columns), None)
    if odd is not None:
        raise LabelsUnreadable(f"{path}, line {odd}: {columns} columns are needed, with tabs between them.")
    return rows


def _thinned(points: list[tuple[float, float]], limit: int = 200) -> list[tuple[float, float]]:
    step = max(1, len(points) // limit)
    return [(round(x, 4), round(y, 4)) for x, y in points[step - 1 :: step]]


def to_json(results: Results, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return results as JSON, with `about` to describe the run."""
    return {
        "about": dict(about),
        "measures": {name: measure.to_dict() for name, measure in results.measures.items()},
        "curves": results.curves,
    }
