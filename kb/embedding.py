"""Turn text into vectors, in the process that needs them.

Serving uses onnxruntime with one intra-op thread and one session shared by all threads, one text
a call: int8 output depends on what else is in a batch, so a batch of one is also what makes it
repeatable. torch is loaded for models alone that cannot be exported.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kb import shipped
from kb.encoding import AS_CONFIGURED, Encoding, Overrides, SimilarityScale
from kb.errors import ModelInvalid, ModelMissing
from kb.files import sha256_of
from kb.onnx_session import open_session

Vector = npt.NDArray[np.float32]

MODEL_FILES = {"fp32": "model.onnx", "int8": "model-int8.onnx"}
ONNX_PRECISIONS = tuple(MODEL_FILES)

#: What serves a model that cannot be exported.
TORCH = "sentence-transformers"


class Embedder(Protocol):
    """Turns texts into vectors: of length 1, but for models that were trained for inner products.

    Queries and passages are encoded each with the prompt that the model expects before it, and compared with one
    another; texts of one kind are compared by `encode`.
    """

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

    @property
    def scale(self) -> SimilarityScale:
        """The scale of the model's similarities."""
        ...

    def encode(self, text: str) -> Vector:
        """Return the vector of a text that is compared with others of its kind, float32 [dimensions]."""
        ...

    def encode_query(self, text: str) -> Vector:
        """Return the vector of a query, float32 [dimensions]."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of passages, float32 [count, dimensions]."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in tokens, the two special ones included."""
        ...


class OnnxEmbedder:
    """An exported model. Safe to share between threads.

    Load it after a fork, never before.
    """

    def __init__(
        self,
        session: Any,
        tokenizer: Any,
        *,
        identity: str,
        encoding: Encoding,
        scale: SimilarityScale,
        max_tokens: int,
    ) -> None:
        self._session = session
        self._inputs = [declared.name for declared in session.get_inputs()]
        self._tokenizer = tokenizer
        self._specials: int = tokenizer.num_special_tokens_to_add(False)
        self._encoding = encoding
        self.identity = identity
        self.scale = scale
        self.prompts = {
            "text": encoding.text_prompt,
            "query": encoding.query_prompt,
            "passage": encoding.passage_prompt,
        }
        self.dimensions = encoding.dimensions
        self.max_tokens = max_tokens

    @classmethod
    def load(
        cls, folder: Path, *, precision: str = "int8", verify: bool = True, overrides: Overrides = AS_CONFIGURED
    ) -> "OnnxEmbedder":
        """Load the export in `folder` at `fp32` or `int8`; one that has no int8 at fp32.

        Raises:
            ModelMissing: there is no export in the folder.
            ModelInvalid: a file does not have the checksum that the export wrote down.
        """
        manifest = read_manifest(folder)
        precision = precision_of(manifest, precision)
        if verify:
            verify_files(folder, manifest, [MODEL_FILES[precision], "tokenizer.json"])
        return cls.of(folder, manifest, precision=precision, overrides=overrides)

    @classmethod
    def of(
        cls, folder: Path, manifest: Mapping[str, Any], *, precision: str, overrides: Overrides = AS_CONFIGURED
    ) -> "OnnxEmbedder":
        """Load without verifying, from a manifest already read."""
        from tokenizers import Tokenizer

        session = open_session(folder / MODEL_FILES[precision])
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(manifest["max_tokens"])
        return cls(
            session,
            tokenizer,
            identity=identity_of(manifest, precision, overrides),
            encoding=Encoding.of(manifest, overrides),
            scale=SimilarityScale.of(manifest),
            max_tokens=manifest["max_tokens"],
        )

    def encode(self, text: str) -> Vector:
        """Return the vector of a text that is compared with others of its kind, float32 [dimensions]."""
        return self._vector(self._encoding.text_prompt + text)

    def encode_query(self, text: str) -> Vector:
        """Return the vector of a query, float32 [dimensions]."""
        return self._vector(self._encoding.query_prompt + text)

    def encode_passages(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of passages, float32 [count, dimensions]."""
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        return np.stack([self._vector(self._encoding.passage_prompt + text) for text in texts])

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in tokens, the special ones included, uncut."""
        encoding = self._tokenizer.encode(text)
        return len(encoding.ids) + sum(len(rest.ids) - self._specials for rest in encoding.overflowing)

    def _vector(self, text: str) -> Vector:
        encoding = self._tokenizer.encode(text)
        if not encoding.ids:  # an empty text, where the model has no special tokens
            return np.zeros(self.dimensions, np.float32)
        ids = np.array([encoding.ids], dtype=np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        (states,) = self._session.run(None, {name: inputs[name] for name in self._inputs})
        return vector_of(states[0], self._encoding)


def vector_of(states: Vector, encoding: Encoding) -> Vector:
    """Return the vector of a text, float32 [dimensions], given the states of its tokens, float32 [length, hidden]."""
    pooled: Vector = {"mean": lambda: states.mean(axis=0), "cls": lambda: states[0], "lasttoken": lambda: states[-1]}[
        encoding.pooling
    ]()
    vector = pooled[: encoding.dimensions]
    if not encoding.normalised:
        return vector.copy()
    return vector / np.float32(max(float(np.linalg.norm(vector)), 1e-12))


def precision_of(manifest: Mapping[str, Any], precision: str) -> str:
    """Return the precision at which a model is served when this one is asked for: an export may lack int8."""
    if manifest.get("served_by") == TORCH:
        return "torch"
    return precision if precision in manifest.get("precisions", ONNX_PRECISIONS) else "fp32"


def identity_of(manifest: Mapping[str, Any], precision: str, overrides: Overrides = AS_CONFIGURED) -> str:
    """Return the name of a model's vectors, which is another one with other prompts, pooling or dimensions."""
    encoding = Encoding.of(manifest, overrides).digest(int(manifest["dimensions"]))
    identity = f"{manifest['model']}:{precision_of(manifest, precision)}:{manifest['identity']}"
    return f"{identity}:{encoding}" if encoding else identity


def load(folder: Path, *, precision: str = "int8", overrides: Overrides = AS_CONFIGURED) -> Embedder:
    """Load the model that was made ready in `folder`: its export, or where it has none, the model itself.

    Raises:
        ModelMissing: there is none.
        ModelInvalid: it is damaged, or cannot be loaded here, or has fewer dimensions than `overrides` ask for.
    """
    manifest = read_manifest(folder)
    if manifest.get("served_by") == TORCH:
        from kb.torch_embedding import SentenceTransformerEmbedder

        identity = identity_of(manifest, precision, overrides)
        return SentenceTransformerEmbedder.of(manifest, identity=identity, overrides=overrides)
    return OnnxEmbedder.load(folder, precision=precision, overrides=overrides)


def verify(folder: Path, *, precision: str, overrides: Overrides = AS_CONFIGURED) -> dict[str, Any]:
    """Look whether the files are there that `load` loads; return what they say of themselves.

    Raises:
        ModelMissing, ModelInvalid: they are not, or do not go with `overrides`.
    """
    manifest = read_manifest(folder)
    Encoding.of(manifest, overrides)
    if manifest.get("served_by") != TORCH:
        verify_files(folder, manifest, [MODEL_FILES[precision_of(manifest, precision)], "tokenizer.json"])
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
            raise ModelInvalid(f"The embedding model's file {path} is missing or damaged: {shipped.repair(folder)}.")
