"""The embedder of the lexical-only mode, without a model: texts are similar when they share words."""

import zlib

import numpy as np

from kb import sentences
from kb.embedding import Vector


class LexicalOnlyEmbedder:
    """Vectors of hashed word stems. Good enough to choose among sentences; no index is built or searched with it."""

    identity = "lexical_only"
    dimensions = 2_048
    max_tokens = 256

    def encode(self, text: str) -> Vector:
        """Return the unit vector of `text`, float32 [dimensions]; zeros when it has no word that counts."""
        vector: Vector = np.zeros(self.dimensions, np.float32)
        for word in sentences.content(text):
            vector[zlib.crc32(word.encode()) % self.dimensions] += 1.0
        return vector / np.float32(max(float(np.linalg.norm(vector)), 1e-12))

    def count_tokens(self, text: str) -> int:
        """Return about how many tokens a model would count."""
        return 2 + int(1.3 * len(sentences.words(text)))
