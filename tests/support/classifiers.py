"""Small classifiers of transformers with random weights, written to a folder as a hub would have them."""

from pathlib import Path
from typing import Any

NLI = {0: "contradiction", 1: "neutral", 2: "entailment"}

_SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 128,
}


def classifier(folder: Path, *, kind: str = "bert", labels: dict[int, str] | None = None) -> tuple[Any, Any]:
    """Write a classifier of a kind with a tokenizer of its own; return the network and the tokenizer."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedTokenizerFast

    from kb.classifier_export import PROBES

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    words.normalizer = normalizers.BertNormalizer()
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.train_from_iterator(
        [text for pair in PROBES for text in pair], trainers.WordPieceTrainer(vocab_size=300, special_tokens=special)
    )
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    has_segments = kind in ("bert", "deberta-v2")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=128,
        model_input_names=["input_ids", "attention_mask"] + ["token_type_ids"] * has_segments,
    )
    labels = labels or NLI
    config = AutoConfig.for_model(
        kind,
        vocab_size=words.get_vocab_size(),
        pad_token_id=0,
        id2label=labels,
        label2id={name: index for index, name in labels.items()},
        initializer_range=0.3,
        **_SIZES,
    )
    torch.manual_seed(3)
    network = AutoModelForSequenceClassification.from_config(config).eval()
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return network, tokenizer
