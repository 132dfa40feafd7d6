"""What is measured of a folder of labelled cases: whatever its files allow.

corpus.jsonl, queries.jsonl, qrels.tsv    retrieval; refusal, where queries say whether they are `answerable`;
(or train.jsonl and val.jsonl)            answering: who is answered rightly, wrongly, not at all; grounding, on
                                          claims made of the corpus
claims.jsonl                              grounding: {claim, passage, supported}
escalation.tsv                            escalation: category or `none`, tab, message
follow_ups.tsv                            rewriting: first question, follow-up, title of the right document or `-`
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
from worker.answering import escalation, grounding, rewriting
from worker.answering.agent import Agent
from worker.answering.llm import LlmAnswerer
from worker.answering.question import Answerer, Question
from worker.answering.tools.registry import Registry
from worker.caching import similarity
from worker.conversations.outcomes import Answer
from worker.conversations.sessions import Turn
from worker.evaluation.claims import Claim, made_of
from worker.evaluation.measures import Measure

Progress = Callable[[str, int, int], None]

#: Queries of a set that are answered from end to end, spread over it.
_MAX_ANSWERED = 1_000


@dataclass(kw_only=True)
class Results:
    """Measures by name, and curves: (coverage, error) by growing coverage."""

    measures: dict[str, Measure] = field(default_factory=dict)
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What is measured with; `whole` leaves documents uncut, as published figures of retrieval have them."""

    embedder: Embedder
    answerer: Answerer
    min_relevance: float
    whole: bool = False
    progress: Progress = lambda _what, _done, _total: None


def run(folder: Path, bench: Bench) -> Results:
    """Measure everything that a folder has labels for.

    Raises:
        LabelsUnreadable: it has none, or a file is malformed.
    """
    results = Results()
    if (folder / "corpus.jsonl").exists() or (folder / "train.jsonl").exists():
        labels = quality.load(folder)
        with indexed(labels, bench) as opened:
            _retrieval(labels, opened, bench, results)
            _refusal(labels, opened, bench, results)
            if (folder / "corpus.jsonl").exists():  # what was said of an intent answers nothing
                _answering(labels, opened, bench, results)
            if (folder / "follow_ups.tsv").exists():
                _rewriting(_rows(folder / "follow_ups.tsv", 3), labels, opened, bench, results)
        if (folder / "corpus.jsonl").exists():
            _grounding(made_of(list(labels.corpus.values())), bench, results)
    if (folder / "claims.jsonl").exists():
        _grounding(_claims(folder / "claims.jsonl"), bench, results, suite="given claims")
    if (folder / "escalation.tsv").exists():
        _escalation(_rows(folder / "escalation.tsv", 2), results)
    results.measures = {name: measure for name, measure in results.measures.items() if measure.items}
    if not results.measures:
        raise LabelsUnreadable(
            f"{folder} is not a labelled set: see `answerback eval --help` for the files it may have."
        )
    return results


@contextmanager
def indexed(labels: Labels, bench: Bench) -> Iterator[Snapshot]:
    """Yield a snapshot that holds the corpus, cut into passages as documents are."""
    records, texts = [], []
    for id, text in labels.corpus.items():
        for passage in _passages(labels, id, text, bench):
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
        vector = bench.embedder.encode(text)
        done += 1
        bench.progress("embedding", done, len(texts))
        return vector

    with ThreadPoolExecutor(2) as pool:
        vectors = np.stack(list(pool.map(embed, texts)))
    with tempfile.TemporaryDirectory() as place:
        new = snapshots.New(records=records, texts=texts, vectors=vectors)
        snapshots.write(Path(place) / "1", version="eval", model=bench.embedder.identity, new=new)
        yield snapshots.open_snapshot(Path(place) / "1", verify=False)


def _passages(labels: Labels, id: str, text: str, bench: Bench) -> Iterable[Passage]:
    if bench.whole or id not in labels.titled:
        return [Passage(ordinal=0, start=0, end=len(text), text=text, headings=(), anchor="", title="")]
    title, text = labels.titled[id]
    section = Section(headings=(), anchor="", start=0, end=len(text))
    return cut(
        Document(title=title, text=text, sections=(section,)),
        count_tokens=bench.embedder.count_tokens,
    )


def _retrieval(labels: Labels, opened: Snapshot, bench: Bench, results: Results) -> None:
    measured: dict[str, dict[str, float]] = {}
    for done, query in enumerate(labels.judged, 1):
        text, judged = labels.queries[query], labels.qrels[query]
        dense = dict(opened.dense(bench.embedder.encode(text), CANDIDATES))
        lexical = dict(opened.lexical(text, CANDIDATES))
        legs = {
            "dense": quality.ranked(dense),
            "lexical": quality.ranked(lexical),
            "fused": [row for row, _ in fuse(dense, lexical)],
        }
        for leg, rows in legs.items():
            # A document stands where its best passage does.
            ranking = list(dict.fromkeys(opened.record(row).document_id for row in rows))[: quality.DEPTH]
            scores = {
                "ndcg@10": quality.ndcg(ranking, judged),
                "recall@10": quality.recall(ranking, judged),
                "mrr@10": quality.reciprocal_rank(ranking, judged),
            }
            for name, score in scores.items():
                measured.setdefault(f"retrieval {leg} {name}", {})[query] = score
        bench.progress("searching", done, len(labels.judged))
    results.measures |= {name: Measure(items=items) for name, items in measured.items()}


def _refusal(labels: Labels, opened: Snapshot, bench: Bench, results: Results) -> None:
    if len(set(labels.answerable.values())) < 2:
        return
    found = {}
    for done, query in enumerate(labels.answerable, 1):
        text = labels.queries[query]
        found[query] = relevance(text, search(text, snapshot=opened, embedder=bench.embedder, limit=5).hits)
        bench.progress("refusing", done, len(labels.answerable))
    positive = frozenset(query for query, yes in labels.answerable.items() if yes)
    results.measures |= {
        "refusal AUROC": Measure(items=found, kind="auroc", positive=positive),
        "refusal of others at 95 % kept": Measure(items=found, kind="refused_at_95", positive=positive),
        "refusal: kept of what can be answered": Measure(
            items={query: float(found[query] >= bench.min_relevance) for query in sorted(positive)}
        ),
        "refusal: refused of what cannot": Measure(
            items={query: float(score < bench.min_relevance) for query, score in found.items() if query not in positive}
        ),
    }
    ranked = sorted(found, key=lambda query: -found[query])
    wrong = np.cumsum([query not in positive for query in ranked])
    results.curves["refusal: others among the answered against coverage"] = _thinned(
        [((n + 1) / len(ranked), float(wrong[n]) / (n + 1)) for n in range(len(ranked))]
    )


@dataclass(frozen=True)
class _Knowledge:
    """Searches in one snapshot."""

    opened: Snapshot
    embedder: Embedder

    def search(self, workspace_id: str, query: str, *, limit: int, filters: Filters | None = None) -> Found:
        del workspace_id
        return search(query, snapshot=self.opened, embedder=self.embedder, limit=limit, filters=filters)


def _answering(labels: Labels, opened: Snapshot, bench: Bench, results: Results) -> None:
    answerer = bench.answerer
    if isinstance(answerer, LlmAnswerer):  # a desk's tools know nothing of a labelled set
        answerer = replace(answerer, registry=Registry())
    agent = Agent(
        knowledge=_Knowledge(opened, bench.embedder),
        answerer=answerer,
        rewriter=getattr(bench.answerer, "rewrite", None),
        similarity=similarity(bench.embedder),
        min_relevance=bench.min_relevance,
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
        bench.progress("answering", done, len(asked))
        is_answer = isinstance(outcome, Answer)
        answerable = labels.answerable.get(query, True)
        good = is_answer and answerable and _is_right(outcome, labels, query)
        wrong[query] = float(is_answer and not good)
        if answerable:
            answered[query], right[query] = float(is_answer), float(good)
        else:
            refused[query] = float(not is_answer)
        if isinstance(outcome, Answer):
            hits = search(labels.queries[query], snapshot=opened, embedder=bench.embedder, limit=5).hits
            trust[query] = relevance(labels.queries[query], hits)
    results.measures |= {
        "answering: answered of what can be answered": Measure(items=answered),
        "answering: answered rightly": Measure(items=right),
        "answering: answered wrongly, of all": Measure(items=wrong, better="lower"),
    }
    if refused:
        results.measures["answering: handed off of what cannot"] = Measure(items=refused)
    ranked = sorted(trust, key=lambda query: -trust[query])
    if ranked:
        errors = np.cumsum([wrong[query] for query in ranked])
        results.curves["answering: error against coverage"] = _thinned(
            [((n + 1) / len(asked), float(errors[n]) / (n + 1)) for n in range(len(ranked))]
        )


def _is_right(outcome: Any, labels: Labels, query: str) -> bool:
    """Whether an answer has what is known to answer: its words where they are known, else its document."""
    expected = labels.answers.get(query)
    if expected:
        said = " ".join(outcome.content.lower().split())
        return any(" ".join(one.lower().split()) in said for one in expected)
    return any(citation.document_id in labels.qrels[query] for citation in outcome.citations)


def _grounding(claims: list[Claim], bench: Bench, results: Results, *, suite: str = "grounding") -> None:
    scores, thresholds = {}, np.linspace(0.6, 1.0, 41)
    near = similarity(bench.embedder)
    names: list[str] = []
    for claim in claims:
        found = grounding.support(claim.text, claim.passage, similarity=near)
        names.append(f"{claim.kind} {_named(claim.text, claim.passage)}")
        scores[names[-1]] = 0.0 if found is None else found.score
    supported = {name: claim.supported for name, claim in zip(names, claims, strict=True)}
    kept = {name: float(score > 0) for name, score in scores.items()}
    results.measures |= {
        f"{suite}: true claims kept": Measure(items={name: kept[name] for name in scores if supported[name]}),
        f"{suite}: false claims caught": Measure(
            items={name: 1.0 - kept[name] for name in scores if not supported[name]}
        ),
    }
    for kind in sorted({claim.kind for claim in claims if not claim.supported}):
        of_kind = {name: 1.0 - kept[name] for name in scores if name.startswith(f"{kind} ") and not supported[name]}
        results.measures[f"{suite}: caught, {kind}"] = Measure(items=of_kind)
    true = np.array([scores[name] for name in scores if supported[name]])
    false = np.array([scores[name] for name in scores if not supported[name]])
    if len(true) and len(false):
        results.curves[f"{suite}: false among the kept against true kept"] = [
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
        results.measures["escalation: found, in its category"] = Measure(items=hits)
    if alarms:
        results.measures["escalation: left in peace of what only sounds like it"] = Measure(items=alarms)


def _rewriting(rows: list[list[str]], labels: Labels, opened: Snapshot, bench: Bench, results: Results) -> None:
    right, left = {}, {}
    for first, then, title in rows:
        turns = (Turn(seq=1, role="customer", content=first), Turn(seq=2, role="assistant", content="…"))
        question = Question(workspace_id="eval", content=then, turns=turns)
        asked = rewriting.queries(question, min_relevance=bench.min_relevance)
        _, found, near = rewriting.search_in_turn(
            asked, lambda query: search(query, snapshot=opened, embedder=bench.embedder, limit=3)
        )
        name, hits = f"{first} / {then}", found.hits
        if title == "-":
            left[name] = float(near < bench.min_relevance)
        else:
            right[name] = float(bool(hits) and labels.corpus[hits[0].record.document_id].startswith(title))
    results.measures["rewriting: the right document first"] = Measure(items=right)
    if left:
        results.measures["rewriting: other subjects left alone"] = Measure(items=left)


def _claims(path: Path) -> list[Claim]:
    try:
        given = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        return [
            Claim(
                text=one["claim"], passage=one["passage"], supported=bool(one["supported"]), kind=one.get("kind", "x")
            )
            for one in given
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabelsUnreadable(f"{path} cannot be read: {error}") from None


def _named(*parts: str) -> str:
    """Return a name of an item by its content, so that the same one is compared with itself."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _rows(path: Path, columns: int) -> list[list[str]]:
    rows = [line.split("\t") for line in path.read_text().splitlines() if line.strip()]
    odd = next((number for number, row in enumerate(rows, 1) if len(row) != columns), None)
    if odd is not None:
        raise LabelsUnreadable(f"{path}, line {odd}: {columns} columns are needed, with tabs between them.")
    return rows


def _thinned(points: list[tuple[float, float]], most: int = 200) -> list[tuple[float, float]]:
    step = max(1, len(points) // most)
    return [(round(x, 4), round(y, 4)) for x, y in points[step - 1 :: step]]


def as_json(results: Results, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return results as a file keeps them, to be compared with others later."""
    return {
        "about": dict(about),
        "measures": {name: measure.as_dict() for name, measure in results.measures.items()},
        "curves": results.curves,
    }
