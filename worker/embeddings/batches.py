"""Cut texts into requests that an endpoint takes."""

from collections.abc import Iterator, Sequence

#: Tokens of one request: text-embeddings-inference takes 16,384 by default, and what is estimated may be half of it.
MAX_TOKENS = 8_000

#: Characters of a token, fewer than in English, so that the estimate errs upwards.
_CHARACTERS = 3


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many."""
    return len(text) // _CHARACTERS + 1


def batches(texts: Sequence[str], *, limit: int, max_tokens: int = MAX_TOKENS) -> Iterator[Sequence[str]]:
    """Yield texts in their order, at most `limit` and about `max_tokens` of them together, but at least one."""
    first = tokens = 0
    for position, text in enumerate(texts):
        estimate = estimated_tokens(text)
        if position > first and (position - first >= limit or tokens + estimate > max_tokens):
            yield texts[first:position]
            first, tokens = position, 0
        tokens += estimate
    if first < len(texts):
        yield texts[first:]
