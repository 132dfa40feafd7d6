"""Search in several languages, and across them: a folder that has a labelled set for each, by its ISO 639-1 code.

The questions have the same ids in each language, as those of XQuAD have, so that a question in one can be asked of the
documents in another. Half of the documents are also searched by themselves: what is asked about the others, which are
of the same kind, has no answer there and must not pass the gate.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from kb import quality
from kb.embedding import Embedder
from kb.quality import Labels, LabelsUnreadable
from kb.search import search
from kb.snapshot import Snapshot
from worker.answering.questions.gate import Gate
from worker.evaluation.articles import Progress
from worker.evaluation.measures import Measure

#: Questions that are asked in each language at most, spread evenly over the set.
_MAX_ASKED = 600

#: Passages that are searched for, as the agent does.
_LIMIT = 5

#: Questions in each language are also asked of the documents in this one, or in the first where there is none.
_SHARED = "en"

_CODE_LETTERS = 2

Indexed = Callable[[Labels], AbstractContextManager[Snapshot]]


class Setup(Protocol):
    """The parts that are measured; see `worker.evaluation.suites.Setup`."""

    @property
    def embedder(self) -> Embedder:
        """The embedding model."""
        ...

    @property
    def gate(self) -> Gate:
        """The gate."""
        ...

    def step(self, name: str) -> Progress:
        """Return the callback of a step's progress: items done, and their total."""
        ...


def run(
    folder: Path, setup: Setup, indexed: Callable[[Labels, Any], AbstractContextManager[Snapshot]]
) -> dict[str, Measure]:
    """Return the measures of a folder; none where it does not have several languages."""
    return measures(
        load(folder),
        indexed=lambda labels: indexed(labels, setup),
        embedder=setup.embedder,
        gate=setup.gate,
        progress=setup.step("searching in languages"),
    )


def load(folder: Path) -> dict[str, Labels]:
    """Return the labelled sets of a folder by their language; empty where it does not have several.

    Raises:
        LabelsUnreadable: a set is malformed, or asks other questions than the first.
    """
    codes = sorted(path.parent.name for path in folder.glob("*/corpus.jsonl"))
    codes = [code for code in codes if len(code) == _CODE_LETTERS and code.isalpha() and code.islower()]
    if len(codes) < _CODE_LETTERS:
        return {}
    sets = {code: quality.load(folder / code) for code in codes}
    for code, labels in sets.items():
        if labels.qrels != sets[codes[0]].qrels:
            raise LabelsUnreadable(f"{folder / code} does not label the same questions as {folder / codes[0]}.")
    return sets


def measures(
    sets: Mapping[str, Labels],
    *,
    indexed: Indexed,
    embedder: Embedder,
    gate: Gate,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, Measure]:
    """Return measures of search in each language, across languages, and of the gate."""
    shared = _SHARED if _SHARED in sets else next(iter(sets), "")
    found: dict[str, Measure] = {}
    done, total = 0, 2 * len(sets)
    for code, labels in sets.items():
        with indexed(labels) as snapshot:
            found |= _retrieval(f"languages {code}", labels, snapshot, embedder)
            for other in (other for other in sets if code == shared and other != shared):
                asked = replace(labels, queries=sets[other].queries)
                found |= _retrieval(f"languages {other}→{code}", asked, snapshot, embedder)
        done += 1
        progress(done, total)
        found |= _passing(f"languages {code}", labels, indexed, embedder, gate)
        done += 1
        progress(done, total)
    return found


def _retrieval(name: str, labels: Labels, snapshot: Snapshot, embedder: Embedder) -> dict[str, Measure]:
    """Return how often the first document found is the right one, and how far down it stands."""
    first: dict[str, float] = {}
    rank: dict[str, float] = {}
    for query in _asked(labels):
        found = search(labels.queries[query], snapshot=snapshot, embedder=embedder, limit=2 * quality.DEPTH).hits
        ranking = list(dict.fromkeys(hit.record.document_id for hit in found))[: quality.DEPTH]
        first[query] = float(bool(ranking) and ranking[0] in labels.qrels[query])
        rank[query] = quality.reciprocal_rank(ranking, labels.qrels[query])
    return {f"{name} hit@1": Measure(items=first), f"{name} mrr@10": Measure(items=rank)}


def _passing(name: str, labels: Labels, indexed: Indexed, embedder: Embedder, gate: Gate) -> dict[str, Measure]:
    """Return which questions pass the gate where half of the documents are left out."""
    kept = dict(islice(labels.corpus.items(), len(labels.corpus) // 2))
    titled = {id: title for id, title in labels.titled.items() if id in kept}
    with indexed(replace(labels, corpus=kept, titled=titled)) as snapshot:
        found = {query: _passes(labels.queries[query], snapshot, embedder, gate) for query in _asked(labels)}
    within = {query for query in found if not kept.keys().isdisjoint(labels.qrels[query])}
    return {
        f"{name} gate: pass, of answerable questions": Measure(
            items={query: float(passes) for query, passes in found.items() if query in within}
        ),
        f"{name} gate: kept out, of questions on other documents": Measure(
            items={query: float(not passes) for query, passes in found.items() if query not in within}
        ),
    }


def _passes(text: str, snapshot: Snapshot, embedder: Embedder, gate: Gate) -> bool:
    found = search(text, snapshot=snapshot, embedder=embedder, limit=_LIMIT)
    return gate.admits(found.relevance, found.scale)


def _asked(labels: Labels) -> Iterator[str]:
    judged = labels.judged
    yield from judged[:: max(1, -(-len(judged) // _MAX_ASKED))]
