import shutil
from pathlib import Path

import pytest

from kb.errors import ModelInvalid, ModelMissing
from worker.answering import support_model
from worker.answering.support_model import Calibration, SupportModel

SHIPPED = Path(support_model.__file__).parent / "models" / "support"
PREMISE = (
    "You can return unused items within 30 days of delivery. Returns cost €3.90, which we take off your refund. "
    "We refund the money within five working days to the method you paid with."
)


@pytest.fixture(scope="module")
def model() -> SupportModel:
    return SupportModel.load()


@pytest.mark.parametrize(
    "claim",
    [
        "You can return unused items within 30 days of delivery.",
        "Yes, we deduct €3.90 from your refund for a return.",
        "Your money is back within five working days.",
    ],
)
def test_what_the_premise_says_in_other_words_is_supported(model, claim):
    (probability,) = model.score([(PREMISE, claim)])

    assert probability >= model.threshold


@pytest.mark.parametrize(
    "claim",
    [
        "You can return unused items within 30 days of delivery, and we send a courier to your home.",
        "You can return unused items at any time.",
        "Returns are free.",
        "Returns cost €9.90, which we take off your refund.",
        "We pay the postage for returns.",
        "The shop opens at nine on Saturdays.",
    ],
)
def test_a_planted_fault_is_not_supported(model, claim):
    (probability,) = model.score([(PREMISE, claim)])

    assert probability < model.threshold


def test_scores_are_the_same_alone_and_among_others(model):
    pairs = [(PREMISE, "Returns are free."), (PREMISE, "Returns cost €3.90."), ("", "Returns cost €3.90.")]

    assert model.score(pairs) == [model.score([pair])[0] for pair in pairs]


def test_odd_input_gets_a_score(model):
    long = "word " * 2_000

    scores = model.score([("", ""), (long, long), ("- " * 90, "?"), ("日本語の文です。", "🙂")])

    assert all(0 <= score <= 1 for score in scores)


def test_a_calibration_is_a_logistic_regression():
    calibration = Calibration(slope=2.0, bias=-1.0, threshold=0.6)

    assert calibration.probability(0.5) == 0.5
    assert calibration.probability(1e9) > 0.999
    assert calibration.probability(-1e9) < 0.001


def test_a_folder_without_a_model_is_told_from_a_damaged_one(tmp_path):
    with pytest.raises(ModelMissing):
        SupportModel.load(tmp_path)
    (tmp_path / support_model.MANIFEST_FILE).write_text("no json")
    with pytest.raises(ModelInvalid):
        SupportModel.load(tmp_path)


def test_a_damaged_file_is_not_loaded(tmp_path):
    folder = shutil.copytree(SHIPPED, tmp_path / "support")
    with (folder / support_model.TOKENIZER_FILE).open("a") as file:
        file.write(" ")

    with pytest.raises(ModelInvalid, match="damaged"):
        SupportModel.load(folder)


def test_the_shipped_model_fits_its_budget():
    size = sum(path.stat().st_size for path in SHIPPED.iterdir())

    assert size < 30_000_000
