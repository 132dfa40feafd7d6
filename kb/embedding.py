"""Turn text into unit vectors, in the process that needs them.

Serving uses onnxruntime with one intra-op thread and one session shared by all threads, one text
a call: int8 output depends on what else is in a batch, so a batch of one is also what makes it
repeatable. torch is never imported here.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kb.errors import ModelInvalid, ModelMissing
from kb.files import sha256_of

Vector = npt.NDArray[np.float32]

MODEL_FILES = {"fp32": "model.onnx", "int8": "model-int8.onnx"}
ONNX_PRECISIONS = tuple(MODEL_FILES)


class Embedder(Protocol):
    """Whatever gives unit vectors."""

    @property
    def identity(self) -> str:
        """A name that changes whenever the vectors would."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text count; the rest is cut off."""
        ...

    def encode(self, text: str) -> Vector:
        """Return the unit vector of `text`, float32 [dimensions]."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in tokens, the two special ones included."""
        ...


class OnnxEmbedder:
    """An exported model, mean-pooled and normalised. Safe to share between threads.

    Load it after a fork, never before.
    """

    def __init__(self, session: Any, tokenizer: Any, *, identity: str, dimensions: int, max_tokens: int) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self.identity = identity
        self.dimensions = dimensions
        self.max_tokens = max_tokens

    @classmethod
    def load(cls, folder: Path, *, precision: str = "int8", verify: bool = True) -> "OnnxEmbedder":
        """Load the export in `folder` at `fp32` or `int8`.

        Raises:
            ModelMissing: there is no export in the folder.
            ModelInvalid: a file does not have the checksum that the export wrote down.
        """
        manifest = read_manifest(folder)
        if verify:
            verify_files(folder, manifest, [MODEL_FILES[precision], "tokenizer.json"])
        return cls.of(folder, manifest, precision=precision)

    @classmethod
    def of(cls, folder: Path, manifest: Mapping[str, Any], *, precision: str) -> "OnnxEmbedder":
        """Load without verifying, from a manifest already read."""
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            str(folder / MODEL_FILES[precision]), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(manifest["max_tokens"])
        return cls(
            session,
            tokenizer,
            identity=f"{manifest['model']}:{precision}:{manifest['identity']}",
            dimensions=manifest["dimensions"],
            max_tokens=manifest["max_tokens"],
        )

    def encode(self, text: str) -> Vector:
        """Return the unit vector of `text`, float32 [dimensions]."""
        encoding = self._tokenizer.encode(text)
        ids = np.array([encoding.ids], dtype=np.int64)
        (states,) = self._session.run(
            None,
            {
                "input_ids": ids,
                "attention_mask": np.ones_like(ids),
                "token_type_ids": np.zeros_like(ids),
            },
        )
        vector: Vector = states[0].mean(axis=0)
        return vector / np.float32(max(float(np.linalg.norm(vector)), 1e-12))

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in tokens, the two special ones included, uncut."""
        encoding = self._tokenizer.encode(text)
        return len(encoding.ids) + sum(len(rest.ids) - 2 for rest in encoding.overflowing)


class SentenceTransformerEmbedder:
    """A model that cannot be exported, served by sentence-transformers itself: slower and heavier."""

    def __init__(self, model: str) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(model, device="cpu")
        self.identity = f"{model}:torch"
        self.dimensions = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(self._model.max_seq_length or 256)

    def encode(self, text: str) -> Vector:
        """Return the unit vector of `text`, float32 [dimensions]."""
        vector: Vector = self._model.encode([text], normalize_embeddings=True)[0]
        return vector

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in tokens, the two special ones included."""
        return len(self._model.tokenizer(text)["input_ids"])


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what an export says of itself.

    Raises:
        ModelMissing: there is no export in the folder.
        ModelInvalid: its manifest cannot be read.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    except FileNotFoundError:
        raise ModelMissing from None
    except ValueError:
        raise ModelInvalid from None
    return manifest


def verify_files(folder: Path, manifest: Mapping[str, Any], names: list[str]) -> None:
    """Compare files of an export with the checksums in its manifest.

    Raises:
        ModelInvalid: a file is missing or differs.
    """
    for name in names:
        path = folder / name
        if not path.is_file() or sha256_of(path) != manifest["sha256"].get(name):
            raise ModelInvalid(
                f"The embedding model's file {path} is missing or damaged: delete {folder} and run `answerback model`."
            )
