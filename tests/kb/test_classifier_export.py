"""A classifier of transformers is exported once, and served as it was."""

import json

import pytest

from kb.classifier_export import PROBES, export, supported_label
from kb.errors import ModelInvalid
from tests.support.classifiers import NLI, classifier
from worker.answering.check.support_model import SupportModel

KINDS = ("bert", "roberta", "deberta-v2")


@pytest.mark.parametrize(
    ("names", "chosen", "index"),
    [
        (NLI, None, 2),
        ({0: "entailment", 1: "neutral", 2: "contradiction"}, None, 0),
        ({0: "ENTAILMENT", 1: "not_entailment"}, None, 0),
        ({0: "hallucinated", 1: "consistent"}, None, 1),
        ({0: "LABEL_0"}, None, 0),
        ({0: "LABEL_0", 1: "LABEL_1"}, 1, 1),
    ],
)
def test_the_label_that_says_supported_is_found_by_its_name(names, chosen, index):
    assert supported_label(names, chosen) == index


@pytest.mark.parametrize(
    ("names", "chosen"), [({0: "LABEL_0", 1: "LABEL_1"}, None), ({0: "yes", 1: "true"}, None), (NLI, 3)]
)
def test_labels_that_say_nothing_are_refused_with_a_list_of_them(names, chosen):
    with pytest.raises(ModelInvalid, match=r"0 \w+, 1 \w+"):
        supported_label(names, chosen)


@pytest.mark.exports
@pytest.mark.parametrize("kind", KINDS)
def test_an_export_gives_the_probabilities_of_the_original(tmp_path, kind):
    import torch

    network, tokenizer = classifier(tmp_path / "model", kind=kind)
    manifest = export(str(tmp_path / "model"), tmp_path / "export")
    served = SupportModel.load(tmp_path / "export", languages=("en", "de"))
    assert manifest["label"] == "entailment"
    assert served.languages == {"en", "de"}
    with torch.no_grad():
        for premise, claim in PROBES:
            logits = network(**tokenizer(premise, claim, return_tensors="pt")).logits
            expected = float(logits.softmax(-1)[0, 2])
            assert served.probability(premise, claim) == pytest.approx(expected, abs=0.05)
    assert 0 < served("word " * 2_000, "A claim of a few words.", "") < 1


@pytest.mark.exports
def test_a_grounding_model_with_one_output_is_read_as_a_logit(tmp_path):
    classifier(tmp_path / "model", labels={0: "LABEL_0"})
    export(str(tmp_path / "model"), tmp_path / "export")
    assert 0 < SupportModel.load(tmp_path / "export").probability(*PROBES[0]) < 1


@pytest.mark.exports
def test_what_is_no_classifier_is_refused_before_anything_is_written(tmp_path):
    classifier(tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    for changes, why in (
        ({"architectures": ["BertModel"]}, "no sequence classifier"),
        ({"auto_map": {"AutoConfig": "code.Config"}}, "code of its own"),
        ({"model_type": "unheard-of"}, "cannot be loaded"),
    ):
        (tmp_path / "model" / "config.json").write_text(json.dumps(config | changes))
        with pytest.raises(ModelInvalid, match=why):
            export(str(tmp_path / "model"), tmp_path / "export")
    with pytest.raises(ModelInvalid, match="cannot be loaded"):
        export(str(tmp_path / "nothing"), tmp_path / "export")
    assert not (tmp_path / "export").exists()
