"""The exported model gives the original's vectors, the same for everyone, and a damaged one is refused."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kb.embedding import OnnxEmbedder, read_manifest
from kb.errors import ModelInvalid, ModelMissing
from kb.export import DEFAULT_MODEL, LEAST_COSINE, UPSTREAM_SHA256, resolve


def test_the_export_was_compared_with_the_original(models):
    cosine = read_manifest(models / DEFAULT_MODEL)["cosine"]
    assert cosine["fp32"] >= 0.9999
    assert cosine["int8"] >= LEAST_COSINE["int8"]


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
