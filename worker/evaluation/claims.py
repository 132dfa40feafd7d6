"""Generate labelled claims from sentences by rule, so that grounding can be measured on any knowledge base.

True claims quote a passage, shorten a sentence or join two. False claims change a number, a negation, a word for its
opposite or a name for another, or cite the wrong passage.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb import sentences
from worker.answering.check.negation import denies

_NUMBER = re.compile(r"\b\d+(?:[.,]\d+)?\b")
_VERB = re.compile(r"\b(is|are|was|were|can|could|will|would|must|should|may|has|have|does|do)\b(?! not)")
_NOT = re.compile(r"\b(is|are|was|were|can|could|will|would|must|should|may|has|have|does|do) not\b|\bcannot\b")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-zA-Z]{2,}\b")
_DROPPED = re.compile(r"\b(?:also|usually|simply|just|very|please|however|then|actually|really),? ?", re.I)


@dataclass(frozen=True, kw_only=True)
class LabelledClaim:
    """A sentence, the passage that it cites, and whether the passage supports it; `kind` names its rule."""

    text: str
    passage: str
    supported: bool
    kind: str


def generate_claims(texts: Sequence[str], *, seed: int = 0, limit: int = 2_000) -> list[LabelledClaim]:
    """Return at most `limit` claims about passages; the same for the same texts and seed."""
    chance = random.Random(seed)  # noqa: S311 - not for security
    claims: list[LabelledClaim] = []
    shuffled = list(texts)
    chance.shuffle(shuffled)
    written = {word for text in shuffled for word in re.findall(r"\b[a-z]+\b", text)}
    names = sorted({name for text in shuffled for name in _NAME.findall(text) if name.lower() not in written})
    for position, text in enumerate(shuffled):
        candidates = [text[start:end] for start, end in sentences.split(text)]
        candidates = [
            line for line in candidates if len(sentences.content(line)) >= 4 and len(line) < 300 and "?" not in line
        ]
        if not candidates:
            continue
        sentence = chance.choice(candidates)
        other = shuffled[(position + 1) % len(shuffled)]
        claims += _true_claims(sentence, candidates, text)
        claims += _false_claims(sentence, text, other, names, chance)
        if len(claims) >= limit:
            break
    return claims[:limit]


def _true_claims(sentence: str, candidates: Sequence[str], passage: str) -> Iterator[LabelledClaim]:
    yield LabelledClaim(text=sentence, passage=passage, supported=True, kind="quoted")
    shorter = _DROPPED.sub("", re.sub(r"\s*\([^)]*\)", "", sentence))
    if shorter != sentence and len(sentences.content(shorter)) >= 4:
        yield LabelledClaim(text=shorter, passage=passage, supported=True, kind="shortened")
    position = candidates.index(sentence)
    if position + 1 < len(candidates) and len(sentence) < 120:
        second = candidates[position + 1]
        joined = f"{sentence.rstrip('.!')}, and {second[:1].lower()}{second[1:]}"
        if passage.find(second) - passage.find(sentence) - len(sentence) < 3:
            yield LabelledClaim(text=joined, passage=passage, supported=True, kind="joined")
    words = re.sub(r"\b(?:don't)\b", "do not", sentence)
    words = re.sub(r"\b(?:can't)\b", "cannot", words)
    words = re.sub(r"\bit's\b", "it is", words)
    if words != sentence:
        yield LabelledClaim(text=words, passage=passage, supported=True, kind="spelled out")


def _false_claims(
    sentence: str, passage: str, other: str, names: Sequence[str], chance: random.Random
) -> Iterator[LabelledClaim]:
    number = _NUMBER.search(sentence)
    if number is not None:
        changed = re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), number[0])
        text = sentence[: number.start()] + changed + sentence[number.end() :]
        if changed not in passage:
            yield LabelledClaim(text=text, passage=passage, supported=False, kind="number")
    if _NOT.search(sentence):
        text = _NOT.sub(lambda found: "can" if found[0] == "cannot" else found[1], sentence, count=1)
        if not denies(text):
            yield LabelledClaim(text=text, passage=passage, supported=False, kind="negation")
    elif not denies(sentence) and _VERB.search(sentence):
        yield LabelledClaim(
            text=_VERB.sub(r"\1 not", sentence, count=1), passage=passage, supported=False, kind="negation"
        )
    name = next((found for found in _NAME.finditer(sentence) if found[0] in names), None)
    if name is not None:
        another = chance.choice(names)
        if another.lower() not in passage.lower():
            text = sentence[: name.start()] + another + sentence[name.end() :]
            yield LabelledClaim(text=text, passage=passage, supported=False, kind="name")
    for word, opposite in _PAIRS:
        if re.search(rf"\b{word}\b", sentence) and not re.search(rf"\b{opposite}\b", passage):
            text = re.sub(rf"\b{word}\b", opposite, sentence, count=1)
            yield LabelledClaim(text=text, passage=passage, supported=False, kind="opposite")
            break
    if len(sentences.content(sentence) & sentences.content(other)) < len(sentences.content(sentence)) / 2:
        yield LabelledClaim(text=sentence, passage=other, supported=False, kind="elsewhere")


_PAIRS = [
    pair
    for word, other in (
        ("before", "after"), ("enable", "disable"), ("more", "less"), ("add", "remove"), ("open", "close"),
        ("with", "without"), ("always", "never"), ("first", "last"), ("increase", "decrease"),
        ("turn on", "turn off"), ("switch on", "switch off"), ("upload", "download"), ("public", "private"),
        ("minimum", "maximum"), ("earlier", "later"), ("allowed", "forbidden"), ("accept", "refuse"), ("free", "paid"),
    )
    for pair in ((word, other), (other, word))
]  # fmt: skip
