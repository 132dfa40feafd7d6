"""Calibrate an exported model: `python -m training.answers.calibrate --data … --embedder … --model …`.

Slope and bias are fitted on the dev half of `tests/data/questions` with the first passages that a search finds, as in
service. The threshold, for reports on pairs, is fitted on `held_out.jsonl`: questions of domains that the cross-encoder
did not see. The model's manifest is written with the result.
"""

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from kb.embedding import load
from training.answers import service, sources
from training.answers.sources import Pair
from training.answers.train import MAX_TOKENS
from training.measures import Floats, Labels, balanced_accuracy, write_manifest
from worker.answering.check.answer_model import AnswerModel
from worker.answering.check.cross_encoder import Calibration, CrossEncoder
from worker.evaluation.calibration import logistic
from worker.evaluation.measures import auroc

#: Pairs of each source that are read.
MAX_PAIRS = 250


def logits(model: AnswerModel, pairs: list[Pair]) -> tuple[Floats, Labels]:
    """Return the logits of pairs and their labels."""
    found = np.array([model.logit(pair.question, pair.passage, pair.title) for pair in pairs])
    return found, np.array([pair.answered for pair in pairs])


def best_threshold(scores: Floats, labels: Labels) -> float:
    """Return the threshold with the highest balanced accuracy."""
    candidates = np.quantile(scores, np.linspace(0.02, 0.98, 97))
    return float(max(candidates, key=lambda one: balanced_accuracy(scores, labels, float(one))))


def areas(found: dict[str, tuple[Floats, Labels]]) -> dict[str, float]:
    """Return for each source the area under the curve of what does not answer, against what answers of its family."""
    measured = {}
    for source, (own, labels) in found.items():
        values, answered = found.get(source.removesuffix("-near").removesuffix("-cut"), (own, labels))
        positive, negative = values[answered], own[~labels]
        if len(positive) and len(negative):
            group = np.array([1.0] * len(positive) + [0.0] * len(negative))
            measured[source] = auroc(np.concatenate([positive, negative]), group)
    return measured


def main() -> None:
    """Fit, and write the manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that training.answers.dataset wrote")
    parser.add_argument("--questions", type=Path, default=Path("tests/data/questions"))
    parser.add_argument("--embedder", type=Path, required=True, help="folder of the prepared embedding model")
    parser.add_argument("--model", type=Path, required=True, help="folder that training.export wrote")
    arguments = parser.parse_args()
    encoder = CrossEncoder.open(arguments.model, max_tokens=MAX_TOKENS)
    model = AnswerModel(encoder, calibration=Calibration(slope=1.0, bias=0.0, threshold=0.5))
    asked = service.pairs(arguments.questions, split="dev", embedder=load(arguments.embedder, precision="int8"))
    slope, bias = logistic(*logits(model, asked))
    calibration = Calibration(slope=slope, bias=bias, threshold=0.5)
    by_source: dict[str, list[Pair]] = defaultdict(list)
    for pair in sources.read(arguments.data / "held_out.jsonl"):
        by_source[pair.source].append(pair)
    found = {source: logits(model, pairs[:MAX_PAIRS]) for source, pairs in by_source.items()}
    values, labels = found["written"]
    scores = np.array([calibration.probability(value) for value in values])
    calibration = replace(calibration, threshold=round(best_threshold(scores, labels), 4))
    print(
        write_manifest(
            arguments.model,
            model="answers",
            max_tokens=MAX_TOKENS,
            calibration=calibration,
            measured={"held_out_auroc": areas(found)},
        )
    )


if __name__ == "__main__":
    main()
