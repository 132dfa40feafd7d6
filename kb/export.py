"""Load an embedding model with sentence-transformers, export it to ONNX, and check the result.

It runs once, at set-up, in a process of its own, which needs torch; what it writes is what every serving process loads.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from kb.embedding import MODEL_FILES, ONNX_PRECISIONS, TORCH, Embedder, OnnxEmbedder, identity_of
from kb.encoding import AS_CONFIGURED, POOLINGS, Encoding, Overrides, SimilarityScale, text_prompt
from kb.errors import ModelInvalid
from kb.files import sha256_of
from kb.model_sources import PACKAGED_MODELS, load_reference
from kb.onnx_graph import write_onnx
from kb.out_of_scope_questions import by_language
from kb.torch_embedding import SentenceTransformerEmbedder, max_tokens

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


def export(
    model: str,
    folder: Path,
    *,
    overrides: Overrides = AS_CONFIGURED,
    report: Callable[[str], None] = lambda _line: None,
) -> dict[str, Any]:
    """Write `model` to `folder` as fp32 and int8 ONNX with a tokenizer and a manifest; return the manifest.

    The manifest has what the model's own configuration says; `overrides` are what it will be served with, and its
    similarities are measured with. The folder appears complete or not at all. A model that cannot be exported, or
    whose export strays from it, gets a manifest that has it served by sentence-transformers, and says why.

    Raises:
        ModelInvalid: the weights are not what they should be; or a model that comes in a package cannot be exported,
            which means that something is wrong with this installation.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with warnings.catch_warnings():
        # The exporter warns of its age and of constants in the trace; the comparison below tells what matters.
        warnings.simplefilter("ignore")
        return _export(model, folder, overrides, report)


def _export(model: str, folder: Path, overrides: Overrides, report: Callable[[str], None]) -> dict[str, Any]:
    report(f"loading {model} with sentence-transformers")
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.getLogger().addFilter(lambda record: "pre-processing before quantization" not in record.getMessage())
    reference = load_reference(model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        report("exporting to ONNX (fp32, then int8 per channel)")
        try:
            manifest = _exported(reference, model, staging, overrides, report)
        except Exception as error:
            if model in PACKAGED_MODELS:
                raise
            report(f"it cannot be exported ({error}): sentence-transformers will serve it, slower and with torch")
            for left in staging.iterdir():
                left.unlink()
            manifest = _unexported(reference, model, overrides, error)
        (staging / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
        shutil.rmtree(folder, ignore_errors=True)
        staging.rename(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return manifest


def _exported(
    reference: Any, model: str, staging: Path, overrides: Overrides, report: Callable[[str], None]
) -> dict[str, Any]:
    pooling = _pooling(reference, model)
    write_onnx(reference, staging)
    checksums = {name: sha256_of(staging / name) for name in [*MODEL_FILES.values(), "tokenizer.json"]}
    manifest = {
        "model": model,
        "identity": hashlib.sha256("".join(checksums.values()).encode()).hexdigest()[:12],
        **_described(reference),
        "pooling": pooling,
        "pad_id": reference[0].tokenizer.pad_token_id,
        "sha256": checksums,
        "made_with": _made_with("sentence-transformers", "torch", "onnxruntime"),
    }
    report("comparing the export with the original")
    manifest["cosine"] = _compare(reference, staging, manifest)
    manifest["precisions"] = _precisions(manifest, report)
    if "int8" not in manifest["precisions"]:
        (staging / MODEL_FILES["int8"]).unlink()
        del checksums[MODEL_FILES["int8"]]
    report("measuring the similarity of unrelated texts")
    precision = manifest["precisions"][-1]
    served = OnnxEmbedder.of(staging, manifest, precision=precision, overrides=overrides)
    return manifest | {"similarity": _similarity(served)}


def _unexported(reference: Any, model: str, overrides: Overrides, error: Exception) -> dict[str, Any]:
    vectors = reference.encode(list(PROBES), normalize_embeddings=True)
    manifest = {
        "model": model,
        "served_by": TORCH,
        "why": str(error)[:500],
        "identity": hashlib.sha256(np.round(vectors, 4).tobytes()).hexdigest()[:12],
        **_described(reference),
        "made_with": _made_with("sentence-transformers", "torch"),
    }
    encoding, scale = Encoding.of(manifest, overrides), SimilarityScale.of(manifest)
    identity = identity_of(manifest, "torch", overrides)
    served = SentenceTransformerEmbedder(reference, identity=identity, encoding=encoding, scale=scale)
    return manifest | {"similarity": _similarity(served)}


def _described(reference: Any) -> dict[str, Any]:
    """Return prompts, normalisation, dimensions and length from a model's own configuration."""
    return {
        "dimensions": reference.get_embedding_dimension(),
        "max_tokens": max_tokens(reference),
        "prompts": _prompts(reference),
        "normalised": _is_normalised(reference),
    }


def _made_with(*packages: str) -> dict[str, str]:
    return {name: metadata.version(name) for name in packages}


#: Names that makers give to the prompt of passages.
_PASSAGE_PROMPTS = ("document", "passage", "corpus")


def _prompts(reference: Any) -> dict[str, str]:
    """Return the prompts of a model by what they are put before: `query`, `passage`, or a `text` of either kind."""
    named: dict[str, str] = reference.prompts
    default = named.get(reference.default_prompt_name or "", "")
    query = named.get("query") or default
    passage = next((named[name] for name in _PASSAGE_PROMPTS if named.get(name)), default)
    return {"query": query, "passage": passage, "text": default or text_prompt(query, passage)}


def _is_normalised(reference: Any) -> bool:
    """Whether vectors are brought to length 1; a model that was trained for inner products has them as they are."""
    normalises = any(type(module).__name__ == "Normalize" for module in reference)
    return normalises or reference.similarity_fn_name != "dot"


def _pooling(reference: Any, model: str) -> str:
    """Return the pooling of a model.

    Raises:
        ModelInvalid: what follows its transformer cannot be served without torch.
    """
    first, *others = [type(module).__name__ for module in reference]
    if first != "Transformer" or others not in (["Pooling"], ["Pooling", "Normalize"]):
        raise ModelInvalid(f"{model} consists of {', '.join((first, *others))}; only pooling is exported.")
    mode = reference[1].pooling_mode
    if mode not in POOLINGS:
        raise ModelInvalid(f"{model} pools by {mode!r}; only {', '.join(POOLINGS)} are exported.")
    if not reference[1].include_prompt and any(reference.prompts.values()):
        raise ModelInvalid(f"{model} leaves its prompts out of what it pools, which is not exported.")
    return str(mode)


def _compare(reference: Any, folder: Path, manifest: Mapping[str, Any]) -> dict[str, float]:
    """Return the least cosine of each precision against sentence-transformers over the probes."""
    prompt = Encoding.of(manifest).query_prompt
    expected = reference.encode(list(PROBES), prompt=prompt, normalize_embeddings=True)
    min_cosines = {}
    for precision in ONNX_PRECISIONS:
        served = OnnxEmbedder.of(folder, manifest, precision=precision)
        found = np.stack([served.encode_query(text) for text in PROBES])
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        min_cosines[precision] = round(float(np.min(np.sum(found * expected, axis=1))), 6)
    return min_cosines


def _precisions(manifest: Mapping[str, Any], report: Callable[[str], None]) -> list[str]:
    """Return the precisions whose vectors are near enough to those of sentence-transformers.

    Raises:
        ModelInvalid: fp32 is not, or int8 of a model that comes in a package.
    """
    strays = {name: cosine for name, cosine in manifest["cosine"].items() if not cosine >= MIN_COSINE[name]}
    reasons = ", ".join(f"cosine {cosine} at {name}, at least {MIN_COSINE[name]}" for name, cosine in strays.items())
    if "fp32" in strays or (strays and manifest["model"] in PACKAGED_MODELS):
        raise ModelInvalid(f"The export of {manifest['model']} strays from the original: {reasons} is needed.")
    if strays:
        report(f"it is served at fp32 alone ({reasons} is needed)")
    return [precision for precision in ONNX_PRECISIONS if precision not in strays]


def _similarity(served: Embedder) -> dict[str, float]:
    """Return the mean similarity of unrelated texts, and of a text to itself.

    The texts are questions that no knowledge base of a support desk answers, against the probes, which one would.
    """
    passages = served.encode_passages(PROBES)
    queries = np.stack([served.encode_query(text) for text in by_language()["en"]])
    return {
        "unrelated": round(float(np.mean(queries @ passages.T)), 2),
        "same": round(float(np.mean(np.sum(passages * passages, axis=1))), 2),
    }
