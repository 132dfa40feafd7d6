"""What to search for when a message leans on what was said before: "and by express?", "how long does that take?"."""

import re

from kb import sentences
from worker.answering.question import Question

#: A message with fewer words that carry a subject may not stand alone.
_FEW = 3

#: A short message that finds something at least this near stands alone. `tests/data/desk/follow_ups.tsv` has what it is
#: chosen on.
_NEAR = 0.6

#: A word that stands for something counts as long as nothing in the message that it can stand for came before it.
_STANDS_FOR = re.compile(
    r"\b(?:it|its|that|this|those|these|they|them|their|there|then|one|ones|so|the same|he|she|him|her)\b", re.I
)
_GOES_ON = re.compile(r"\W*(?:and|or|but|also|what about|how about|what if|what happens (?:if|when)|else)\b", re.I)
_SAYS_NOTHING = re.compile(
    r"\b(?:is (?:it|this|that) (?:possible|true|ok(?:ay)?)|that is|there (?:is|are)|it is|it's)\b", re.I
)


def leans(question: Question) -> bool:
    """Whether a message says by its words that it goes on with what was said before."""
    if not any(turn.role == "customer" for turn in question.turns):
        return False
    text = question.content
    if not sentences.content(text) or _GOES_ON.match(text):
        return True
    place = _STANDS_FOR.search(_SAYS_NOTHING.sub("", text))
    return place is not None and len(sentences.content(text[: place.start()])) < _FEW - 1


def queries(question: Question, *, least: float) -> list[tuple[str, float]]:
    """Return what to search for, each with how near the best passage must be for it to be what is meant.

    The last one counts however near it is. A message that leans on others is searched for together with the one that
    it leans on; one that may, by itself first.
    """
    text = question.content
    earlier = [turn.content for turn in question.turns if turn.role == "customer"]
    if not earlier:
        return [(text, 0.0)]
    standing = next((one for one in reversed(earlier) if len(sentences.content(one)) >= _FEW - 1), earlier[-1])
    together = (f"{standing} {text}", 0.0)
    if leans(question):
        return [together]
    return [(text, _NEAR if len(sentences.content(text)) < _FEW else least), together]
