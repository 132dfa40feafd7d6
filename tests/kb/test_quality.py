"""The measures are the published ones, and retrieval is wired as it should be."""

import os
from pathlib import Path

import pytest

from kb import quality
from kb.embedding import OnnxEmbedder
from kb.export import DEFAULT_MODEL

DATA = Path(os.environ.get("ANSWERBACK_EVAL_DATA", "none"))


def test_ndcg_by_hand():
    # gains 1 and 1 at places 1 and 3: (1 + 1/2) / (1 + 1/log2(3))
    assert quality.ndcg(["a", "x", "b"], {"a": 1, "b": 1}) == pytest.approx(1.5 / (1 + 1 / 1.5849625), abs=1e-6)
    assert quality.ndcg(["x"], {"a": 1}) == 0


def test_recall_and_rank_by_hand():
    assert quality.recall(["a", "x"], {"a": 1, "b": 1}) == 0.5
    assert quality.reciprocal_rank(["x", "a"], {"a": 1}) == 0.5


def test_a_folder_of_another_form_is_named(tmp_path):
    with pytest.raises(quality.LabelsUnreadable, match=r"corpus\.jsonl"):
        quality.load(tmp_path)


@pytest.mark.skipif(not (DATA / "scifact").is_dir(), reason="ANSWERBACK_EVAL_DATA has no scifact")
def test_the_dense_leg_scores_on_scifact_what_was_published(models):
    """All-MiniLM-L6-v2, title and text, exact search: nDCG@10 0.645 (MTEB); else pooling or truncation is wrong."""
    embedder = OnnxEmbedder.load(models / DEFAULT_MODEL, precision="fp32")
    scores = quality.evaluate(quality.load(DATA / "scifact"), embedder)
    assert scores["dense"].ndcg == pytest.approx(0.645, abs=0.005)
    assert scores["lexical"].ndcg == pytest.approx(0.683, abs=0.01)
    assert scores["fused"].ndcg > max(scores["dense"].ndcg, scores["lexical"].ndcg)


@pytest.mark.skipif(not (DATA / "stackfaq").is_dir(), reason="ANSWERBACK_EVAL_DATA has no stackfaq")
def test_fusion_keeps_what_the_dense_leg_finds_on_paraphrases(embedder):
    scores = quality.evaluate(quality.load(DATA / "stackfaq"), embedder)
    assert scores["dense"].ndcg > 0.94
    assert scores["fused"].ndcg > 0.93
