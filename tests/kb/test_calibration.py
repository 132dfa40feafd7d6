"""What a relevance means is fitted to the knowledge base and the model, without a hand."""

from pathlib import Path

import numpy as np
import pytest

from kb import documents
from kb import snapshot as snapshots
from kb.calibration import Calibrator, _logistic
from kb.passages import cut
from kb.records import Record
from kb.relevance import SHIPPED
from kb.search import search

SAMPLE = Path(snapshots.__file__).parent / "sample"

ANSWERABLE = (
    "How do I reset my password?",
    "how long does a refund take",
    "Can I pay with PayPal?",
    "my parcel has not moved for a week",
    "Which sizes do you have?",
    "I want to return the shoes",
    "do you deliver to norway",
    "my discount code does not work",
)
ELSEWHERE = (
    "What is the plot of Hamlet?",
    "how tall is the eiffel tower",
    "Who won the last election?",
    "set an alarm for six",
    "what should i cook tonight",
    "How do magnets work?",
)


class Stretched:
    """A model whose cosines lie between 0.7 and 1, as those of E5 do: all vectors have a large part in common."""

    def __init__(self, embedder):
        self.embedder = embedder
        self.identity, self.dimensions = "stretched", embedder.dimensions + 1
        self.max_tokens, self.count_tokens, self.scale = embedder.max_tokens, embedder.count_tokens, embedder.scale

    def encode_passages(self, texts):
        return np.stack([self.encode(text) for text in texts])

    def encode_query(self, text):
        return self.encode(text)

    def encode(self, text):
        return np.append(np.sqrt(0.3) * self.embedder.encode(text), np.sqrt(0.7)).astype(np.float32)


def published(embedder, folder, *, articles=29):
    records, texts = [], []
    for path in sorted(SAMPLE.glob("*.md"))[:articles]:
        read = documents.parse(path.read_bytes(), media_type="text/markdown", title=path.name)
        for passage in cut(read, count_tokens=embedder.count_tokens):
            records.append(Record.of_passage(passage, document_id=path.name, language="en"))
            texts.append(passage.embedded)
    new = snapshots.New(records=records, texts=texts, vectors=embedder.encode_passages(texts))
    snapshots.write(folder, version="1", model=embedder.identity, new=new, calibrate=Calibrator(embedder, threads=2))
    return snapshots.open_snapshot(folder, model=embedder.identity)


@pytest.fixture(scope="module")
def sample_folder(embedder, tmp_path_factory):
    """The folder of the sample, published; no test changes it."""
    folder = tmp_path_factory.mktemp("sample") / "1"
    published(embedder, folder)
    return folder


@pytest.fixture
def sample(embedder, sample_folder):
    """The sample, opened."""
    return snapshots.open_snapshot(sample_folder, model=embedder.identity)


@pytest.mark.parametrize("stretched", [False, True])
def test_whatever_cosines_a_model_has_questions_are_told_from_what_is_out_of_scope(
    embedder, sample, tmp_path, stretched
):
    searched_with = Stretched(embedder) if stretched else embedder
    opened = published(searched_with, tmp_path / "1") if stretched else sample

    def relevance(text):
        return search(text, snapshot=opened, embedder=searched_with, limit=5).relevance

    assert min(map(relevance, ANSWERABLE)) > 0.5
    assert max(map(relevance, ELSEWHERE)) < 0.5
    assert min(map(relevance, ANSWERABLE)) > opened.calibration.embedded.least(0.995) > 0


def test_without_a_model_words_alone_are_calibrated_as_well(sample):
    def relevance(text):
        return search(text, snapshot=sample, embedder=None, limit=5).relevance

    right = [relevance(text) > 0.5 for text in ANSWERABLE] + [relevance(text) < 0.5 for text in ELSEWHERE]
    assert sum(right) >= 12


def test_the_same_knowledge_base_is_calibrated_the_same(embedder, sample, sample_folder, tmp_path):
    again = published(embedder, tmp_path / "2").calibration
    assert sample.calibration == again
    assert again.passages == len(snapshots.keys_of(sample_folder))


def test_a_knowledge_base_that_is_too_small_uses_the_calibration_that_is_shipped(embedder, tmp_path):
    opened = published(embedder, tmp_path / "1", articles=1)
    assert opened.calibration is SHIPPED
    assert "calibration" not in opened.manifest


def test_the_regression_finds_the_boundary_between_two_classes_whatever_their_sizes():
    chance = np.random.default_rng(1)
    positive, negative = chance.normal(1.0, 0.3, (40, 1)), chance.normal(0.0, 0.3, (400, 1))
    slopes, intercept = _logistic(np.concatenate([positive, negative]), np.arange(440) < 40)
    assert slopes[0] > 0
    assert -intercept / slopes[0] == pytest.approx(0.5, abs=0.1)
