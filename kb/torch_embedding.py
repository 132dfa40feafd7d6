"""Serve a model that cannot be exported by sentence-transformers itself: slower, and it loads torch."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.encoding import AS_CONFIGURED, Encoding, Overrides, SimilarityScale
from kb.errors import ModelInvalid

_NO_LIMIT = 100_000


class SentenceTransformerEmbedder:
    """A model of sentence-transformers. Safe to share between threads, which take turns: its tokenizer is not."""

    def __init__(self, model: Any, *, identity: str, encoding: Encoding, scale: SimilarityScale) -> None:
        self._model = model
        self._encoding = encoding
        self._turn = threading.Lock()
        self.identity = identity
        self.scale = scale
        self.dimensions = encoding.dimensions
        self.max_tokens = max_tokens(model)

    @classmethod
    def of(
        cls, manifest: Mapping[str, Any], *, identity: str, overrides: Overrides = AS_CONFIGURED
    ) -> "SentenceTransformerEmbedder":
        """Load the model that a manifest names.

        Raises:
            ModelInvalid: it is not there any more, or what loads it is not installed.
        """
        encoding = Encoding.of(manifest, overrides)
        try:
            import torch
            from sentence_transformers import SentenceTransformer

            torch.set_num_threads(1)
            model = SentenceTransformer(manifest["model"], device="cpu", local_files_only=True)
        except (ImportError, OSError, ValueError) as error:
            raise ModelInvalid(
                f"The embedding model {manifest['model']} is served by sentence-transformers, which failed: {error}"
            ) from error
        return cls(model, identity=identity, encoding=encoding, scale=SimilarityScale.of(manifest))

    def encode(self, text: str) -> npt.NDArray[np.float32]:
        """Return the vector of a text that is compared with others of its kind, float32 [dimensions]."""
        return self._vector(self._model.encode, text, self._encoding.text_prompt)

    def encode_query(self, text: str) -> npt.NDArray[np.float32]:
        """Return the vector of a query, float32 [dimensions]."""
        return self._vector(self._model.encode_query, text, self._encoding.query_prompt)

    def encode_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the vectors of passages, float32 [count, dimensions]."""
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        encode, prompt = self._model.encode_document, self._encoding.passage_prompt
        return np.stack([self._vector(encode, text, prompt) for text in texts])

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in tokens, the special ones included, uncut."""
        with self._turn:
            return len(self._model.tokenizer(text, truncation=False)["input_ids"])

    def _vector(self, encode: Callable[..., Any], text: str, prompt: str) -> npt.NDArray[np.float32]:
        with self._turn:
            vector: npt.NDArray[np.float32] = encode(
                [text],
                prompt=prompt,
                normalize_embeddings=self._encoding.normalised,
                truncate_dim=self._encoding.dimensions,
                show_progress_bar=False,
            )[0]
        return vector


def max_tokens(model: Any) -> int:
    """Return how many tokens of a text a model of sentence-transformers reads."""
    limits = model.max_seq_length, getattr(model.tokenizer, "model_max_length", None)
    return int(next((limit for limit in limits if limit and limit < _NO_LIMIT), _DEFAULT_MAX_TOKENS))


#: Where a model names no limit.
_DEFAULT_MAX_TOKENS = 512
