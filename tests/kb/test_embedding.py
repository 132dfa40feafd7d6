"""The exported model gives the original's vectors, the same for everyone, and a damaged one is refused."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kb.embedding import OnnxEmbedder, identity_of, load, read_manifest, verify
from kb.errors import ModelInvalid, ModelMissing
from kb.export import DEFAULT_MODEL, MIN_COSINE, UPSTREAM_SHA256, export, resolve


def test_the_export_was_compared_with_the_original(models):
    cosine = read_manifest(models / DEFAULT_MODEL)["cosine"]
    assert cosine["fp32"] >= 0.9999
    assert cosine["int8"] >= MIN_COSINE["int8"]


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


@pytest.mark.processes
def test_a_model_that_cannot_be_exported_is_served_by_sentence_transformers(tmp_path):
    """One that pools by its first token, made of the default model's weights."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    transformer = Transformer(resolve(DEFAULT_MODEL))
    made = SentenceTransformer(
        modules=[transformer, Pooling(transformer.get_embedding_dimension(), pooling_mode="cls")], device="cpu"
    )
    made.save(str(tmp_path / "cls"))
    said = []
    manifest = export(str(tmp_path / "cls"), tmp_path / "ready", report=said.append)
    assert "mean pooling" in manifest["why"]
    assert any("sentence-transformers will serve it" in line for line in said)
    assert [path.name for path in (tmp_path / "ready").iterdir()] == ["manifest.json"]
    served = load(tmp_path / "ready")
    assert served.identity == identity_of(verify(tmp_path / "ready", precision="int8"), "int8")
    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(served.encode, ["Where is my parcel?"] * 8))
    expected = made.encode(["Where is my parcel?"], normalize_embeddings=True)[0]
    assert np.allclose(vectors, expected, atol=1e-5)
    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)
    assert served.count_tokens("parcel " * 1000) == 1002
    shutil.rmtree(tmp_path / "cls")
    with pytest.raises(ModelInvalid, match="sentence-transformers"):
        load(tmp_path / "ready")
