"""Report on labelled pairs by source: `python -m training.support.evaluate --pairs … [--model …]`.

Balanced accuracy at the model's one threshold, what it keeps of the supported and refuses of the others, the area under
the curve, the expected calibration error, and the time for a pair.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from training.measures import balanced_accuracy, calibration_error
from training.support import sources
from worker.answering.check.support_model import SupportModel


def main() -> None:
    """Print a table, a row a source."""
    from sklearn.metrics import roc_auc_score

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True, help="{premise, claim, label, source} or dataset's pairs")
    parser.add_argument("--model", type=Path, help="folder of a model; without it, the one that ships")
    arguments = parser.parse_args()
    model = SupportModel.load(arguments.model)
    labelled = '"label"' in arguments.pairs.read_text().splitlines()[0]
    pairs = sources.labelled(arguments.pairs) if labelled else sources.read(arguments.pairs)
    began = time.process_time()
    scores = np.array([model.probability(pair.premise, pair.claim, pair.question) for pair in pairs])
    per_pair = (time.process_time() - began) / len(pairs) * 1000
    labels, names = np.array([pair.supported for pair in pairs]), np.array([pair.source for pair in pairs])
    print("| source | pairs | balanced accuracy | supported kept | others refused | AUC | calibration error |")
    print("|---|---|---|---|---|---|---|")
    means = []
    for name in np.unique(names):
        own, of = scores[names == name], labels[names == name]
        if of.all() or not of.any():
            continue
        means.append(balanced_accuracy(own, of, model.threshold))
        kept, refused = np.mean(own[of] >= model.threshold), np.mean(own[~of] < model.threshold)
        area = roc_auc_score(of, own)
        error = calibration_error(own, of)
        print(f"| {name} | {len(own)} | {means[-1]:.3f} | {kept:.3f} | {refused:.3f} | {area:.3f} | {error:.3f} |")
    print(f"| mean | {len(pairs)} | {np.mean(means):.3f} | | | | |")
    print(f"\nthreshold {model.threshold}; {per_pair:.1f} ms a pair on one core")


if __name__ == "__main__":
    main()
