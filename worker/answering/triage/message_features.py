"""How like a message is to examples: by its vector, and by its words and their parts.

The vector is that of the embedding model. Words, pairs of words and character n-grams carry over to spellings,
inflections and languages that the embedding model does not read.
"""

import itertools
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kb.embedding import Vector

#: N-grams are hashed to as many buckets; half of them recognised less on the dev half of `tests/data/escalation`.
HASHED = 8_192

#: Characters of a message that count; what is behind them costs time and rarely says something else.
MAX_CHARACTERS = 1_500

_SHORTEST, _LONGEST = 2, 5
_WORD = re.compile(r"\w+")

Buckets = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TextFeatures:
    """The features of a text.

    Attributes:
        vector: of the embedding model, float32 [dimensions], of length one; None without one.
        buckets: of its hashed n-grams, ascending.
        values: of the n-grams, float32, of length one together.
    """

    vector: Vector | None
    buckets: Buckets
    values: Vector


class Extractor:
    """Finds the features of texts. Safe to share between threads.

    Args:
        rarities: the inverse document frequency of each bucket, float32 [HASHED].
        encode: returns the unit vector of a text; None where there is no embedding model.
    """

    def __init__(self, rarities: Vector, encode: Callable[[str], Vector] | None) -> None:
        self.rarities = rarities
        self._encode = encode

    def features(self, text: str, *, vector: Vector | None = None) -> TextFeatures:
        """Return the features of a text; `vector` is its vector if that is known."""
        if vector is None and self._encode is not None:
            vector = self._encode(text[:MAX_CHARACTERS])
        return replace(self.words(text), vector=vector)

    def words(self, text: str) -> TextFeatures:
        """Return the features of a text without its vector."""
        buckets, counts = _counts(text)
        values = np.log1p(counts) * self.rarities[buckets]
        length = max(float(np.linalg.norm(values)), 1e-12)
        return TextFeatures(vector=None, buckets=buckets, values=(values / length).astype(np.float32))


class ExampleIndex:
    """The features of examples, laid out to be compared with a message. Safe to share between threads."""

    def __init__(self, examples: Sequence[TextFeatures]) -> None:
        vectors = [example.vector for example in examples if example.vector is not None]
        self._vectors = np.stack(vectors) if vectors else None
        buckets = np.concatenate([example.buckets for example in examples])
        order = np.argsort(buckets, kind="stable")
        self._rows = np.repeat(np.arange(len(examples)), [len(example.buckets) for example in examples])[order]
        self._rows = self._rows.astype(np.uint16 if len(examples) < 2**16 else np.int64)
        self._values = np.concatenate([example.values for example in examples])[order]
        self._starts = np.searchsorted(buckets[order], np.arange(HASHED + 1))
        self._count = len(examples)

    def similarities(self, text: TextFeatures) -> Vector:
        """Return how like a text is to each example, float32 [examples]: the sum of the cosines of both kinds."""
        starts, ends = self._starts[text.buckets], self._starts[text.buckets + 1]
        lengths = ends - starts
        # the postings of all buckets of the text, one after another
        postings = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        products = self._values[postings] * np.repeat(text.values, lengths)
        found = np.bincount(self._rows[postings], weights=products, minlength=self._count).astype(np.float32)
        if self._vectors is not None and text.vector is not None:
            found += self._vectors @ text.vector
        result: Vector = found
        return result

    def all_similarities(self) -> Vector:
        """Return how like each example is to each other, float32 [examples, examples], as `similarities` tells it.

        One product of matrices: 2,000 examples take a second, and 14 one at a time.
        """
        dense = np.zeros((self._count, HASHED), dtype=np.float32)
        dense[self._rows, np.repeat(np.arange(HASHED), np.diff(self._starts))] = self._values
        found: Vector = dense @ dense.T
        if self._vectors is not None:
            found += self._vectors @ self._vectors.T
        return found


def rarities_of(texts: Sequence[str]) -> Vector:
    """Return the inverse document frequency of each bucket: the logarithm of how rare it is in the texts, and one."""
    found = np.zeros(HASHED)
    for text in texts:
        found[_counts(text)[0]] += 1
    return (np.log((1 + len(texts)) / (1 + found)) + 1).astype(np.float32)


def _counts(text: str) -> tuple[Buckets, Buckets]:
    """Return the buckets of the n-grams of a text, and how often each is there."""
    hashed = [zlib.crc32(gram.encode()) % HASHED for gram in _grams(text[:MAX_CHARACTERS])]
    return np.unique(np.array(hashed, dtype=np.int64), return_counts=True)


def _grams(text: str) -> Iterator[str]:
    """Yield the words of a text, pairs of neighbours, and the n-grams of each word with its borders."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).lower())
    for word in words:
        yield f"w:{word}"
        padded = f" {word} "
        for size in range(_SHORTEST, _LONGEST + 1):
            for start in range(len(padded) - size + 1):
                yield padded[start : start + size]
    for first, second in itertools.pairwise(words):
        yield f"b:{first} {second}"
