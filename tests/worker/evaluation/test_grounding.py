"""The check of support, measured on claims whose truth is known."""

import json

import pytest

from kb.quality import LabelsUnreadable
from worker.evaluation import grounding
from worker.evaluation.claims import LabelledClaim

PASSAGE = "Refunds take five days."
TRUE = LabelledClaim(text="Refunds take five days.", passage=PASSAGE, supported=True, kind="same")
NUMBER = LabelledClaim(text="Refunds take six days.", passage=PASSAGE, supported=False, kind="number")
SUBJECT = LabelledClaim(text="Parcels weigh a kilogram.", passage=PASSAGE, supported=False, kind="subject")


def values(measures):
    return {name: measure.value for name, measure in measures.items()}


def test_claims_are_read_and_their_kind_may_be_missing(tmp_path):
    path = tmp_path / "claims.jsonl"
    row = {"claim": TRUE.text, "passage": PASSAGE, "supported": 1}
    path.write_text(json.dumps(row) + "\n" + json.dumps({**row, "kind": "same"}) + "\n")
    assert [claim.kind for claim in grounding.load(path)] == ["x", "same"]
    assert grounding.load(path)[1] == TRUE
    path.write_text('{"claim": "x"}\n')
    with pytest.raises(LabelsUnreadable):
        grounding.load(path)


def test_true_claims_are_accepted_and_false_ones_rejected_by_kind(embedder):
    measures, curves = grounding.measures([TRUE, NUMBER, SUBJECT], suite="s", embedder=embedder)
    assert values(measures) == {
        "s: true claims accepted": 1.0,
        "s: false claims rejected": 1.0,
        "s: false claims rejected, number": 1.0,
        "s: false claims rejected, subject": 1.0,
    }
    (curve,) = curves.values()
    assert len(curve) == 51
    assert curve[-1] == (1.0, 0.0)  # at the lowest threshold all true claims are accepted, and none of the false


def test_a_label_that_contradicts_the_check_lowers_the_share(embedder):
    wrong = [LabelledClaim(text=NUMBER.text, passage=PASSAGE, supported=True, kind="x"), TRUE]
    measures, curves = grounding.measures(wrong, suite="s", embedder=embedder)
    assert measures["s: true claims accepted"].value == 0.5
    assert curves == {}  # without false claims there is nothing to draw
