"""Fit the calibration of an exported model, and its threshold: `python -m training.support.calibrate`.

The calibration is fitted on the sentences of the dev halves of labelled drafts, most of which are true, as in service:
a logistic regression on the logit and the signals beside it (`worker/answering/check/signals.py`).
The threshold, for reports on public pairs, is fitted on `held_out.jsonl`, pairs of the training sources that the
cross-encoder did not see. Nothing that is reported on is read. The model's manifest is written with the result.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.measures import Floats, Labels, balanced_accuracy, write_manifest
from training.support import sources
from training.support.train import MAX_TOKENS
from worker.answering.check import signals
from worker.answering.check.cross_encoder import Calibration, CrossEncoder
from worker.answering.check.support_model import SupportModel
from worker.evaluation.drafts import DraftSentence, draft_sentences

Names = npt.NDArray[np.str_]

#: Sources that read alike are left out together where transfer is measured.
GROUPS: Mapping[str, str] = {
    **dict.fromkeys(("begin-wow", "begin-cmu", "faithdial", "q-squared", "factual-dialogs"), "dialogue"),
    **dict.fromkeys(("conjnli", "help"), "swaps"),
    **dict.fromkeys(("login.gov", "stackfaq", "squad-texts"), "planted"),
    "squad": "questions",
    "summedits": "edits",
    **dict.fromkeys(("fool-me-twice", "fever-symmetric"), "adversarial"),
    **dict.fromkeys(("wiki-split", "wice-train"), "parts"),
    "policies": "policies",
}

#: The folders of drafts whose dev halves the calibration is fitted on.
DRAFTS = (Path("tests/data/drafts"), Path("tests/data/drafts-desks"))

#: A source counts in the choice of the threshold when it has this many pairs of each label.
MIN_PAIRS = 10


#: The inverse strength of the regularisation; 0.05 to 1 give the same areas under the curve, by domains left out.
REGULARISATION = 0.1


def fit(model: SupportModel, found: Sequence[DraftSentence]) -> Calibration:
    """Return the calibration of an uncalibrated model over the sentences of drafts."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rows = [signals.of(one.premise, one.text) for one in found]
    names = list(rows[0])
    logits = [model.logit(one.premise, one.text, one.draft.question) for one in found]
    values = np.array([[logit, *map(row.__getitem__, names)] for logit, row in zip(logits, rows, strict=True)])
    scaler = StandardScaler().fit(values)
    regression = LogisticRegression(C=REGULARISATION, max_iter=3_000)
    regression.fit(scaler.transform(values), [one.is_true for one in found])
    weights = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - weights @ scaler.mean_)
    slope, *others = (round(float(weight), 4) for weight in weights)
    return Calibration(slope=slope, bias=round(bias, 4), threshold=0.5, weights=dict(zip(names, others, strict=True)))


def measured(model: SupportModel, pairs: list[sources.Pair]) -> tuple[Floats, Labels, Names]:
    """Return the probabilities of pairs, their labels and their sources."""
    scores = np.array([model.probability(pair.premise, pair.claim, pair.question) for pair in pairs])
    return scores, np.array([pair.supported for pair in pairs]), np.array([pair.source for pair in pairs])


def by_source(scores: Floats, labels: Labels, names: Names, threshold: float) -> dict[str, float]:
    """Return the balanced accuracy of each source with enough pairs of both labels."""
    found = {}
    for name in np.unique(names):
        own, of = scores[names == name], labels[names == name]
        if min(of.sum(), (~of).sum()) >= MIN_PAIRS:
            found[str(name)] = balanced_accuracy(own, of, threshold)
    return found


def group_of(source: str) -> str:
    """Return the group of a source; all that was written for this project is one."""
    return "written" if source.startswith("written-") else GROUPS.get(source, source)


def by_group(per_source: Mapping[str, float]) -> dict[str, float]:
    """Return the mean of each group of sources."""
    groups: dict[str, list[float]] = {}
    for name, value in per_source.items():
        groups.setdefault(group_of(name), []).append(value)
    return {name: float(np.mean(values)) for name, values in groups.items()}


def best_threshold(scores: Floats, labels: Labels, names: Names) -> float:
    """Return the threshold with the highest balanced accuracy, averaged over groups of sources."""
    candidates = np.quantile(scores, np.linspace(0.02, 0.98, 97))
    return float(
        max(candidates, key=lambda one: np.mean(list(by_group(by_source(scores, labels, names, float(one))).values())))
    )


def transfer(scores: Floats, labels: Labels, names: Names) -> dict[str, float]:
    """Return the balanced accuracy of each group at the threshold that the other groups alone give, if any."""
    groups = np.array([group_of(str(name)) for name in names])
    found: dict[str, float] = {}
    for group in np.unique(groups) if len(set(groups)) > 1 else ():
        inside = groups == group
        threshold = best_threshold(scores[~inside], labels[~inside], names[~inside])
        found |= by_group(by_source(scores[inside], labels[inside], names[inside], threshold))
    return found


def main() -> None:
    """Fit, and write the manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--drafts", type=Path, nargs="+", default=DRAFTS, help="folders of labelled drafts")
    parser.add_argument("--model", type=Path, required=True, help="folder that training.export wrote")
    arguments = parser.parse_args()
    encoder = CrossEncoder.open(arguments.model, max_tokens=MAX_TOKENS)
    uncalibrated = SupportModel(encoder, calibration=Calibration(slope=1.0, bias=0.0, threshold=0.5))
    calibration = fit(
        uncalibrated, [sentence for folder in arguments.drafts for sentence in draft_sentences(folder, split="dev")]
    )
    scores, labels, names = measured(
        SupportModel(encoder, calibration=calibration), sources.read(arguments.data / "held_out.jsonl")
    )
    calibration = replace(calibration, threshold=round(best_threshold(scores, labels, names), 4))
    own = by_source(scores, labels, names, calibration.threshold)
    print(
        write_manifest(
            arguments.model,
            model="support",
            max_tokens=MAX_TOKENS,
            calibration=calibration,
            measured={"held_out": own, "transfer": transfer(scores, labels, names)},
        )
    )


if __name__ == "__main__":
    main()
