"""The probability of another support model is fitted on labelled drafts."""

import random
from types import SimpleNamespace

import pytest

from kb.errors import ModelInvalid
from worker.answering.check.cross_encoder import Calibration
from worker.evaluation import calibration
from worker.evaluation.calibration import calibrate, fit
from worker.evaluation.drafts import DraftSentence, LabelledDraft

DRAFT = LabelledDraft(id="a", domain="shop", split="dev", question="", passages=(), text="")


class Logits:
    """A model whose logit for a claim is the claim."""

    def logit(self, _premise: str, claim: str, _question: str) -> float:
        return float(claim)


@pytest.mark.exports
def test_a_logit_is_turned_into_the_share_of_true_sentences():
    chance = random.Random(1)
    sentences = []
    for _ in range(4_000):
        logit = chance.uniform(-4, 4)
        is_true = chance.random() < Calibration(slope=1.5, bias=0.5, threshold=0.5).probability(logit)
        sentences.append(DraftSentence(draft=DRAFT, text=str(logit), premise="", probability=0.0, is_true=is_true))
    slope, bias = fit(Logits(), sentences)
    assert slope == pytest.approx(1.5, abs=0.15)
    assert bias == pytest.approx(0.5, abs=0.15)


@pytest.mark.exports
@pytest.mark.parametrize(("labels", "why"), [([], "no labelled drafts"), ([False, True], "is its label right")])
def test_a_model_that_cannot_be_calibrated_is_told(tmp_path, monkeypatch, labels, why):
    sentences = [SimpleNamespace(premise="", text=str(n), draft=DRAFT, is_true=not n) for n, _ in enumerate(labels)]
    monkeypatch.setattr(calibration, "uncalibrated", lambda _folder: Logits())
    monkeypatch.setattr(calibration, "draft_sentences", lambda _drafts, split: sentences)
    with pytest.raises(ModelInvalid, match=why):
        calibrate(tmp_path, tmp_path)
