"""One set in several languages: each is searched by itself, across, and half of it behind the gate."""

import json

import pytest

from kb.quality import LabelsUnreadable
from worker.answering.questions.gate import OPEN, Gate
from worker.evaluation import languages, suites

DOCUMENTS = {
    "en": {
        "wool": "Wash wool by hand in cold water and dry it flat on a towel, never in a dryer.",
        "parcel": "A parcel to another country takes five to nine working days after it has left us.",
        "invoice": "Your invoice is in your account under Orders; the accounting office corrects addresses on it.",
        "gift": "Gift cards are valid for three years and can be used for several orders.",
    },
    "de": {
        "wool": "Wolle wird mit der Hand in kaltem Wasser gewaschen und liegend auf einem Handtuch getrocknet.",
        "parcel": "Ein Paket in ein anderes Land ist fünf bis neun Werktage unterwegs, nachdem es uns verlassen hat.",
        "invoice": "Ihre Rechnung steht in Ihrem Konto unter Bestellungen; die Buchhaltung korrigiert Adressen darauf.",
        "gift": "Gutscheine gelten drei Jahre und können für mehrere Bestellungen verwendet werden.",
    },
}
QUESTIONS = {
    "en": {"wool": "How is wool washed?", "gift": "How long are gift cards valid?"},
    "de": {"wool": "Wie wird Wolle gewaschen?", "gift": "Wie lange gelten Gutscheine?"},
}


def write(folder, sets=QUESTIONS):
    for code, asked in sets.items():
        (folder / code).mkdir()
        rows = [json.dumps({"_id": id, "title": "", "text": text}) for id, text in DOCUMENTS[code].items()]
        (folder / code / "corpus.jsonl").write_text("\n".join(rows) + "\n")
        rows = [json.dumps({"_id": f"q-{id}", "text": text}) for id, text in asked.items()]
        (folder / code / "queries.jsonl").write_text("\n".join(rows) + "\n")
        rows = ["query-id\tcorpus-id\tscore", *(f"q-{id}\t{id}\t1" for id in asked)]
        (folder / code / "qrels.tsv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def measured(tmp_path, embedder):
    def run(gate):
        setup = suites.Setup(embedder=embedder, answerer=None, gate=gate)
        return languages.run(write(tmp_path), setup, suites.indexed)

    return run


def test_each_language_is_searched_by_itself_and_in_the_shared_one(measured):
    found = {name: measure.value for name, measure in measured(Gate(risk=0.5)).items()}
    assert found["languages en hit@1"] == found["languages de hit@1"] == 1.0
    assert 0.0 < found["languages de→en mrr@10"] <= 1.0
    assert "languages en→de hit@1" not in found


def test_questions_on_documents_that_are_left_out_must_not_pass(measured):
    found = measured(Gate(risk=0.5))
    for code in ("en", "de"):
        passing = found[f"languages {code} gate: pass, of answerable questions"]
        kept_out = found[f"languages {code} gate: kept out, of questions on other documents"]
        assert passing.items.keys() == {"q-wool"}
        assert kept_out.items.keys() == {"q-gift"}
    assert found["languages en gate: pass, of answerable questions"].value == 1.0


def test_an_open_gate_keeps_nothing_out(measured):
    found = measured(OPEN)
    assert found["languages en gate: kept out, of questions on other documents"].value == 0.0


def test_a_folder_of_one_language_has_none_and_sets_of_other_questions_are_refused(tmp_path):
    write(tmp_path, {"en": QUESTIONS["en"]})
    assert languages.load(tmp_path) == {}
    write(tmp_path, {"de": {"wool": "Wie wird Wolle gewaschen?"}})
    with pytest.raises(LabelsUnreadable, match="the same questions"):
        languages.load(tmp_path)
