"""Report on pairs by source and by kind: `python -m training.answers.evaluate --pairs … [--model …]`.

For each kind of passages that do not answer, against all that answer of the same source: the area under the curve, and
the share that is kept at several coverages. And the calibration error, and the time for a pair.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from training.answers import sources
from training.measures import Floats, calibration_error
from worker.answering.check.answer_model import AnswerModel
from worker.evaluation.measures import auroc

COVERAGES = (0.934, 0.9, 0.8, 0.7, 0.6, 0.5)


def kept(positive: Floats, negative: Floats, coverage: float) -> float:
    """Return the share of what does not answer that is kept where this share of what answers is."""
    return float((negative >= np.quantile(positive, 1 - coverage)).mean())


def main() -> None:
    """Print a table, a row a kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True, help="a file that training.answers.dataset wrote")
    parser.add_argument("--model", type=Path, help="folder of a model; without it, the one that ships")
    parser.add_argument("--sources", nargs="+", help="sources to read; all without it")
    arguments = parser.parse_args()
    model = AnswerModel.load(arguments.model)
    pairs = [
        pair for pair in sources.read(arguments.pairs) if not arguments.sources or pair.source in arguments.sources
    ]
    began = time.process_time()
    scores = np.array([model.probability(pair.question, pair.passage, pair.title) for pair in pairs])
    per_pair = (time.process_time() - began) / max(1, len(pairs)) * 1000
    labels = np.array([pair.answered for pair in pairs])
    families = np.array([pair.source.removesuffix("-near").removesuffix("-cut") for pair in pairs])
    kinds = np.array([pair.kind for pair in pairs])
    print(
        "| source | kind | answering | others | AUROC | " + " | ".join(f"kept at {at:.1%}" for at in COVERAGES) + " |"
    )
    print("|---" * (5 + len(COVERAGES)) + "|")
    for family in np.unique(families):
        positive = scores[(families == family) & labels]
        for kind in ("", *np.unique(kinds[(families == family) & ~labels])):
            negative = scores[(families == family) & ~labels & ((kinds == kind) | (kind == ""))]
            if not len(positive) or not len(negative):
                continue
            area = auroc(np.concatenate([positive, negative]), np.array([1.0] * len(positive) + [0.0] * len(negative)))
            shares = " | ".join(f"{kept(positive, negative, at):.3f}" for at in COVERAGES)
            print(f"| {family} | {kind or 'all'} | {len(positive)} | {len(negative)} | {area:.3f} | {shares} |")
        of = families == family
        print(f"{family}: calibration error {calibration_error(scores[of], labels[of]):.3f}")
    print(f"\n{per_pair:.1f} ms a pair on one core")


if __name__ == "__main__":
    main()
