"""Export a sequence classifier of transformers that tells whether one text supports another (NLI or grounding) to ONNX.

It runs once, at set-up, and imports torch. What it writes is loaded without torch
(`worker.answering.check.support_model`).
"""

import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import ModelInvalid
from kb.files import sha256_of

MODEL_FILES = {"int8": "model-int8.onnx", "fp32": "model.onnx"}
TOKENIZER_FILE = "tokenizer.json"
MANIFEST_FILE = "manifest.json"

#: Names of the label that says that the first text supports the second, in lower case.
SUPPORTED_NAMES = frozenset(
    "entailment entailed entails entail supported supports support consistent grounded faithful factual attributable "
    "aligned true yes".split()
)

#: Tokens of a pair that are read; the first text is cut.
MAX_TOKENS = 512

#: Largest difference of a probability between an export and the original, over the probes.
MAX_DIFFERENCE = {"int8": 0.05, "fp32": 0.001}

PROBES = (
    ("You can return unused items within 30 days of delivery.", "Items can be sent back for 30 days."),
    ("You can return unused items within 30 days of delivery.", "Items can be sent back for 60 days."),
    ("Returns cost €3.90, which we take off your refund.", "Returns are free."),
    ("Delivery to Norway takes five working days and costs 19.90 €.", "A parcel to Norway arrives within a week."),
    ("Orders can be cancelled until they are packed.", "Orders can never be cancelled."),
    ("Die Rücksendung ist innerhalb von 30 Tagen kostenlos.", "Returns cost nothing within 30 days."),
)


def supported_label(names: Mapping[int, str], chosen: int | None = None) -> int:
    """Return the index of the label that says "supported".

    Args:
        names: `id2label` of the model's configuration.
        chosen: the index that an operator gives, for names that say nothing ("LABEL_1").

    Raises:
        ModelInvalid: there is no such label, or the names do not tell which it is.
    """
    listed = ", ".join(f"{index} {name}" for index, name in sorted(names.items()))
    if chosen is not None:
        if chosen not in names:
            raise ModelInvalid(f"The model has no label {chosen}. Its labels: {listed}.")
        return chosen
    if len(names) == 1:
        return next(iter(names))
    found = [index for index, name in names.items() if name.strip().lower() in SUPPORTED_NAMES]
    if len(found) != 1:
        raise ModelInvalid(
            f"The names of the labels do not tell which of them means that a text is supported: {listed}. "
            "Give its number with --supported-label."
        )
    return found[0]


def export(
    model: str, folder: Path, *, label: int | None = None, report: Callable[[str], None] = lambda _line: None
) -> dict[str, Any]:
    """Write a classifier to `folder` as ONNX with its tokenizer and a manifest; return the manifest.

    The ONNX model returns a logit for each pair: that of the label that says "supported", against all others. It is
    int8, or fp32 where int8 strays from the original. The folder appears complete or not at all. The calibration takes
    the model's own probability as it is.

    Args:
        model: a name on the hub, or a folder.
        folder: where the export goes; what is there is replaced.
        label: see `supported_label`.
        report: receives a line for each step.

    Raises:
        ModelInvalid: the model cannot be loaded or exported, needs code of its own, or is no classifier of this kind.
    """
    report(f"loading {model} with transformers")
    network, tokenizer = _load(model)
    names = {int(index): str(name) for index, name in network.config.id2label.items()}
    supported = supported_label(names, label)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        report(f"exporting to ONNX; label {supported} ({names[supported]}) means supported")
        max_tokens = _max_tokens(network.config, tokenizer)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter's age and of constants; the comparison tells what matters
            _write(network, tokenizer, supported, staging)
        report("comparing the export with the original")
        precision, difference = _choose(network, tokenizer, supported, staging, max_tokens)
        file = MODEL_FILES[precision]
        manifest = {
            "model": model,
            "label": names[supported],
            "file": file,
            "max_tokens": max_tokens,
            "difference": round(difference, 5),
            "calibration": {"slope": 1.0, "bias": 0.0, "threshold": 0.5},
            "sha256": {name: sha256_of(staging / name) for name in (file, TOKENIZER_FILE)},
            "made_with": {name: metadata.version(name) for name in ("transformers", "torch", "onnxruntime")},
        }
        (staging / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n")
        shutil.rmtree(folder, ignore_errors=True)
        staging.rename(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return manifest


def _load(model: str) -> tuple[Any, Any]:
    """Return the network and its tokenizer."""
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    local = Path(model).is_dir()
    try:
        config = AutoConfig.from_pretrained(model, local_files_only=local)
        architectures = config.architectures or []
        if getattr(config, "auto_map", None):
            raise ModelInvalid(f"{model} needs code of its own, which is not run.")
        if not any(name.endswith("ForSequenceClassification") for name in architectures):
            raise ModelInvalid(f"{model} is no sequence classifier, but {', '.join(architectures) or 'unknown'}.")
        config._attn_implementation = "eager"
        network = AutoModelForSequenceClassification.from_pretrained(model, config=config, local_files_only=local)
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=local)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelInvalid(f"{model} cannot be loaded: {error}") from error
    if not getattr(tokenizer, "is_fast", False):
        raise ModelInvalid(f"{model} has no fast tokenizer (tokenizer.json).")
    return network.eval(), tokenizer


def _max_tokens(config: Any, tokenizer: Any) -> int:
    """Return how many tokens of a pair the model reads; some count positions from the padding's index on."""
    positions = int(getattr(config, "max_position_embeddings", 0) or MAX_TOKENS)
    if "roberta" in config.model_type:
        positions -= int(config.pad_token_id or 0) + 1
    return min(MAX_TOKENS, positions, int(tokenizer.model_max_length))


def _write(network: Any, tokenizer: Any, supported: int, folder: Path) -> None:
    """Write both precisions and the tokenizer."""
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().addFilter(lambda record: "pre-processing before quantization" not in record.getMessage())

    class Logit(torch.nn.Module):
        """Inputs, each int64 [batch, length] -> float32 [batch]."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *inputs: Any) -> Any:
            logits = self.network(**dict(zip(names, inputs, strict=True))).logits
            return _against_others(torch, logits, supported)

    names = [name for name in tokenizer.model_input_names if name in _INPUTS]
    example = tuple(torch.ones((2, 8), dtype=torch.int64) for _ in names)
    fp32 = folder / MODEL_FILES["fp32"]
    with torch.no_grad():
        torch.onnx.export(
            Logit().eval(),
            example,
            str(fp32),
            input_names=names,
            output_names=["logits"],
            dynamic_axes={**{name: {0: "batch", 1: "length"} for name in names}, "logits": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    quantize_dynamic(
        str(fp32),
        str(folder / MODEL_FILES["int8"]),
        per_channel=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))


_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def _against_others(torch: Any, logits: Any, supported: int) -> Any:
    """Return the logit of the probability of one label by softmax; a single output is its logit already."""
    if logits.shape[-1] == 1:
        return logits[:, 0]
    others = [index for index in range(logits.shape[-1]) if index != supported]
    return logits[:, supported] - torch.logsumexp(logits[:, others], dim=-1)


def _choose(network: Any, tokenizer: Any, supported: int, folder: Path, max_tokens: int) -> tuple[str, float]:
    """Return the precision that is served and its largest difference in probability; remove the other's file."""
    import torch

    expected = []
    with torch.no_grad():
        for pair in PROBES:
            logits = network(**tokenizer(*pair, return_tensors="pt")).logits
            expected.append(float(torch.sigmoid(_against_others(torch, logits, supported))))
    for precision in ("int8", "fp32"):
        found = _probabilities(folder, MODEL_FILES[precision], max_tokens)
        difference = float(np.max(np.abs(np.array(found) - np.array(expected))))
        if difference <= MAX_DIFFERENCE[precision]:
            for other in set(MODEL_FILES) - {precision}:
                (folder / MODEL_FILES[other]).unlink()
            return precision, difference
    raise ModelInvalid(f"The export strays from the original: a probability differs by {difference:.3f}.")


def _probabilities(folder: Path, file: str, max_tokens: int) -> list[float]:
    """Return the probability of each probe as it is served."""
    import onnxruntime
    from tokenizers import Tokenizer

    session = onnxruntime.InferenceSession(str(folder / file), providers=["CPUExecutionProvider"])
    inputs = {value.name for value in session.get_inputs()}
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens, strategy="only_first")
    found = []
    for pair in PROBES:
        encoding = tokenizer.encode(*pair)
        ids, mask, segments = encoding.ids, encoding.attention_mask, encoding.type_ids
        values = zip(_INPUTS, (ids, mask, segments), strict=True)
        given = {name: np.array([value], dtype=np.int64) for name, value in values if name in inputs}
        found.append(1 / (1 + float(np.exp(-session.run(None, given)[0][0]))))
    return found
