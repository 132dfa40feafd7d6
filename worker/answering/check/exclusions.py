"""Whether a sentence asserts what its passages name only to exclude it.

"The fee goes to the processor and not to the city" has all the words of "The fee goes to the city", and so has "Growth,
but not Scale". A small model overlooks which side of the "not" a word is on.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from kb import sentences
from worker.answering.check.negation import denies

_OF = r"(?:(?:to|in|at|on|by|for|from|with|of|as)\s+)?"
_NAMED = r"([^.,;:()|\n]{2,60})"
_NOT = re.compile(rf"(?:\band|\bbut|,|;|[–-])\s+not\s+(?:even\s+)?{_OF}{_NAMED}", re.I)
_EXCEPT = re.compile(rf"\b(?:except|apart from|other than|excluding)\s+{_OF}{_NAMED}", re.I)

#: "A disabled key can be enabled again; a revoked one cannot": the last clause denies what the one before says.
_CLAUSE = re.compile(r"[;,.:]\s+|\s+(?:but|while|whereas)\s+", re.I)
_ELLIPTIC = re.compile(
    r"\W*(.{2,50}?)\s+(?:cannot|can't|does not|do not|doesn't|don't|is not|are not|isn't|aren't|never"
    r"|has none|have none|(?:is|are) excluded)(?:\s+(?:it|them|one|any))?\W*$",
    re.I,
)

#: In a sentence with one of these, what is named may be what is left out.
_RESTRICTS = re.compile(
    r"\b(?:only|just|nobody but|exclusively|rather than|instead of|out of|without|except|excluding|unless|other than"
    r"|until|apart from)\b",
    re.I,
)

#: Shares of the words around an exclusion that a sentence has to have, for it to be about the same.
_MIN_SHARED, _MIN_SHARED_OF_EXCEPTION = 0.34, 0.5

_NO_WORDS = sentences.content("one ones even")


def asserts_excluded(claim: str, passages: str) -> str | None:
    """Return the words of a claim that its passages exclude and that it asserts, or None; both are in English."""
    if denies(claim) or _RESTRICTS.search(claim):
        return None
    words = sentences.content(claim)
    for excluded, about, least in _exclusions(passages):
        if excluded <= words and len(about & words) >= max(1.0, least * len(about)):
            return " ".join(sorted(excluded))
    return None


@lru_cache(maxsize=100)
def _exclusions(passages: str) -> tuple[tuple[frozenset[str], frozenset[str], float], ...]:
    """Return the stems that passages exclude, each with those of its sentence and the share of these that is enough."""
    texts = (passages[start:end] for start, end in sentences.split(passages))
    found = (entry for text in texts if "|" not in text for entry in _exclusions_of(text))
    return tuple((excluded, about, least) for excluded, about, least in found if excluded and about)


def _exclusions_of(text: str) -> Iterator[tuple[frozenset[str], frozenset[str], float]]:
    for pattern, least in ((_NOT, _MIN_SHARED), (_EXCEPT, _MIN_SHARED_OF_EXCEPTION)):
        for found in pattern.finditer(text):
            yield sentences.content(found[1]), sentences.content(text[: found.start()]), least
    for clause in _CLAUSE.split(text):
        if elliptic := _ELLIPTIC.match(clause):
            excluded = sentences.content(elliptic[1]) - _NO_WORDS
            yield excluded, sentences.content(text) - excluded, _MIN_SHARED
