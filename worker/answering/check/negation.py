"""Whether a text denies something."""

import re

from kb import sentences

_DENYING = frozenset(
    "excluded exempt ineligible prohibited forbidden impossible unavailable banned refuse refuses refused hardly rarely"
    " seldom barely scarcely fail fails failed void voided lack lacks".split()
)

_DENIED = re.compile(r"\bnon-?\w|\bsold separately\b|\bno longer\b", re.I)


def denies(text: str) -> bool:
    """Whether a text in English, or glossed, has a negation."""
    claimed = set(sentences.words(text))
    return bool(claimed & (sentences.NEGATIONS | _DENYING)) or _DENIED.search(text) is not None
