"""Tiny embedding models with random weights, one of each architecture, made without the hub."""

from pathlib import Path
from typing import Any

_WORDS = (
    "how do i reset my password where is parcel refund can change the delivery address after order has shipped and "
    "what does it cost query passage instruct a i'm returns are free within 30 days ß é 退货"
).split()
_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
_VOCABULARY = 600


def configurations() -> dict[str, Any]:
    """Return the configuration of each architecture, by name."""
    from transformers import BertConfig, ModernBertConfig, MPNetConfig, Qwen3Config, XLMRobertaConfig

    sizes = {**_SIZES, "vocab_size": _VOCABULARY, "max_position_embeddings": 130}
    sizes |= {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    return {
        "bert": BertConfig(**sizes),
        "xlm-r": XLMRobertaConfig(**sizes, type_vocab_size=1),
        "mpnet": MPNetConfig(**sizes),
        "modernbert": ModernBertConfig(
            **sizes, cls_token_id=2, sep_token_id=3, local_attention=16, global_attn_every_n_layers=2
        ),
        "qwen": Qwen3Config(**sizes, num_key_value_heads=2, head_dim=8),
    }


def make(folder: Path, kind: str, *, pooling: str = "mean", normalised: bool = True, **options: Any) -> Any:
    """Return a model of sentence-transformers that was saved to a folder; `options` are of SentenceTransformer."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import AutoModel

    torch.manual_seed(5)
    config = configurations()[kind]
    backbone = folder / "backbone"
    model = AutoModel.from_config(config)
    for parameter in model.parameters():  # at the size that it is initialised with, every text has the same vector
        parameter.data = parameter.data * 15 if parameter.dim() > 1 else parameter.data
    model.save_pretrained(backbone)
    _tokenizer(appends=kind == "qwen").save_pretrained(backbone)
    transformer = Transformer(str(backbone))
    transformer.max_seq_length = 64
    modules = [transformer, Pooling(transformer.get_embedding_dimension(), pooling_mode=pooling)]
    made = SentenceTransformer(modules=[*modules, *([Normalize()] if normalised else [])], device="cpu", **options)
    made.save(str(folder / "model"))
    return made


#: As the makers of E5, of Qwen3-Embedding and of nomic-embed-text have them in config_sentence_transformers.json.
E5 = {"query": "query: ", "passage": "passage: "}
QWEN = {"query": "Instruct: Given a question, retrieve passages that answer it\nQuery:", "document": ""}
NOMIC = {"query": "search_query: ", "document": "search_document: ", "clustering": "clustering: "}


def exported(folder: Path, kind: str, **options: Any) -> tuple[Any, dict[str, Any], list[str]]:
    """Return a model, the manifest of its export to `ready` in the folder, and what the export reported."""
    from kb.export import export

    made = make(folder, kind, **options)
    said: list[str] = []
    return made, export(str(folder / "model"), folder / "ready", report=said.append), said


def _tokenizer(*, appends: bool) -> Any:
    """Return a word-piece tokenizer; one that `appends` has a token at the end alone, as those of decoders do."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = [chr(code) for code in range(97, 123)]
    pieces = [
        *_SPECIALS,
        *dict.fromkeys([*_WORDS, *letters, *(f"##{letter}" for letter in letters), *"0123456789:?.,-"]),
    ]
    words = Tokenizer(models.WordPiece({piece: id for id, piece in enumerate(pieces)}, unk_token="[UNK]"))
    words.normalizer = normalizers.BertNormalizer()
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.post_processor = processors.TemplateProcessing(
        single="$A [SEP]" if appends else "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        eos_token="[SEP]",
        model_max_length=128,
    )
