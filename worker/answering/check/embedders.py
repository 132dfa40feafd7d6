"""The embedding model that answers are found with, or its stand-in where the model is missing."""

from pathlib import Path

from kb.embedding import Embedder, Vector, load
from kb.encoding import AS_CONFIGURED, Overrides
from kb.errors import ModelInvalid, ModelMissing
from kb.lexical_only import LexicalOnlyEmbedder
from worker.answering.check.support import Similarity
from worker.caching import Cache, CachedEmbedder, similarity
from worker.telemetry import logs

log = logs.get(__name__)


def open_embedder(
    folder: Path, *, precision: str, overrides: Overrides = AS_CONFIGURED, cache: Cache[Vector]
) -> Embedder:
    """Return the embedding model in `folder`, with a cache; without a usable model, the lexical-only stand-in."""
    try:
        embedder = load(folder, precision=precision, overrides=overrides)
    except (ModelMissing, ModelInvalid) as error:
        log.error("answering_by_lexical_only", cause=str(error))
        return LexicalOnlyEmbedder()
    return CachedEmbedder(embedder, cache)


def is_lexical_only(embedder: Embedder) -> bool:
    """Whether this is the stand-in."""
    return embedder.identity == LexicalOnlyEmbedder.identity


def similarity_of(embedder: Embedder) -> Similarity | None:
    """Return the similarity of two texts by the embedding model; None for the stand-in, which has no meaning of it."""
    return None if is_lexical_only(embedder) else similarity(embedder)
