"""Measure a folder of labelled cases. Its files decide which suites run:

corpus.jsonl, queries.jsonl, qrels.tsv    retrieval; refusal, where queries say whether they are `answerable`;
(or train.jsonl and val.jsonl)            answering: correct, wrong and refused answers; grounding, on
                                          claims generated from the corpus
pairs.jsonl, or queries with passage_id   whether a passage answers a question: see `worker.evaluation.answers`
claims.jsonl                              grounding: {claim, passage, supported}
escalation.tsv                            escalation: category or `none`, tab, message
escalation.SPLIT.jsonl                    escalation by category: see `worker.evaluation.escalations`
follow_ups.tsv                            rewriting: first question, follow-up, title of the right document or `-`
DOMAIN.SPLIT.jsonl, articles/DOMAIN/      drafts of a language model: see `worker.evaluation.drafts`
reading.SPLIT.jsonl and its kin           messages as they come: see `worker.evaluation.messages`
dialogues.jsonl, articles/DOMAIN/         follow-ups, changes of topic: see `worker.evaluation.dialogues`
questions.jsonl, articles/DOMAIN/         several questions in a message: see `worker.evaluation.several`
additions.jsonl, with questions.jsonl     the gate, and what additions change: see `worker.evaluation.gate`
long_tickets.jsonl, articles/DOMAIN/      long tickets: see `worker.evaluation.tickets`
CODE/corpus.jsonl and its kin            one labelled set in several languages: see `worker.evaluation.languages`
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from kb import quality
from kb import snapshot as snapshots
from kb.calibration import Calibrator
from kb.embedding import Embedder
from kb.languages import language_of
from kb.passages import Passage, cut
from kb.quality import Labels, LabelsUnreadable
from kb.readers.blocks import Document, Section
from kb.records import Record
from kb.search import CANDIDATES, search
from kb.snapshot import Snapshot
from worker.answering.agent import Agent
from worker.answering.check.answer_model import load_answer_judge
from worker.answering.check.confidence import MIN_CONFIDENCE
from worker.answering.check.support_model import load_entailment
from worker.answering.drafting.llm import LlmAnswerer
from worker.answering.question import Answerer, Question
from worker.answering.questions import rewriting
from worker.answering.questions.gate import Gate
from worker.answering.tools.registry import Registry
from worker.answering.triage.learned_examples import LearnedExamples
from worker.caching import similarity
from worker.conversations.outcomes import Answer
from worker.conversations.sessions import Turn
from worker.evaluation import answers, dialogues, drafts, escalations, grounding, languages, messages, several, tickets
from worker.evaluation import gate as gates
from worker.evaluation.articles import SnapshotSearch
from worker.evaluation.claims import LabelledClaim, generate_claims
from worker.evaluation.curves import reliability
from worker.evaluation.measures import Measure
from worker.states import ReplyKind, Role

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
    gate: Gate = Gate()
    embedding_folder: Path | None = None
    whole: bool = False
    progress: Progress = lambda _step, _done, _total: None

    def step(self, name: str) -> Callable[[int, int], None]:
        """Return the callback of a step's progress: items done, and their total."""
        return lambda done, total: self.progress(name, done, total)


def run(folder: Path, setup: Setup) -> Results:
    """Run every suite that a folder has labels for.

    Raises:
        LabelsUnreadable: it has none, or a file is malformed.
    """
    results = Results()
    if (folder / "corpus.jsonl").exists() or (folder / "train.jsonl").exists():
        labels = quality.load(folder)
        with indexed(labels, setup) as opened:
            retrieval(labels, opened, setup, results)
            _refusal(labels, opened, setup, results)
            if (folder / "corpus.jsonl").exists():  # the utterances of an intent are questions, which answer nothing
                _answering(labels, opened, setup, results)
            if (folder / "follow_ups.tsv").exists():
                _rewriting(_rows(folder / "follow_ups.tsv", 3), labels, opened, setup, results)
        if (folder / "corpus.jsonl").exists():
            _grounding("grounding", generate_claims(list(labels.corpus.values())), setup, results)
    if (folder / "claims.jsonl").exists():
        _grounding("given claims", grounding.load(folder / "claims.jsonl"), setup, results)
    recogniser = LearnedExamples(setup.embedder, setup.embedding_folder).recogniser
    if (folder / "escalation.tsv").exists():
        results.measures |= escalations.of_rows(_rows(folder / "escalation.tsv", 2), recogniser().recognise)
    if any(folder.glob("escalation.*.jsonl")):
        results.measures |= escalations.measures(folder, recogniser().recognise)
    if labelled := drafts.load(folder):
        measures, curves = drafts.measures(
            folder,
            labelled,
            similarity=similarity(setup.embedder),
            entailment=load_entailment(),
            progress=setup.step("checking drafts"),
        )
        results.measures |= measures
        results.curves |= curves
    if (pairs := answers.load(folder)) and (judge := load_answer_judge()) is not None:
        measures, curves = answers.measures(
            pairs, judge, min_confidence=MIN_CONFIDENCE, progress=setup.step("judging passages")
        )
        results.measures |= measures
        results.curves |= curves
    results.measures |= messages.measures(folder) | languages.run(folder, setup, indexed)
    _messages(folder, setup, results)
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
            records.append(Record.of_passage(passage, document_id=id, language=language_of(text)))
            texts.append(passage.embedded)
    vectors = []
    with ThreadPoolExecutor(2) as pool:
        for encoded in pool.map(setup.embedder.encode_passages, [[text] for text in texts]):
            vectors.append(encoded[0])
            setup.progress("embedding", len(vectors), len(texts))
    with tempfile.TemporaryDirectory() as folder:
        new = snapshots.New(records=records, texts=texts, vectors=np.stack(vectors))
        snapshots.write(
            Path(folder) / "1",
            version="eval",
            model=setup.embedder.identity,
            new=new,
            calibrate=Calibrator(setup.embedder, threads=2),
        )
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


def retrieval(labels: Labels, opened: Snapshot, setup: Setup, results: Results) -> None:
    """Add measures of search by vectors, by words and by both to the results."""
    measured: dict[str, dict[str, float]] = {}
    for done, query in enumerate(labels.judged, 1):
        text, judged = labels.queries[query], labels.qrels[query]
        hits = search(text, snapshot=opened, embedder=setup.embedder, limit=2 * quality.DEPTH).hits
        legs = {
            "dense": [opened.record(row) for row, _ in opened.dense(setup.embedder.encode_query(text), CANDIDATES)],
            "lexical": [opened.record(row) for row, _ in opened.lexical(text, CANDIDATES)],
            "fused": [hit.record for hit in hits],
        }
        for leg, records in legs.items():
            # A document has the rank of its best passage.
            ranking = list(dict.fromkeys(record.document_id for record in records))[: quality.DEPTH]
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
        found[query] = search(text, snapshot=opened, embedder=setup.embedder, limit=5).relevance
        setup.progress("refusing", done, len(labels.answerable))
    least = setup.gate.least(opened.calibration.embedded)
    positive = frozenset(query for query, yes in labels.answerable.items() if yes)
    results.measures |= {
        "refusal AUROC": Measure(items=found, kind="auroc", positive=positive),
        "refusal: true negative rate at 95 % true positive rate": Measure(
            items=found, kind="tnr_at_95_tpr", positive=positive
        ),
        "refusal: true positive rate": Measure(
            items={query: float(found[query] >= least) for query in sorted(positive)}
        ),
        "refusal: true negative rate": Measure(
            items={query: float(score < least) for query, score in found.items() if query not in positive}
        ),
    }
    ranked = sorted(found, key=lambda query: -found[query])
    wrong = np.cumsum([query not in positive for query in ranked])
    results.curves["refusal: unanswerable among the answered against coverage"] = _thinned(
        [((n + 1) / len(ranked), float(wrong[n]) / (n + 1)) for n in range(len(ranked))]
    )


def _agent(knowledge: SnapshotSearch, setup: Setup) -> Agent:
    answerer = setup.answerer
    if isinstance(answerer, LlmAnswerer):  # the desk's tools do not belong to the labelled set
        answerer = replace(answerer, registry=Registry())
    return Agent(
        knowledge=knowledge,
        answerer=answerer,
        rewriter=getattr(setup.answerer, "rewrite", None),
        similarity=similarity(setup.embedder),
        answer_judge=load_answer_judge() if isinstance(answerer, LlmAnswerer) else None,
        gate=setup.gate,
    )


def _answering(labels: Labels, opened: Snapshot, setup: Setup, results: Results) -> None:
    agent = _agent(SnapshotSearch(opened, setup.embedder), setup)
    asked = [query for query in labels.queries if query in labels.qrels or not labels.answerable.get(query, True)]
    asked = asked[:: max(1, len(asked) // _MAX_ANSWERED)]
    answered: dict[str, float] = {}
    right: dict[str, float] = {}
    wrong: dict[str, float] = {}
    refused: dict[str, float] = {}
    trust: dict[str, float] = {}
    sure: list[tuple[float, bool]] = []
    for done, query in enumerate(asked, 1):
        outcome = agent.answer(Question(workspace_id="eval", content=labels.queries[query]))
        setup.progress("answering", done, len(asked))
        is_answer = isinstance(outcome, Answer) and outcome.kind != ReplyKind.CLARIFICATION
        answerable = labels.answerable.get(query, True)
        good = is_answer and answerable and _is_right(outcome, labels, query)
        wrong[query] = float(is_answer and not good)
        if answerable:
            answered[query], right[query] = float(is_answer), float(good)
        else:
            refused[query] = float(not is_answer)
        if isinstance(outcome, Answer):
            found = search(labels.queries[query], snapshot=opened, embedder=setup.embedder, limit=5)
            trust[query] = found.relevance
            if outcome.confidence is not None:
                trust[query] = outcome.confidence
                sure.append((outcome.confidence, good))
    results.measures |= {
        "answering: answered, of answerable questions": Measure(items=answered),
        "answering: answered correctly, of answerable questions": Measure(items=right),
        "answering: answered wrongly, of all questions": Measure(items=wrong, better="lower"),
    }
    if refused:
        results.measures["answering: handed off, of unanswerable questions"] = Measure(items=refused)
    if sure:
        results.curves["answering: share answered correctly against confidence"] = reliability(sure)
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


def _grounding(suite: str, claims: Sequence[LabelledClaim], setup: Setup, results: Results) -> None:
    measures, curves = grounding.measures(claims, suite=suite, embedder=setup.embedder)
    results.measures |= measures
    results.curves |= curves


def _rewriting(rows: list[list[str]], labels: Labels, opened: Snapshot, setup: Setup, results: Results) -> None:
    right, left = {}, {}
    for first, then, title in rows:
        turns = (Turn(seq=1, role=Role.CUSTOMER, content=first), Turn(seq=2, role=Role.ASSISTANT, content="…"))
        question = Question(workspace_id="eval", content=then, turns=turns)
        searched = rewriting.search_in_context(
            question, lambda query: search(query, snapshot=opened, embedder=setup.embedder, limit=10), limit=5
        )
        found, near = searched.found, searched.relevance
        name, hits = f"{first} / {then}", found.hits
        if title == "-":
            left[name] = float(not setup.gate.admits(near, found.scale))
        else:
            right[name] = float(bool(hits) and labels.corpus[hits[0].record.document_id].startswith(title))
    results.measures["rewriting: precision at 1"] = Measure(items=right)
    if left:
        results.measures["rewriting: specificity"] = Measure(items=left)


def _messages(folder: Path, setup: Setup, results: Results) -> None:
    """Run the suites whose cases are put to an agent as a customer writes them."""
    held, gated = dialogues.load(folder), gates.load(folder)
    asked = several.load(folder) if not gated else []
    if gated:
        results.measures |= gates.measures(
            folder, gated, embedder=setup.embedder, gate=setup.gate, progress=setup.step("passing the gate")
        )
    if held:
        results.measures |= dialogues.measures(
            folder,
            held,
            embedder=setup.embedder,
            agent=lambda knowledge: _agent(knowledge, setup),
            progress=setup.step("holding dialogues"),
        )
    if asked:
        results.measures |= several.measures(
            folder,
            asked,
            embedder=setup.embedder,
            agent=lambda knowledge: _agent(knowledge, setup),
            progress=setup.step("asking several questions"),
        )
    if long := tickets.load(folder):
        results.measures |= tickets.measures(
            folder, long, embedder=setup.embedder, progress=setup.step("searching with tickets")
        )


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
