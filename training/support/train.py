"""Train the support model: `python -m training.support.train --data … --out …`.

The cross-encoder reads the evidence and the claim: a claim is not supported as soon as one word of it is not. The marks
are the tokens of a claim in which a fault is.
"""

import argparse
import difflib
import json
import random
import time
from collections import Counter
from pathlib import Path

import torch
from tokenizers import Tokenizer

from training.cross_encoder import LEARNING_RATE, SEED, Row, fit, load_tokenizer
from training.support import sources
from training.support.dataset import BY_RULE
from training.support.sources import Pair
from worker.answering.check import support_model

MAX_TOKENS = 224


def encoded(pairs: list[Pair], tokenizer: Tokenizer) -> list[Row]:
    """Return what the model reads of each pair, with the evidence chosen as it is in service."""
    encodings = tokenizer.encode_batch([support_model.texts(pair.premise, pair.claim, pair.question) for pair in pairs])
    twins = tokenizer.encode_batch([" ".join(pair.twin.split()) for pair in pairs], add_special_tokens=False)
    rows = []
    for pair, encoding, twin, weight in zip(pairs, encodings, twins, weights(pairs), strict=True):
        faults = [0 if pair.supported and segment else -1 for segment in encoding.type_ids]
        if twin.ids:
            start = encoding.type_ids.index(1)
            marked = _differing(twin.ids, encoding.ids[start:-1])
            faults[start : start + len(marked)] = marked
        rows.append(
            Row(ids=encoding.ids, segments=encoding.type_ids, marks=faults, label=float(pair.supported), weight=weight)
        )
    return rows


def _differing(twin: list[int], claim: list[int]) -> list[int]:
    """Return 1 for each token of the claim that its twin does not have, or before which it lacks one, else 0."""
    marked = [0] * len(claim)
    for tag, _, _, start, end in difflib.SequenceMatcher(None, twin, claim, autojunk=False).get_opcodes():
        if tag != "equal":
            end = max(end, min(start + 1, len(claim)))
            marked[start:end] = [1] * (end - start)
    return marked


def weights(pairs: list[Pair]) -> list[float]:
    """Return a weight for each pair, such that the two labels weigh the same in each source."""
    counts = Counter((pair.source, pair.supported) for pair in pairs)
    totals = Counter(pair.source for pair in pairs)
    found = [totals[pair.source] / 2 / counts[pair.source, pair.supported] for pair in pairs]
    return [min(weight, 3.0) for weight in found]


def main() -> None:
    """Train, and write weights.pt and training.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that training.support.dataset wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--start", type=Path, help="weights.pt to go on from")
    parser.add_argument("--seed", type=int, default=SEED, help="another one where training goes on")
    parser.add_argument("--by-rule", type=float, default=1.0, help="share of the pairs made by rule that is read")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    chance = random.Random(arguments.seed)
    pairs = [
        pair
        for pair in sources.read(arguments.data / "train.jsonl")
        if pair.source not in BY_RULE or chance.random() < arguments.by_rule
    ]
    began = time.monotonic()
    fit(
        encoded(pairs, load_tokenizer(max_tokens=MAX_TOKENS)),
        epochs=arguments.epochs,
        out=arguments.out,
        start=arguments.start,
        rate=arguments.rate,
        seed=arguments.seed,
    )
    summary = {"pairs": len(pairs), "epochs": arguments.epochs, "minutes": round((time.monotonic() - began) / 60, 1)}
    (arguments.out / "training.json").write_text(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main()
