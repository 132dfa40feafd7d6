"""Whether a sentence says the opposite of one that it shares nearly all its words with.

A small model overlooks a "not" and a single word that is turned round, which words tell apart surely where the rest of
both sentences is the same.
"""

import re
from functools import lru_cache

from kb import sentences
from worker.answering.check import yes_no
from worker.answering.check.negation import denies

#: Words that turn a sentence round: a claim with one of a pair is not borne out by a source that has only the other.
_OPPOSITES = [
    tuple(frozenset(side.split()) for side in pair.split("/"))
    for pair in (
        "before until/after", "over above exceeding/under below", "more/less fewer", "minimum least/maximum most",
        "include includes included including/exclude excludes excluded excluding except", "with/without",
        "enable enables enabled activate/disable disables disabled deactivate",
        "allow allowed allows permitted/forbidden prohibited",
        "free/paid charged", "open opens/close closes closed", "opened/unopened sealed",
        "increase increases increased/decrease decreases decreased",
        "accept accepts accepted/refuse refuses refused reject rejects rejected decline declined", "always/never",
        "add adds added/remove removes removed", "higher/lower", "longer/shorter", "largest/smallest",
        "on/off", "up/down", "upload uploads/download downloads", "upgrade upgrades/downgrade downgrades",
        "buyer/seller", "sender/recipient", "incoming/outgoing", "inside/outside",
        "online/offline", "deposit deposits/withdraw withdrawal withdrawals",
        "available/unavailable", "possible/impossible", "refundable/nonrefundable", "first/last",
        "eligible/ineligible", "legal/illegal", "known/unknown", "morning/evening", "weekday weekdays/weekend weekends",
        "lose loses/keep keeps", "refund refunds refunded/charge charges charged", "valid/invalid expired",
        "subscribe/unsubscribe", "install/uninstall", "connect/disconnect", "encrypted/unencrypted",
        "public/private", "adult adults/child children",
        "domestic/international", "start starts/end ends", "earlier/later", "cheaper/dearer", "true/false",
        "required mandatory/optional",
        "automatically/manually", "sooner/later", "new/used", "import/export", "lock/unlock",
    )
]  # fmt: skip

#: What holds of one clause need not hold of the next: "express takes 2 days, standard 5".
_CLAUSE = re.compile(r"[;,:]\s+|\s+[-–—]\s+|(?<!\d)\s+(?:and|but|though|while|whereas|or|so|because|since)\s+", re.I)

#: Clauses with fewer content words are compared only with one that has the very same: "Parcels are not insured".
_FEW_WORDS = 3

#: What is said beside the main clause: in brackets, of something else, or as a condition.
_ASIDES = re.compile(
    r"\([^)]*\)|,\s*(?:and |but |so )?not\b[^,.;]*|\b(?:instead of|rather than|except|apart from|other than)\b[^,.;]*"
    r"|\b(?:whether|if|unless|as long as|provided|when|whenever|until|once|in case|who|that|which)\b[^,.;]*",
    re.I,
)
#: Negations that bound a quantity or emphasise, and deny nothing.
_NO_DENIALS = re.compile(
    r"\bno (?:more|less|\w+er) than\b|\bat no (?:extra |additional )?(?:cost|charge)\b"
    r"|\bnot (?:only|just|yet)\b|\bno matter\b|\bwithout\b",
    re.I,
)
#: The titles of a passage as the check writes them before its text.
_HEADING = re.compile(r" > [^.]*\.?$")
_ONLY = re.compile(r"\b(?:only|just|nobody but|exclusively)\b", re.I)


def contradicts(claim: str, passage: str, *, min_shared: float, language: str = "en") -> bool:
    """Whether a clause of a claim says the opposite of the clauses of a passage that are most like it.

    Two clauses are alike when at least `min_shared` of the content words of both together are in both. One says the
    opposite of the other when only one of them denies, or a word is turned round. Headings, rows of a table, asides and
    conditions are not compared. A word that is turned round counts in whole sentences as well.
    """
    if "|" in claim:
        return False
    wholes, sources = _compared(passage, language)
    if any(_turns_round(clause, (*wholes, *sources), min_shared, language) for clause in _clauses(claim, language)):
        return True
    closest = _closest(sentences.content(claim, language), wholes, min_shared=min_shared)
    if any(is_turned_round(claim, whole) for whole in closest):
        return True
    for clause in _clauses(claim, language):
        wanted = sentences.content(clause, language)
        closest = _closest(wanted, sources, min_shared=min_shared if len(wanted) >= _FEW_WORDS else 1.0)
        if closest and all(says_opposite(clause, source) for source in closest):
            return True
    return False


def _turns_round(clause: str, texts: "_Texts", min_shared: float, language: str) -> bool:
    """Whether a clause has the opposite of a word of each text that is most like it, without these two words.

    "Upgrades take effect at the next renewal" is nearer to the same of downgrades than to anything of upgrades.
    """
    wanted, found = sentences.content(clause, language), []
    for text, stems in texts:
        turned = _turned_words(clause, text) if _denies(clause) == _denies(text) else frozenset()
        left, others = wanted - turned, stems - turned
        likeness = len(left & others) / max(1, len(left | others))
        found.append((likeness, bool(turned) and len(left) > 1))
    most = max((likeness for likeness, _ in found), default=0.0)
    return most >= min_shared and all(is_turned for likeness, is_turned in found if likeness == most)


#: Texts with the stems of their content words.
_Texts = tuple[tuple[str, frozenset[str]], ...]


@lru_cache(maxsize=100)
def _compared(passage: str, language: str) -> tuple[_Texts, _Texts]:
    """Return the sentences of a passage, and their clauses."""
    found = [passage[start:end] for start, end in sentences.split(passage, language=language)]
    wholes = tuple((text, sentences.content(text, language)) for text in found if "|" not in text)
    return wholes, tuple(
        (clause, sentences.content(clause, language)) for text in found for clause in _clauses(text, language)
    )


def _closest(wanted: frozenset[str], texts: _Texts, *, min_shared: float) -> list[str]:
    """Return the texts that share most content words, those of equal share, if it is at least `min_shared`."""
    likeness = [len(wanted & stems) / max(1, len(wanted | stems)) for _, stems in texts]
    most = max(likeness, default=0.0)
    return [text for (text, _), like in zip(texts, likeness, strict=True) if like == most and most >= min_shared]


def says_opposite(claim: str, source: str) -> bool:
    """Whether only one of two clauses denies, or one has the opposite of a word of the other: "before", "after"."""
    return not denies_alike(claim, source) or (_denies(claim) == _denies(source) and is_turned_round(claim, source))


def denies_alike(claim: str, source: str) -> bool:
    """Whether both of two clauses deny or none does; "only after" is "not before"."""
    if _denies(claim) == _denies(source):
        return True
    return _ONLY.search(claim) is not None or _ONLY.search(source) is not None


def _clauses(sentence: str, language: str = "en") -> list[str]:
    """Return the clauses of a sentence that have something to compare; none of a heading or a row of a table."""
    if "|" in sentence or _HEADING.search(sentence):
        return []
    return [
        clause
        for clause in _CLAUSE.split(main(yes_no.without_opening(sentence) or sentence))
        if len(sentences.content(clause, language)) > 1
    ]


def main(sentence: str) -> str:
    """Return a sentence without what is said beside its main clause."""
    return _ASIDES.sub(" ", sentence)


def _denies(clause: str) -> bool:
    return denies(_NO_DENIALS.sub(" ", clause))


def is_turned_round(claim: str, source: str) -> bool:
    """Whether a claim has one of two opposite words and its source only the other."""
    return bool(_turned_words(claim, source))


@lru_cache(maxsize=5_000)
def _turned_words(claim: str, source: str) -> frozenset[str]:
    """Return the stems of opposite words of which a claim has one and its source only the other."""
    claimed, sourced = set(sentences.words(claim)), set(sentences.words(source))
    turned: set[str] = set()
    for word, antonym in _OPPOSITES:
        for side, opposite in ((word, antonym), (antonym, word)):
            if claimed & side and not sourced & side and sourced & opposite and not claimed & opposite:
                turned |= side | opposite
    return frozenset(map(sentences.stem, turned))
