"""Measure the candidate signals on a file of pairs: `python -m training.support.signals --pairs … --out ….npz`.

These are the candidates that were measured beside the cross-encoder: today's rule, the cosine of claim and
evidence, and how well the claim's words align with the evidence's in the embedding model's token vectors.
"""

import argparse
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb import sentences
from kb.embedding import MODEL_FILES
from training.support import sources
from worker.answering import evidence, fact_check
from worker.answering.support import support

#: Columns in the order of `measure`.
COLUMNS = (
    "today",
    "cosine",
    "align_mean",
    "align_min",
    "align_low",
    "share",
    "best_share",
    "pair_share",
    "missing",
    "length",
    "premise_length",
    "disagrees",
    "denial_differs",
)

#: A word whose best cosine with the evidence is below this aligns with nothing.
_ALIGNED = 0.55


class TokenVectors:
    """The token vectors of the embedding model."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / MODEL_FILES["int8"]), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(256)

    def of(self, text: str) -> tuple[list[str], npt.NDArray[np.float32]]:
        """Return the tokens of a text and their unit vectors, without the two special ones."""
        encoding = self._tokenizer.encode(text)
        ids = np.array([encoding.ids], dtype=np.int64)
        (states,) = self._session.run(
            None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        )
        vectors = states[0]
        return encoding.tokens[1:-1], (vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[1:-1]


def alignment(claim: tuple[list[str], Any], chosen: tuple[list[str], Any]) -> tuple[float, float, float]:
    """Return the mean and least of the claim's words' best cosines with the evidence, and the share below _ALIGNED."""
    tokens, vectors = claim
    kept = [
        place
        for place, token in enumerate(tokens)
        if any(map(str.isalnum, token)) and token not in sentences.STOP_WORDS
    ]
    if not kept or not len(chosen[1]):
        return 0.0, 0.0, 1.0
    best = (vectors[kept] @ chosen[1].T).max(axis=1)
    return float(best.mean()), float(best.min()), float((best < _ALIGNED).mean())


def measure(pair: sources.Pair, vectors: TokenVectors) -> tuple[float, ...]:
    """Return the candidates' values for a pair."""
    chosen = evidence.select(pair.claim, pair.premise)
    claimed, given = vectors.of(pair.claim), vectors.of(chosen)
    cosine = _cosine(claimed[1].mean(axis=0), given[1].mean(axis=0)) if len(claimed[1]) and len(given[1]) else 0.0
    known: dict[str, Any] = {}

    def similarity(one: str, other: str) -> float:
        for text in (one, other):
            if text not in known:
                known[text] = vectors.of(text)[1].mean(axis=0)
        return _cosine(known[one], known[other])

    found = support(pair.claim, pair.premise, similarity=similarity)
    today = found.score if found is not None else 0.0
    rest = counted(pair.claim, chosen, pair.premise)
    return (today, cosine, *alignment(claimed, given), *rest)


def counted(claim: str, chosen: str, premise: str) -> tuple[float, ...]:
    """Return the counted signals, each about 0 to 1: words and word pairs in common, lengths, facts that disagree."""
    wanted, given = sentences.content(claim), sentences.content(premise)
    share = len(wanted & given) / len(wanted) if wanted else 0.0
    closest = _closest(wanted, chosen)
    best_share = len(wanted & sentences.content(closest)) / len(wanted) if wanted else 0.0
    claim_pairs, premise_pairs = _pairs(sentences.words(claim)), _pairs(sentences.words(premise))
    pair_share = len(claim_pairs & premise_pairs) / len(claim_pairs) if claim_pairs else 0.0
    disagrees = fact_check.disagreement(claim, chosen, passage=premise) is not None
    return (
        share,
        best_share,
        pair_share,
        math.log1p(len(wanted - given)) / 3,
        math.log1p(len(wanted)) / 3,
        math.log1p(len(premise.split())) / 6,
        float(disagrees),
        float(fact_check.denies(claim) != fact_check.denies(closest)),
    )


def _closest(wanted: frozenset[str], chosen: str) -> str:
    """Return the sentence of the evidence with the most words of the claim."""
    texts = [chosen[start:end] for start, end in sentences.split(chosen)]
    return max(texts, key=lambda text: len(wanted & sentences.content(text)), default=chosen)


def _pairs(words: Sequence[str]) -> set[tuple[str, str]]:
    """Return the neighbouring words of a text, as stems."""
    stems = [sentences.stem(word) for word in words]
    return set(pairwise(stems))


def _cosine(one: Any, other: Any) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-12))


def main() -> None:
    """Write a table of candidates, one row a pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True, help="folder of the exported embedding model")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    vectors = TokenVectors(arguments.embedder)
    table = [measure(pair, vectors) for pair in sources.read(arguments.pairs)]
    np.savez_compressed(arguments.out, table=np.array(table, dtype=np.float32), columns=np.array(COLUMNS))


if __name__ == "__main__":
    main()
