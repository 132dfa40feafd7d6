"""Train the answer model: `python -m training.answers.train --data … --out …`.

The cross-encoder reads the passage and the question: the question is not answered as soon as one word of it is not met.
The marks are the tokens of the passage that answer, where these are known.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import torch
from tokenizers import Encoding, Tokenizer

from training.answers import sources
from training.answers.sources import Pair
from training.cross_encoder import LEARNING_RATE, SEED, Row, fit, load_tokenizer
from worker.answering.check import answer_model

MAX_TOKENS = 256

#: The share of each source that a run reads; the others are read whole. The first run learns what is no answer in spite
#: of the same words, the second what is about something else, the third what a problem or a statement asks.
SHARES: Mapping[str, Mapping[str, float]] = {
    "first": {
        "written-near": 0.2,
        "squad-cut": 0.3,
        "squad-near": 0.05,
        "support-answers": 0.1,
        "support-passages": 0.1,
        "support-passages-near": 0.05,
        "xquad": 0.2,
        "xquad-cut": 0.3,
        "xquad-near": 0.05,
        "stackfaq": 0.15,
        "stackfaq-near": 0.15,
    },
    "second": {
        "written": 0.3,
        "written-near": 0.5,
        "squad": 0.35,
        "squad-cut": 0.1,
        "squad-near": 0.2,
        "support-answers": 0.1,
        "support-passages": 0.15,
        "support-passages-near": 0.2,
        "xquad": 0.15,
        "xquad-cut": 0.1,
        "xquad-near": 0.15,
        "stackfaq": 0.15,
        "stackfaq-near": 0.2,
    },
    "third": {
        "written": 0.08,
        "written-near": 0.05,
        "squad": 0.03,
        "squad-cut": 0.03,
        "squad-near": 0.03,
        "support-answers": 0.01,
        "support-passages": 0.04,
        "support-passages-near": 0.04,
        "xquad": 0.03,
        "xquad-cut": 0.03,
        "xquad-near": 0.03,
        "stackfaq": 0.03,
        "stackfaq-near": 0.03,
    },
}

#: A label of a source weighs at most this much more than its pairs do.
MAX_WEIGHT = 2.5


def encoded(pairs: list[Pair], tokenizer: Tokenizer) -> list[Row]:
    """Return what the model reads of each pair, with the evidence chosen as it is in service.

    Left out are pairs whose known answer is not among the evidence.
    """
    texts = [answer_model.texts(pair.question, pair.passage, pair.title) for pair in pairs]
    kept = [
        (pair, both)
        for pair, both in zip(pairs, texts, strict=True)
        if not pair.answered or _normal(pair.answer) in _normal(both[0])
    ]
    encodings = tokenizer.encode_batch([both for _, both in kept])
    weights = _weights([pair for pair, _ in kept])
    return [
        Row(
            ids=encoding.ids,
            segments=encoding.type_ids,
            marks=_marks(pair, both[0], encoding),
            label=float(pair.answered),
            weight=weight,
        )
        for (pair, both), encoding, weight in zip(kept, encodings, weights, strict=True)
    ]


def _marks(pair: Pair, passage: str, encoding: Encoding) -> list[int]:
    """Return 1 for the tokens of the answer, 0 for the others of the passage, -1 for what is not known."""
    if not pair.source.startswith(("squad", "xquad")):
        return [-1] * len(encoding.ids)
    start = passage.find(pair.answer) if pair.answer else len(passage)
    end = start + len(pair.answer)
    return [
        -1 if special or segment else int(start <= begin < end)
        for special, segment, (begin, _) in zip(
            encoding.special_tokens_mask, encoding.type_ids, encoding.offsets, strict=True
        )
    ]


def _normal(text: str) -> str:
    return " ".join(text.split())


def _weights(pairs: list[Pair]) -> list[float]:
    """Return a weight for each pair, such that both labels weigh the same in each family of sources."""
    families = [pair.source.removesuffix("-near").removesuffix("-cut") for pair in pairs]
    counts = Counter((family, pair.answered) for family, pair in zip(families, pairs, strict=True))
    totals = Counter(families)
    return [
        min(MAX_WEIGHT, totals[family] / 2 / counts[family, pair.answered])
        for family, pair in zip(families, pairs, strict=True)
    ]


def main() -> None:
    """Train, and write weights.pt and training.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that training.answers.dataset wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--run", choices=list(SHARES), default="first")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--start", type=Path, help="weights.pt to go on from")
    parser.add_argument("--seed", type=int, default=SEED, help="another one where training goes on")
    parser.add_argument("--frozen", type=int, default=0, help="lower layers that stay as they are")
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), help="read part I of N of the pairs")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    chance = random.Random(arguments.seed)
    pairs = [
        pair
        for pair in sources.read(arguments.data / "train.jsonl")
        if chance.random() < SHARES[arguments.run].get(pair.source, 1.0)
    ]
    chance.shuffle(pairs)
    pairs = pairs[arguments.part[0] :: arguments.part[1]]
    began = time.monotonic()
    fit(
        encoded(pairs, load_tokenizer(max_tokens=MAX_TOKENS)),
        epochs=arguments.epochs,
        out=arguments.out,
        start=arguments.start,
        rate=arguments.rate,
        seed=arguments.seed,
        frozen=arguments.frozen,
    )
    summary = {"pairs": len(pairs), "epochs": arguments.epochs, "minutes": round((time.monotonic() - began) / 60, 1)}
    (arguments.out / "training.json").write_text(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main()
