"""Calibrate the model for passages that a search found: `python -m training.answers.calibrate_found --embedder …`.

A logistic regression on the logit, the cosine of the search and the number of the question's content words, over the
dev halves of labelled messages with the first passages that a search finds. The manifest is written with the result.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from kb.embedding import load
from training.answers import service
from training.answers.sources import Pair
from worker.answering.check import answer_model, cross_encoder
from worker.answering.check.answer_model import COSINE, WORDS, AnswerModel
from worker.answering.check.cross_encoder import MANIFEST_FILE, Calibration

#: The folders of messages whose dev halves are read.
QUESTIONS = (Path("tests/data/questions"), Path("tests/data/problems"))


def fit(model: AnswerModel, pairs: list[Pair]) -> Calibration:
    """Return the calibration over pairs with a cosine."""
    from sklearn.linear_model import LogisticRegression

    values = np.array(
        [
            [model.logit(one.question, one.passage, one.title), one.cosine, answer_model.content_words(one.question)]
            for one in pairs
        ]
    )
    regression = LogisticRegression(max_iter=2_000).fit(values, [pair.answered for pair in pairs])
    slope, cosine, words = (round(float(weight), 4) for weight in regression.coef_[0])
    bias = round(float(regression.intercept_[0]), 4)
    return Calibration(slope=slope, bias=bias, threshold=0.5, weights={COSINE: cosine, WORDS: words})


def main() -> None:
    """Fit, and write the manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, nargs="+", default=QUESTIONS)
    parser.add_argument("--embedder", type=Path, required=True, help="folder of the prepared embedding model")
    parser.add_argument("--model", type=Path, default=cross_encoder.shipped("answers"))
    arguments = parser.parse_args()
    embedder = load(arguments.embedder, precision="int8")
    pairs = [pair for folder in arguments.questions for pair in service.pairs(folder, split="dev", embedder=embedder)]
    calibration = fit(AnswerModel.load(arguments.model), [pair for pair in pairs if pair.cosine is not None])
    manifest = cross_encoder.manifest_of(arguments.model)
    manifest["calibration_of_found"] = asdict(calibration)
    (arguments.model / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n")
    print(calibration)


if __name__ == "__main__":
    main()
