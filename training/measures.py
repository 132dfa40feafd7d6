"""Measures of probabilities against labels, and the manifest of a model."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.files import sha256_of
from worker.answering.check.cross_encoder import MANIFEST_FILE, MODEL_FILE, Calibration, tokenizer_of

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]


def balanced_accuracy(scores: Floats, labels: Labels, threshold: float) -> float:
    """Return the mean of the share kept of what is true and the share refused of what is not."""
    return float((np.mean(scores[labels] >= threshold) + np.mean(scores[~labels] < threshold)) / 2)


def calibration_error(scores: Floats, labels: Labels, *, bins: int = 10) -> float:
    """Return the mean distance of probability and share of true ones, over bins of probability, by their size."""
    places = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = [abs(scores[places == place].sum() - labels[places == place].sum()) for place in range(bins)]
    return float(sum(gaps) / len(scores))


def write_manifest(
    folder: Path, *, model: str, max_tokens: int, calibration: Calibration, measured: Mapping[str, Mapping[str, float]]
) -> str:
    """Write the manifest of a model beside its files and return it; `measured` are figures by name."""
    manifest: dict[str, Any] = {
        "model": model,
        "max_tokens": max_tokens,
        "calibration": asdict(calibration),
        "sha256": {path.name: sha256_of(path) for path in (folder / MODEL_FILE, tokenizer_of(folder))},
        **{name: {key: round(value, 3) for key, value in of.items()} for name, of in measured.items()},
        "made_with": {name: metadata.version(name) for name in ("torch", "transformers", "onnxruntime")},
    }
    text = json.dumps(manifest, indent=1)
    (folder / MANIFEST_FILE).write_text(f"{text}\n")
    return text
