"""Whether a sentence asserts what its passages name only to exclude it.

"The fee goes to the processor and not to the city" has all the words of "The fee goes to the city", and so has "Growth,
but not Scale". A small model overlooks which side of the "not" a word is on.
"""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from kb import sentences
from worker.answering.check.negation import denies

# The patterns are matched with text whose white space is single blanks.
_OF = r"(?:(?:to|in|at|on|by|for|from|with|of|as) )?"
_NAMED = r"([^.,;:()|\n]{2,60})"
_NOT = re.compile(rf"(?:\band|\bbut|,|;|[–-]) not (?:even )?{_OF}{_NAMED}", re.I)
_EXCEPT = re.compile(rf"\b(?:except|apart from|other than|excluding) {_OF}{_NAMED}", re.I)

#: "If it is blocked and not expired" and "if it is other than described" exclude nothing.
_CONDITION = re.compile(r"\b(?:if|when|unless|whether)\b[^,;]*$", re.I)

#: ", which cost €12" and ": for these apply at the court" say something of what is excluded.
_OWN = re.compile(r"[:(]|,? ?(?:for |of |to |in )?(?:which|who|where|that|these|those|they|it)\b", re.I)
_CLAUSE_ENDS = re.compile(r"; |, (?:and|but|while|whereas|so|or) ", re.I)

#: "A disabled key can be enabled again; a revoked one cannot": the last clause denies what the one before says.
_CLAUSE = re.compile(r"[;,.:] | (?:but|while|whereas) ", re.I)
_ELLIPTIC = re.compile(
    r"(?!(?:if|when|whether|unless|who|which|that|those)\b)"
    r"(.{2,50}?) (?:cannot|can't|does not|do not|doesn't|don't|is not|are not|isn't|aren't|never"
    r"|has none|have none|(?:is|are) excluded)(?: (?:it|them|one|any))?",
    re.I,
)
_AROUND = string.punctuation + string.whitespace + "–—•…“”"

#: In a sentence with one of these, what is named may be what is left out, or what comes on top.
_RESTRICTS = re.compile(
    r"\b(?:only|just|nobody but|exclusively|rather than|instead of|out of|without|except|excluding|unless|other than"
    r"|until|apart from|excepted|exceptions?|besides|save for|(?:all|every|any) other|the (?:rest|others)|all but"
    r"|(?:every|any)(?:thing|one|body) (?:but|else)|plus|on top|left out|leaves? out|add(?:s|ed)?|extra|separate(?:ly)?"
    r"|closed to|off limits|upgrad\w+|switch(?:es|ing)?)\b",
    re.I,
)

#: "We refund the item, but the fee stays with us" does not say of the fee that it is refunded.
_CONTRAST = re.compile(r"; |,? (?:but|while|whereas) |, (?:however|yet) ", re.I)

#: A longer sentence is left to the support model, in characters.
_MAX_SENTENCE = 1_000

#: A sentence has to have this share of the words around an exclusion, to be about the same; more than the second one
#: around an exception, whose subject alone may be half of the words.
_MIN_SHARED, _MIN_SHARED_OF_EXCEPTION = 0.34, 0.51

_NO_WORDS = sentences.content("one ones even every everything everyone anything anyone")


@dataclass(frozen=True, kw_only=True)
class _Exclusion:
    """Stems that a sentence excludes.

    Attributes:
        about: the stems of what they are excluded from.
        own: those of what the sentence says of the excluded.
        least: the share of `about` that a claim has.
        position: the index of the sentence.
    """

    excluded: frozenset[str]
    about: frozenset[str]
    own: frozenset[str]
    least: float
    position: int


def asserts_excluded(claim: str, passages: str) -> str | None:
    """Return the words of a claim that its passages exclude and that it asserts, or None; both are in English.

    Another sentence of the passages that has the words of the claim, and neither denies nor excludes, bears it out.
    """
    if denies(claim) or _RESTRICTS.search(claim):
        return None
    for clause in _CONTRAST.split(" ".join(claim.split())):
        if excluded := _excluded(sentences.content(clause), passages):
            return " ".join(sorted(excluded))
    return None


def _excluded(words: frozenset[str], passages: str) -> frozenset[str] | None:
    """Return the stems among the words of a clause that passages exclude, or None."""
    texts = _texts(passages)
    for found in _exclusions(passages):
        shared = len(found.about & words)
        if not found.excluded <= words or shared < max(1.0, found.least * len(found.about)):
            continue
        if words & found.own or _is_borne_out(words, found, texts):
            continue
        return found.excluded
    return None


def _is_borne_out(words: frozenset[str], found: _Exclusion, texts: tuple[str, ...]) -> bool:
    """Whether another sentence has as many words of a claim as the excluding one, more if it lacks the excluded."""
    least = len(words & sentences.content(texts[found.position]))
    for position, text in enumerate(texts):
        if position == found.position:
            continue
        stems = sentences.content(text)
        is_near = len(words & stems) >= (least if found.excluded <= stems else least + 1)
        if is_near and not denies(text) and not _EXCEPT.search(text):
            return True
    return False


@lru_cache(maxsize=100)
def _texts(passages: str) -> tuple[str, ...]:
    """Return the sentences of passages with single blanks."""
    return tuple(" ".join(passages[start:end].split()) for start, end in sentences.split(passages))


@lru_cache(maxsize=100)
def _exclusions(passages: str) -> tuple[_Exclusion, ...]:
    found = (
        exclusion
        for position, text in enumerate(_texts(passages))
        if "|" not in text and len(text) <= _MAX_SENTENCE
        for exclusion in _exclusions_of(text, position)
    )
    return tuple(exclusion for exclusion in found if exclusion.excluded and exclusion.about)


def _exclusions_of(text: str, position: int) -> Iterator[_Exclusion]:
    for pattern, least in ((_NOT, _MIN_SHARED), (_EXCEPT, _MIN_SHARED_OF_EXCEPTION)):
        for found in pattern.finditer(text):
            before, after = text[: found.start()].rpartition("; ")[2], text[found.end() :]
            if _CONDITION.search(before) or (pattern is _EXCEPT and _is_affirmed(before, after)):
                continue
            excluded, own = sentences.content(found[1]), frozenset[str]()
            about = sentences.content(before)
            if _OWN.match(after):
                own = sentences.content(after)
            else:
                about |= sentences.content(_CLAUSE_ENDS.split(after, maxsplit=1)[0])
            about -= excluded | _NO_WORDS
            yield _Exclusion(excluded=excluded, about=about, own=own - about - excluded, least=least, position=position)
    for clause in _CLAUSE.split(text):
        if elliptic := _ELLIPTIC.fullmatch(clause.strip(_AROUND)):
            excluded = sentences.content(elliptic[1]) - _NO_WORDS
            about = sentences.content(text) - excluded
            yield _Exclusion(excluded=excluded, about=about, own=frozenset(), least=_MIN_SHARED, position=position)


def _is_affirmed(before: str, after: str) -> bool:
    """Whether an exception is from what is denied: "No plan includes SSO except Growth" says that Growth does."""
    return denies(before) or (not sentences.content(before) and denies(after))
