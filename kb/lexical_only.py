"""The embedder of the lexical-only mode, without a model: texts are similar when they share words."""

import zlib
from collections.abc import Sequence

import numpy as np

from kb import sentences
from kb.embedding import Vector
from kb.encoding import DEFAULT_SCALE


class LexicalOnlyEmbedder:
    """Vectors of hashed word stems. Good enough to choose among sentences; no index is built or searched with it."""

    identity = "lexical_only"
    dimensions = 2_048
    max_tokens = 256
    scale = DEFAULT_SCALE

    def encode(self, text: str) -> Vector:
        """Return the unit vector of a text, float32 [dimensions]; zeros when it has no word that counts."""
        vector: Vector = np.zeros(self.dimensions, np.float32)
        for word in sentences.content(text):
            vector[zlib.crc32(word.encode()) % self.dimensions] += 1.0
        return vector / np.float32(max(float(np.linalg.norm(vector)), 1e-12))

    def encode_query(self, text: str) -> Vector:
        """Return the unit vector of a query, float32 [dimensions], as `encode` does."""
        return self.encode(text)

    def encode_passages(self, texts: Sequence[str]) -> Vector:
        """Return the unit vectors of passages, float32 [count, dimensions], each as `encode` does."""
        return np.stack([self.encode(text) for text in texts])

    def count_tokens(self, text: str) -> int:
        """Return about how many tokens a model would count."""
        return 2 + int(1.3 * len(sentences.words(text)))
