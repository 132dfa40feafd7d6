"""A model that cannot be exported is served by sentence-transformers, with its prompts and as the settings say."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kb.embedding import identity_of, load, verify
from kb.encoding import Overrides
from kb.errors import ModelInvalid
from tests.support.tiny_models import E5, exported

pytestmark = pytest.mark.processes


def test_what_cannot_be_exported_is_served_by_sentence_transformers_with_its_prompts(tmp_path):
    made, manifest, said = exported(tmp_path, "bert", pooling="max", prompts=E5)
    assert "pools by 'max'" in manifest["why"]
    assert any("sentence-transformers will serve it" in line for line in said)
    served = load(tmp_path / "ready", overrides=Overrides(dimensions=8))
    expected = made.encode(["refund"], prompt="passage: ")[0][:8]
    assert np.allclose(served.encode_passages(["refund"])[0], expected / np.linalg.norm(expected), atol=1e-5)
    assert np.linalg.norm(served.encode_query("refund") - served.encode("refund")) < 1e-6
    assert not np.allclose(served.encode_query("refund"), served.encode_passages(["refund"])[0], atol=1e-2)
    assert [path.name for path in (tmp_path / "ready").iterdir()] == ["manifest.json"]
    assert served.identity == identity_of(verify(tmp_path / "ready", precision="int8"), "int8", Overrides(dimensions=8))
    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(served.encode, ["Where is my parcel?"] * 8))
    assert all(np.array_equal(vectors[0], other) for other in vectors)
    assert served.count_tokens("parcel " * 1000) == 1002
    assert served.encode_passages([]).shape == (0, 8)
    shutil.rmtree(tmp_path / "model")
    with pytest.raises(ModelInvalid, match="sentence-transformers"):
        load(tmp_path / "ready")
