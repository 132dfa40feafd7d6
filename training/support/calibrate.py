"""Fit the calibration and the threshold of an exported model: `python -m training.support.calibrate`.

Both are fitted on `heldout.jsonl`, pairs of the training sources that the cross-encoder did not see. The reporting sets
are not read. The model's manifest is written with the result.
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.files import sha256_of
from training.support import sources
from training.support.train import MAX_TOKENS
from worker.answering.support_model import (
    MANIFEST_FILE,
    MODEL_FILE,
    TOKENIZER_FILE,
    Calibration,
    SupportModel,
    open_files,
)

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]

#: Sources that read alike are left out together where transfer is measured.
GROUPS: Mapping[str, str] = {
    **dict.fromkeys(("begin-wow", "begin-cmu", "faithdial", "q-squared", "factual-dialogs", "dialfact"), "dialogue"),
    **dict.fromkeys(("conjnli", "help"), "swaps"),
    **dict.fromkeys(("login.gov", "stackfaq", "squad-texts"), "planted"),
    **dict.fromkeys(("squad", "halueval"), "questions"),
    **dict.fromkeys(("fool-me-twice", "fever-symmetric"), "adversarial"),
    **dict.fromkeys(("wiki-split", "wice-train"), "parts"),
    "policies": "policies",
}

#: A source counts in the choice of the threshold when it has this many pairs of each label.
MIN_PAIRS = 10


def measured(model: SupportModel, pairs: list[sources.Pair]) -> tuple[Floats, Labels, Names]:
    """Return the logits of pairs, their labels and their sources."""
    logits = np.array([model.logit(pair.premise, pair.claim) for pair in pairs])
    return logits, np.array([pair.supported for pair in pairs]), np.array([pair.source for pair in pairs])


def balance(labels: Labels, names: Names) -> Floats:
    """Return weights with which the two labels count the same in each source."""
    counts, totals = Counter(zip(names, labels, strict=True)), Counter(names)
    found = [totals[name] / 2 / counts[name, label] for name, label in zip(names, labels, strict=True)]
    return np.minimum(np.array(found, dtype=np.float64), 3.0).astype(np.float64)


def fit(logits: Floats, labels: Labels, names: Names) -> tuple[float, float]:
    """Return the slope and the bias of a logistic regression on the logit."""
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(max_iter=2_000)
    regression.fit(logits[:, None], labels, sample_weight=balance(labels, names))
    return round(float(regression.coef_[0][0]), 4), round(float(regression.intercept_[0]), 4)


def balanced_accuracy(scores: Floats, labels: Labels, threshold: float) -> float:
    """Return the mean of the share kept of what is supported and the share refused of what is not."""
    return float((np.mean(scores[labels] >= threshold) + np.mean(scores[~labels] < threshold)) / 2)


def by_source(scores: Floats, labels: Labels, names: Names, threshold: float) -> dict[str, float]:
    """Return the balanced accuracy of each source with enough pairs of both labels."""
    found = {}
    for name in np.unique(names):
        own, of = scores[names == name], labels[names == name]
        if min(of.sum(), (~of).sum()) >= MIN_PAIRS:
            found[str(name)] = balanced_accuracy(own, of, threshold)
    return found


def by_group(per_source: Mapping[str, float]) -> dict[str, float]:
    """Return the mean of each group of sources."""
    groups: dict[str, list[float]] = {}
    for name, value in per_source.items():
        groups.setdefault(GROUPS.get(name, name), []).append(value)
    return {name: float(np.mean(values)) for name, values in groups.items()}


def best_threshold(scores: Floats, labels: Labels, names: Names) -> float:
    """Return the threshold with the highest balanced accuracy, averaged over groups of sources."""
    candidates = np.quantile(scores, np.linspace(0.02, 0.98, 97))
    return float(
        max(candidates, key=lambda one: np.mean(list(by_group(by_source(scores, labels, names, float(one))).values())))
    )


def transfer(logits: Floats, labels: Labels, names: Names) -> dict[str, float]:
    """Return the balanced accuracy of each group at the threshold that the other groups alone give."""
    groups = np.array([GROUPS.get(str(name), str(name)) for name in names])
    found: dict[str, float] = {}
    for group in np.unique(groups):
        inside = groups == group
        threshold = best_threshold(logits[~inside], labels[~inside], names[~inside])
        found |= by_group(by_source(logits[inside], labels[inside], names[inside], threshold))
    return found


def main() -> None:
    """Fit, and write the manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="folder that training.support.export wrote")
    arguments = parser.parse_args()
    session, tokenizer = open_files(arguments.model, max_tokens=MAX_TOKENS)
    uncalibrated = Calibration(slope=1.0, bias=0.0, threshold=0.5)
    model = SupportModel(session, tokenizer, calibration=uncalibrated)
    logits, labels, names = measured(model, sources.read(arguments.data / "heldout.jsonl"))
    slope, bias = fit(logits, labels, names)
    cut = best_threshold(logits, labels, names)
    threshold = round(Calibration(slope=slope, bias=bias, threshold=0.5).probability(cut), 4)
    manifest = {
        "model": "support",
        "max_tokens": MAX_TOKENS,
        "calibration": {"slope": slope, "bias": bias, "threshold": threshold},
        "sha256": {name: sha256_of(arguments.model / name) for name in (MODEL_FILE, TOKENIZER_FILE)},
        "heldout": {name: round(value, 3) for name, value in by_source(logits, labels, names, cut).items()},
        "transfer": {name: round(value, 3) for name, value in transfer(logits, labels, names).items()},
        "made_with": {name: metadata.version(name) for name in ("torch", "transformers", "onnxruntime")},
    }
    (arguments.model / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n")
    print(json.dumps(manifest, indent=1))


if __name__ == "__main__":
    main()
