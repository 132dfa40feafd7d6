"""Export the trained cross-encoder as int8 ONNX: `python -m training.export --weights … --out …`.

Of several weights the mean is exported: runs that went on from the same one differ little, and their mean carries over
better than each.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from training.cross_encoder import CrossEncoder, load_backbone
from worker.answering.check.cross_encoder import MODEL_FILE


def export(weights: Sequence[Path], folder: Path) -> None:
    """Write the model, with the mean of several weights, to a folder; its tokenizer is that of the embedding model."""
    states = [torch.load(path) for path in weights]
    model = CrossEncoder(load_backbone())
    model.load_state_dict({name: sum(state[name] for state in states) / len(states) for name in states[0]})
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as staging:
        raw, fused = Path(staging) / "raw.onnx", Path(staging) / "fused.onnx"
        _write(model.eval(), raw)
        _fuse(model.backbone.config, raw, fused)
        _quantise(fused, folder / MODEL_FILE)


def _write(model: CrossEncoder, path: Path) -> None:
    names = ["input_ids", "attention_mask", "token_type_ids"]
    example = tuple(torch.ones((2, 8), dtype=torch.int64) for _ in names)
    with torch.no_grad():
        torch.onnx.export(
            model,
            example,
            str(path),
            input_names=names,
            output_names=["logits"],
            dynamic_axes={**{name: {0: "batch", 1: "length"} for name in names}, "logits": {0: "batch"}},
            opset_version=17,
            dynamo=False,
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


def _quantise(fused: Path, path: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(fused),
        str(path),
        per_channel=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def main() -> None:
    """Export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    export(arguments.weights, arguments.out)
    for path in sorted(arguments.out.iterdir()):
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
