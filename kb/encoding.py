"""How the token states of a model become vectors: prompts, pooling, normalisation and length, as its manifest says."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kb.errors import ModelInvalid

#: Poolings that serving does by itself; a model with another one is served by sentence-transformers.
POOLINGS = ("mean", "cls", "lasttoken")


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """Overrides of a model's own configuration by the settings; None leaves it as it is.

    `dimensions` cuts vectors to their first so many numbers, as models trained by Matryoshka losses allow.
    """

    query_prompt: str | None = None
    passage_prompt: str | None = None
    dimensions: int | None = None


AS_CONFIGURED = Overrides()


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """The configuration that turns a text into token states, and those into a vector.

    Attributes:
        query_prompt, passage_prompt: put before a query, and before a passage that it may find.
        text_prompt: put before texts that are compared with each other.
        pooling: one of `POOLINGS`.
        normalised: whether vectors have length 1; without, inner products are what the model was trained for.
        dimensions: how many numbers of a vector are kept.
    """

    dimensions: int
    query_prompt: str = ""
    passage_prompt: str = ""
    text_prompt: str = ""
    pooling: str = "mean"
    normalised: bool = True

    @classmethod
    def of(cls, manifest: Mapping[str, Any], overrides: Overrides = AS_CONFIGURED) -> "Encoding":
        """Return the encoding of a model's manifest, as the settings override it.

        Raises:
            ModelInvalid: the model has fewer dimensions than are asked for.
        """
        full, kept = int(manifest["dimensions"]), overrides.dimensions
        if kept is not None and kept > full:
            raise ModelInvalid(
                f"ANSWERBACK_EMBEDDING_DIMENSIONS is {kept}, but {manifest['model']} has {full} dimensions."
            )
        prompts = manifest.get("prompts", {})
        own = prompts.get("query", ""), prompts.get("passage", ""), prompts.get("text", "")
        query = own[0] if overrides.query_prompt is None else overrides.query_prompt
        passage = own[1] if overrides.passage_prompt is None else overrides.passage_prompt
        return cls(
            dimensions=kept or full,
            query_prompt=query,
            passage_prompt=passage,
            text_prompt=own[2] if (query, passage) == own[:2] else text_prompt(query, passage),
            pooling=manifest.get("pooling", "mean"),
            normalised=manifest.get("normalised", True),
        )

    def digest(self, full_dimensions: int) -> str:
        """Return a short digest of what differs from mean pooling of whole vectors without prompts; empty for that."""
        if self == Encoding(dimensions=full_dimensions):
            return ""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:8]


def text_prompt(query: str, passage: str) -> str:
    """Return the prompt for texts that are compared with each other, given those of queries and of passages.

    A model that expects a prompt before either, as E5 does, takes that of queries; others expect none.
    """
    return query if query and passage else ""


@dataclass(frozen=True, kw_only=True)
class SimilarityScale:
    """Maps similarities of a model to those that the default model would give.

    Thresholds, weights and classifiers of the product were chosen with the default model, whose vectors of unrelated
    texts are nearly orthogonal. Those of other models may have a cosine of 0.8 (E5), or an inner product of 30.

    Attributes:
        unrelated: mean similarity of texts that have nothing to do with each other, measured at the export.
        same: mean similarity of a text to itself; 1 for vectors of length 1.
    """

    unrelated: float
    same: float = 1.0

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "SimilarityScale":
        """Return the scale of a model's manifest; that of the default model where it has none."""
        measured = manifest.get("similarity")
        return cls(unrelated=measured["unrelated"], same=measured["same"]) if measured else DEFAULT_SCALE

    def to_default(self, similarity: float) -> float:
        """Return a similarity as the default model would give it: 1 for the same text."""
        if self == DEFAULT_SCALE:
            return similarity
        slope = (1.0 - DEFAULT_SCALE.unrelated) / max(self.same - self.unrelated, 1e-6)
        return 1.0 + (similarity - self.same) * slope

    def from_default(self, similarity: float) -> float:
        """Return the similarity of this model that corresponds to one of the default model."""
        if self == DEFAULT_SCALE:
            return similarity
        slope = (self.same - self.unrelated) / (1.0 - DEFAULT_SCALE.unrelated)
        return self.same + (similarity - 1.0) * slope


#: Measured for all-MiniLM-L6-v2 as `kb.export` measures every model.
DEFAULT_SCALE = SimilarityScale(unrelated=0.05)
