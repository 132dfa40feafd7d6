"""What is learned is kept beside the model, and a desk sees whether its examples work."""

import numpy as np
import pytest

from kb.lexical_only import LexicalOnlyEmbedder
from kb.model_sources import DEFAULT_MODEL
from tests.support.embeddings import TinyEmbedder
from worker.answering.triage.learned_examples import LearnedExamples, checks_to_api
from worker.categories.category import Category
from worker.states import Priority

FLEET = Category(
    name="fleet_customer",
    priority=Priority.HIGH,
    examples=(
        "We run 40 vans and need a new leasing offer",
        "our company fleet of 25 cars is due for renewal",
        "Please send an offer for leasing 60 delivery vans",
        "fleet manager here, we want to lease twelve more electric vans",
        "I look after 80 company cars and the leasing contract ends",
        "Flottenleasing für 30 Transporter gesucht",
    ),
    counter_examples=("I rented one of your cars for the weekend", "Where can I park the van that I hired?"),
)


@pytest.fixture(scope="module")
def learned(embedder, models):
    return LearnedExamples(embedder, models / DEFAULT_MODEL)


def test_what_was_learned_is_loaded_by_the_next_process(embedder, learned, recogniser):
    class Unused:
        identity = embedder.identity

        def encode(self, _text):
            raise AssertionError("the examples are embedded once")

    again = LearnedExamples(Unused(), None).recogniser()
    assert again.thresholds == recogniser.thresholds
    assert np.array_equal(again.weights, recogniser.weights)


def test_what_ships_is_of_these_examples_and_of_the_default_model(embedder):
    """Where this fails, the examples or the model's export have changed: run `python -m training.escalation`."""
    assert LearnedExamples(embedder, None)._shipped_path.exists()
    assert LearnedExamples(LexicalOnlyEmbedder(), None)._shipped_path.exists()


def test_a_damaged_file_is_learned_again(tiny_folder, tmp_path):
    embedder = TinyEmbedder()
    first = LearnedExamples(embedder, tiny_folder).recogniser()
    (file,) = tiny_folder.iterdir()
    (tmp_path / file.name).write_bytes(b"no archive")
    assert LearnedExamples(embedder, tmp_path).recogniser().thresholds == first.thresholds
    assert (tmp_path / file.name).read_bytes() != b"no archive"


def test_without_an_embedding_model_words_decide(tmp_path):
    found = LearnedExamples(LexicalOnlyEmbedder(), tmp_path).recogniser()
    assert "account_compromise" in found.recognise("My account has been hacked, someone changed the password").quotes
    assert found.recognise("Where is my parcel?").quotes == {}
    assert list(tmp_path.iterdir()) == []


def test_a_desks_category_is_recognised_and_told_how_well(learned):
    recogniser, checks = learned.with_own([FLEET])
    found = recogniser.recognise("Our firm needs to lease 35 vans, what would you offer us?")
    assert "fleet_customer" in found.quotes
    assert found.priorities == {"fleet_customer": Priority.HIGH}
    assert recogniser.recognise("I hired a van for Saturday, when can I pick it up?").quotes == {}
    check = checks_to_api(checks)["fleet_customer"]
    assert check["examples"] == 6
    assert check["recognised"] == 6 - len(check["missed"]) >= 4
    assert check["false_alarms"] == []


def test_examples_that_have_nothing_in_common_are_told_to_be_useless(learned):
    odd = Category(
        name="odd",
        examples=("How do I pay?", "green", "thanks a lot", "My parcel is late", "Is breakfast included"),
    )
    assert len(learned.with_own([odd])[1]["odd"].missed) >= 4


def test_a_desk_adds_examples_to_a_category_that_ships(learned):
    jargon = [f"the {part} went thermal on me, code seven" for part in ("pump", "relay", "stack", "cell", "inverter")]
    told = "the rectifier went thermal on me, code seven"
    assert "safety" not in learned.recogniser().recognise(told).quotes
    recogniser, _checks = learned.with_own([Category(name="safety", priority=Priority.URGENT, examples=tuple(jargon))])
    assert "safety" in recogniser.recognise(told).quotes
