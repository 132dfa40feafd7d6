"""The exported model gives the original's vectors, the same for everyone, and a damaged one is refused."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kb.embedding import OnnxEmbedder, identity_of, load, precision_of, read_manifest, vector_of, verify
from kb.encoding import Encoding, Overrides
from kb.errors import ModelInvalid, ModelMissing
from kb.export import MIN_COSINE
from kb.model_sources import DEFAULT_MODEL, UPSTREAM_SHA256, resolve


def test_the_export_was_compared_with_the_original(models):
    cosine = read_manifest(models / DEFAULT_MODEL)["cosine"]
    assert cosine["fp32"] >= 0.9999
    assert cosine["int8"] >= MIN_COSINE["int8"]


@pytest.mark.exports
def test_the_weights_are_the_published_ones():
    assert resolve(DEFAULT_MODEL)
    assert len(UPSTREAM_SHA256["model.safetensors"]) == 64


def test_vectors_are_of_unit_length_and_the_same_from_every_thread(embedder):
    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(embedder.encode, ["Where is my parcel?"] * 16))
    assert all(np.array_equal(vectors[0], other) for other in vectors)
    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)
    assert vectors[0].shape == (384,)


def test_long_text_is_cut_and_counted_whole(embedder):
    text = "parcel " * 1000
    assert embedder.count_tokens(text) == 1002
    assert embedder.encode(text).shape == (384,)
    assert embedder.count_tokens("") == 2


def test_a_damaged_model_is_refused_and_a_missing_one_named(models, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(models / DEFAULT_MODEL, copy)
    with (copy / "model-int8.onnx").open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    with pytest.raises(ModelInvalid, match="answerback model"):
        OnnxEmbedder.load(copy)
    with pytest.raises(ModelMissing, match="answerback model"):
        OnnxEmbedder.load(tmp_path / "none")


def test_serving_loads_no_torch(models):
    script = (
        "import sys; from pathlib import Path; from kb.embedding import OnnxEmbedder;"
        f"OnnxEmbedder.load(Path({str(models / DEFAULT_MODEL)!r})).encode('x');"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_default_model_has_the_identity_that_it_always_had(models):
    manifest = read_manifest(models / DEFAULT_MODEL)
    assert identity_of(manifest, "int8") == f"{DEFAULT_MODEL}:int8:{manifest['identity']}"


@pytest.mark.parametrize(("pooling", "vector"), [("mean", [3.0, 1.0]), ("cls", [1.0, 0.0]), ("lasttoken", [5.0, 2.0])])
def test_states_are_pooled_cut_and_brought_to_length_one(pooling, vector):
    states = np.array([[1, 0, 9], [3, 1, 9], [5, 2, 9]], np.float32)
    plain = Encoding(dimensions=2, pooling=pooling, normalised=False)
    assert vector_of(states, plain).tolist() == vector
    unit = vector_of(states, Encoding(dimensions=2, pooling=pooling))
    assert np.allclose(unit, np.array(vector) / np.linalg.norm(vector))


def test_an_export_without_int8_is_served_at_fp32_and_named_so(exported, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(exported, copy)
    manifest = read_manifest(copy)
    (copy / "manifest.json").write_text(json.dumps({**manifest, "precisions": ["fp32"]}))
    (copy / "model-int8.onnx").unlink()
    assert precision_of(read_manifest(copy), "int8") == "fp32"
    assert ":fp32:" in load(copy, precision="int8").identity
    assert verify(copy, precision="int8")["dimensions"] == 384


def test_more_dimensions_than_a_model_has_are_refused_before_it_is_loaded(models):
    with pytest.raises(ModelInvalid, match="has 384 dimensions"):
        verify(models / DEFAULT_MODEL, precision="int8", overrides=Overrides(dimensions=1000))


def test_no_passages_have_no_vectors(embedder):
    assert embedder.encode_passages([]).shape == (0, 384)
