import shutil

import pytest

from kb import shipped
from kb.errors import ModelInvalid, ModelMissing
from worker.answering.check import cross_encoder
from worker.answering.check.cross_encoder import MANIFEST_FILE, MODEL_FILE, TOKENIZER_FILE, Calibration

SHIPPED = cross_encoder.shipped("support")


@pytest.fixture
def folder(tmp_path):
    """A copy of a shipped model, with the tokenizer that it shares."""
    copied = shutil.copytree(SHIPPED, tmp_path / "support")
    shutil.copyfile(shipped.tokenizer(), copied / TOKENIZER_FILE)
    return copied


class Counting:
    """A model that counts how often it reads."""

    def __init__(self, session):
        self._session = session
        self.runs = 0

    def run(self, *arguments):
        self.runs += 1
        return self._session.run(*arguments)


def test_a_calibration_is_a_logistic_regression():
    calibration = Calibration(slope=2.0, bias=-1.0, threshold=0.6)

    assert calibration.probability(0.5) == 0.5
    assert calibration.probability(1e9) > 0.999
    assert calibration.probability(-1e9) < 0.001


def test_a_model_reads_a_pair_with_the_tokenizer_that_it_shares(folder):
    encoder, _ = cross_encoder.load(folder)
    own = cross_encoder.load(SHIPPED)[0].logit("Returns cost €3.90.", "A return costs €3.90.")

    assert encoder.logit("Returns cost €3.90.", "A return costs €3.90.") == own
    assert encoder.logit("Returns cost €3.90.", "The shop opens at nine.") != own


def test_of_a_pair_that_is_too_long_the_second_text_is_kept(folder):
    encoder, _ = cross_encoder.load(folder)

    assert encoder.logit("word " * 2_000, "Returns are free.") != encoder.logit("word " * 2_000, "The shop opens.")


def test_a_pair_that_comes_again_is_not_read_again(folder):
    encoder, _ = cross_encoder.load(folder)
    read = Counting(encoder._session)
    encoder._session = read

    first = encoder.logit("Returns are free.", "Are returns free?")

    assert encoder.logit("Returns are free.", "Are returns free?") == first
    assert read.runs == 1
    assert encoder.logit("Returns are free. Are", "returns free?") != first
    assert read.runs == 2


def test_a_folder_without_a_model_is_told_from_a_damaged_one(tmp_path):
    with pytest.raises(ModelMissing):
        cross_encoder.load(tmp_path)
    (tmp_path / MANIFEST_FILE).write_text("no json")
    with pytest.raises(ModelInvalid):
        cross_encoder.load(tmp_path)


@pytest.mark.parametrize("name", [MODEL_FILE, TOKENIZER_FILE])
def test_a_damaged_file_is_not_loaded(folder, name):
    with (folder / name).open("ab") as file:
        file.write(b" ")

    with pytest.raises(ModelInvalid, match="damaged"):
        cross_encoder.load(folder)
