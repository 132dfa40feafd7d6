"""Choose the sentences of a premise that bear most on a claim, so that a small model reads those alone."""

import math
from collections import Counter
from collections.abc import Sequence

from kb import sentences

#: Words of evidence that are read for one claim at most; 31 on average on `tests/data/drafts`.
MAX_WORDS = 60

#: A sentence is read beyond the first only when it adds this share of the claim's weight.
_MIN_GAIN = 0.04

#: Longer sentences are cut into pieces of this many words: chat logs and page headers have no full stops.
_MAX_SENTENCE = 40


def select(claim: str, premise: str, *, question: str = "", max_words: int = MAX_WORDS) -> str:
    """Return the premise itself where it is short, else the sentences that cover the claim's words best, in order.

    Greedy coverage: the next sentence is the one that adds most weight of words not covered yet. A word weighs more the
    fewer sentences of the premise have it, and half as much when only the question has it: "To the account you name"
    has few words of its own.
    """
    if len(premise.split()) <= max_words:
        return premise
    pieces = _pieces(premise)
    stems = [sentences.content(piece) for piece in pieces]
    lengths = [len(piece.split()) for piece in pieces]
    weights = _weights(sentences.content(claim), stems)
    asked = _weights(sentences.content(question), stems)
    weights = {stem: weight / 2 for stem, weight in asked.items()} | weights
    chosen: list[int] = []
    missing, left = set(weights), max_words
    enough = _MIN_GAIN * sum(weights.values())
    while candidates := [
        index for index in range(len(pieces)) if index not in chosen and (lengths[index] <= left or not chosen)
    ]:
        gains = {index: sum(weights[stem] for stem in missing & stems[index]) for index in candidates}
        best = max(candidates, key=gains.__getitem__)  # the first of equals
        if chosen and (gains[best] < enough or not missing):
            break
        chosen.append(best)
        missing -= stems[best]
        left -= lengths[best]
    return " ".join(pieces[index] for index in sorted(chosen))


def _weights(wanted: frozenset[str], stems: Sequence[frozenset[str]]) -> dict[str, float]:
    """Return the weight of each of the claim's stems that the premise has."""
    counts = Counter(stem for piece in stems for stem in piece & wanted)
    return {stem: math.log(1 + len(stems) / count) for stem, count in counts.items()}


def _pieces(premise: str) -> list[str]:
    """Return the sentences of a premise, the very long ones in pieces."""
    pieces: list[str] = []
    for start, end in sentences.split(premise):
        words = premise[start:end].split()
        pieces.extend(" ".join(words[at : at + _MAX_SENTENCE]) for at in range(0, len(words), _MAX_SENTENCE))
    return pieces
