"""Read the vectors in a response of an embeddings endpoint."""

import base64
import binascii
import json
from typing import Any

import numpy as np

from kb.embedding import Vector
from kb.errors import EmbedderRefused, EmbedderUnavailable


def vectors_of(payload: Any, *, count: int, dimensions: int) -> Vector:
    """Return the vectors of a response in the order of the request, of length 1, float32 [count, dimensions].

    Args:
        payload: the parsed body, whose `data` has an `embedding` (numbers, or base64 of float32) and an `index` for
            each text; without any index the order is that of the request.
        count: how many texts were sent.

    Raises:
        EmbedderRefused: the vectors have another length, so the settings do not fit the model.
        EmbedderUnavailable: it is no response to this request, such as one that lacks a text.
    """
    data = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise EmbedderUnavailable("The embeddings endpoint answers without `data`.")
    indexes = [item.get("index") for item in data]
    if all(index is None for index in indexes):
        indexes = list(range(len(data)))
    if sorted(index for index in indexes if isinstance(index, int)) != list(range(count)) or len(data) != count:
        raise EmbedderUnavailable(f"The embeddings endpoint answers {count} texts with {len(data)} vectors.")
    found = np.zeros((count, dimensions), np.float32)
    for index, item in zip(indexes, data, strict=True):
        vector = _numbers(item.get("embedding"))
        if len(vector) != dimensions:
            raise EmbedderRefused(
                f"The embeddings endpoint answers with vectors of {len(vector)} numbers: set "
                f"ANSWERBACK_EMBEDDING_DIMENSIONS, which is {dimensions}, to that."
            )
        found[index] = vector
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not lengths.all():
        raise EmbedderUnavailable("The embeddings endpoint answers with vectors of no direction.")
    unit: Vector = found / lengths
    return unit


def parsed(body: bytes) -> Any:
    """Return a body as JSON; EmbedderUnavailable where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        raise EmbedderUnavailable("The embeddings endpoint answers with what is not JSON.") from None


def tokens_of(payload: Any) -> int:
    """Return the tokens that a response says it cost; 0 where it says nothing."""
    usage = payload.get("usage") if isinstance(payload, dict) else None
    counted = usage.get("prompt_tokens", usage.get("total_tokens")) if isinstance(usage, dict) else None
    return counted if isinstance(counted, int) and counted > 0 else 0


def _numbers(embedding: Any) -> Vector:
    try:
        if isinstance(embedding, str):
            return np.frombuffer(base64.b64decode(embedding, validate=True), "<f4").astype(np.float32)
        if isinstance(embedding, list):
            with np.errstate(over="ignore"):  # found by its infinite length
                vector = np.array(embedding, np.float32)
            if vector.ndim == 1:
                return vector
    except (ValueError, TypeError, binascii.Error):
        pass
    raise EmbedderUnavailable("The embeddings endpoint answers with an embedding that is no list of numbers.")
