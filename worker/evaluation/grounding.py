"""Measure the check of support on labelled claims about single passages."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kb.embedding import Embedder
from kb.quality import read_rows
from kb.records import Record
from kb.search import Hit
from worker.answering.check.support import best_support
from worker.answering.check.support_model import load_entailment
from worker.caching import similarity
from worker.evaluation.claims import LabelledClaim
from worker.evaluation.measures import Measure

#: Thresholds of the curve.
_THRESHOLDS = np.linspace(0.5, 1.0, 51)


def load(path: Path) -> list[LabelledClaim]:
    """Return the claims of a file of {claim, passage, supported} and maybe kind.

    Raises:
        LabelsUnreadable: the file is malformed.
    """
    return read_rows(
        path,
        lambda claim: LabelledClaim(
            text=claim["claim"],
            passage=claim["passage"],
            supported=bool(claim["supported"]),
            kind=claim.get("kind", "x"),
        ),
    )


def measures(
    claims: Sequence[LabelledClaim], *, suite: str, embedder: Embedder
) -> tuple[dict[str, Measure], dict[str, list[tuple[float, float]]]]:
    """Return the shares of true claims accepted and false ones rejected, and the curve of both by threshold."""
    scores: dict[str, float] = {}
    near, entailment = similarity(embedder), load_entailment()
    names: list[str] = []
    for claim in claims:
        found = best_support(claim.text, [1], [_hit(claim.passage)], similarity=near, entailment=entailment)
        digest = hashlib.sha256(f"{claim.text}\n{claim.passage}".encode()).hexdigest()[:12]
        names.append(f"{claim.kind} {digest}")
        scores[names[-1]] = 0.0 if found is None else found.score
    supported = {name: claim.supported for name, claim in zip(names, claims, strict=True)}
    kept = {name: float(score > 0) for name, score in scores.items()}
    rejected = {name: 1.0 - kept[name] for name in scores if not supported[name]}
    found_measures = {
        f"{suite}: true claims accepted": Measure(items={name: kept[name] for name in scores if supported[name]}),
        f"{suite}: false claims rejected": Measure(items=rejected),
    }
    for kind in sorted({claim.kind for claim in claims if not claim.supported}):
        of_kind = {name: value for name, value in rejected.items() if name.startswith(f"{kind} ")}
        found_measures[f"{suite}: false claims rejected, {kind}"] = Measure(items=of_kind)
    true = np.array([scores[name] for name in scores if supported[name]])
    false = np.array([scores[name] for name in scores if not supported[name]])
    if not len(true) or not len(false):
        return found_measures, {}
    curve = [
        (float((true >= at).mean()), float((false >= at).sum() / max(1, (true >= at).sum() + (false >= at).sum())))
        for at in _THRESHOLDS[::-1]
    ]
    return found_measures, {f"{suite}: false among accepted claims against true claims accepted": curve}


def _hit(passage: str) -> Hit:
    record = Record(
        passage_id="",
        document_id="",
        title="",
        url=None,
        headings=(),
        anchor="",
        start=0,
        end=len(passage),
        text=passage,
    )
    return Hit(record=record, score=1.0, dense=1.0, lexical=None)
