"""Prompts, dimensions and the meaning of similarities, as a manifest and the settings say."""

import pytest

from kb.encoding import DEFAULT_SCALE, Encoding, Overrides, SimilarityScale, text_prompt
from kb.errors import ModelInvalid

E5 = {"model": "e5", "dimensions": 384, "prompts": {"query": "query: ", "passage": "passage: ", "text": "query: "}}


def test_a_manifest_of_an_earlier_version_has_no_prompts():
    encoding = Encoding.of({"model": "minilm", "dimensions": 384})
    assert encoding == Encoding(dimensions=384)
    assert encoding.digest(384) == ""


def test_the_settings_replace_prompts_and_cut_dimensions():
    encoding = Encoding.of(E5, Overrides(query_prompt="q: ", dimensions=128))
    assert (encoding.query_prompt, encoding.passage_prompt, encoding.text_prompt) == ("q: ", "passage: ", "q: ")
    assert encoding.dimensions == 128
    assert Encoding.of(E5, Overrides(query_prompt="", passage_prompt="")) == Encoding(dimensions=384)


def test_more_dimensions_than_there_are_are_refused():
    with pytest.raises(ModelInvalid, match="ANSWERBACK_EMBEDDING_DIMENSIONS is 512, but e5 has 384"):
        Encoding.of(E5, Overrides(dimensions=512))


def test_whatever_changes_vectors_changes_the_digest():
    manifests = [
        E5,
        {**E5, "prompts": {}},
        {**E5, "pooling": "cls"},
        {**E5, "normalised": False},
        {**E5, "prompts": {**E5["prompts"], "text": ""}},
    ]
    digests = [Encoding.of(manifest).digest(384) for manifest in manifests]
    digests.append(Encoding.of(E5, Overrides(dimensions=256)).digest(384))
    assert len(set(digests)) == len(digests)


def test_texts_of_a_kind_have_a_prompt_where_both_kinds_have():
    assert text_prompt("query: ", "passage: ") == "query: "
    assert text_prompt("Instruct: …", "") == ""


@pytest.mark.parametrize("scale", [SimilarityScale(unrelated=0.76), SimilarityScale(unrelated=31.0, same=80.0)])
def test_similarities_mean_what_those_of_the_default_model_do(scale):
    assert scale.to_default(scale.same) == pytest.approx(1)
    assert scale.to_default(scale.unrelated) == pytest.approx(DEFAULT_SCALE.unrelated)
    assert scale.from_default(scale.to_default(scale.unrelated + 1)) == pytest.approx(scale.unrelated + 1)


def test_similarities_of_the_default_model_stay_as_they_are():
    assert SimilarityScale.of({}).to_default(0.1234567) == 0.1234567
    assert SimilarityScale.of({"similarity": {"unrelated": 0.05, "same": 1.0}}).from_default(0.3) == 0.3
    assert SimilarityScale.of({"similarity": {"unrelated": 0.5, "same": 0.5}}).to_default(0.5) == 1.0
