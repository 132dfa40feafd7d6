"""Read the weights of an exported model, so that training can go on from one that ships: `python -m training.exported`.

Eight bits a weight are enough to start from: a few steps of training are further apart.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.cross_encoder import CrossEncoder, load_backbone
from worker.answering.check.cross_encoder import MODEL_FILE


def weights(folder: Path) -> dict[str, Any]:
    """Return the weights of the model in a folder by their names in `CrossEncoder`; those of its marks are not kept."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(folder / MODEL_FILE)).graph
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    state = CrossEncoder(load_backbone()).state_dict()
    for name, value in values.items():
        if name in state:
            state[name] = torch.tensor(value)
    names = [name for name in values if name.startswith("onnx::MatMul") and name.endswith("_quantized")]
    dense = [_dequantised(values, name) for name in names]
    for layer in range(len(dense) // 3):
        prefix = f"backbone.encoder.layer.{layer}"
        attention = np.split(_dequantised(values, f"Attention_{layer}_qkv_weight_quantized"), 3, 1)
        biases = np.split(values[f"Attention_{layer}_qkv_bias"], 3)
        for part, weight, bias in zip(("query", "key", "value"), attention, biases, strict=True):
            state[f"{prefix}.attention.self.{part}.weight"] = torch.tensor(weight.T.copy())
            state[f"{prefix}.attention.self.{part}.bias"] = torch.tensor(bias)
        parts = ("attention.output.dense", "intermediate.dense", "output.dense")
        for part, weight in zip(parts, dense[3 * layer : 3 * layer + 3], strict=True):
            state[f"{prefix}.{part}.weight"] = torch.tensor(weight.T.copy())
    for name in ("embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"):
        state[f"backbone.{name}"] = torch.tensor(_dequantised(values, f"backbone.{name}_quantized"))
    for name in ("embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias"):
        state[f"backbone.{name}"] = torch.tensor(_dequantised(values, f"backbone.{name}_quantized"))
    state["head.weight"] = torch.tensor(_dequantised(values, "head.weight_quantized").T.copy())
    return state


def _dequantised(values: dict[str, Any], name: str) -> Any:
    stem = name.removesuffix("_quantized")
    scale, zero = values[f"{stem}_scale"], values[f"{stem}_zero_point"]
    return ((values[name].astype(np.float32) - zero.astype(np.float32)) * scale).astype(np.float32)


def main() -> None:
    """Write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of an exported model")
    parser.add_argument("--out", type=Path, required=True, help="weights.pt to write")
    arguments = parser.parse_args()
    torch.save(weights(arguments.model), arguments.out)


if __name__ == "__main__":
    main()
