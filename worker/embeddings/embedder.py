"""An embedding model behind an endpoint, in the form in which the knowledge base uses embedding models."""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from kb import shipped
from kb.embedding import Vector
from kb.encoding import DEFAULT_SCALE, text_prompt
from worker.embeddings.client import EmbeddingsClient

#: Seconds that a request for passages is repeated; what waits for longer is indexed later.
_PASSAGES_RETRY_S = 60.0


class EndpointEmbedder:
    """Encodes queries and passages by an endpoint. Safe to share between threads.

    Args:
        model: its name at the endpoint.
        dimensions: the length of its vectors.
        query_prompt, passage_prompt: put before a query, and before a passage.
        batch: how many passages one request is best given.
        retry_for_s: how long a query is repeated while the endpoint is overloaded or away; somebody waits for it.
    """

    def __init__(
        self,
        client: EmbeddingsClient,
        *,
        model: str,
        dimensions: int,
        query_prompt: str = "",
        passage_prompt: str = "",
        retry_for_s: float,
        batch: int = 32,
    ) -> None:
        self._client = client
        self._query_prompt = query_prompt
        self._passage_prompt = passage_prompt
        self._text_prompt = text_prompt(query_prompt, passage_prompt)
        self._retry_for_s = retry_for_s
        self.identity = identity_of(
            model, dimensions=dimensions, query_prompt=query_prompt, passage_prompt=passage_prompt
        )
        self.dimensions = dimensions
        self.max_tokens = 256
        self.scale = DEFAULT_SCALE  # what its similarities mean is not known; the gate is fitted to the base
        self.batch = batch

    def encode(self, text: str) -> Vector:
        """Return the unit vector of a text that is compared with others of its kind; raises as `encode_query`."""
        vector: Vector = self._client.embed([self._text_prompt + text], retry_for_s=self._retry_for_s)[0]
        return vector

    def encode_query(self, text: str) -> Vector:
        """Return the unit vector of a query, float32 [dimensions].

        Raises:
            EmbedderUnavailable, EmbedderRefused: see `EmbeddingsClient.embed`.
        """
        vector: Vector = self._client.embed([self._query_prompt + text], retry_for_s=self._retry_for_s)[0]
        return vector

    def encode_passages(self, texts: Sequence[str]) -> Vector:
        """Return the unit vectors of passages, float32 [count, dimensions]; raises as `encode_query`."""
        prompted = [self._passage_prompt + text for text in texts]
        return self._client.embed(prompted, retry_for_s=_PASSAGES_RETRY_S)

    def count_tokens(self, text: str) -> int:
        """Return about how long a text is in tokens, by the tokenizer that ships: passages are cut by it."""
        return len(self._tokenizer.encode(text).ids)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(shipped.tokenizer()))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer


def identity_of(model: str, *, dimensions: int, query_prompt: str, passage_prompt: str) -> str:
    """Return the name of the vectors of an endpoint's model, another one for each length and each prompt.

    The address is no part of it: the same model may move to another server.
    """
    parts = json.dumps([model, dimensions, query_prompt, passage_prompt])
    return f"{model[:120]}:endpoint:{hashlib.sha256(parts.encode()).hexdigest()[:12]}"
