"""Judge "Yes" and "No" at the beginning of an answer with the question that they answer."""

import re

from kb import sentences
from worker.answering.check.gloss import gloss
from worker.answering.check.negation import denies

_WORDS = r"(?:yes|no|ja|nein|oui|non|sí|si|sì|nee|sim|não|tak|nie)"
_ALONE = re.compile(rf"\W*{_WORDS}\W*$", re.I)

#: "Yes, you can.", "Unfortunately not.", "No, never.": they say no more than the word.
_WHO = r"(?:i|you|we|it|they|he|she|that|this|there)"
_VERB = r"(?:can|could|do|does|did|will|would|is|are|was|were|may|must|should|have|has)"
_SHORT = re.compile(
    rf"\W*(?:(?:yes|yeah|sure|of course|absolutely|certainly|definitely)\W+)?(?:{_WHO} {_VERB}\W*$)"
    rf"|\W*(?:(?:no|nope|sorry|unfortunately|sadly|i'm afraid)\W+)*"
    rf"(?:(?:{_WHO} )?(?:{_VERB} not|{_VERB}n't|can't|cannot|won't)|not|never)(?: (?:yet|really|at all))?\W*$",
    re.I,
)
_NO = re.compile(r"\b(?:no|nope|nein|non|nee|não|nie|not|never|cannot|\w+n't)\b", re.I)
_ASIDE = re.compile(r"\([^)]*\)|,\s*(?:and |but )?not\b[^,.;]*", re.I)
_OPENING = re.compile(rf"\W*({_WORDS})\s*[,:;–—-]\s*", re.I)

#: From this share of the question's words on, a sentence affirms what was asked.
_MOSTLY = 0.6


def is_answer_word(sentence: str) -> bool:
    """Whether a sentence is "Yes." or "No." and nothing else, in a word or as in "Yes, you can."."""
    sentence = sentence.replace("’", "'")
    return _ALONE.match(sentence) is not None or _SHORT.match(sentence) is not None


def without_opening(sentence: str) -> str | None:
    """Return a sentence without the "Yes, " or "No, " that it begins with; None when it begins otherwise."""
    opening = _OPENING.match(sentence)
    if opening is None:
        return None
    rest = sentence[opening.end() :]
    return rest[:1].upper() + rest[1:]


def opens_with_opposite(sentence: str, question: str, language: str = "en") -> bool:
    """Whether a sentence begins with a "Yes" or "No" that says the opposite of the rest of it."""
    opening = _OPENING.match(sentence)
    return opening is not None and is_opposite(opening[1], sentence, question, language)


def is_opposite(word: str, sentence: str, question: str, language: str = "en") -> bool:
    """Whether "Yes" or "No" before a supported sentence says the opposite of it.

    "Yes" and a denial of most of what was asked, or "No" and its affirmation. Only the word goes then.
    """
    sentence, question = gloss(_OPENING.sub("", sentence), language), gloss(question, language)
    denied = denies(_ASIDE.sub(" ", sentence))
    asked = sentences.content(question, language)
    repeats = len(asked & sentences.content(sentence, language)) >= _MOSTLY * max(1, len(asked))
    says_yes = _NO.search(word.replace("’", "'")) is None
    return repeats and not denies(question) and denied == says_yes
