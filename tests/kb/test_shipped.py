"""The embedding model ships, so that from nothing to the first answer nobody needs PyTorch."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from kb import shipped
from kb.embedding import OnnxEmbedder, load, read_manifest, verify
from kb.errors import ModelInvalid
from tests.support.processes import ROOT


def test_only_the_default_model_ships_and_only_as_int8():
    assert shipped.ships("all-MiniLM-L6-v2", "int8")
    assert not shipped.ships("all-MiniLM-L6-v2", "fp32")
    assert not shipped.ships("intfloat/multilingual-e5-small", "int8")


def test_what_ships_is_whole_and_names_its_source_and_licence():
    manifest = verify(shipped.folder(), precision=shipped.PRECISION)
    assert manifest["model"] == shipped.MODEL
    assert manifest["upstream"]["licence"] == "Apache-2.0"
    assert set(manifest["made_with"]) == {"sentence-transformers", "torch", "onnxruntime"}
    assert "Apache License" in (shipped.folder() / "LICENSE").read_text()


def test_a_damaged_model_that_ships_is_not_to_be_deleted(tmp_path, monkeypatch):
    copy = shutil.copytree(shipped.folder(), tmp_path / "model")
    (copy / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelInvalid, match="run `answerback model export`"):
        OnnxEmbedder.load(copy)
    monkeypatch.setattr(shipped, "folder", lambda: copy)
    with pytest.raises(ModelInvalid, match="install Answerback again"):
        OnnxEmbedder.load(copy)


@pytest.mark.processes
@pytest.mark.slow
def test_the_command_on_its_card_makes_the_same_model_bit_for_bit():
    pytest.importorskip("sentence_transformers")
    done = subprocess.run(
        [sys.executable, "-m", "training.embedding", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the same, bit for bit" in done.stdout


def test_an_export_of_ones_own_gives_the_vectors_of_what_ships(exported):
    """So an installation that exported the model before keeps its snapshots, and the other way round."""
    own, ships = load(exported), load(shipped.folder())
    assert own.identity == ships.identity
    assert read_manifest(exported)["identity"] == read_manifest(shipped.folder())["identity"]
    for text in ("How do I reset my password?", "Wo ist mein Paket? " * 200, "", "émoji 🙂 ＦＵＬＬ"):
        assert np.array_equal(own.encode(text), ships.encode(text))
        assert own.count_tokens(text) == ships.count_tokens(text)
