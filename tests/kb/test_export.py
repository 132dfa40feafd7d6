"""What the configuration of a model says reaches its manifest, and what the settings say its vectors."""

import numpy as np
import pytest

from kb.embedding import load
from kb.encoding import Overrides
from kb.export import export
from tests.support.tiny_models import E5, exported

pytestmark = pytest.mark.processes


def test_a_model_for_inner_products_keeps_the_length_of_its_vectors(tmp_path):
    made, manifest, _ = exported(tmp_path, "bert", normalised=False, similarity_fn_name="dot")
    assert not manifest["normalised"]
    served = load(tmp_path / "ready", precision="fp32")
    expected = made.encode(["Where is my parcel?"])[0]
    assert np.linalg.norm(expected) > 1.5
    assert np.allclose(served.encode_query("Where is my parcel?"), expected, atol=1e-3)
    assert manifest["similarity"]["unrelated"] < manifest["similarity"]["same"]
    assert manifest["similarity"]["same"] == pytest.approx(float(expected @ expected), rel=0.3)


def test_a_model_that_does_not_say_so_is_compared_by_cosine(tmp_path):
    _, manifest, _ = exported(tmp_path, "bert", normalised=False)
    assert manifest["normalised"]
    vector = load(tmp_path / "ready").encode("refund")
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_vectors_are_cut_and_prompts_replaced_by_the_settings(tmp_path):
    made, manifest, _ = exported(tmp_path, "bert", prompts=E5)
    overrides = Overrides(query_prompt="", passage_prompt="refund ", dimensions=16)
    served = load(tmp_path / "ready", precision="fp32", overrides=overrides)
    assert served.dimensions == 16
    expected = made.encode(["parcel"], prompt="refund ", truncate_dim=16, normalize_embeddings=True)
    assert np.allclose(served.encode_passages(["parcel"]), expected, atol=1e-4)
    expected = made.encode(["parcel"], prompt="", truncate_dim=16, normalize_embeddings=True)[0]
    assert np.allclose(served.encode_query("parcel"), expected, atol=1e-4)
    identities = {
        load(tmp_path / "ready", overrides=each).identity
        for each in (
            Overrides(),
            overrides,
            Overrides(query_prompt=""),
            Overrides(passage_prompt=""),
            Overrides(dimensions=16),
        )
    }
    assert len(identities) == 5
    assert load(tmp_path / "ready", overrides=Overrides(**_own(manifest))).identity == load(tmp_path / "ready").identity


def _own(manifest):
    return {
        "query_prompt": manifest["prompts"]["query"],
        "passage_prompt": manifest["prompts"]["passage"],
        "dimensions": manifest["dimensions"],
    }


def test_a_default_prompt_goes_before_every_text(tmp_path):
    made, _, _ = exported(tmp_path, "bert", prompts={"all": "query: "}, default_prompt_name="all")
    served = load(tmp_path / "ready", precision="fp32")
    expected = made.encode(["refund"], normalize_embeddings=True)[0]
    for found in (served.encode("refund"), served.encode_query("refund"), served.encode_passages(["refund"])[0]):
        assert np.allclose(found, expected, atol=1e-4)


def test_a_failed_export_leaves_nothing(tmp_path):
    (tmp_path / "model").mkdir()
    with pytest.raises((OSError, ValueError)):
        export(str(tmp_path / "model"), tmp_path / "ready" / "model")
    assert not (tmp_path / "ready").exists()
