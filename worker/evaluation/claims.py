"""Claims made of sentences by rule, so that the check of claims can be measured on any knowledge base.

True ones say what a passage says in a shorter way, or join two of its sentences; false ones change what decides: a
number, a negation, a word for its opposite, a name for another, or the passage.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb import sentences
from worker.answering import fact_check

_NUMBER = re.compile(r"\b\d+(?:[.,]\d+)?\b")
_VERB = re.compile(r"\b(is|are|was|were|can|could|will|would|must|should|may|has|have|does|do)\b(?! not)")
_NOT = re.compile(r"\b(is|are|was|were|can|could|will|would|must|should|may|has|have|does|do) not\b|\bcannot\b")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-zA-Z]{2,}\b")
_DROPPED = re.compile(r"\b(?:also|usually|simply|just|very|please|however|then|actually|really),? ?", re.I)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence, the passage that it cites, and whether the passage says so; `kind` is how it was made."""

    text: str
    passage: str
    supported: bool
    kind: str


def made_of(texts: Sequence[str], *, seed: int = 0, most: int = 2_000) -> list[Claim]:
    """Return claims of these passages, as many true ones as false ones of each kind where there are."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    claims: list[Claim] = []
    shuffled = list(texts)
    chance.shuffle(shuffled)
    written = {word for text in shuffled for word in re.findall(r"\b[a-z]+\b", text)}
    names = sorted({name for text in shuffled for name in _NAME.findall(text) if name.lower() not in written})
    for position, text in enumerate(shuffled):
        said = [text[start:end] for start, end in sentences.split(text)]
        said = [one for one in said if len(sentences.content(one)) >= 4 and len(one) < 300 and "?" not in one]
        if not said:
            continue
        sentence = chance.choice(said)
        other = shuffled[(position + 1) % len(shuffled)]
        claims += _true(sentence, said, text)
        claims += _false(sentence, text, other, names, chance)
        if len(claims) >= most:
            break
    return claims[:most]


def _true(sentence: str, said: Sequence[str], passage: str) -> Iterator[Claim]:
    yield Claim(text=sentence, passage=passage, supported=True, kind="quoted")
    shorter = _DROPPED.sub("", re.sub(r"\s*\([^)]*\)", "", sentence))
    if shorter != sentence and len(sentences.content(shorter)) >= 4:
        yield Claim(text=shorter, passage=passage, supported=True, kind="shortened")
    place = said.index(sentence)
    if place + 1 < len(said) and len(sentence) < 120:
        second = said[place + 1]
        joined = f"{sentence.rstrip('.!')}, and {second[:1].lower()}{second[1:]}"
        if passage.find(second) - passage.find(sentence) - len(sentence) < 3:
            yield Claim(text=joined, passage=passage, supported=True, kind="joined")
    words = re.sub(r"\b(?:don't)\b", "do not", sentence)
    words = re.sub(r"\b(?:can't)\b", "cannot", words)
    words = re.sub(r"\bit's\b", "it is", words)
    if words != sentence:
        yield Claim(text=words, passage=passage, supported=True, kind="spelled out")


def _false(sentence: str, passage: str, other: str, names: Sequence[str], chance: random.Random) -> Iterator[Claim]:
    number = _NUMBER.search(sentence)
    if number is not None:
        changed = re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), number[0])
        text = sentence[: number.start()] + changed + sentence[number.end() :]
        if changed not in passage:
            yield Claim(text=text, passage=passage, supported=False, kind="number")
    if _NOT.search(sentence):
        text = _NOT.sub(lambda found: "can" if found[0] == "cannot" else found[1], sentence, count=1)
        if not fact_check.denies(text):
            yield Claim(text=text, passage=passage, supported=False, kind="negation")
    elif not fact_check.denies(sentence) and _VERB.search(sentence):
        yield Claim(text=_VERB.sub(r"\1 not", sentence, count=1), passage=passage, supported=False, kind="negation")
    name = next((found for found in _NAME.finditer(sentence) if found[0] in names), None)
    if name is not None:
        another = chance.choice(names)
        if another.lower() not in passage.lower():
            text = sentence[: name.start()] + another + sentence[name.end() :]
            yield Claim(text=text, passage=passage, supported=False, kind="name")
    for one, opposite in _PAIRS:
        if re.search(rf"\b{one}\b", sentence) and not re.search(rf"\b{opposite}\b", passage):
            text = re.sub(rf"\b{one}\b", opposite, sentence, count=1)
            yield Claim(text=text, passage=passage, supported=False, kind="opposite")
            break
    if len(sentences.content(sentence) & sentences.content(other)) < len(sentences.content(sentence)) / 2:
        yield Claim(text=sentence, passage=other, supported=False, kind="elsewhere")


_PAIRS = [
    pair
    for one, other in (
        ("before", "after"), ("enable", "disable"), ("more", "less"), ("add", "remove"), ("open", "close"),
        ("with", "without"), ("always", "never"), ("first", "last"), ("increase", "decrease"),
        ("turn on", "turn off"), ("switch on", "switch off"), ("upload", "download"), ("public", "private"),
        ("minimum", "maximum"), ("earlier", "later"), ("allowed", "forbidden"), ("accept", "refuse"), ("free", "paid"),
    )
    for pair in ((one, other), (other, one))
]  # fmt: skip
