"""Fit the calibration of a support model on the sentences of labelled drafts."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.errors import ModelInvalid
from worker.answering.check.cross_encoder import MANIFEST_FILE, Calibration, CrossEncoder, file_of, manifest_of
from worker.answering.check.support_model import SupportModel
from worker.evaluation.drafts import DraftSentence, draft_sentences


def uncalibrated(folder: Path) -> SupportModel:
    """Return the model in a folder whose probability is the one that its logit stands for."""
    manifest = manifest_of(folder)
    encoder = CrossEncoder.open(folder, max_tokens=manifest["max_tokens"], file=file_of(manifest))
    return SupportModel(encoder, calibration=Calibration(slope=1.0, bias=0.0, threshold=0.5))


def logistic(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the slope and the bias of a logistic regression on the logit."""
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(max_iter=2_000)
    regression.fit(logits[:, None], labels)
    return round(float(regression.coef_[0][0]), 4), round(float(regression.intercept_[0]), 4)


def fit(model: SupportModel, sentences: Sequence[DraftSentence]) -> tuple[float, float]:
    """Return the slope and the bias of a logistic regression on the logit over the sentences of drafts."""
    logits = np.array([model.logit(given.premise, given.text, given.draft.question) for given in sentences])
    return logistic(logits, np.array([given.is_true for given in sentences]))


def calibrate(folder: Path, drafts: Path) -> dict[str, Any]:
    """Fit the model in a folder on the dev half of labelled drafts, and write its manifest; return the calibration.

    Raises:
        LabelsUnreadable: a file of the drafts is malformed.
        ModelInvalid: there are too few drafts, or the model does not tell true sentences from faulty ones.
    """
    model = uncalibrated(folder)
    sentences = draft_sentences(drafts, split="dev")
    if len({given.is_true for given in sentences}) < 2:
        raise ModelInvalid(f"{drafts} has no labelled drafts to calibrate on.")
    slope, bias = fit(model, sentences)
    if slope <= 0:
        raise ModelInvalid(
            f"The model finds faulty sentences no less supported than true ones (slope {slope}): is its label right?"
        )
    manifest = manifest_of(folder)
    manifest["calibration"] = asdict(Calibration(slope=slope, bias=bias, threshold=0.5))
    manifest["calibrated_on"] = len(sentences)
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n")
    return dict(manifest["calibration"])
