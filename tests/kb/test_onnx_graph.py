"""Models of every architecture give the vectors of sentence-transformers when they are exported."""

import numpy as np
import pytest

from kb.embedding import load
from kb.export import PROBES
from tests.support.tiny_models import E5, NOMIC, QWEN, exported

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("kind", "pooling", "prompts"),
    [
        ("bert", "cls", NOMIC),
        ("xlm-r", "mean", E5),
        ("mpnet", "mean", {}),
        ("modernbert", "cls", NOMIC),
        ("qwen", "lasttoken", QWEN),
    ],
)
def test_an_export_gives_the_vectors_of_sentence_transformers(tmp_path, kind, pooling, prompts):
    made, manifest, _ = exported(tmp_path, kind, pooling=pooling, prompts=prompts)
    assert "served_by" not in manifest, manifest["why"]
    assert manifest["pooling"] == pooling
    served = load(tmp_path / "ready", precision="fp32")
    texts = [*PROBES, "退货 ß", "x " * 300]
    passage = prompts.get("document") or prompts.get("passage") or ""
    queries = made.encode(texts, prompt=prompts.get("query", ""), normalize_embeddings=True)
    passages = made.encode(texts, prompt=passage, normalize_embeddings=True)
    assert np.allclose([served.encode_query(text) for text in texts], queries, atol=1e-4)
    assert np.allclose(served.encode_passages(texts), passages, atol=1e-4)
    spread = np.std(passages @ passages.T)
    assert spread > 0.02, "the model tells no texts apart, so that the comparison says nothing"
    if prompts:
        assert not np.allclose(queries, passages, atol=1e-2)
    assert served.count_tokens("x " * 300) == len(made.tokenizer("x " * 300, truncation=False)["input_ids"])
    assert served.max_tokens == 64
    int8 = load(tmp_path / "ready", precision="int8")
    least = np.min(np.sum(int8.encode_passages(texts) * passages, axis=1))
    assert least > (0.9 if "int8" in manifest["precisions"] else 0.999)
    assert served.identity != int8.identity or "int8" not in manifest["precisions"]
