"""Small cross-encoders: models that read two texts together and return one number for the pair."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from kb import shipped as embedding_model
from kb.errors import ModelInvalid, ModelMissing
from kb.files import sha256_of
from kb.onnx_session import open_session
from worker.caching import MemoryCache

#: The files of a model.
MODEL_FILE = "model-int8.onnx"
TOKENIZER_FILE = "tokenizer.json"
MANIFEST_FILE = "manifest.json"

#: Pairs whose logit a process keeps. The same questions come again, with the same answer or passage; within an answer a
#: sentence is read again when the citation of its paragraph follows, or without its "Yes, ".
_MAX_PAIRS = 10_000


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Turns a cross-encoder's logit into a probability, and says from which on a pair counts as one in reports.

    All are fitted on pairs that the cross-encoder did not see; the model's card says on which.

    Attributes:
        weights: of signals beside the logit, by name; which there are depends on the model.
    """

    slope: float
    bias: float
    threshold: float
    weights: Mapping[str, float] = field(default_factory=dict)

    def probability(self, logit: float, *, signals: float = 0.0) -> float:
        """Return the probability of a pair with this logit; `signals` is their sum by `weights`."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.slope * logit + self.bias + signals))))


class CrossEncoder:
    """Scores pairs of texts. Safe to share between threads; load it after a fork, never before."""

    def __init__(self, session: Any, tokenizer: Any) -> None:
        self._session = session
        self._inputs = frozenset(given.name for given in session.get_inputs())
        self._tokenizer = tokenizer
        self._logits = MemoryCache[float]("pairs", limit=_MAX_PAIRS)

    @classmethod
    def open(cls, folder: Path, *, max_tokens: int, file: str = MODEL_FILE) -> "CrossEncoder":
        """Open the model in a folder, on one thread, without verifying its files; `file` is the ONNX model's."""
        from tokenizers import Tokenizer

        session = open_session(folder / file)
        tokenizer = Tokenizer.from_file(str(tokenizer_of(folder)))
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_tokens, strategy="only_first")
        return cls(session, tokenizer)

    def logit(self, first: str, second: str) -> float:
        """Return the logit of a pair; where both are too long, the first text is cut."""
        # A hash, so that the cache holds no text of customers.
        key = hashlib.blake2b(f"{first}\0{second}".encode(), digest_size=16).digest()
        logit = self._logits.get(key)
        if logit is None:
            logit = self._computed(first, second)
            self._logits.put(key, logit)
        return logit

    def _computed(self, first: str, second: str) -> float:
        encoding = self._tokenizer.encode(first, second)
        ids = np.array([encoding.ids], dtype=np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.array([encoding.type_ids], dtype=np.int64),
        }
        (logits,) = self._session.run(None, {name: value for name, value in inputs.items() if name in self._inputs})
        return float(logits[0])


def shipped(name: str) -> Path:
    """Return the folder of a model that ships with the project."""
    return Path(str(resources.files("worker.answering"))) / "models" / name


def load(folder: Path) -> tuple[CrossEncoder, Calibration]:
    """Load a model and its calibration.

    Raises:
        ModelMissing: there is no model in the folder.
        ModelInvalid: the manifest cannot be read, or a file does not have the checksum that it states.
    """
    manifest = verified(folder)
    encoder = CrossEncoder.open(folder, max_tokens=manifest["max_tokens"], file=file_of(manifest))
    return encoder, Calibration(**manifest["calibration"])


def file_of(manifest: Mapping[str, Any]) -> str:
    """Return the name of the ONNX model that a manifest describes."""
    return str(manifest.get("file", MODEL_FILE))


def tokenizer_of(folder: Path) -> Path:
    """Return the tokenizer of a model: its own, or else that of the embedding model that ships."""
    own = folder / TOKENIZER_FILE
    return own if own.is_file() else embedding_model.tokenizer()


def verified(folder: Path) -> dict[str, Any]:
    """Return the manifest of the model in a folder, whose files have the checksums that it states; raises as `load`."""
    manifest = manifest_of(folder)
    for path in (folder / file_of(manifest), tokenizer_of(folder)):
        if not path.is_file() or sha256_of(path) != manifest["sha256"].get(path.name):
            raise ModelInvalid(f"The model's file {path} is missing or damaged.")
    return manifest


def manifest_of(folder: Path) -> dict[str, Any]:
    """Return the manifest of the model in a folder; raises as `load`."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST_FILE).read_text())
    except FileNotFoundError:
        raise ModelMissing(f"There is no model in {folder}.") from None
    except ValueError:
        raise ModelInvalid(f"The manifest of the model in {folder} cannot be read.") from None
    return manifest
