"""Responses of an embeddings endpoint, with vectors of hashed words: texts that share words are near."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from kb.lexical_only import LexicalOnlyEmbedder
from tests.support.endpoint import Response

DIMENSIONS = LexicalOnlyEmbedder.dimensions

_WORDS = LexicalOnlyEmbedder()


class TinyEmbedder(LexicalOnlyEmbedder):
    """Vectors of hashed words under another name, so that they count as those of a model."""

    identity = "tiny"


def vector(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """The vector of a text, of length 3 unless it has no words, with a small part that is the same for all."""
    numbers = _WORDS.encode(text)[:dimensions] * 3
    numbers[0] += 0.01
    return [float(number) for number in numbers]


def embeddings(body: dict[str, Any], *, dimensions: int = DIMENSIONS, tokens: int | None = 7) -> Response:
    """A response as OpenAI sends it to a request without `encoding_format`."""
    data = [
        {"object": "embedding", "index": index, "embedding": vector(text, dimensions)}
        for index, text in enumerate(body["input"])
    ]
    return response(data, tokens=tokens, model=body["model"])


def response(data: Sequence[Any], *, tokens: int | None = 7, **fields: Any) -> Response:
    """A response with this `data`."""
    usage = {} if tokens is None else {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}}
    payload = {"object": "list", "data": list(data), **usage, **fields}
    return Response(pieces=(json.dumps(payload).encode(),), content_type="application/json")


def as_base64(numbers: Sequence[float]) -> str:
    """A vector as OpenAI sends it with `encoding_format: base64`."""
    return base64.b64encode(np.array(numbers, "<f4").tobytes()).decode()
