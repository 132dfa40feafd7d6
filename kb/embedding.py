"""Turn text into unit vectors, in the process that needs them.

Serving uses onnxruntime with one intra-op thread and one session shared by all threads, one text
a call: int8 output depends on what else is in a batch, so a batch of one is also what makes it
repeatable. torch is loaded for models alone that cannot be exported.
"""

import json
import threading
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

#: What serves a model that cannot be exported.
TORCH = "sentence-transformers"


class Embedder(Protocol):
    """Turns texts into unit vectors."""

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
            identity=identity_of(manifest, precision),
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
    """A model that cannot be exported, served by sentence-transformers itself: slower, and it loads torch.

    Safe to share between threads, which take turns: its tokenizer is not.
    """

    def __init__(self, model: Any, *, identity: str) -> None:
        self._model = model
        self._turn = threading.Lock()
        self.identity = identity
        self.dimensions = int(model.get_embedding_dimension() or 0)
        self.max_tokens = int(model.max_seq_length or 256)

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "SentenceTransformerEmbedder":
        """Load the model that a manifest names.

        Raises:
            ModelInvalid: it is not there any more, or what loads it is not installed.
        """
        try:
            import torch
            from sentence_transformers import SentenceTransformer

            torch.set_num_threads(1)
            model = SentenceTransformer(manifest["model"], device="cpu", local_files_only=True)
        except (ImportError, OSError, ValueError) as error:
            raise ModelInvalid(
                f"The embedding model {manifest['model']} is served by sentence-transformers, which failed: {error}"
            ) from error
        return cls(model, identity=identity_of(manifest, "torch"))

    def encode(self, text: str) -> Vector:
        """Return the unit vector of `text`, float32 [dimensions]."""
        with self._turn:
            vector: Vector = self._model.encode([text], normalize_embeddings=True, show_progress_bar=False)[0]
        return vector

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in tokens, the special ones included, uncut."""
        with self._turn:
            return len(self._model.tokenizer(text, truncation=False)["input_ids"])


def identity_of(manifest: Mapping[str, Any], precision: str) -> str:
    """Return the name of a model's vectors; one that was not exported has one precision."""
    precision = "torch" if manifest.get("served_by") == TORCH else precision
    return f"{manifest['model']}:{precision}:{manifest['identity']}"


def load(folder: Path, *, precision: str = "int8") -> Embedder:
    """Load the model that was made ready in `folder`: its export, or where it has none, the model itself.

    Raises:
        ModelMissing: there is none.
        ModelInvalid: it is damaged, or cannot be loaded here.
    """
    manifest = read_manifest(folder)
    if manifest.get("served_by") == TORCH:
        return SentenceTransformerEmbedder.of(manifest)
    return OnnxEmbedder.load(folder, precision=precision)


def verify(folder: Path, *, precision: str) -> dict[str, Any]:
    """Look whether the files are there that `load` loads; return what they say of themselves.

    Raises:
        ModelMissing, ModelInvalid: they are not.
    """
    manifest = read_manifest(folder)
    if manifest.get("served_by") != TORCH:
        verify_files(folder, manifest, [MODEL_FILES[precision], "tokenizer.json"])
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of an export.

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
