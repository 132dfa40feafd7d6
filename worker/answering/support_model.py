"""The learned part of the support check: how likely it is that a premise supports a claim.

A small cross-encoder reads the claim with the sentences of the premise that bear most on it. What facts decide is not
its part (`fact_check`). training/support/README.md is the model card.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import KnowledgeError, ModelInvalid, ModelMissing
from kb.files import sha256_of
from worker.answering import evidence
from worker.answering.support import Entailment
from worker.telemetry import logs

log = logs.get(__name__)

#: The files of a model.
MODEL_FILE = "model-int8.onnx"
TOKENIZER_FILE = "tokenizer.json"
MANIFEST_FILE = "manifest.json"

#: Words of a claim that are read; a sentence rarely has more.
_MAX_CLAIM_WORDS = 60


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Turns the cross-encoder's logit into a probability, and says from which on a claim counts as supported.

    All three are fitted on pairs of the training sources that the cross-encoder did not see.
    """

    slope: float
    bias: float
    threshold: float

    def probability(self, logit: float) -> float:
        """Return the probability that a claim with this logit is supported."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.slope * logit + self.bias))))


class SupportModel:
    """Scores pairs of premise and claim. Safe to share between threads; load it after a fork, never before."""

    def __init__(self, session: Any, tokenizer: Any, *, calibration: Calibration) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._calibration = calibration

    @property
    def threshold(self) -> float:
        """The probability from which a claim counts as supported."""
        return self._calibration.threshold

    @classmethod
    def load(cls, folder: Path | None = None) -> "SupportModel":
        """Load the model in `folder`; without one, the model that ships with the project.

        Raises:
            ModelMissing: there is no model in the folder.
            ModelInvalid: the manifest cannot be read, or a file does not have the checksum that it states.
        """
        folder = folder or Path(str(resources.files("worker.answering"))) / "models" / "support"
        manifest = _verified(folder)
        session, tokenizer = open_files(folder, max_tokens=manifest["max_tokens"])
        return cls(session, tokenizer, calibration=Calibration(**manifest["calibration"]))

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Return for each (premise, claim) the probability that the premise supports the claim, 0 to 1.

        The pairs are read one at a time: int8 output depends on what else is in a batch.
        """
        return [self._calibration.probability(self.logit(premise, claim)) for premise, claim in pairs]

    def logit(self, premise: str, claim: str) -> float:
        """Return the cross-encoder's logit for one pair, without calibration."""
        chosen = evidence.select(claim, premise)
        encoding = self._tokenizer.encode(chosen, " ".join(claim.split()[:_MAX_CLAIM_WORDS]))
        ids = np.array([encoding.ids], dtype=np.int64)
        (logits,) = self._session.run(
            None,
            {
                "input_ids": ids,
                "attention_mask": np.ones_like(ids),
                "token_type_ids": np.array([encoding.type_ids], dtype=np.int64),
            },
        )
        return float(logits[0])


def load_entailment() -> Entailment | None:
    """Load the model that ships with the project for the check; without a usable one, words and vectors decide."""
    try:
        model = SupportModel.load()
    except KnowledgeError as error:
        log.warning("support_model_not_loaded", cause=str(error))
        return None
    return lambda premise, claim: model.score([(premise, claim)])[0]


def open_files(folder: Path, *, max_tokens: int) -> tuple[Any, Any]:
    """Open the ONNX session, on one thread, and the tokenizer of the model in a folder, without verifying them."""
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(folder / MODEL_FILE), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens, strategy="only_first")
    return session, tokenizer


def _verified(folder: Path) -> dict[str, Any]:
    """Return the manifest of the model in a folder, whose files have the checksums that it states."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST_FILE).read_text())
    except FileNotFoundError:
        raise ModelMissing(f"There is no support model in {folder}.") from None
    except ValueError:
        raise ModelInvalid(f"The manifest of the support model in {folder} cannot be read.") from None
    for name in (MODEL_FILE, TOKENIZER_FILE):
        path = folder / name
        if not path.is_file() or sha256_of(path) != manifest["sha256"].get(name):
            raise ModelInvalid(f"The support model's file {path} is missing or damaged.")
    return manifest
