"""The parts of a passage that an answer may quote."""

from functools import lru_cache

from kb import sentences
from worker.answering.check import injection_filter


@lru_cache(maxsize=500)
def spans(passage: str, language: str = "en") -> tuple[tuple[int, int], ...]:
    """Return the offsets of each sentence of a passage, by itself and together with the next."""
    found = list(sentences.split(passage, language=language))
    parts = []
    for first in range(len(found)):
        for last in range(first, min(first + 2, len(found))):
            if last > first and injection_filter.was_blanked(passage[found[first][1] : found[last][0]]):
                continue  # a blanked sentence stood between them, so the document has no such quote
            parts.append((found[first][0], found[last][1]))
    return tuple(parts)
