"""Write the transformer of a model of sentence-transformers as fp32 and int8 ONNX, with its tokenizer."""

import inspect
from pathlib import Path
from typing import Any

from kb.embedding import MODEL_FILES

#: The unfused export, removed once the models are made of it.
_RAW_MODEL = "raw.onnx"

#: Architectures whose attention onnxruntime's optimiser knows as that of BERT.
_FUSED = frozenset({"bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert"})

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def write_onnx(reference: Any, folder: Path) -> None:
    """Export the transformer, fuse its attention and quantise it; write its tokenizer beside it.

    The TorchScript exporter is used on purpose: the graphs of the newer one are not fused by
    onnxruntime's optimiser. Per-tensor quantisation was measured at cosine 0.943, per channel 0.993.
    """
    import torch

    transformer = reference[0]
    backbone = transformer.model.eval()
    backbone.config._attn_implementation = "eager"
    backbone.config.use_cache = False
    names = _inputs(backbone)

    class TokenStates(torch.nn.Module):
        """Token ids and mask, and segment ids where there are any, int64 [batch, length] -> [batch, length, hidden]."""

        def __init__(self) -> None:
            super().__init__()
            self.backbone = backbone

        def forward(self, *inputs: Any) -> Any:
            return self.backbone(**dict(zip(names, inputs, strict=True))).last_hidden_state

    example = tuple(torch.ones((2, 8), dtype=torch.int64) for _ in names)
    axes = {0: "batch", 1: "length"}
    with torch.no_grad():
        torch.onnx.export(
            TokenStates(),
            example,
            str(folder / _RAW_MODEL),
            input_names=names,
            output_names=["token_states"],
            dynamic_axes=dict.fromkeys([*names, "token_states"], axes),
            opset_version=17,
            dynamo=False,
        )
    _fuse_and_quantise(backbone.config, folder)
    transformer.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))


def _inputs(backbone: Any) -> list[str]:
    """Return the inputs that a transformer takes; segments only where there are more than one."""
    taken = inspect.signature(backbone.forward).parameters
    segments = getattr(backbone.config, "type_vocab_size", 1) or 1
    return [name for name in _INPUTS if name in taken and (name != "token_type_ids" or segments > 1)]


def _fuse_and_quantise(config: Any, folder: Path) -> None:
    """Write the fp32 and int8 models from the raw one, which is removed."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    raw, fp32 = folder / _RAW_MODEL, folder / MODEL_FILES["fp32"]
    if config.model_type in _FUSED:
        _fuse(config, raw, fp32)
        raw.unlink()
    else:
        raw.rename(fp32)
    quantize_dynamic(
        str(fp32),
        str(folder / MODEL_FILES["int8"]),
        per_channel=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _fuse(config: Any, raw: Path, fused: Path) -> None:
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    optimizer.optimize_model(
        str(raw),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        optimization_options=FusionOptions("bert"),
    ).save_model_to_file(str(fused))
